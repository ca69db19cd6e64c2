"""Grad-CAM (Selvaraju et al. 2017) of any layer."""

from cnnlearn.explainers.feature_maps import FeatureMapMethod


class GradCAM(FeatureMapMethod):
    """Grad-CAM of any Keras classifier at any layer; see `FeatureMapMethod`. Maps are never negative."""

    method = "Grad-CAM"

    def combine(self, features, gradients, logits, targets):
        import tensorflow as tf

        weights = tf.reduce_mean(gradients(), axis=(2, 3))
        return tf.nn.relu(tf.einsum("nhwk,ntk->nthw", features, weights))
