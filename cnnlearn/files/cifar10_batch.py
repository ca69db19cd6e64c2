"""Reading one batch file of CIFAR-10 without running it.

A batch is a pickle, and a pickle is a small program: the usual `pickle.load` runs whatever a stranger wrote. Here
three things stand in the way. Only the instructions that a batch needs are let through, each no more often than a
batch needs it. Only three names may be looked up, and they lead to harmless stand-ins. And the dictionary is read as
a list, so nothing is hashed: keys that are slow to hash cannot hold the reader up.
"""

import io
import pickle
import pickletools
from collections import Counter
from pathlib import Path

import numpy as np

MAX_BYTES = 32 * 2**20  # the official batches have 31 MB
_MAX_MEMO = 30_000
_ALLOWED = {  # the most often an instruction may occur: its names in `pickletools`
    1: "PROTO EMPTY_DICT SETITEMS STOP",
    6: "EMPTY_LIST GLOBAL STACK_GLOBAL REDUCE BUILD TUPLE TUPLE1 TUPLE2 TUPLE3 NONE NEWTRUE NEWFALSE",
    30_000: "MARK APPEND APPENDS FRAME BININT BININT1 BININT2 SHORT_BINSTRING BINSTRING SHORT_BINBYTES BINBYTES "
    "SHORT_BINUNICODE BINUNICODE MEMOIZE BINPUT LONG_BINPUT BINGET LONG_BINGET",
}
_MOST = {name: most for most, names in _ALLOWED.items() for name in names.split()}
_AS_LIST = {"EMPTY_DICT": pickle.EMPTY_LIST, "SETITEMS": pickle.APPENDS}


class BatchError(ValueError):
    """A file is not a batch of CIFAR-10; the message says what is wrong and what to do."""


class _StandIn:
    """Keeps what the file says about a NumPy object, and does nothing with it."""

    def __init__(self, *arguments):
        self.arguments = arguments

    def __setstate__(self, state):
        self.state = state


class _Array(_StandIn):
    pass


class _Dtype(_StandIn):
    pass


class _Unpickler(pickle.Unpickler):
    _names = {
        ("numpy.core.multiarray", "_reconstruct"): _Array,
        ("numpy", "ndarray"): "numpy.ndarray",
        ("numpy", "dtype"): _Dtype,
    }

    def find_class(self, module, name):
        if (module, name) not in self._names:
            raise pickle.UnpicklingError(f"it asks for {f'{module}.{name}'[:80]!r}")
        return self._names[module, name]


def read_batch(path) -> tuple[np.ndarray, np.ndarray]:
    """The pixels and labels of a batch file.

    Returns rows, uint8 (N, 3072), read-only, and labels, integers (N,) from 0 to 9. Raises BatchError if the file holds
    anything else, FileNotFoundError if there is no such file. Nothing in the file is ever run.
    """
    entries = read_entries(path)
    match entries.get(b"data"):
        case _Array(state=(_, (int(count), 3072), _Dtype(arguments=(b"u1" | "u1", *_)), False, bytes(pixels))):
            if count < 1 or len(pixels) != count * 3072:
                raise _error(path, f"{len(pixels):,} bytes of pixels are not {count:,} rows of 3,072")
        case _:
            raise _error(path, "its entry 'data' is not an array of bytes with rows of 3,072")
    labels = entries.get(b"labels")
    if not isinstance(labels, list) or len(labels) != count:
        raise _error(path, f"its entry 'labels' is not a list of {count:,} labels, one for each row")
    if not all(type(label) is int and 0 <= label <= 9 for label in labels):
        raise _error(path, "its labels are not all integers from 0 to 9")
    return np.frombuffer(pixels, np.uint8).reshape(count, 3072), np.array(labels)


def read_entries(path) -> dict[bytes, object]:
    """The dictionary in a batch file or in `batches.meta`: byte strings, numbers and lists; arrays are stand-ins.

    Raises as `read_batch` does.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing. Get the whole of CIFAR-10 with cifar10.download().")
    with path.open("rb") as file:
        program = file.read(MAX_BYTES + 1)
    if len(program) > MAX_BYTES:
        raise _error(path, f"it has more than {MAX_BYTES:,} bytes")
    try:
        items = _Unpickler(io.BytesIO(_checked(program)), encoding="bytes").load()
    except Exception as error:  # a damaged pickle raises nearly anything
        raise _error(path, str(error).rstrip(".") or type(error).__name__) from None
    keys = items[::2] if isinstance(items, list) else []
    if not (0 < len(keys) <= 10 and len(items) % 2 == 0 and all(type(key) is bytes and len(key) < 100 for key in keys)):
        raise _error(path, "it holds no dictionary with a few short names")
    return dict(zip(keys, items[1::2], strict=True))


def _checked(program):
    """The program with its dictionary turned into a list, once every instruction has been found harmless."""
    counts, harmless = Counter(), bytearray(program)
    for instruction, argument, position in pickletools.genops(program):
        name = instruction.name
        counts[name] += 1
        if name not in _MOST:
            raise pickle.UnpicklingError(f"it uses the instruction {name}, which no batch needs")
        if counts[name] > _MOST[name]:
            raise pickle.UnpicklingError(f"it uses the instruction {name} more often than any batch")
        if name == "LONG_BINPUT" and argument > _MAX_MEMO:
            raise pickle.UnpicklingError(f"it wants to remember {argument:,} things")
        if name in _AS_LIST:
            harmless[position : position + 1] = _AS_LIST[name]
    return bytes(harmless)


def _error(path, what):
    return BatchError(f"{path} is not a batch of CIFAR-10: {what}. Delete it and run cifar10.download() again.")
