"""Guided Grad-CAM (Selvaraju et al. 2017, sec. 3.2)."""

import numpy as np

from cnnlearn.explainers.explainer import Explainer
from cnnlearn.explainers.grad_cam import GradCAM
from cnnlearn.explainers.guided_backprop import GuidedBackprop


class GuidedGradCAM(Explainer):
    """Guided backpropagation times Grad-CAM at a layer; values are (H, W, 3), signed.

    Args:
        model: any Keras classifier of images with ReLUs, functional or sequential, which is never changed.
        layer: as for `GradCAM`.
    """

    method = "Guided Grad-CAM"
    view = "colour"

    def __init__(self, model, *, layer: str | None = None):
        super().__init__(model)
        self._guided, self._cam = GuidedBackprop(model), GradCAM(model, layer=layer)

    def _explain(self, images, rows):
        cams = list(self._cam._explain(images, rows))
        chosen = np.array([cam.target for cam in cams]).reshape(rows.shape)
        for cam, guided in zip(cams, self._guided._explain(images, chosen), strict=True):
            facts = cam.certificate | {"evaluations": 2}
            values = guided.values * cam.values[..., None]
            facts.pop("score")
            yield self._explanation(cam.image, values, cam.target, facts.pop("score_value"), **facts)
