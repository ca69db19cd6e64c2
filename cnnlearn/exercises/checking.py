"""What a learner calls in a lesson: `check` and `hint`."""

import inspect
import os
import textwrap
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from cnnlearn.exercises import find, progress
from cnnlearn.exercises.exercise import Exercise
from cnnlearn.exercises.judge import judge
from cnnlearn.exercises.repair import find_change
from cnnlearn.exercises.smallest import smallest
from cnnlearn.exercises.verdict import WIDTH, Kind, Verdict


class CheckFailed(AssertionError):
    """Raised by `check` in a graded run, where only an error costs points."""


def check(function: Callable) -> Callable:
    """Prints the verdict on `function`, and returns it if it is right, the course's own otherwise.

    So a lesson goes on whatever its reader has solved. In a graded run (nbgrader sets NBGRADER_EXECUTION; other graders
    may set CNNLEARN_GRADED) nothing is lent: CheckFailed is raised unless the verdict is "right". What was lent is not
    judged. `check.case` holds the arguments on which the last answer failed, made small.
    """
    exercise = find(getattr(function, "__name__", repr(function)))
    verdict = _lent(exercise) if is_lent(exercise, function) else judge(exercise, function)
    if os.environ.get("CNNLEARN_GRADED") or os.environ.get("NBGRADER_EXECUTION") == "autograde":
        if not verdict.right:
            raise CheckFailed(repr(verdict))
        return function
    check.case = None  # type: ignore[attr-defined]
    if verdict.case is not None and verdict.kind is not Kind.RIGHT:
        check.case = smallest(exercise, function, verdict.case)  # type: ignore[attr-defined]
        verdict = replace(verdict, lines=(*verdict.lines, "That input, made small: check.case"))
    _show(verdict)
    if verdict.kind is not Kind.LENT:
        progress.record(verdict)
    if verdict.kind not in (Kind.RIGHT, Kind.LENT, Kind.NOT_STARTED) and not verdict.mistake:
        change = find_change(exercise, function, verdict.case)
    else:
        change = None
    _changes[exercise.name] = [change, 0]
    if change:
        print(f'{change}\nhint("{exercise.name}") tells what kind of change, and then the change.')
    return function if verdict.right else exercise.reference


check.case = None  # type: ignore[attr-defined]
_changes = {}  # name of an exercise -> the change that makes the last answer right, and how far it was opened


def is_lent(exercise: Exercise, function: Callable) -> bool:
    """Whether the function is the course's own, under whatever name, wrapped or copied."""
    function = inspect.unwrap(function)
    if isinstance(function, partial):
        return is_lent(exercise, function.func)
    return getattr(function, "__code__", function) is exercise.reference.__code__


def _lent(exercise):
    line = "This is the course's own, lent to you. Run the cell with your answer, then this one."
    return Verdict(exercise.name, Kind.LENT, (line,))


def hint(function: Callable | str) -> None:
    """Prints the next hint on an exercise, given by its function or its name; after the third, all of them.

    Where one change makes the last answer right, the first two calls tell of what kind it is, and what it is.
    """
    exercise = find(function if isinstance(function, str) else function.__name__)
    change, told = _changes.get(exercise.name, (None, 0))
    if change and told < 2:
        _changes[exercise.name][1] = told + 1
        print(change.told(told + 1))
        return
    opened = progress.open_hint(exercise.name, len(exercise.hints))
    for number, text in enumerate(exercise.hints[:opened], 1):
        print(textwrap.fill(f"Hint {number} of {len(exercise.hints)}: {text}", WIDTH))


def _show(verdict: Verdict) -> None:
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        print(verdict)
    else:
        display(verdict) if get_ipython() else print(verdict)
