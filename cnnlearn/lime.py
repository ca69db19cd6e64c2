"""LIME (Ribeiro, Singh & Guestrin 2016, "Why should I trust you? Explaining the predictions of any classifier").

Parts of an image are hidden at random, the network is asked about each version, and a weighted linear regression says
how much each part adds to a logit. The parts are superpixels; a mask holds a 0 or a 1 for each.
"""

import numpy as np

from cnnlearn.perturbation.superpixels import (
    contiguous as contiguous,  # the lesson's first exercise; all who cut images need it
)


def sample_masks(samples, count, rng):
    """Masks drawn at random: row 0 shows everything; in the others each segment is hidden or not, by a fair coin.

    samples: the number n of masks; count: the number m of segments; rng: a Generator, the only source of chance.
    Returns integers (n, m): 1 shows a segment, 0 hides it.
    """
    masks = rng.integers(0, 2, (samples, count))
    masks[0] = 1
    return masks


def hide(image, segments, masks, fill):
    """An image with the segments hidden that each mask switches off.

    image: floats (H, W, 3); segments: integers (H, W), an id from 0 to m − 1 for each pixel; masks: (n, m), 0 hides a
    segment, 1 shows it. fill: what stands where a segment is hidden: a number, a colour (3,) or an image (H, W, 3).
    Returns floats (n, H, W, 3). ValueError if a segment has no column in the masks: an id below 0 or above m − 1.
    """
    if segments.min() < 0 or segments.max() >= masks.shape[1]:
        raise ValueError(f"Ids must go from 0 to {masks.shape[1] - 1}: make them contiguous first.")
    shown = masks[:, segments] == 1
    return np.where(shown[..., None], image, fill)


def cosine_distance(masks):
    """How far each mask is from the full one: 1 − cos of the angle between the two as vectors.

    masks: (n, m), each entry 0 or 1. Returns floats (n,) in [0, 1]: 0 for the full mask, 1 for the empty one, which has
    no angle.
    """
    shown = masks.sum(axis=1)
    return 1 - shown / np.sqrt(np.maximum(shown, 1) * masks.shape[1])


def closeness(distances, width):
    """The weight of a sample in the regression: √exp(−d² / w²). It is 1 at distance 0 and falls from there.

    distances: floats (n,), the d; width: the w, a positive number in the same unit. Returns floats (n,).
    """
    return np.sqrt(np.exp(-(distances**2) / width**2))


def weighted_ridge(masks, outputs, weights, penalty):
    """The linear model that fits outputs best: the coefficients β and the intercept a that minimise

        Σ_i w_i (y_i − a − Σ_j x_ij β_j)² + λ Σ_j β_j².

    masks: the x, (n, m); outputs: the y, floats (n,), or (n, C) for C models at once; weights: the w, floats (n,), none
    negative; penalty: the λ ≥ 0, which spares the intercept. Returns the coefficients, floats (m,) or (m, C), and the
    intercept, a float or floats (C,).
    """
    share = weights / weights.sum()
    middle, level = share @ masks, share @ outputs
    x, y = masks - middle, outputs - level
    system = (x.T * weights) @ x + penalty * np.eye(masks.shape[1])
    coefficients = np.linalg.lstsq(system, (x.T * weights) @ y, rcond=None)[0]
    return coefficients, level - middle @ coefficients


def weighted_r2(outputs, predictions, weights):
    """The share of the outputs' variance that a model predicts: 1 − Σ w (y − ŷ)² / Σ w (y − ȳ)², ȳ the weighted mean.

    outputs: the y, floats (n,); predictions: the ŷ, floats (n,); weights: the w, floats (n,), none negative. Returns a
    float, 1 at best, below 0 where ȳ alone would predict better. If all outputs are the same, there is no variance:
    then 1 if they are predicted (but for rounding), else 0.
    """
    if np.ptp(outputs) == 0:
        return float(np.allclose(outputs, predictions))
    mean = np.average(outputs, weights=weights)
    missed = weights @ (outputs - predictions) ** 2
    return float(1 - missed / (weights @ (outputs - mean) ** 2))


def top_segments(coefficients, count, positive_only):
    """The ids of the segments that count most: by falling |coefficient|; of two that are equal, the lower id first.

    coefficients: floats (m,), one for each segment; count: how many ids at most. positive_only: whether only segments
    with a coefficient above zero are eligible, so that there may be fewer than `count`. Returns integers, the most
    important segment first.
    """
    order = np.argsort(-np.abs(coefficients), kind="stable")
    if positive_only:
        order = order[coefficients[order] > 0]
    return order[:count]
