"""Copies of a network for pictures of another size, or with weights drawn anew."""


def for_size(model, height: int, width: int):
    """A copy, with the same weights, of a functional network for pictures of another size.

    Convolutions and global pooling take any size; a network with Flatten cannot be copied so, and ValueError is raised.
    """
    import keras

    copy = keras.models.clone_model(model, input_tensors=keras.Input((height, width, 3), name="images"))
    try:
        for old, new in zip(_leaves(model), _leaves(copy), strict=True):
            _take_weights(new, old)
    except ValueError:
        raise ValueError(
            f"The weights of {model.name!r} fit one size of picture only: it has no global pooling."
        ) from None
    return copy


def randomized(model, rng, down_to: str | None = None):
    """A copy of a network whose layers forget what they learned, from the output down to the layer `down_to`.

    Their weights are drawn again by their own initializers, which take their seeds from `rng`; layers below keep
    theirs, and so does a Normalization layer, which holds the scale of the pixels. down_to: a layer's name, in the
    model or in a model nested in it; None means all layers. The network itself is not changed. ValueError if there is
    no such layer.
    """
    import keras

    def fresh(operation):
        config = operation.get_config()
        for value in config.values():
            if isinstance(value, dict) and "seed" in (value.get("config") or ()):
                value["config"]["seed"] = int(rng.integers(2**31))
        return operation.from_config(config)

    names = [layer.name for layer in _leaves(model)]
    if down_to is not None and down_to not in names:
        raise ValueError(f"The model has no layer {down_to!r}; its last is {names[-1]!r}.")
    kept = names.index(down_to) if down_to is not None else 0
    copy = keras.models.clone_model(model, clone_function=fresh, recursive=True)
    for place, (old, new) in enumerate(zip(_leaves(model), _leaves(copy), strict=True)):
        if place < kept or isinstance(old, keras.layers.Normalization):
            _take_weights(new, old)
    return copy


def _take_weights(new, old):
    new.set_weights(old.get_weights())
    if old.weights and hasattr(new, "finalize_state"):
        new.finalize_state()  # an adapted Normalization reads its weights only here


def _leaves(model):
    """The layers of a model in their order, those of nested models in place of these."""
    for layer in model.layers:
        yield from _leaves(layer) if hasattr(layer, "layers") else [layer]
