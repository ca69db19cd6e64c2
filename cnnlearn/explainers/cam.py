"""Class activation maps of a network that ends in pooling and one dense layer (Zhou et al. 2016)."""

from cnnlearn.cam import cam_logit
from cnnlearn.engine.forward import producer
from cnnlearn.explainers.feature_maps import FeatureMapMethod


class CAM(FeatureMapMethod):
    """Class activation maps of a Keras classifier whose logits are one dense layer on globally averaged features.

    Values keep their sign. The certificate holds "completeness_gap": the mean of the map plus the bias, less the logit,
    which is zero but for rounding.

    Raises:
        ValueError: for a model of another form; Grad-CAM takes those.
    """

    method = "CAM"
    view = "signed"

    def __init__(self, model):
        pooling, self.dense = _head(model)
        before = producer(pooling.input)
        super().__init__(model, layer=None if type(before).__name__ == "InputLayer" else before.name)

    def combine(self, features, gradients, logits, targets):
        import tensorflow as tf

        weights = tf.gather(tf.transpose(self.dense.kernel), targets)
        return tf.einsum("nhwk,ntk->nthw", features, tf.cast(weights, features.dtype))

    def certify(self, heatmap, logit, target):
        bias = 0.0 if self.dense.bias is None else float(self.dense.bias[target])
        return {"completeness_gap": cam_logit(heatmap, bias) - logit, "base_value": bias}


def _head(model):
    """The pooling layer and the dense layer that a model with class activation maps ends in."""

    def flat(model):
        for inner in model.layers:
            yield from flat(inner) if hasattr(inner, "layers") else [inner]

    inert = ("Softmax", "Activation", "Dropout", "InputLayer")
    last = [inner for inner in flat(model) if type(inner).__name__ not in inert][-2:]
    if [type(inner).__name__ for inner in last] != ["GlobalAveragePooling2D", "Dense"]:
        found = " and ".join(inner.name for inner in last)
        raise ValueError(f"CAM needs global average pooling and one dense layer at the end, not {found}: use GradCAM.")
    return last
