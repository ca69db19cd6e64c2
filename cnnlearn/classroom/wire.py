"""What crosses the border between grader and worker: plain data, as JSON, and behind it the bytes of its arrays.

Nothing here is pickled and reading runs nothing. Arrays are made by `frombuffer` of exactly the bytes that are there.
"""

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnnlearn.exercises.exercise import Fixture

MAGIC = b"cnnlearn"
HEAD = len(MAGIC) + 8
KINDS = "biufc"  # of arrays: booleans, integers, floats, complex numbers
DEEPEST, LONGEST_INTEGER, MOST_AXES = 20, 256, 32
LARGEST = 64 * 2**20  # bytes of a message


class WireError(ValueError):
    """Bytes that are no message."""


@dataclass(frozen=True)
class Foreign:
    """Stands for a value that does not cross: an object of some other type, by the name of that type."""

    type: str


def pack(message, refer: Callable = lambda value: None) -> bytes:
    """The bytes of a message. `refer` makes a dictionary of a value that is not plain data, or None: then only the
    name of its type crosses.
    """
    arrays = []
    text = json.dumps(_tree(message, arrays, refer, 0)).encode()
    if len(text) + sum(array.nbytes for array in arrays) > LARGEST:
        raise WireError("This message is too large.")
    data = b"".join([len(text).to_bytes(8, "big"), text, *(np.ascontiguousarray(array).tobytes() for array in arrays)])
    return MAGIC + len(data).to_bytes(8, "big") + data


def length(head: bytes) -> int:
    """How many bytes follow the head of a message. WireError if it is none, or too large."""
    count = int.from_bytes(head[len(MAGIC) :], "big")
    if head[: len(MAGIC)] != MAGIC or count > LARGEST + 8:
        raise WireError("This is no message.")
    return count


def unpack(data: bytes, resolve: Callable = lambda reference: Foreign("object")):
    """The message in the bytes behind the head. `resolve` is given each dictionary that `refer` made."""
    try:
        end = 8 + int.from_bytes(data[:8], "big")
        tree = json.loads(data[8:end])
        rest = _Bytes(data, end)
        message = _value(tree, rest, resolve)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, OverflowError, MemoryError) as error:
        raise WireError(f"This is no message: {type(error).__name__}.") from None
    if rest.place != len(data):
        raise WireError("Bytes are left over.")
    return message


def _tree(value, arrays, refer, depth):
    kind = type(value)  # exactly: what a subclass does is not known
    if depth > DEEPEST:
        return {"foreign": "very deep structure"}
    if value is None or kind in (bool, str, float):
        return value
    if kind is int:
        return value if value.bit_length() <= LONGEST_INTEGER else {"foreign": "very long integer"}
    if kind in (list, tuple):
        return {kind.__name__: [_tree(item, arrays, refer, depth + 1) for item in value]}
    if kind is dict:
        return {"dict": [[_tree(item, arrays, refer, depth + 1) for item in pair] for pair in value.items()]}
    if kind is Fixture:
        return {"fixture": [value.name, _tree(value.parameters, arrays, refer, depth + 1)]}
    if kind is np.ndarray and value.dtype.kind in KINDS:
        arrays.append(value)
        return {"array": [value.dtype.str, list(value.shape)]}
    if isinstance(value, np.generic) and kind.__module__ == "numpy" and value.dtype.kind in KINDS:
        arrays.append(np.asarray(value))
        return {"scalar": [value.dtype.str, []]}
    if kind is Foreign:
        return {"foreign": value.type}
    return refer(value) or {"foreign": kind.__name__[:40]}


class _Bytes:
    def __init__(self, data, place):
        self.data, self.place = data, place

    def array(self, dtype, shape):
        if not re.fullmatch(f"[<>|][{KINDS}][0-9]{{1,2}}", dtype):  # NumPy parses much more than that
            raise ValueError("no array that may cross")
        dtype = np.dtype(dtype)
        sizes = all(type(n) is int and n >= 0 for n in shape) and len(shape) <= MOST_AXES
        if not sizes:
            raise ValueError("no array that may cross")
        count = math.prod(shape)
        array = np.frombuffer(self.data, dtype, count, self.place) if count else np.empty(0, dtype)
        self.place += count * dtype.itemsize
        return array.reshape(shape).copy()


def _value(tree, rest, resolve):
    if not isinstance(tree, dict):
        if tree is None or isinstance(tree, (bool, int, float, str)):
            return tree
        raise ValueError("a bare list")
    ((kind, content),) = tree.items()
    if kind in ("list", "tuple"):
        items = [_value(item, rest, resolve) for item in content]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        return {_value(key, rest, resolve): _value(item, rest, resolve) for key, item in content}
    if kind in ("array", "scalar"):
        array = rest.array(*content)
        return array if kind == "array" else array[()]
    if kind == "fixture":
        return Fixture(str(content[0]), _value(content[1], rest, resolve))
    if kind == "foreign":
        return Foreign(str(content)[:40])
    return resolve(tree)
