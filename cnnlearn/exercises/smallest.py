"""A failing case made as small as it still fails: fewer rows, rounded numbers."""

import time
from collections.abc import Callable

import numpy as np

from cnnlearn.exercises.exercise import Exercise
from cnnlearn.exercises.outputs import Raised, floor, run, same

SECONDS = 0.02


def smallest(exercise: Exercise, answer: Callable, case: tuple) -> tuple:
    """The case, or a smaller one on which the answer still differs from the reference, which takes it."""
    until = time.perf_counter() + SECONDS
    goes_on = exercise.compared and exercise.observe is None and not exercise.tensorflow
    while goes_on and time.perf_counter() < until:
        goes_on = False
        for smaller in _smaller(case):
            if time.perf_counter() > until:
                break
            if _fails(exercise, answer, smaller):
                case, goes_on = smaller, True
                break
    return case


def _fails(exercise, answer, case):
    expected = run(exercise, exercise.reference, case).value
    if isinstance(expected, Raised):
        return False
    got = run(exercise, answer, case).value
    return not isinstance(got, Raised) and not same(expected, got, exercise.tolerance, floor(case, exercise.tolerance))


def _smaller(case):
    """Cases one step smaller: all arrays of one length cut along an axis at once, then the numbers rounded."""
    arrays = [argument for argument in case if isinstance(argument, np.ndarray)]
    for axis in range(max((array.ndim for array in arrays), default=0)):
        lengths = {array.shape[axis] for array in arrays if array.ndim > axis}
        for length in lengths - {0, 1}:
            yield tuple(_cut(argument, axis, length) for argument in case)
    for digits in (0, 1, 2):
        rounded = tuple(_rounded(argument, digits) for argument in case)
        if not all(np.array_equal(a, b) for a, b in zip(case, rounded, strict=True) if isinstance(a, np.ndarray)):
            yield rounded


def _cut(argument, axis, length):
    if not isinstance(argument, np.ndarray) or argument.ndim <= axis or argument.shape[axis] != length:
        return argument
    return argument.take(range(length // 2), axis=axis)


def _rounded(argument, digits):
    floats = isinstance(argument, np.ndarray) and argument.dtype.kind == "f"
    return np.round(argument, digits) if floats else argument
