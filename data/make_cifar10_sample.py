"""Draw the sample of CIFAR-10 that ships with the course: `python data/make_cifar10_sample.py FOLDER`.

FOLDER holds the official batches. The sample goes to `cifar-10-sample` beside this script, in the format of the
official files: a pickle of protocol 2 with byte strings, as Python 2 wrote it. Python 3 and NumPy 2 would write other
instructions, so they are put together by hand.
"""

import struct
import sys
from pathlib import Path

import numpy as np

from cnnlearn.files import cifar10

PER_CLASS = 50


def string(text):
    data = text if isinstance(text, bytes) else text.encode()
    return b"U" + bytes([len(data)]) + data if len(data) < 256 else b"T" + struct.pack("<i", len(data)) + data


def integer(number):
    return b"K" + bytes([number]) if 0 <= number < 256 else b"J" + struct.pack("<i", number)


def sequence(items):
    return b"](" + b"".join(items) + b"e"


def array(rows):
    empty = b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n" + integer(0) + b"\x85" + string("b") + b"\x87R"
    dtype = b"cnumpy\ndtype\n" + string("u1") + integer(0) + integer(1) + b"\x87R"
    dtype += b"(" + integer(3) + string("|") + b"NNN" + integer(-1) + integer(-1) + integer(0) + b"tb"
    shape = integer(rows.shape[0]) + integer(rows.shape[1]) + b"\x86"
    return empty + b"(" + integer(1) + shape + dtype + b"\x89" + string(rows.tobytes()) + b"tb"


def dictionary(**entries):
    return b"\x80\x02}(" + b"".join(string(key) + value for key, value in entries.items()) + b"u."


def batch(title, rows, labels, filenames):
    return dictionary(
        batch_label=string(title),
        labels=sequence(map(integer, labels.tolist())),
        data=array(rows),
        filenames=sequence(map(string, filenames)),
    )


def meta(count):
    names = sequence(map(string, cifar10.CLASSES))
    return dictionary(num_cases_per_batch=integer(count), label_names=names, num_vis=integer(3072))


def draw(images, labels, rng):
    """`PER_CLASS` images of each class, in random order, as rows of planes."""
    chosen = [rng.choice(np.flatnonzero(labels == label), PER_CLASS, replace=False) for label in range(10)]
    chosen = rng.permutation(np.concatenate(chosen))
    return images[chosen].transpose(0, 3, 1, 2).reshape(-1, 3072), labels[chosen]


def main(source):
    rng = np.random.default_rng(0)
    target = Path(__file__).resolve().parent / "cifar-10-sample"
    target.mkdir(exist_ok=True)
    titles = {"data_batch_1": "training batch 1 of 1", "test_batch": "testing batch 1 of 1"}
    for (name, title), part in zip(titles.items(), cifar10.load(source), strict=True):
        rows, labels = draw(*part, rng)
        filenames = [f"{cifar10.CLASSES[label]}_{place:03}.png" for place, label in enumerate(labels)]
        (target / name).write_bytes(batch(title, rows, labels, filenames))
    (target / "batches.meta").write_bytes(meta(10 * PER_CLASS))


if __name__ == "__main__":
    main(sys.argv[1])
