"""Networks that are not easy to cut in two, and what is seen of the two halves."""

import numpy as np


def wired_network(kind: str, seed: int):
    """A classifier of (8, 8, 3) images, 4 classes: convolutions `first` and `second`, pooling, `logits`, softmax.

    kind: "skip" (the output of `first` is added to that of `second`, in the layer `add`), "twice" (`second` is used
    twice) or "elsewhere" (`second` was used in another model before). Weights come from `seed`.
    """
    import keras

    layers = keras.layers
    first = layers.Conv2D(5, 3, padding="same", activation="relu", name="first")
    second = layers.Conv2D(5, 3, padding="same", activation="relu", name="second")
    if kind == "elsewhere":
        second(layers.Conv2D(5, 1)(keras.Input((8, 8, 3))))
    images = keras.Input((8, 8, 3))
    x = first(images)
    y = second(second(x) if kind == "twice" else x)
    z = layers.Add(name="add")([x, y]) if kind == "skip" else y
    logits = layers.Dense(4, name="logits")(layers.GlobalAveragePooling2D()(z))
    model = keras.Model(images, layers.Softmax(name="softmax")(logits))
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.5, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model


def halves(answer, model, layer, images):
    """What the front makes of images, and the back of that; both are run before they are looked at."""
    parts = answer(model, layer)
    if not isinstance(parts, (tuple, list)) or len(parts) != 2 or not all(callable(part) for part in parts):
        return parts
    front, back = parts
    features = front(np.asarray(images, np.float32))
    return np.asarray(features), np.asarray(back(features))
