"""The package is light: TensorFlow is imported only where it is needed."""

import os
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


@pytest.mark.slow
@pytest.mark.parametrize("statement", ["import tensorflow as tf; tf.constant(1)", "import keras; keras.ops.ones(3)"])
def test_tensorflow_is_silent_after_it(statement):
    program = [sys.executable, "-c", f"import cnnlearn; {statement}"]
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    run = subprocess.run(program, capture_output=True, text=True, env=environment)
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.slow
def test_a_process_that_another_one_starts_is_silent_too():
    """A kernel inherits what `cnnlearn build` has set."""
    inner = [sys.executable, "-c", "import cnnlearn, tensorflow"]
    program = f"import cnnlearn, subprocess, sys; sys.exit(subprocess.run({inner!r}).returncode)"
    environment = {key: value for key, value in os.environ.items() if key != "TF_CPP_MIN_LOG_LEVEL"}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert (run.returncode, run.stderr) == (0, "")


def test_errors_while_it_loads_are_raised_and_stderr_is_given_back(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise OSError('no room')")
    program = "import cnnlearn, os\ntry:\n import tensorflow\nexcept OSError as e: os.write(2, str(e).encode())"
    environment = {"PYTHONPATH": f"{tmp_path}{os.pathsep}{os.getcwd()}"}
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment)
    assert run.stderr == "no room"
