"""The files of cnnlearn that a worker gets. None of them holds a solution, a mistake of the bank or a hidden case."""

import compileall
import shutil
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
# Folders are seen whole.
SEEN: tuple[str, ...] = (
    "__init__.py",
    "classroom/__init__.py",
    "classroom/inside",
    "engine",
    "perturbation",
    "exercises/fixtures",
)
SEEN += ("exercises/__init__.py", "exercises/exercise.py", "exercises/outputs.py")
SEEN += ("explainers/__init__.py", "explainers/explanation.py")


def files() -> list[Path]:
    """Their paths, below the package."""
    found = [PACKAGE / name for name in SEEN]
    found = [path for place in found for path in (sorted(place.rglob("*.py")) if place.is_dir() else [place])]
    return [path.relative_to(PACKAGE) for path in found]


def copy(folder: Path) -> None:
    """Copies them to folder/cnnlearn, compiled and readable for everyone."""
    for path in files():
        target = folder / "cnnlearn" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / path, target)
    compileall.compile_dir(folder, quiet=1)  # once, not in each worker
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
