"""Timing on machines that others use too: what counts is the ratio of runs that follow one another."""

import time
from collections.abc import Callable

import numpy as np


def paired(calls: dict[str, Callable[[], object]], repeats: int, pause: float = 0) -> dict[str, np.ndarray]:
    """Seconds of every run, name -> (repeats,): all calls in turn, `repeats` times, after a round to warm up.

    pause: seconds before each. A tenth of a second keeps methods apart that solve linear systems: NumPy's threads spin
    on for a moment after their work, and would slow whichever call follows.
    """
    seconds = {name: [] for name in calls}
    for repeat in range(repeats + 1):
        for name, call in calls.items():
            time.sleep(pause)
            start = time.perf_counter()
            call()
            if repeat:
                seconds[name].append(time.perf_counter() - start)
    return {name: np.array(runs) for name, runs in seconds.items()}


def ratios_to(name: str, seconds: dict[str, np.ndarray]) -> dict[str, float]:
    """For each call the median, over the rounds, of its time as a multiple of `name`'s in the same round."""
    return {other: float(np.median(runs / seconds[name])) for other, runs in seconds.items()}
