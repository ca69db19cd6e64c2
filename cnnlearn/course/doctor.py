"""What is missing on a machine, in plain words: `cnnlearn doctor`."""

import importlib.util
import os
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from cnnlearn.files.shipped import data_path

PYTHONS = ((3, 11), (3, 13))
PACKAGES = ("numpy", "tensorflow", "keras", "matplotlib", "skimage", "jupyterlab", "ipykernel", "pooch")
SHIPPED = ("gap_network.weights.h5", "cifar-10-sample")
MEMORY, DISK = 3, 1  # GB that a lesson needs


@dataclass(frozen=True)
class Finding:
    fine: bool
    text: str


def examine() -> list[Finding]:
    """Python, packages, shipped files, memory and disk; each finding says what to do if it is not fine."""
    return [_python(), *map(_package, PACKAGES), *map(_shipped, SHIPPED), *_memory(), _disk(), _progress()]


def _python():
    version = ".".join(map(str, sys.version_info[:3]))
    if PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]:
        return Finding(True, f"Python {version}")
    return Finding(False, f"This is Python {version}; the course needs 3.11 to 3.13. Make an environment with one.")


def _package(name):
    distribution = {"skimage": "scikit-image"}.get(name, name)
    if importlib.util.find_spec(name) is None:
        advice = 'Run `make env`, or `pip install -c constraints.txt -e ".[lab]"`.'
        return Finding(False, f"{distribution} is missing. {advice}")
    return Finding(True, f"{distribution} {metadata.version(distribution)}")


def _shipped(name):
    try:
        return Finding(True, f"{name} is at {data_path(name)}")
    except FileNotFoundError as error:
        return Finding(False, str(error))


def _memory():
    try:
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    except (ValueError, OSError, AttributeError):  # Windows has no sysconf
        return []
    advice = "" if total >= MEMORY else f"; the course needs {MEMORY} GB: close other programs, or use Colab"
    return [Finding(total >= MEMORY, f"{total:.0f} GB of memory{advice}")]


def _disk():
    free = shutil.disk_usage(Path.home()).free / 1e9
    advice = "" if free >= DISK else f"; the full CIFAR-10 and its archive need {DISK} GB: make room"
    return Finding(free >= DISK, f"{free:.0f} GB free on disk{advice}")


def _progress():
    from cnnlearn.exercises import progress

    folder = progress.path().parent
    while not folder.exists():
        folder = folder.parent
    if os.access(folder, os.W_OK):
        return Finding(True, f"Progress is kept in {progress.path()}")
    return Finding(
        False,
        f"Progress cannot be kept: {folder} is not writable. Set CNNLEARN_PROGRESS to a file that is.",
    )
