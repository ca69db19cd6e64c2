"""Shapley values from random orders."""

import numpy as np

from cnnlearn.explainers.shapley import ShapleyMethod
from cnnlearn.shapley import shapley_permutations

REPEATS = 20  # at least so many estimates, apart from each other, tell how much they vary


class PermutationShap(ShapleyMethod):
    """Shapley values from random orders of the parts in antithetic pairs, as many as the evaluations allow."""

    method = "permutation SHAP"

    def split(self, game, segments):
        rng = np.random.default_rng(self.seed)
        pairs = max(1, (self.max_evals - 2) // (2 * max(1, game.players - 1)))
        together = max(1, pairs // REPEATS)  # of which one repeat is made: a call for each pair would be slow
        repeats = pairs // together
        samples = np.array([shapley_permutations(game, game.players, 2 * together, rng) for _ in range(repeats)])
        error = np.full((game.players, len(game.targets)), np.nan)
        if repeats > 1:
            error = samples.std(axis=0, ddof=1) / np.sqrt(repeats)
        return samples.mean(axis=0), {"std_error": error, "seed": self.seed}
