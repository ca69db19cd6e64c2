"""Expected gradients (Erion et al. 2021, "Improving performance of deep learning models with axiomatic attribution
priors and expected gradients"); the noise on the image is SHAP's `local_smoothing`.
"""

import numpy as np

from cnnlearn.engine.inputs import as_images
from cnnlearn.explainers.path_gradients import SampledPathMethod


class ExpectedGradients(SampledPathMethod):
    """Integrated gradients in the mean over a background set; values are (H, W, 3), at a layer (h, w, K), signed.

    Each of the independent estimates is stratified over path and background, and their scatter tells the standard error
    of their mean. Strata work best where each estimate has several times B draws; with one estimate they work best of
    all, but then nothing tells the error.

    Args:
        model: any Keras classifier of images, functional or sequential, which is never changed.
        background: images (B, H, W, 3).
        layer: attribute to the output of this layer (`split_at`) in place of the pixels.
        max_evals: how many gradients an image takes, a multiple of `repeats`.
        repeats: how many independent estimates share them.
        smoothing: σ of the noise on the image (on the layer's output, if one is given); the values then add up to
            E f(x + σε) − mean f(b).
        seed: of the draws, which are the same for each image.
    """

    method = "expected gradients"

    def __init__(
        self,
        model,
        *,
        background,
        layer: str | None = None,
        max_evals: int = 200,
        repeats: int = 10,
        smoothing: float = 0.0,
        seed: int = 0,
    ):
        background = as_images(background)
        rng, noise, weights = self._draw(max_evals, repeats, seed)
        each = max_evals // repeats
        t = (np.arange(each) + rng.random((repeats, each))) / each
        rounds = np.tile(np.arange(len(background)), (repeats, -(-each // len(background)), 1))
        which = rng.permuted(rounds, axis=2).reshape(repeats, -1)[:, :each]
        super().__init__(model, layer, t.ravel(), which.ravel(), weights, background, smoothing, noise)
