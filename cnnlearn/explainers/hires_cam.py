"""HiResCAM (Draelos & Carin 2020) of any layer."""

from cnnlearn.explainers.feature_maps import FeatureMapMethod


class HiResCAM(FeatureMapMethod):
    """HiResCAM of any Keras classifier at any layer; see `FeatureMapMethod`. Maps are never negative."""

    method = "HiResCAM"

    def combine(self, features, gradients, logits, targets):
        import tensorflow as tf

        return tf.nn.relu(tf.einsum("nhwk,nthwk->nthw", features, gradients()))
