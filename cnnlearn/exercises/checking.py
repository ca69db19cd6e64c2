"""What a learner calls in a lesson: `check` and `hint`."""

import os
import textwrap
from collections.abc import Callable

from cnnlearn.exercises import find, progress
from cnnlearn.exercises.judge import judge
from cnnlearn.exercises.verdict import WIDTH, Verdict


class CheckFailed(AssertionError):
    """Raised by `check` in a graded run, where only an error costs points."""


def check(function: Callable) -> Callable:
    """Prints the verdict on `function`, and returns it if it is right, the course's own otherwise.

    So a lesson goes on whatever its reader has solved. In a graded run (nbgrader sets NBGRADER_EXECUTION; other graders
    may set CNNLEARN_GRADED) nothing is lent: CheckFailed is raised unless the verdict is "right".
    """
    exercise = find(getattr(function, "__name__", repr(function)))
    verdict = judge(exercise, function)
    if os.environ.get("CNNLEARN_GRADED") or os.environ.get("NBGRADER_EXECUTION") == "autograde":
        if not verdict.right:
            raise CheckFailed(repr(verdict))
        return function
    _show(verdict)
    progress.record(verdict)
    return function if verdict.right else exercise.reference


def hint(function: Callable | str) -> None:
    """Prints the next hint on an exercise, given by its function or its name; after the third, all of them."""
    exercise = find(function if isinstance(function, str) else function.__name__)
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
