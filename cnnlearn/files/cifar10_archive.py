"""Unpacking the archive of CIFAR-10: all of it or nothing, and nothing that does not belong to it."""

import gzip
import tarfile
import tempfile
import zlib
from pathlib import Path

from cnnlearn.files.cifar10_batch import MAX_BYTES

FOLDER = "cifar-10-batches-py"
BATCHES = (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch")
_FILES = {f"{FOLDER}/{name}" for name in (*BATCHES, "batches.meta", "readme.html")}
_HEADERS = 64 * 2**10  # bytes: far more than the headers of one member need


class ArchiveError(ValueError):
    """A file is not the archive of CIFAR-10; the message says what is wrong and what to do."""


class _Metered:
    """Reads a file no further than was allowed, so that no archive can grow without end while it is read."""

    def __init__(self, file):
        self._file, self._left = file, 0

    def allow(self, size):
        self._left += size

    def read(self, size):
        self._left -= size
        if self._left < 0:
            raise tarfile.ReadError("it grows beyond what its members announce")
        return self._file.read(size)


def unpack(archive, folder) -> Path:
    """Unpack the official archive `cifar-10-python.tar.gz` into `folder`, in a folder of its own.

    Returns that folder, which `load` takes. What lay there before is replaced only when everything is unpacked. Raises
    ArchiveError if the archive holds anything but the known files, FileNotFoundError if there is none, and OSError if
    the disk is full or not writable; earlier data is then as it was, and nothing half-written stays.
    """
    archive, folder = Path(archive), Path(folder)
    if not archive.is_file():
        raise FileNotFoundError(f"{archive} is missing. Get it with cifar10.download().")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".unpacking-") as scratch:
            _extract(archive, scratch)
            _replace(folder / FOLDER, Path(scratch))
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError, ValueError) as error:
        raise ArchiveError(
            f"{archive} is not the archive of CIFAR-10: {error}. Delete it and run cifar10.download() again."
        ) from None
    except OSError as error:
        raise OSError(
            error.errno,
            f"{archive} could not be unpacked into {folder}: {error.strerror}. Make 200 MB of room there, or choose "
            "another folder.",
        ) from None
    return folder / FOLDER


def _extract(archive, folder):
    seen = set()
    with gzip.open(archive) as file:
        metered = _Metered(file)
        metered.allow(_HEADERS)
        with tarfile.open(fileobj=metered, mode="r|") as tar:
            for member in tar:
                if member.name in seen:
                    raise tarfile.ReadError(f"it holds {member.name!r} twice")
                seen.add(member.name)
                if member.name == FOLDER and member.isdir():
                    continue
                if member.name not in _FILES or not member.isreg() or member.issparse():
                    raise tarfile.ReadError(f"{member.name[:100]!r} does not belong in it")
                if not 0 <= member.size <= MAX_BYTES:
                    raise tarfile.ReadError(f"{member.name!r} has more than {MAX_BYTES:,} bytes")
                metered.allow(member.size + _HEADERS)
                tar.extract(member, folder, set_attrs=False, filter="data")
        while metered.read(4096):  # gzip compares its checksum at the end
            pass
    missing = sorted({f"{FOLDER}/{name}" for name in BATCHES} - seen)
    if missing:
        raise tarfile.ReadError(f"it lacks {missing[0]!r}")


def _replace(target, scratch):
    """Move the new folder to its place. The earlier one goes back if that fails, and away with `scratch` if not."""
    earlier = scratch / "earlier"
    try:
        if target.exists():
            target.rename(earlier)
        (scratch / FOLDER).rename(target)
    except BaseException:
        if earlier.exists():
            earlier.rename(target)
        raise
