"""Integrated gradients (Sundararajan, Taly & Yan 2017, "Axiomatic attribution for deep networks")."""

import numpy as np

from cnnlearn.explainers.path_gradients import PathMethod
from cnnlearn.gradients import path_points


class IntegratedGradients(PathMethod):
    """Integrated gradients by the Gauss–Legendre rule; values are (H, W, 3), at a layer (h, w, K), signed.

    Args:
        model: any Keras classifier of images, functional or sequential, which is never changed.
        baseline: an image (H, W, 3), the same for all images; None means black.
        layer: attribute to the output of this layer (`split_at`) in place of the pixels.
        max_evals: how many gradients an image takes, the nodes of the rule.
    """

    method = "integrated gradients"

    def __init__(self, model, *, baseline=None, layer: str | None = None, max_evals: int = 50):
        if baseline is not None and np.ndim(baseline) != 3:
            raise ValueError(
                f"The baseline must be one image (H, W, 3) for all; this has shape {np.shape(baseline)}. "
                "Several baselines are what ExpectedGradients takes."
            )
        t, weights = path_points(np.ones((1, 1, 1)), np.zeros((1, 1, 1)), max_evals)
        super().__init__(model, layer, t.ravel(), np.zeros(max_evals, int), weights[None], baseline)
