"""What an exercise is tried on in a run: its cases from the run's seed, and what the course's own functions make of
them. Made once and used for all students.
"""

import threading
import zlib
from functools import lru_cache, partial

import numpy as np

from cnnlearn.exercises.exercise import Exercise, Mistake
from cnnlearn.exercises.judge import explain
from cnnlearn.exercises.outputs import Output, run


class Trials:
    """Cases and expected outputs, in an order that depends on the seed too, so that a student cannot know it."""

    def __init__(self, exercise: Exercise, seed: int):
        self.exercise = exercise
        cases = exercise.cases(np.random.default_rng(seed))
        order = np.random.default_rng([seed, zlib.crc32(exercise.name.encode())])
        self.cases = [cases[i] for i in order.permutation(len(cases))]
        self.again = int(order.integers(len(cases)))  # the case that is tried twice
        self.expected = self._outputs(exercise.reference)
        self._known, self._lock = {}, threading.Lock()
        self._check()

    def outputs_of(self, mistake: Mistake) -> list[Output]:
        with self._lock:
            if mistake.name not in self._known:
                self._known[mistake.name] = self._outputs(mistake.function)
            return self._known[mistake.name]

    def _check(self):
        """The exercise must find its own reference right, or no verdict of it can be believed."""
        known = self.exercise, self.cases, self.expected, self.expected
        verdict = explain(*known, partial(run, self.exercise, self.exercise.reference), self.outputs_of, hidden=True)
        if not verdict.right:
            raise RuntimeError(f"The exercise finds its own reference wrong: {verdict}")

    def _outputs(self, function):
        return [run(self.exercise, function, case) for case in self.cases]


_lock = threading.Lock()


def trials_of(exercise: Exercise, seed: int) -> Trials:
    with _lock:
        return _made(exercise, seed)


@lru_cache(maxsize=64)
def _made(exercise, seed):
    return Trials(exercise, seed)
