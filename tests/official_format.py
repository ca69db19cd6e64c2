"""Small files in the format of CIFAR-10: batches, made by the script that made the shipped sample, and archives."""

import errno
import importlib.util
import io
import tarfile

import numpy as np

from cnnlearn.files.shipped import data_path

TOP = "cifar-10-batches-py"
NAMES = ["batches.meta", *(f"data_batch_{number}" for number in range(1, 6)), "readme.html", "test_batch"]
GOOD = [(f"{TOP}/{name}", {"content": name.encode() * 100}) for name in NAMES]

_spec = importlib.util.spec_from_file_location("make_cifar10_sample", data_path("make_cifar10_sample.py"))
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)


def random_batch(count, seed=0):
    """Random pixels and labels, and the bytes of a batch file that holds them."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (count, 3072), np.uint8)
    labels = rng.integers(0, 10, count)
    return rows, labels, script.batch("a batch", rows, labels, [f"{place}.png" for place in range(count)])


def header(name, kind=tarfile.REGTYPE, size=0, link=""):
    member = tarfile.TarInfo(name)
    member.type, member.size, member.linkname = kind, size, link
    return member.tobuf(tarfile.GNU_FORMAT)


def piece(name, content=b"", **fields):
    """A member: its header, and its content filled up to whole blocks."""
    return header(name, size=fields.pop("size", len(content)), **fields) + content + bytes(-len(content) % 512)


def pieces(*members):
    return b"".join(piece(name, **fields) for name, fields in members)


def tar(*members):
    return pieces(*members) + bytes(10_240)


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


class FullDisk(io.FileIO):
    """A file on a disk with room for 500 bytes of it."""

    def write(self, data):
        if self.tell() + len(data) > 500:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)
