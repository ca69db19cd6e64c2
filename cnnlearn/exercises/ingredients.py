"""Arguments of exercises that are not plain data, each built from its name and parameters.

Nothing here imports the reference: a grader's worker builds the same ingredients without it.
"""

import copy
from functools import partial

import numpy as np

from cnnlearn.exercises.exercise import Ingredient


def build(argument):
    """A fresh copy of plain data; an Ingredient becomes the thing that it names."""
    if not isinstance(argument, Ingredient):
        return copy.deepcopy(argument)
    return BUILDERS[argument.name](**dict(argument.parameters))


def fingerprint(value):
    """Plain data that differs after `value` was changed in place: for a network its weights and activations."""
    if hasattr(value, "get_weights"):
        return (*value.get_weights(), *_activations(value))
    return copy.deepcopy(value) if isinstance(value, (np.ndarray, list, tuple, dict)) else None


def _activations(layer):
    for inner in getattr(layer, "layers", ()):
        activation = getattr(inner, "activation", None)
        yield f"{inner.name} {getattr(activation, '__name__', activation)} {inner.trainable}"
        yield from _activations(inner)


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


def candidate(exercise: str, mistake: str):
    """The reference of an exercise (mistake "") or one of its mistakes: what a learner's test is tried on."""
    from cnnlearn.exercises import find  # only where candidates live beside the judge

    chosen = find(exercise)
    if not mistake:
        return partial(chosen.reference)
    return next(partial(m.function) for m in chosen.mistakes if m.name == mistake)


BUILDERS = {"network": small_network, "candidate": candidate, "generator": np.random.default_rng}
