"""The data set CIFAR-10 on this machine: the full set, its download, and the sample that ships."""

import os
from pathlib import Path

import numpy as np

from cnnlearn.cifar10 import decode_rows
from cnnlearn.files.cifar10_archive import BATCHES, FOLDER, unpack
from cnnlearn.files.cifar10_batch import BatchError, read_batch
from cnnlearn.files.shipped import data_path

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"


MD5 = "c58f30108f718f92721af3b95e74349a"


CLASSES: tuple[str, ...] = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def load(folder, dtype=np.uint8):
    """The full set: ((training images, training labels), (test images, test labels)).

    folder: where `data_batch_1` lies, or the folder above it. dtype: np.uint8 for pixels from 0 to 255, np.float32 for
    values in [0, 1]. Returns images (N, 32, 32, 3) and integer labels (N,), N = 50,000 and 10,000; `CLASSES` names the
    labels. Raises FileNotFoundError if a file is missing, BatchError (a ValueError) if one is not what it should be.
    """
    folder = Path(folder)
    if not (folder / BATCHES[0]).exists() and (folder / FOLDER).is_dir():
        folder = folder / FOLDER
    *training, test = [folder / name for name in BATCHES]
    return _read(training, 10_000, dtype), _read([test], 10_000, dtype)


def sample(dtype=np.uint8):
    """The part of the set that ships with the course, in the form of `load`: 500 training and 500 test images.

    Both halves hold 50 images of each class, drawn at random from the training and from the test images.
    """
    folder = data_path("cifar-10-sample")
    return _read([folder / "data_batch_1"], 500, dtype), _read([folder / "test_batch"], 500, dtype)


def _read(paths, count, dtype):
    """Images and labels of batches that hold `count` images each."""
    if dtype not in (np.uint8, np.float32):
        raise ValueError(f"dtype is {dtype!r}; images come as np.uint8 or np.float32.")
    batches = [read_batch(path) for path in paths]
    for path, (rows, _) in zip(paths, batches, strict=True):
        if len(rows) != count:
            raise BatchError(f"{path} holds {len(rows):,} images where {count:,} belong. Get the official one.")
    rows, labels = map(np.concatenate, zip(*batches, strict=True))
    images = decode_rows(rows).astype(dtype, order="C")
    if dtype == np.float32:
        images /= 255
    return images, labels


def download(folder=None) -> Path:
    """Download the full set (170 MB) with a progress bar, verify it and unpack it; at once if that was done before.

    folder: receives the set; by default what the environment variable CNNLEARN_DATA names, or else the user's cache.
    Returns the folder for `load`. A download that was interrupted starts afresh at the next call. Raises ValueError if
    the checksum is wrong, OSError if the server cannot be reached or the disk is full; earlier files stay as they were.
    """
    import pooch

    folder = Path(folder or os.environ.get("CNNLEARN_DATA") or pooch.os_cache("cnnlearn"))
    if all((folder / FOLDER / name).is_file() for name in BATCHES):
        return folder / FOLDER
    try:
        archive = pooch.retrieve(URL, f"md5:{MD5}", "cifar-10-python.tar.gz", folder, progressbar=True)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OSError(
            f"{URL} could not be downloaded into {folder}: {reason}. Check the connection and the room on the disk, or "
            "bring the file by other means and call cifar10.unpack(file, folder)."
        ) from None
    except ValueError:
        raise ValueError(f"What came from {URL} has the wrong checksum and was thrown away. Try again.") from None
    unpacked = unpack(archive, folder)
    Path(archive).unlink()
    return unpacked
