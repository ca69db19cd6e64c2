"""What is said about each answer of a class, and what it earns.

The rules of credit, all of them:

- right: all points. Grader's fault: all points, since it must not cost the student anything; grading again judges it.
- wrong: the share of the cases that were right, rounded down to hundredths of a point. But nothing if a law that every
  right answer obeys is broken (then no case counts), or if the answer gives the same for all cases where different
  outputs are expected: a constant is no answer, however many cases it happens to fit.
- everything else: nothing. An answer that ends its process, runs out of time or memory, or writes into the grader's
  channel earns nothing for the cases before.
"""

import math
from dataclasses import asdict, dataclass
from enum import StrEnum

from cnnlearn.classroom.member import Member


class Status(StrEnum):
    RIGHT = "right"
    WRONG = "wrong"
    NOT_STARTED = "not started"
    MISSING = "missing"
    CRASHED = "crashed"
    TIMED_OUT = "timed out"
    OUT_OF_MEMORY = "out of memory"
    TAMPERED = "tampered"
    UNREADABLE = "unreadable"
    NOTHING = "nothing to grade"
    GRADERS_FAULT = "grader's fault"


class Stopped(BaseException):
    """An answer cannot be asked any more. (No Exception: an axiom that asks it must not take it for a broken law.)"""

    def __init__(self, status: Status, fact: str):
        super().__init__(f"{status.value}: {fact}")
        self.status, self.fact = status, fact


@dataclass(frozen=True)
class Result:
    """The verdict on one answer.

    kind: the judge's own word for what was wrong; mistake: its name in the bank. lines and hint are for the student and
    tell no hidden input. said and printed are the student's own words, for the teacher alone.
    """

    exercise: str
    status: Status
    points: float
    possible: int
    kind: str = ""
    mistake: str = ""
    lines: tuple[str, ...] = ()
    hint: str = ""
    cases: tuple[int, int] = (0, 0)
    said: str = ""
    printed: str = ""

    def as_dict(self) -> dict:
        return asdict(self) | {"status": self.status.value}

    @classmethod
    def from_dict(cls, entry: dict) -> "Result":
        lists = {key: tuple(entry[key]) for key in ("lines", "cases")}
        return cls(**entry | lists | {"status": Status(entry["status"])})


@dataclass(frozen=True)
class Grade:
    """The results of one student, in the order of the lesson, and the files they were read from, with their date.

    unused: files that did not count, and why.
    """

    student: str
    results: tuple[Result, ...]
    files: tuple[str, ...] = ()
    modified: str = ""
    unused: tuple[str, ...] = ()
    id: str = ""
    late: bool = False
    member: Member | None = None

    @property
    def points(self) -> float:
        return round(sum(result.points for result in self.results), 2)

    @property
    def possible(self) -> int:
        return sum(result.possible for result in self.results)


def credit(status: Status, possible: int, cases: tuple[int, int], constant: bool = False) -> float:
    """The points that an answer earns; `cases` are how many were right, and how many there were."""
    if status in (Status.RIGHT, Status.GRADERS_FAULT):
        return float(possible)
    if status is not Status.WRONG or constant or not cases[1]:
        return 0.0
    return math.floor(possible * cases[0] / cases[1] * 100) / 100
