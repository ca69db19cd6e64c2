"""What the methods share that show one gradient for each image: the plain one and its guided relatives."""

import numpy as np

from cnnlearn.engine.input_gradients import InputGradients
from cnnlearn.explainers.explainer import Explainer


class InputGradientMethod(Explainer):
    """The gradient of a score at the image, (H, W, 3), signed. It promises no sum and draws nothing.

    Args:
        model: any Keras classifier of images, functional or sequential, which is never changed; weights that it gets
            later are used at once.
    """

    def __init__(self, model):
        super().__init__(model)
        self._gradients = self._of(model)

    def _of(self, model) -> InputGradients:
        return InputGradients(model)

    def _explain(self, images, rows):
        for batch, gradients, logits, chosen in self._gradients.in_batches(images, rows):
            for (i, j), target in np.ndenumerate(chosen):
                yield self._explanation(batch[i], gradients[i, j], target, logits[i, target], evaluations=1)
