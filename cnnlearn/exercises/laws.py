"""Laws of an exercise: which an answer breaks, on which case, and which mistake of the bank breaks the same."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from cnnlearn.exercises.exercise import Axiom, Exercise
from cnnlearn.exercises.outputs import Output, Raised, finite, run


@dataclass(frozen=True)
class Breach:
    """A law that does not hold on a case.

    asked, output: the arguments on which the answer raised or gave what is not finite, and what it gave.
    """

    axiom: Axiom
    case: int
    asked: tuple = ()
    output: object = None

    @property
    def raised(self) -> Raised | None:
        return self.output if isinstance(self.output, Raised) else None


class _UnansweredError(Exception):
    """The answer raised an error where a law asked it, or gave what is not finite where that breaks the law."""


def breaches(exercise: Exercise, cases: list[tuple], ask: Callable[[tuple], Output]) -> Iterator[Breach]:
    """Every law on every case on which it does not hold, law by law."""
    for axiom in exercise.axioms:
        for number, case in enumerate(cases):
            breach = _breach(axiom, number, case, ask)
            if breach:
                yield breach


def _breach(axiom, number, case, ask):
    trouble = ()

    def answer(*arguments):
        nonlocal trouble
        value = ask(arguments).value
        if isinstance(value, Raised):
            trouble = arguments, value
            raise _UnansweredError
        if not finite(value):
            trouble = arguments, value
        return value

    try:
        holds = axiom.holds(answer, *case)
    except Exception:
        holds = False
    return None if holds else Breach(axiom, number, *trouble)


def breaks_alike(exercise: Exercise, cases: list[tuple], broken: list[Breach]):
    """The mistake of the bank that breaks the same laws on the same cases; None if there is none, or more than one."""
    places = [(breach.axiom.statement, breach.case, breach.raised is not None) for breach in broken]
    found = [m for m in exercise.mistakes if _breaks(exercise, cases, partial(run, exercise, m.function), places)]
    return found[0] if len(found) == 1 else None


def _breaks(exercise, cases, ask, places):
    there = iter(places)
    for breach in breaches(exercise, cases, ask):
        if (breach.axiom.statement, breach.case, breach.raised is not None) != next(there, None):
            return False
    return next(there, None) is None
