"""What crosses the border between grader and worker: plain data, as JSON, and behind it the bytes of its arrays.

Nothing here is pickled and reading runs nothing. Arrays are made by `frombuffer` of exactly the bytes that are there.
What is read is bounded before it is parsed: the text, of which little makes much, far more tightly than the arrays.
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
DEEPEST, LONGEST_INTEGER, MOST_AXES, MOST_KEYS = 20, 256, 32, 1000
LARGEST = 16 * 2**20  # bytes of a message
MOST_TEXT = 2 * 2**20  # bytes of it that are JSON


class WireError(ValueError):
    """Bytes that are no message."""


@dataclass(frozen=True)
class Foreign:
    """Stands for a value that does not cross: an object of some other type, by the name of that type."""

    type: str


@dataclass(frozen=True)
class Function:
    """Stands for a function of the sender, by its number there."""

    number: int


@dataclass(frozen=True)
class Candidate:
    """Stands for a function that a case hands to the answer, by its number with the grader."""

    number: int


@dataclass(frozen=True)
class Generator:
    """Stands for a `numpy.random.Generator` of the kind PCG64, by its state."""

    state: int
    increment: int


def pack(message, refer: Callable = lambda value: None) -> bytes:
    """The bytes of a message. `refer` makes a Function or a Generator of what is no plain data, or None: then only
    the name of its type crosses. WireError if it is too large.
    """
    arrays = []
    text = json.dumps(_tree(message, arrays, refer, 0)).encode()
    if len(text) > MOST_TEXT or len(text) + sum(array.nbytes for array in arrays) > LARGEST:
        raise WireError("This message is too large.")
    data = b"".join([len(text).to_bytes(8, "big"), text, *(np.ascontiguousarray(array).tobytes() for array in arrays)])
    return MAGIC + len(data).to_bytes(8, "big") + data


def length(head: bytes) -> int:
    """How many bytes follow the head of a message. WireError if it is none, or too large."""
    count = int.from_bytes(head[len(MAGIC) :], "big")
    if head[: len(MAGIC)] != MAGIC or count > LARGEST + 8:
        raise WireError("This is no message.")
    return count


def unpack(data: bytes, resolve: Callable = lambda stand_in: stand_in):
    """The message in the bytes behind the head. `resolve` is given each Function, Candidate and Generator."""
    end = 8 + int.from_bytes(data[:8], "big")
    if end > 8 + MOST_TEXT:
        raise WireError("This message is too large.")
    try:
        tree = json.loads(data[8:end])
        rest = _Bytes(data, end)
        message = _value(tree, rest, resolve, 0)
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, OverflowError, MemoryError) as error:
        raise WireError(f"This is no message: {type(error).__name__}.") from None
    if rest.place != len(data):
        raise WireError("Bytes are left over.")
    return message


def _tree(value, arrays, refer, depth):
    kind = type(value)  # exactly: what a subclass does is not known
    if depth > DEEPEST:
        return {"foreign": ["very deep structure"]}
    if value is None or kind in (bool, str, float):
        return value
    if kind is int:
        return value if value.bit_length() <= LONGEST_INTEGER else {"foreign": ["very long integer"]}
    if kind in (list, tuple):
        return {kind.__name__: [_tree(item, arrays, refer, depth + 1) for item in value]}
    if kind is dict and len(value) <= MOST_KEYS:
        return {"dict": [[_tree(item, arrays, refer, depth + 1) for item in pair] for pair in value.items()]}
    if kind is Fixture:
        return {"fixture": [value.name, _tree(value.parameters, arrays, refer, depth + 1)]}
    if kind is np.ndarray and value.dtype.kind in KINDS:
        arrays.append(value)
        return {"array": [value.dtype.str, list(value.shape)]}
    if isinstance(value, np.generic) and kind.__module__ == "numpy" and value.dtype.kind in KINDS:
        arrays.append(np.asarray(value))
        return {"scalar": [value.dtype.str, []]}
    stand_in = value if kind in STAND_INS else refer(value) or Foreign(kind.__name__[:40])
    return {type(stand_in).__name__.lower(): list(vars(stand_in).values())}


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


STAND_INS = (Foreign, Function, Candidate, Generator)
NAMED = {kind.__name__.lower(): kind for kind in STAND_INS}


def _value(tree, rest, resolve, depth):
    if depth > DEEPEST + 2:
        raise ValueError("too deep")
    if not isinstance(tree, dict):
        if type(tree) is int and tree.bit_length() > LONGEST_INTEGER:
            raise ValueError("too long")
        if tree is None or isinstance(tree, (bool, int, float, str)):
            return tree
        raise ValueError("a bare list")
    ((kind, content),) = tree.items()
    if not isinstance(content, list) or (kind == "dict" and len(content) > MOST_KEYS):
        raise ValueError("no content that may cross")
    if kind in ("list", "tuple"):
        items = [_value(item, rest, resolve, depth + 1) for item in content]
        return items if kind == "list" else tuple(items)
    if kind == "dict":
        pairs = [[_value(item, rest, resolve, depth + 1) for item in pair] for pair in content]
        return dict(pairs)
    if kind in ("array", "scalar"):
        dtype, shape = content
        if kind == "scalar" and shape:
            raise ValueError("no scalar")
        array = rest.array(dtype, shape)
        return array if kind == "array" else array[()]
    if kind == "fixture":
        name, parameters = content
        return Fixture(_text(name), _value(parameters, rest, resolve, depth + 1))
    if kind == "foreign":
        (name,) = content
        return Foreign(_text(name))
    if not all(type(number) is int and 0 <= number < 2**128 for number in content):
        raise ValueError("no stand-in that may cross")
    return resolve(NAMED[kind](*content))


def _text(value):
    if not isinstance(value, str) or len(value) > 100:
        raise ValueError("no name that may cross")
    return value
