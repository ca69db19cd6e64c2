"""Small networks with weights from a seed."""

import numpy as np


def small_network(head: str, seed: int):
    """A classifier of (8, 8, 3) images, 4 classes: two convolutions, the second `features`, (4, 4, 6); a head.

    head: "gap softmax" (a softmax layer), "gap fused" (Dense with softmax), "gap logits", "flat softmax" (Flatten, not
    GAP) or "nested" (the convolutions one model, the head another that ends in softmax). Weights come from `seed`.
    """
    import keras

    layers = keras.layers

    def bottom(images):
        x = layers.Conv2D(5, 3, padding="same", activation="relu", name="first")(images)
        return layers.Conv2D(6, 3, padding="same", activation="relu", name="features")(layers.MaxPooling2D()(x))

    def top(features):
        pooled = layers.Flatten() if head == "flat softmax" else layers.GlobalAveragePooling2D(name="gap")
        last = layers.Dense(4, activation="softmax" if head == "gap fused" else None, name="logits")(pooled(features))
        return last if head in ("gap fused", "gap logits") else layers.Softmax(name="softmax")(last)

    images, features = keras.Input((8, 8, 3)), keras.Input((4, 4, 6))
    if head == "nested":
        inner = keras.Input((8, 8, 3))
        middle = keras.Model(inner, bottom(inner), name="bottom")(images)
        model = keras.Model(images, keras.Model(features, top(features), name="top")(middle))
    else:
        model = keras.Model(images, top(bottom(images)))
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(0, 0.5, w.shape).astype(w.dtype) for w in model.get_weights()])
    return model
