"""Guided backpropagation and its relatives: gradients of a logit with another rule for the way back through a ReLU.

Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks" (deconvnet); Springenberg et al. 2015,
"Striving for simplicity: the all convolutional net" (guided); Selvaraju et al. 2017 (Guided Grad-CAM).
"""

import numpy as np

from cnnlearn.cam import resize_bilinear
from cnnlearn.engine.forward import logits_of
from cnnlearn.engine.rebuilding import rebuild, take_weights, twin
from cnnlearn.engine.relus import relus_of


def relu_backward(x, dy):
    """The gradient with respect to the input of a ReLU: dy where x > 0, zero elsewhere.

    x: floats, the input of the ReLU; dy: floats of the same shape, the gradient with respect to its output. Returns
    floats of the same shape.
    """
    return np.where(x > 0, dy, 0)


def deconvnet_backward(x, dy):
    """The deconvnet's rule for the way back through a ReLU: dy where dy > 0, zero elsewhere (Zeiler & Fergus 2014).

    x: floats, the input of the ReLU; dy: floats of the same shape, the signal that comes back to its output. Returns
    floats of the same shape.
    """
    return np.where(dy > 0, dy, 0)


def guided_backward(x, dy):
    """The guided rule for the way back through a ReLU: dy where both x > 0 and dy > 0, zero elsewhere (Springenberg et
    al. 2015).

    x: floats, the input of the ReLU; dy: floats of the same shape, the signal that comes back to its output. Returns
    floats of the same shape.
    """
    return np.where((x > 0) & (dy > 0), dy, 0)


def guided_relu(x):
    """ReLU on the way forward, the rule of `guided_backward` on the way back.

    x: a float tensor of any shape. Returns a tensor of the same shape: max(x, 0).
    """
    import tensorflow as tf

    def positive_back(y):
        return tf.identity(y), tf.nn.relu  # unchanged forward; only what is positive comes back

    return tf.custom_gradient(positive_back)(tf.nn.relu(x))


def with_guided_relus(model):
    """A copy of a network in which each ReLU goes backward by the guided rule.

    model: a Keras model, functional or sequential; its ReLUs may be activations of other layers, layers, functions such
    as `keras.ops.relu`, or ReLU6, which lets nothing back where x ≥ 6; models may be nested in it. It is not changed.
    Returns a new model with layers and weights of its own that computes the same. ValueError if there is no ReLU, or
    one with a slope or a threshold, or a layer that cannot be searched: `relus_of(model)` raises it, else returns the
    list of all ReLUs. `cnnlearn.engine.rebuilding` has what makes a copy: `rebuild`, `twin` and `take_weights`.
    """
    import keras

    relus = relus_of(model)

    def make(operation):
        copy = twin(operation)
        if operation not in relus:
            return copy
        fused = hasattr(copy, "activation")
        relu = copy.activation if fused else copy
        layer = copy if fused else keras.layers.Activation("linear", name=copy.name)
        layer.activation = lambda x: guided_relu(relu(x))  # the gates of the old one stay: x > 0, for ReLU6 also x < 6
        return layer

    guided = rebuild(model, make)
    take_weights(guided, model)
    return guided


def guided_backprop(model, image, index):
    """The guided gradient of one class's logit with respect to the image, which is never normalised.

    model: a Keras classifier with ReLUs, which is not changed; where it ends in a softmax, also inside a nested last
    model, the logit is what the softmax is applied to. image: floats (H, W, 3); index: the class. The model runs as at
    inference. Returns an array (H, W, 3).
    """
    import tensorflow as tf

    guided = with_guided_relus(model)
    batch = tf.constant(image[None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(batch)
        logit = logits_of(guided, batch)[0, index]
    return tape.gradient(logit, batch)[0].numpy()


def to_displayable(gradients):
    """Gradients as a picture: (g − mean) / (std + 1e-8) · ¼ + ½, clipped to [0, 1]. Grey stands for the mean.

    gradients: floats (H, W, 3); mean and standard deviation are those of all its numbers together. Returns floats
    (H, W, 3) in [0, 1].
    """
    standardized = (gradients - gradients.mean()) / (gradients.std() + 1e-8)
    return np.clip(standardized / 4 + 0.5, 0, 1)


def guided_grad_cam(guided, cam):
    """Guided Grad-CAM: the guided gradient, each pixel times the Grad-CAM map there (Selvaraju et al. 2017, sec. 3.2).

    guided: floats (H, W, 3); cam: floats (h, w), the map at its layer's size. What is negative in it counts as zero; it
    is enlarged by `resize_bilinear`; nothing is normalised. Returns floats (H, W, 3).
    """
    height, width = guided.shape[:2]
    return guided * resize_bilinear(np.maximum(cam, 0), height, width)[..., None]
