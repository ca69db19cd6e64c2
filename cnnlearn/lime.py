"""LIME (Ribeiro, Singh & Guestrin 2016, "Why should I trust you? Explaining the predictions of any classifier").

Parts of an image are hidden at random, the network is asked about each version, and a weighted linear regression says
how much each part adds to a logit. The parts are superpixels; a mask holds a 0 or a 1 for each.
"""

import numpy as np

from cnnlearn.explainers.explanation import SegmentExplanation, as_images, as_targets
from cnnlearn.perturbation.fills import fill_for
from cnnlearn.perturbation.masked_logits import MaskedLogits
from cnnlearn.perturbation.superpixels import (
    contiguous as contiguous,  # the lesson's first exercise; all who cut images need it
)
from cnnlearn.perturbation.superpixels import superpixels

GROUPS = 50  # of samples, left out one after the other to see how much the weights depend on them


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


class Lime:
    """LIME for any Keras classifier of images, which is never changed. Logits are explained, below a softmax.

    segments: "slic", "quickshift", "felzenszwalb", or labels (H, W), any integers (see `superpixels`), or a function
    from an image to labels. fill: what hidden parts are replaced by (see `fills.fill_for`). samples: how many masks; if
    the segments have no more than that, all masks are taken and nothing is left to chance. width, penalty: those of
    `closeness` and `weighted_ridge`. seed: of the masks, the same for each image. batch: how many versions of an image
    the network sees at a time: it changes speed and memory, never the answer. All are attributes, which may be changed
    between calls. ValueError for what makes no sense.
    """

    method = "LIME"

    def __init__(self, model, segments="slic", fill="grey", samples=1000, width=0.25, penalty=1.0, seed=0, batch=None):
        if samples < 2 or width <= 0 or penalty < 0:
            raise ValueError(
                "LIME needs at least 2 samples, a width above 0 and a penalty not below 0; "
                f"these are {samples}, {width} and {penalty}."
            )
        self.model, self.segments, self.fill, self.samples = model, segments, fill, samples
        self.width, self.penalty, self.seed, self.batch = width, penalty, seed, batch
        self._logits = MaskedLogits(model)

    def explain(self, images, targets=None, top: int = 1) -> list[SegmentExplanation]:
        """Explanations whose values (H, W) are, at each pixel, the weight of its segment: what showing it adds to the
        logit.

        images: floats (H, W, 3) or (N, H, W, 3) in the model's own range. targets: None (for each image the `top`
        classes with the largest logits), a class, one for each image, or several a row, (N, T). All classes of an image
        come from one set of model calls. Returns N·T explanations, those of the first image first. Each certificate
        holds "R2" (how well the linear model fits, weighed by closeness), "spread" (the standard error of each
        segment's weight; zeros where all masks were taken), "evaluations" and "seed".
        """
        images = as_images(images)
        classes = self.model.output_shape[-1]
        rows = [None] * len(images) if targets is None else as_targets(targets, len(images), classes)
        if not 1 <= top <= classes:
            raise ValueError(f"The network has {classes} classes: `top` must be from 1 to that, not {top}.")
        return [found for image, row in zip(images, rows, strict=True) for found in self._explain(image, row, top)]

    def _explain(self, image, targets, top):
        segments = superpixels(image, self.segments(image) if callable(self.segments) else self.segments)
        masks, complete = self._masks(segments)
        targets, outputs, evaluations = self._outputs(image, segments, masks, targets, top)
        weights = closeness(cosine_distance(masks), self.width)
        coefficients, intercepts = weighted_ridge(masks, outputs, weights, self.penalty)
        predictions = masks @ coefficients + intercepts
        spread = np.zeros_like(coefficients) if complete else _spread(masks, outputs, weights, self.penalty)
        for j, target in enumerate(targets):
            certificate = {
                "R2": weighted_r2(outputs[:, j], predictions[:, j], weights),
                "spread": spread[:, j],
                "evaluations": evaluations,
                "seed": self.seed,
            }
            values, own = coefficients[segments, j], coefficients[:, j]
            yield SegmentExplanation(values, int(target), self.method, certificate, segments=segments, weights=own)

    def _masks(self, segments):
        """Masks (n, m), and whether these are all there are."""
        count = int(segments.max()) + 1  # a Python integer: 2^count may be large
        if 2**count <= self.samples:
            return 1 - (np.arange(2**count)[:, None] >> np.arange(count)) % 2, True
        drawn = sample_masks(self.samples, count, np.random.default_rng(self.seed))
        first = np.unique(segments, return_index=True)[1]  # columns go by the place of the segments, not by their ids:
        return drawn[:, np.argsort(np.argsort(first))], False  # other labels for the same segments change nothing

    def _outputs(self, image, segments, masks, targets, top):
        """The classes to explain, their logits (n, T), float64, for each mask, and how many versions were evaluated."""
        fill = fill_for(self.fill, image, segments)
        distinct, place = np.unique(masks.astype(bool), axis=0, return_inverse=True)  # the full mask comes last
        full = self._logits(image, segments, distinct[-1:], fill)[0]
        if targets is None:
            targets = np.argsort(-full, kind="stable")[:top]
        rest = self._logits(image, segments, distinct[:-1], fill, targets, self.batch)
        outputs = np.vstack([rest, full[targets]]).astype(float)
        return targets, outputs[place.ravel()], len(distinct)


def _spread(masks, outputs, weights, penalty):
    """The standard error of each coefficient, (m, T): a jackknife that leaves out one group of samples after the other.

    The full mask, row 0, is not drawn and stays in. Each group's sums are taken off those of all: much faster than a
    regression from the start.
    """
    count = masks.shape[1]
    x = np.column_stack([masks, np.ones(len(masks))])  # the intercept is the last coefficient, and goes unpenalised
    ridge = (penalty or 1e-9) * np.diag(np.arange(count + 1) < count)  # with none at all there may be no solution

    def sums(rows):
        weighed = x[rows].T * weights[rows]
        return weighed @ x[rows], weighed @ outputs[rows]

    system, right = sums(slice(None))
    without = []
    for rows in np.array_split(np.arange(1, len(masks)), min(GROUPS, len(masks) - 1)):
        own_system, own_right = sums(rows)
        without.append(np.linalg.solve(system - own_system + ridge, right - own_right)[:count])
    return np.sqrt(len(without) - 1) * np.std(without, axis=0)
