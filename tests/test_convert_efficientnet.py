"""The script that converted the weights of EfficientNet-Lite0 reads a PyTorch checkpoint and runs nothing in it."""

import importlib.util
import io
import os
import pickle

import numpy as np
import pytest

from cnnlearn.files.shipped import data_path

HEADER = pickle.dumps(0) * 3
# {"w": a tensor of 2 × 3 with strides (1, 2) in the storage "k" of 6 floats}, as PyTorch writes it
DESCRIPTION = (
    b"(dS'w'\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'k'\nS'cpu'\nI6\nNtQ"
    b"I0\n(I2\nI3\nt(I1\nI2\ntI00\nNtRs."
)


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("convert_efficientnet", data_path("convert_efficientnet.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_tensor_is_read_by_its_strides(script):
    storage = (6).to_bytes(8, "little") + np.arange(6, dtype="<f4").tobytes()
    tensors = script.read_checkpoint(io.BytesIO(HEADER + DESCRIPTION + pickle.dumps(["k"]) + storage))
    np.testing.assert_array_equal(tensors["w"], [[0, 2, 4], [1, 3, 5]])


def test_a_checkpoint_cannot_run_a_command(script, tmp_path):
    class Command:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    with pytest.raises(pickle.UnpicklingError, match="asks for .*mkdir"):
        script.read_checkpoint(io.BytesIO(HEADER + pickle.dumps(Command())))
    assert not (tmp_path / "made").exists()
