"""Scores of images, and their gradients: functions of a batch (n, H, W, 3), known in closed form."""

import numpy as np


def _terms(kind, shape, seed):
    """A score as terms (a, w, p), for a·(w·x)^p, or for w = None a·Σ x^p."""
    rng = np.random.default_rng(seed)
    w, u = rng.normal(0, 2 / np.sqrt(np.prod(shape)), (2, *shape))
    return {
        "sum": [(1, None, 1)],
        "minus": [(-1, None, 1)],
        "square": [(0.5, None, 2)],
        "cube": [(1 / 3, None, 3)],
        "curved": [(2, u, 1), (1, w, 3), (-0.5, u, 4), (0.3, None, 3)],
    }[kind]


def score(kind: str, seed: int = 0):
    """A score f, batch -> (n,): "sum" Σx, "minus" −Σx, "square" ½Σx², "cube" ⅓Σx³, or "curved", of degree 4."""

    def f(batch):
        found = 0.0
        for a, w, p in _terms(kind, batch.shape[1:], seed):
            found += a * ((batch**p).sum(axis=(1, 2, 3)) if w is None else (batch * w).sum(axis=(1, 2, 3)) ** p)
        return found

    return f


def gradient(kind: str, seed: int = 0):
    """The gradient of `score(kind, seed)`, batch -> the same shape."""

    def gradient_of_f(batch):
        batch = np.asarray(batch, float)
        found = np.zeros_like(batch)
        for a, w, p in _terms(kind, batch.shape[1:], seed):
            inner = batch if w is None else (batch * w).sum(axis=(1, 2, 3), keepdims=True)
            found += a * p * inner ** (p - 1) * (1 if w is None else w)
        return found

    return gradient_of_f
