"""Guided backpropagation (Springenberg et al. 2015, "Striving for simplicity: the all convolutional net")."""

from cnnlearn.engine.input_gradients import InputGradients
from cnnlearn.explainers.input_gradient import InputGradientMethod
from cnnlearn.guided import with_guided_relus


class GuidedBackprop(InputGradientMethod):
    """Guided backpropagation of any Keras classifier with ReLUs; values are (H, W, 3), signed, not normalised.

    Raises:
        ValueError: for a model without ReLU, or with one that has no guided rule (`engine.relus.relus_of`).
    """

    method = "guided backprop"
    view = "colour"

    def _of(self, model):
        return InputGradients(self._changed(model), weights_of=model)

    def _changed(self, model):
        return with_guided_relus(model)
