"""Grad-CAM (Selvaraju et al. 2017, "Grad-CAM: Visual explanations from deep networks via gradient-based localization").

The maps of any layer of any network, weighed by the mean gradient of a class's logit with respect to each map.
"""

import numpy as np

from cnnlearn.engine.forward import features_and_logits


def logit_gradients(model, image, index, layer):
    """The feature maps of a layer, and the gradients ∂y^c/∂A of one class's logit with respect to them.

    model: a Keras classifier; where it ends in a softmax, also inside a nested model, the logit y^c is what the softmax
    is applied to. image: floats (H, W, 3); index: the class c; layer: the name of a layer. The model runs as at
    inference. Returns two arrays (h, w, K): features, gradients. ValueError if the model has no such layer.
    """
    import tensorflow as tf

    batch = tf.constant(image[None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(batch)
        features, logits = features_and_logits(model, batch, layer)
        logit = logits[0, index]
    return features[0].numpy(), tape.gradient(logit, features)[0].numpy()


def channel_weights(gradients):
    """The weight of each feature map: α_k = (1/Z) Σ_ij ∂y/∂A_ij^k, Z positions (Selvaraju et al. 2017, eq. 1).

    gradients: floats (H, W, K). Returns floats (K,).
    """
    return gradients.mean(axis=(0, 1))


def grad_cam(features, gradients):
    """The Grad-CAM map ReLU(Σ_k α_k A^k), with α from `channel_weights` (Selvaraju et al. 2017, eq. 2).

    features, gradients: floats (H, W, K). Returns floats (H, W), never negative.
    """
    return np.maximum(features @ channel_weights(gradients), 0)


def softmax_gradient(logits, index):
    """The gradient of one class's probability p_c = softmax(z)_c with respect to all logits z.

    logits: floats (C,); index: the class c. Returns floats (C,): p_c (δ_kc − p_k), where δ_kc is 1 for k = c, else 0.
    """
    p = np.exp(logits - logits.max())
    p = p / p.sum()
    return p[index] * ((np.arange(len(p)) == index) - p)


def hires_cam(features, gradients):
    """The HiResCAM map, rectified as Grad-CAM's is: ReLU(Σ_k ∂y/∂A^k ⊙ A^k) (Draelos & Carin 2020, "Use HiResCAM
    instead of Grad-CAM"). Each position keeps its own gradient; none is averaged.

    features, gradients: floats (H, W, K). Returns floats (H, W), never negative.
    """
    return np.maximum((features * gradients).sum(axis=-1), 0)
