"""Measuring explanations: is what they call important also what the network needs, and do they depend on the network?

Deletion and insertion (Petsiuk, Das & Saenko 2018, "RISE"), the pointing game (Zhang et al. 2016, "Top-down neural
attention by excitation backprop"), its form on a grid of pictures (Böhle, Fritz & Schiele 2021, "Convolutional dynamic
alignment networks"), randomised layers (Adebayo et al. 2018, "Sanity checks for saliency maps"), and intervals by the
bootstrap (Efron 1979).
"""

import math

import numpy as np


def deletion_curve(predict, image, attribution, steps, fill):
    """The score while pixels are deleted, those with the highest attribution first (Petsiuk et al. 2018).

    predict: a function from a batch (n, H, W, 3) to scores (n,). image: floats (H, W, 3); attribution: floats (H, W).
    After step k of `steps`, the first k·H·W // steps pixels (whole division) of the order are replaced by `fill`: a
    number, a colour (3,), or the same place of a picture (H, W, 3). Pixels with equal attribution keep reading order.
    Returns the scores after the steps 0 (the image itself) to `steps` (nothing left of it), floats (steps + 1,).
    """
    order = np.argsort(-attribution, axis=None, kind="stable")
    place = np.empty(order.size, int)
    place[order] = np.arange(order.size)  # of each pixel in the order
    place = place.reshape(attribution.shape)
    changed = [place < k * order.size // steps for k in range(steps + 1)]
    return predict(np.stack([np.where(pixels[..., None], fill, image) for pixels in changed]))


def insertion_curve(predict, image, attribution, steps, start):
    """The score while pixels of the image come into an empty picture, highest attribution first (Petsiuk et al. 2018).

    predict, image, attribution, steps and the order of the pixels as in `deletion_curve`. start: the picture without
    the image, (H, W, 3): grey, say, or the image itself, blurred. Returns the scores after the steps 0 (`start` itself)
    to `steps` (the whole image), floats (steps + 1,).
    """
    return deletion_curve(predict, start, attribution, steps, image)


def area_under(curve):
    """The area under a curve whose points lie at equal distances from 0 to 1, by the trapezoid rule.

    curve: floats (steps + 1,), at least two. Returns a float: for a constant curve, that constant.
    """
    return float((curve[:-1] + curve[1:]).sum() / 2 / (len(curve) - 1))


def pointing_hit(attribution, mask, tolerance):
    """Whether an attribution is largest on the object, or near it: one round of the pointing game (Zhang et al. 2016).

    attribution: floats (H, W), signed; of several equal maxima the first in reading order counts. mask: booleans
    (H, W), true on the object. tolerance: how many pixels the maximum may lie away from the nearest pixel of the
    object, as the crow flies. Returns a bool; None if the mask is empty, because then there is nothing to hit.
    """
    if not mask.any():
        return None
    row, column = np.unravel_index(attribution.argmax(), attribution.shape)
    rows, columns = np.nonzero(mask)
    return bool(np.hypot(rows - row, columns - column).min() <= tolerance)


def grid_share(attribution, cell, grid):
    """The part of an attribution's positive sum that lies in one cell of a grid (Böhle et al. 2021).

    attribution: floats (H, W), signed: what is negative counts nowhere. grid: (rows, columns), numbers that divide H
    and W; cell: (row, column), counted from 0. Returns a float from 0 to 1; None if nothing is positive.
    """
    positive = np.maximum(attribution, 0)
    if not positive.any():
        return None
    height, width = positive.shape[0] // grid[0], positive.shape[1] // grid[1]
    top, left = cell[0] * height, cell[1] * width
    return float(positive[top : top + height, left : left + width].sum() / positive.sum())


def rank_correlation(a, b):
    """Spearman's rank correlation: how well the order of one set of numbers tells the order of another, from −1 to 1.

    a, b: floats of the same shape, any. Equal numbers share the mean of the places that they take up together: 5, 7, 7
    have the ranks 1, 2.5, 2.5. The correlation is Pearson's, of the ranks. Returns a float; NaN if all of a or all of b
    are equal.
    """

    def centred_ranks(values):
        _, which, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - (counts - 1) / 2)[which]
        return ranks - ranks.mean()

    a, b = centred_ranks(a), centred_ranks(b)
    spread = math.sqrt((a @ a) * (b @ b))
    return float(a @ b / spread) if spread else math.nan


def bootstrap_interval(values, rng, level=0.95, resamples=2000) -> tuple[float, float]:
    """An interval for the mean: where the means of samples lie that are drawn, with repeats, from the values at hand.

    values: floats (n,), independent of each other; NaN and None are left out. Returns the ends of the middle `level` of
    the `resamples` means; NaN and NaN if no value is left.
    """
    values = np.array(values, float)
    values = values[~np.isnan(values)]
    if not values.size:
        return math.nan, math.nan
    means = values[rng.integers(values.size, size=(resamples, values.size))].mean(axis=1)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def grid_picture(images) -> np.ndarray:
    """Four images (4, H, W, 3) as one picture (2H, 2W, 3), in reading order: cells (0, 0), (0, 1), (1, 0), (1, 1)."""
    return np.concatenate([np.concatenate(images[:2], axis=1), np.concatenate(images[2:], axis=1)])
