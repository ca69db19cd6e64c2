"""The package is light: TensorFlow is imported only where it is needed."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "statement",
    [
        "import cnnlearn",
        "import cnnlearn.cli",
        "from cnnlearn.exercises import check, hint",
        "from cnnlearn.exercises import LESSONS, exercises_of; [exercises_of(n) for n in LESSONS]",
    ],
)
def test_import_without_tensorflow(statement):
    program = f"{statement}\nimport sys\nsys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
