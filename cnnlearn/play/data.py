"""The data of the figures, as it ships: one compressed JSON file each."""

import gzip
import importlib
import json
from pathlib import Path

from cnnlearn.files.shipped import data_path

LESSONS = {"cam": "lesson_03_cam", "shapley": "lesson_07_shapley"}


def compute(name: str) -> dict:
    """The data of a figure, computed anew with the course's own code; it takes TensorFlow and some seconds."""
    return importlib.import_module(f"cnnlearn.play.{LESSONS[name]}").compute()


def read(name: str) -> dict:
    """The data of a figure, as it ships."""
    return json.loads(gzip.decompress(data_path(f"play/{name}.json.gz").read_bytes()))


def write(name: str, data: dict, folder: Path) -> None:
    """Writes a figure's data; the same data gives the same bytes."""
    text = json.dumps(data, separators=(",", ":"))
    (folder / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
