"""LIME (Ribeiro, Singh & Guestrin 2016) of any network, as the `lime` library does it."""

import numpy as np

from cnnlearn.engine.inputs import ranked
from cnnlearn.explainers.explainer import Explainer
from cnnlearn.lime import closeness, cosine_distance, sample_masks, weighted_r2, weighted_ridge
from cnnlearn.perturbation.fills import fill_for
from cnnlearn.perturbation.masked_logits import MaskedLogits
from cnnlearn.perturbation.superpixels import (
    contiguous as contiguous,  # the lesson's first exercise; all who cut images need it
)
from cnnlearn.perturbation.superpixels import superpixels

GROUPS = 50  # of samples, left out one after the other to see how much the weights depend on them


class Lime(Explainer):
    """LIME; the value of a pixel is the weight of its segment, what showing it adds to a score.

    The certificate holds "r2": how well the linear model fits, weighed by closeness.

    Args:
        model: any Keras classifier of images, functional or sequential, which is never changed.
        segments: "slic", "quickshift", "felzenszwalb", or labels (H, W), any integers (see `superpixels`), or a
            function from an image to labels.
        fill: what hidden parts are replaced by (see `fills.fill_for`).
        max_evals: how many masks; if the segments have no more than that, all are taken and nothing is left to chance.
        kernel_width, penalty: those of `closeness` and `weighted_ridge`.
        seed: of the masks, the same for each image.

    Raises:
        ValueError: for settings that make no sense.
    """

    method = "LIME"
    view = "signed"

    def __init__(
        self,
        model,
        *,
        segments="slic",
        fill="grey",
        max_evals: int = 1000,
        kernel_width: float = 0.25,
        penalty: float = 1.0,
        seed: int = 0,
    ):
        if max_evals < 2 or kernel_width <= 0 or penalty < 0:
            raise ValueError(
                "LIME needs at least 2 evaluations, a kernel width above 0 and a penalty not below 0; "
                f"these are {max_evals}, {kernel_width} and {penalty}."
            )
        super().__init__(model)
        self.segments, self.fill, self.max_evals = segments, fill, max_evals
        self.kernel_width, self.penalty, self.seed = kernel_width, penalty, seed
        self._logits = MaskedLogits(model)

    def _explain(self, images, rows):
        for image, row in zip(images, rows, strict=True):
            yield from self._explain_one(image, row)

    def _explain_one(self, image, row):
        segments = superpixels(image, self.segments(image) if callable(self.segments) else self.segments)
        masks, complete = self._masks(segments)
        targets, outputs, evaluations = self._outputs(image, segments, masks, row)
        weights = closeness(cosine_distance(masks), self.kernel_width)
        coefficients, intercepts = weighted_ridge(masks, outputs, weights, self.penalty)
        predictions = masks @ coefficients + intercepts
        error = np.zeros_like(coefficients) if complete else _jackknife_error(masks, outputs, weights, self.penalty)
        for j, target in enumerate(targets):
            values, own = coefficients[segments, j], coefficients[:, j]
            yield self._explanation(
                image,
                values,
                target,
                outputs[_full(masks), j],
                float(intercepts[j]),
                segments,
                own,
                r2=weighted_r2(outputs[:, j], predictions[:, j], weights),
                std_error=error[:, j],
                evaluations=evaluations,
                seed=self.seed,
            )

    def _masks(self, segments):
        """Masks (n, m), and whether these are all there are."""
        count = int(segments.max()) + 1  # a Python integer: 2^count may be large
        if 2**count <= self.max_evals:
            return 1 - (np.arange(2**count)[:, None] >> np.arange(count)) % 2, True
        drawn = sample_masks(self.max_evals, count, np.random.default_rng(self.seed))
        first = np.unique(segments, return_index=True)[1]  # columns go by the place of the segments, not by their ids:
        return drawn[:, np.argsort(np.argsort(first))], False  # other labels for the same segments change nothing

    def _outputs(self, image, segments, masks, row):
        """The classes to explain, their logits (n, T), float64, for each mask, and how many versions were evaluated."""
        fill = fill_for(self.fill, image, segments)
        distinct, place = np.unique(masks.astype(bool), axis=0, return_inverse=True)  # the full mask comes last
        full = self._logits(image, segments, distinct[-1:], fill)
        (targets,) = ranked(row[None], full)
        rest = self._logits(image, segments, distinct[:-1], fill, targets)
        outputs = np.vstack([rest, full[:, targets]]).astype(float)
        return targets, outputs[place.ravel()], len(distinct)


def _full(masks):
    """The row of the mask that shows everything."""
    return int(masks.sum(axis=1).argmax())


def _jackknife_error(masks, outputs, weights, penalty):
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
