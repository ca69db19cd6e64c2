"""Small networks whose ReLUs are spelled in different ways, and what is seen of an answer that changes ReLUs."""

import numpy as np

# Layout -> how the ReLU behind each convolution is spelled.
LAYOUTS = {
    "fused": ("fused", "fused"),
    "activation": ("activation", "activation"),
    "layers": ("layer", "layer"),
    "relu6": ("six", "six"),
    "function": ("function", "function"),
    "nested": ("fused", "layer"),
    "mixed": ("fused", "layer", "function"),
    "slope": ("layer", "slope"),
    "none": ("none", "none"),
}


def relu_network(layout: str, seed: int):
    """A classifier of (8, 8, 3) images, 4 classes, with weights from `seed`: convolutions, a ReLU behind each.

    layout: "fused" (`activation="relu"`), "activation" (Activation layers), "layers" (`layers.ReLU`), "relu6" (ReLU6 as
    a layer), "function" (`keras.ops.relu`), "nested" (the convolutions in a model of their own), "mixed" (three
    spellings), "slope" (the second ReLU has one) or "none" (no ReLU at all).
    """
    import keras

    layers = keras.layers
    behind = {
        "activation": lambda: layers.Activation("relu"),
        "layer": lambda: layers.ReLU(),
        "six": lambda: layers.ReLU(6),
        "slope": lambda: layers.ReLU(negative_slope=0.1),
        "function": lambda: keras.ops.relu,
    }

    def convolved(x):
        for place, spelled in enumerate(LAYOUTS[layout]):
            fused = "relu" if spelled == "fused" else None
            x = layers.Conv2D(5 + place, 3, padding="same", activation=fused)(x)
            x = behind[spelled]()(x) if spelled in behind else x
        return x

    images = keras.Input((8, 8, 3))
    if layout == "nested":
        inner = keras.Input((8, 8, 3))
        features = keras.Model(inner, convolved(inner))(images)
    else:
        features = convolved(images)
    x = layers.Dense(4)(layers.GlobalAveragePooling2D()(features))
    model = keras.Model(images, layers.Softmax()(x))
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.7, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


class NotATensor(TypeError):
    """What an activation returns is a tuple."""


def forward_and_back(answer, x, dy):
    """What an activation makes of x, and what becomes of the gradient dy on the way back. NotATensor for a tuple."""
    import tensorflow as tf

    x, dy = tf.constant(x, tf.float32), tf.constant(dy, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = answer(x)
    if isinstance(y, tuple):
        raise NotATensor("Yours returned a tuple; expected is a tensor.")
    if not isinstance(y, tf.Tensor):
        return y
    back = tape.gradient(y, x, output_gradients=dy)
    return y, tf.zeros_like(x) if back is None else back


def seen_of_the_copy(answer, model, images):
    """The logits of a copy with the network's weights, the gradient of one at the images, how many weights it shares
    with the network, and whether it had the same before.
    """
    import tensorflow as tf

    from cnnlearn.feature_maps import logits_of

    copy = answer(model)
    if not isinstance(getattr(copy, "weights", None), list):
        return copy
    weights = model.get_weights()
    same = all(np.array_equal(one, other) for one, other in zip(weights, copy.get_weights(), strict=True))
    copy.set_weights(weights)
    images = tf.constant(images, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = logits_of(copy, images)
        logit = logits[:, 1]
    own = {id(weight) for weight in model.weights}
    return logits, tape.gradient(logit, images), sum(id(weight) in own for weight in copy.weights), same
