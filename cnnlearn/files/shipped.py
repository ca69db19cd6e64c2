"""Where the files that ship with the course lie."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parents[1]


def data_path(name: str) -> Path:
    """The path of a shipped data file: inside an installed package, or in `data/` of a checkout.

    Raises FileNotFoundError, with what to do, if the file is in neither place.
    """
    for folder in (_PACKAGE / "data", _PACKAGE.parent / "data"):
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"The course's file {name!r} is missing. Install cnnlearn again, or clone it again.")
