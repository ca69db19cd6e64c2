"""What grader, worker and helper may say to each other. The package's head draws who says what to whom.

A message crosses as its name and its fields. What is no message, or has a field of another type, is refused in reading.
"""

from collections.abc import Callable
from dataclasses import dataclass, fields

from cnnlearn.classroom.inside import wire

# From the grader to a worker


@dataclass(frozen=True)
class Request:
    """Define the answer of this name from the cells (label, source).

    observe: module and function that turn a call into plain data, or nothing. memory, file_size: limits in bytes.
    """

    name: str
    cells: list
    observe: list
    memory: int
    file_size: int


@dataclass(frozen=True)
class Case:
    """Call the answer with these arguments."""

    arguments: tuple


@dataclass(frozen=True)
class Enough:
    """No more cases for this answer."""


# From a worker to the grader


@dataclass(frozen=True)
class Ready:
    """The worker, or the helper, has started."""


@dataclass(frozen=True)
class Found:
    """The answer is defined."""


@dataclass(frozen=True)
class Absent:
    """There is no such answer, and why."""

    reason: str


@dataclass(frozen=True)
class NeedsTensorFlow:
    """The answer imports TensorFlow, which this worker does not have at hand."""


@dataclass(frozen=True)
class Value:
    """What the answer returned for a case; changed: whether it changed its input."""

    value: object
    changed: bool


@dataclass(frozen=True)
class Raised:
    """The error that the answer raised for a case; where: its own line, if there is one."""

    type: str
    message: str
    where: str
    changed: bool


@dataclass(frozen=True)
class Borrow:
    """Call a function of the course that is not here."""

    module: str
    name: str
    arguments: list
    keywords: dict


@dataclass(frozen=True)
class Try:
    """Call a candidate that came with the case."""

    number: int
    arguments: list
    keywords: dict


@dataclass(frozen=True)
class Ended:
    """The answer's process has ended, with this status."""

    status: int


# From the grader to the helper


@dataclass(frozen=True)
class Help:
    """Call this exercise's reference, or the mistake of this name."""

    exercise: str
    mistake: str
    arguments: list
    keywords: dict


# In every direction


@dataclass(frozen=True)
class CallBack:
    """Call a function of yours, which was among the arguments."""

    number: int
    arguments: list
    keywords: dict


@dataclass(frozen=True)
class Returned:
    """What a call gave, and the arguments as they were afterwards, as far as they can be changed."""

    value: object
    arguments: list


@dataclass(frozen=True)
class Failed:
    """The error that a call raised."""

    type: str
    message: str


KINDS = {
    kind.__name__: kind
    for kind in (Request, Case, Enough, Ready, Found, Absent, NeedsTensorFlow, Value, Raised, Borrow, Try, Ended, Help)
    + (CallBack, Returned, Failed)
}


def pack(message, refer: Callable = lambda value: None) -> bytes:
    """The bytes of a message; WireError if it is too large."""
    return wire.pack([type(message).__name__, *vars(message).values()], refer)


def unpack(data: bytes, resolve: Callable = lambda stand_in: stand_in):
    """The message in the bytes behind the head; WireError if it is none."""
    try:
        name, *values = wire.unpack(data, resolve)
        kind = KINDS[name]
        expected = [field.type for field in fields(kind)]
        fitting = [want is object or type(value) is want for want, value in zip(expected, values, strict=True)]
    except (TypeError, ValueError, KeyError):
        raise wire.WireError("This is no message.") from None
    if not all(fitting):
        raise wire.WireError(f"This is no {name}.")
    return kind(*values)
