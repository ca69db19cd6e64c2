"""Kernel SHAP (Lundberg & Lee 2017): Shapley values by a weighted regression."""

import numpy as np

from cnnlearn.explainers.coalitions import kernel_coalitions, pairs_of_size
from cnnlearn.explainers.shapley import ShapleyMethod
from cnnlearn.explainers.third_order import kernel_shap_with_triples
from cnnlearn.shapley import kernel_shap

MOST_PAIRS = 1000  # to which triples are fitted: the time for it grows with the cube of their number


class KernelShap(ShapleyMethod):
    """Shapley values from a weighted regression on distinct coalitions in pairs, the sizes that weigh most as a whole.

    With 2^n evaluations or more the values are exact. Up to 2,000 evaluations what depends on three parts at once is
    fitted besides, which makes the error of the regression a half or less on image classifiers.
    """

    method = "Kernel SHAP"

    def split(self, game, segments):
        rng = np.random.default_rng(self.seed)
        masks, weights, strata = kernel_coalitions(game.players, self.max_evals - 2, rng)
        outputs = game(masks)
        if strata.any() and len(strata) <= MOST_PAIRS:
            values, left = kernel_shap_with_triples(masks, outputs, game.empty, game.full, weights)
        else:
            values = kernel_shap(masks, outputs, game.empty, game.full, weights)
            left = outputs - game.empty - masks @ values
        error = kernel_error(masks, left, weights, strata)
        return values, {"std_error": error, "seed": self.seed}


def kernel_error(masks, residuals, weights, strata) -> np.ndarray:
    """The standard error of Kernel SHAP's values, (n, T), from what a regression on `kernel_coalitions` left over.

    residuals: floats (2k, T). A pair moves the values by its residuals, weighed; how much this varies among the pairs
    drawn from a size, fewer being left as more were drawn, gives the variance. NaN where it cannot be known: with fewer
    coalitions than players, or one pair drawn from a size.
    """
    players = masks.shape[1]
    if len(masks) <= players and strata.any():
        return np.full((players, residuals.shape[1]), np.nan)
    centred = masks - masks.mean(axis=1, keepdims=True)
    pull = (centred * weights[:, None]) @ np.linalg.pinv(centred.T @ (centred * weights[:, None]))
    moves = np.einsum("hkn,hkt->knt", pull.reshape(2, -1, players), residuals.reshape(2, -1, residuals.shape[1]))
    variance = np.zeros(moves.shape[1:])
    for size in set(strata.tolist()) - {0}:
        drawn = moves[strata == size]
        left_out = 1 - len(drawn) / pairs_of_size(players, size)
        spread = drawn.var(axis=0, ddof=1) if len(drawn) > 1 else np.nan
        variance += left_out * len(drawn) * spread
    return np.sqrt(variance)
