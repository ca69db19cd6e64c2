"""Small networks whose ReLUs are spelled in different ways, and what is seen of an answer that changes ReLUs."""

import numpy as np


def relu_network(layout: str, seed: int):
    """A classifier of (8, 8, 3) images, 4 classes, with weights from `seed`: two convolutions, a ReLU behind each.

    layout: "fused" (`activation="relu"`), "activation" (Activation layers), "layers" (`layers.ReLU`), "relu6" (ReLU6 as
    a layer), "nested" (the convolutions in a model of their own), "function" (`keras.ops.relu`), "slope" (the second
    ReLU has one) or "none" (no ReLU at all).
    """
    import keras

    layers = keras.layers
    fused = "relu" if layout in ("fused", "nested") else None

    def relu(x, place):
        if layout in ("fused", "nested", "none"):
            return x
        if layout == "function":
            return keras.ops.relu(x)
        if layout == "activation":
            return layers.Activation("relu")(x)
        slope = 0.1 if layout == "slope" and place == 2 else 0.0
        return layers.ReLU(6 if layout == "relu6" else None, negative_slope=slope)(x)

    def bottom(images):
        x = relu(layers.Conv2D(5, 3, padding="same", activation=fused)(images), 1)
        return relu(layers.Conv2D(6, 3, padding="same", activation=fused, name="features")(x), 2)

    images = keras.Input((8, 8, 3))
    if layout == "nested":
        inner = keras.Input((8, 8, 3))
        features = keras.Model(inner, bottom(inner))(images)
    else:
        features = bottom(images)
    x = layers.Dense(4)(layers.GlobalAveragePooling2D()(features))
    model = keras.Model(images, layers.Softmax()(x))
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.7, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def forward_and_back(answer, x, dy):
    """What an activation makes of x, and what becomes of the gradient dy on the way back."""
    import tensorflow as tf

    x, dy = tf.constant(x, tf.float32), tf.constant(dy, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = answer(x)
    if not isinstance(y, tf.Tensor):
        return y
    back = tape.gradient(y, x, output_gradients=dy)
    return y, tf.zeros_like(x) if back is None else back


def seen_of_the_copy(answer, model, images):
    """What a copy computes, a logit's gradient at the images, and how many weights it shares with the network."""
    import tensorflow as tf

    from cnnlearn.feature_maps import logits_of

    copy = answer(model)
    if not isinstance(getattr(copy, "weights", None), list):
        return copy
    images = tf.constant(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logit = logits_of(copy, images)[:, 1]
    own = {id(weight) for weight in model.weights}
    return copy(images), tape.gradient(logit, images), sum(id(weight) in own for weight in copy.weights)
