"""Running an answer on a case, and comparing what came out: plain data on both sides."""

import re
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from cnnlearn.exercises.exercise import Exercise
from cnnlearn.exercises.fixtures import build, fingerprint


@dataclass(frozen=True)
class Raised:
    """An error in place of an output. `where` is the learner's own line, if there is one."""

    type: str
    message: str
    where: str = ""


@dataclass(frozen=True)
class Output:
    value: object
    changed_input: bool = False


def run(exercise: Exercise, answer: Callable, arguments: tuple) -> Output:
    """What `answer` makes of fresh copies of the arguments."""
    fresh = [build(argument) for argument in arguments]
    before = [fingerprint(argument) for argument in fresh]
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):  # a warning would stand before the verdict
            warnings.simplefilter("ignore")
            value = exercise.observe(answer, *fresh) if exercise.observe else answer(*fresh)
            value = plain(value)
    except (Exception, SystemExit) as error:
        value = Raised(type(error).__name__, _first_paragraph(str(error)), _own_line(error, answer))
    after = [fingerprint(argument) for argument in fresh]
    return Output(value, any(not same(x, y, 0) for x, y in zip(before, after, strict=True)))


def _first_paragraph(message):
    """What an error says first, without the colours of a terminal: Keras adds a page about its arguments."""
    return re.sub(r"\x1b\[[\d;]*m", "", message).strip().partition("\n\n")[0]


def _own_line(error, answer):
    code = getattr(answer, "__code__", None)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if code is not None and frame.filename == code.co_filename and frame.line:
            return frame.line.strip()
    return ""


def plain(value):
    """Tensors become arrays, NumPy scalars become Python's, in tuples and lists too.

    Subclasses of arrays stay what they are: a matrix multiplies in another way than an array.
    """
    if isinstance(value, (tuple, list)):
        items = [plain(item) for item in value]
        return tuple(items) if isinstance(value, tuple) else items
    if callable(getattr(value, "numpy", None)):
        value = value.numpy()
    if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
        return value.item()
    return np.array(value) if type(value) is np.ndarray else value


def kind(value) -> str:
    """The type of plain data in words."""
    if type(value) is np.ndarray:
        names = {"b": "booleans", "i": "integers", "u": "integers", "f": "floats", "c": "complex numbers"}
        return f"an array of {names.get(value.dtype.kind, 'objects')}"
    if isinstance(value, tuple):
        return f"{len(value)} values"
    named = {bool: "a bool", int: "an integer", float: "a float", str: "a string", list: "a list"}
    return "nothing (None)" if value is None else named.get(type(value), f"a {type(value).__name__}")


def same_type(expected, got) -> bool:
    """Whether `got` may stand for `expected`; integers may stand for floats, never the other way.

    Any numbers may stand for booleans and for an empty array: which they are teaches nothing.
    """
    if isinstance(expected, (tuple, list)):
        return (
            type(got) is type(expected)
            and len(got) == len(expected)
            and all(same_type(e, g) for e, g in zip(expected, got, strict=True))
        )
    if isinstance(expected, np.ndarray):
        if type(got) is not np.ndarray:
            return False
        if not expected.size:
            return got.dtype.kind in "biuf"
        allowed = {"f": "fiu", "i": "iu", "u": "iu", "b": "biuf"}
        return got.dtype.kind in allowed.get(expected.dtype.kind, expected.dtype.kind)
    if isinstance(expected, float):
        return isinstance(got, (int, float)) and not isinstance(got, bool)
    return type(got) is type(expected)


def shape(value):
    return tuple(shape(item) for item in value) if isinstance(value, (tuple, list)) else np.shape(value)


def finite(value) -> bool:
    if isinstance(value, (tuple, list)):
        return all(finite(item) for item in value)
    if isinstance(value, (np.ndarray, float)):
        return bool(np.isfinite(value).all())
    return True


# What a learner may raise to refuse a bad input: which of them teaches nothing. The others come of slips.
REFUSALS = {"ValueError", "TypeError", "AssertionError", "RuntimeError", "Exception"}


def refused_alike(expected: Raised, got: Raised) -> bool:
    """Whether both errors refuse the input."""
    return expected.type == got.type or {expected.type, got.type} <= REFUSALS


def floor(arguments: tuple, tolerance: float) -> float:
    """The least difference that counts for these arguments: rounding, where the expected is a difference near 0.

    With the usual tolerance, 1e-5, it is one unit in the last place of float32 at the largest number given.
    """
    return 1e-2 * tolerance * max(map(_largest, arguments), default=0.0)


def _largest(value):
    if isinstance(value, (tuple, list)):
        return max(map(_largest, value), default=0.0)
    if isinstance(value, (float, np.ndarray)) and np.asarray(value).dtype.kind == "f":
        array = np.asarray(value)
        return float(np.abs(array[np.isfinite(array)]).max(initial=0))
    return 0.0


def same(expected, got, tolerance: float, least: float = 0.0) -> bool:
    """Equal types and shapes, and values as `close` has it; errors if both refuse."""
    if isinstance(expected, Raised) or isinstance(got, Raised):
        return isinstance(expected, Raised) and isinstance(got, Raised) and refused_alike(expected, got)
    if not same_type(expected, got) or shape(expected) != shape(got):
        return False
    if isinstance(expected, (tuple, list)):
        return all(same(e, g, tolerance, least) for e, g in zip(expected, got, strict=True))
    if isinstance(expected, (np.ndarray, float, int)):
        return bool(close(expected, got, tolerance, least).all())
    return expected == got


def close(expected, got, tolerance: float, least: float = 0.0) -> np.ndarray:
    """Entry by entry: |got − expected| ≤ tolerance × the largest finite |expected| (× 1 if that is zero), or ≤ least.

    NaN equals NaN.
    """
    expected, got = np.asarray(expected, float), np.asarray(got, float)
    size = np.abs(expected[np.isfinite(expected)]).max(initial=0) or 1.0
    with np.errstate(invalid="ignore"):
        near = np.abs(got - expected) <= max(tolerance * size, least)
    return near | (got == expected) | (np.isnan(got) & np.isnan(expected))
