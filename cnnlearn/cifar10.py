"""CIFAR-10 (Krizhevsky 2009, "Learning multiple layers of features from tiny images"), and what training it needs.

60,000 colour images of 32×32 pixels in ten classes: 50,000 to train on, 10,000 to test.
"""

import os
from pathlib import Path

import numpy as np

from cnnlearn.files.cifar10_archive import BATCHES, FOLDER, unpack
from cnnlearn.files.cifar10_batch import BatchError, read_batch
from cnnlearn.files.shipped import data_path

URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
MD5 = "c58f30108f718f92721af3b95e74349a"
CLASSES: tuple[str, ...] = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def decode_rows(rows):
    """The rows of a CIFAR-10 batch as images.

    rows: uint8 (N, 3072). A row holds 1,024 reds, then 1,024 greens, then 1,024 blues; each plane is stored row by row
    from the top. Returns uint8 (N, 32, 32, 3), channels last.
    """
    planes = rows.reshape(-1, 3, 32, 32)
    return planes.transpose(0, 2, 3, 1)


def standardize(images, mean, std):
    """Images with each channel shifted and scaled: (value − mean of its channel) / standard deviation of its channel.

    images: floats (N, H, W, 3); mean, std: (3,), measured once, on the training images. Returns floats (N, H, W, 3).
    """
    return (images - np.asarray(mean)) / np.asarray(std)


def one_hot(labels, classes):
    """Labels as rows of zeros with a single one, at the place of the class.

    labels: integers (N,) from 0 to classes − 1. Returns floats (N, classes).
    """
    return np.eye(classes)[labels]


def softmax(logits):
    """Probabilities of the classes: p_c = exp(z_c) / Σ_k exp(z_k), for each row.

    logits: floats (..., C), of any size; exp(1000) overflows, so take care. Returns floats of the same shape, each row
    summing to 1.
    """
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def cross_entropy(logits, labels):
    """The mean over a batch of −ln p, p the probability that softmax gives to the right class.

    logits: floats (N, C); labels: integers (N,). Returns a float ≥ 0, finite even for logits of ±1000: in
    −ln p_y = ln Σ_k exp(z_k) − z_y the largest logit of a row can be taken out of the sum.
    """
    largest = logits.max(axis=1)
    log_sums = largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))
    return float(np.mean(log_sums - logits[np.arange(len(labels)), labels]))


def l2_penalty(weights, strength):
    """The L2 penalty λ·Σ w², the sum running over every entry of every array.

    weights: list of float arrays of any shapes; strength: λ ≥ 0. Returns a float.
    """
    return float(strength * sum((array**2).sum() for array in weights))


def confusion_matrix(labels, predictions, classes):
    """How often images of one class were taken for another.

    labels: the true classes, predictions: the predicted ones, both integers (N,) from 0 to classes − 1. Returns
    integers (classes, classes): entry [t, p] counts the images of class t that were predicted as p.
    """
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (labels, predictions), 1)
    return matrix


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
