"""The files of cnnlearn that a worker gets. None of them holds a solution, a mistake of the bank or a hidden case."""

import compileall
import shutil
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
HELPERS = ("__init__",)
EXERCISES = ("__init__", "exercise", "outputs")
CLASSROOM = ("__init__", "wire", "channel", "definitions", "lending", "worker")


def files() -> list[Path]:
    """Their paths, below the package."""
    named = [Path(f"{name}.py") for name in HELPERS]
    named += [Path("exercises", f"{name}.py") for name in EXERCISES]
    named += [Path("classroom", f"{name}.py") for name in CLASSROOM]
    named += [Path("explainers", "__init__.py"), Path("explainers", "explanation.py")]
    folders = [PACKAGE / room for room in ("engine", "perturbation", "exercises/fixtures")]
    return named + sorted(path.relative_to(PACKAGE) for folder in folders for path in folder.glob("*.py"))


def copy(folder: Path) -> None:
    """Copies them to folder/cnnlearn, compiled and readable for everyone."""
    for path in files():
        target = folder / "cnnlearn" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / path, target)
    compileall.compile_dir(folder, quiet=1)  # once, not in each worker
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
