"""Sources of randomness, which an answer is given as its argument `rng`."""

import numpy as np


def generator(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)
