"""Small files in the format of CIFAR-10, made by the script that made the shipped sample."""

import importlib.util

import numpy as np

from cnnlearn.files import data_path

_spec = importlib.util.spec_from_file_location("make_cifar10_sample", data_path("make_cifar10_sample.py"))
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)


def random_batch(count, seed=0):
    """Random pixels and labels, and the bytes of a batch file that holds them."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (count, 3072), np.uint8)
    labels = rng.integers(0, 10, count)
    return rows, labels, script.batch("a batch", rows, labels, [f"{place}.png" for place in range(count)])
