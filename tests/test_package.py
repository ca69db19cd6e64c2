"""The package alone is enough: a notebook runs in an empty folder, with no repository beside it."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds nothing but what the wheel holds."""
    made = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", made]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = made.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(made / "site")
    return made / "site"


@pytest.mark.slow
@pytest.mark.parametrize("lesson", ["03_cam", "09_evaluate"])
def test_a_lesson_runs_without_the_repository(lesson, installed, tmp_path):
    shutil.copy(ROOT / "lessons" / f"{lesson}.ipynb", tmp_path)
    notebook = nbformat.read(tmp_path / f"{lesson}.ipynb", as_version=4)
    where = nbformat.v4.new_code_cell("import cnnlearn\nprint(cnnlearn.__file__)")
    notebook.cells.insert(0, where)
    client = NotebookClient(notebook, timeout=300)
    client.resources = {"metadata": {"path": str(tmp_path)}}
    client.execute(env=os.environ | {"PYTHONPATH": str(installed), "TQDM_DISABLE": "1"})
    assert notebook.cells[0].outputs[0].text.startswith(str(installed))
    assert not any(output.output_type == "error" for c in notebook.cells for output in c.get("outputs", ()))
