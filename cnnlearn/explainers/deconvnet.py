"""The deconvnet (Zeiler & Fergus 2014)."""

from cnnlearn.explainers.guided_backprop import GuidedBackprop
from cnnlearn.guided import with_guided_relus


class Deconvnet(GuidedBackprop):
    """The deconvnet (Zeiler & Fergus 2014): as `GuidedBackprop`, but by the rule of `deconvnet_backward`."""

    method = "deconvnet"

    def _changed(self, model):
        import tensorflow as tf

        def with_deconvnet_rule(relu):
            return tf.custom_gradient(lambda x: (relu(x), tf.nn.relu))

        copy = super()._changed(model)
        for layer in copy._flatten_layers():  # there each ReLU is the activation of a layer, a function of guided.py
            activation = getattr(layer, "activation", None)
            if getattr(activation, "__module__", "") == with_guided_relus.__module__:
                layer.activation = with_deconvnet_rule(activation)
        return copy
