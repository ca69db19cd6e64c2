"""SmoothGrad (Smilkov et al. 2017, "SmoothGrad: removing noise by adding noise")."""

import numpy as np

from cnnlearn.explainers.path_gradients import SampledPathMethod


class SmoothGrad(SampledPathMethod):
    """The mean of the gradients at noisy copies of the image; like a single gradient it promises no sum.

    Args:
        model: any Keras classifier of images, functional or sequential, which is never changed.
        smoothing: the noise's standard deviation, in the units of the images.
        max_evals, repeats, seed: as for `ExpectedGradients`.
    """

    method = "SmoothGrad"
    complete = False

    def __init__(self, model, *, smoothing: float = 0.15, max_evals: int = 50, repeats: int = 10, seed: int = 0):
        _, noise, weights = self._draw(max_evals, repeats, seed)
        super().__init__(model, None, np.ones(max_evals), np.zeros(max_evals, int), weights, None, smoothing, noise)
