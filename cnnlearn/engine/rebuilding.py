"""Copies of Keras networks, some of whose layers are made differently; the network that is copied is never changed.

`keras.models.clone_model` would copy the training too, and fail where the loss is a function of one's own.
"""


def rebuild(model, make):
    """A network with the graph of another, made of operations of its own, which have fresh weights.

    model: a Keras model, functional or sequential; models nested in it are rebuilt as well. make: a function from each
    of its layers (and functions of a graph, such as `keras.ops.relu`) to what takes its place; `twin` makes a plain
    copy. What is used twice is made once. The result is not compiled.
    """
    import keras

    graph, made = getattr(model, "_functional", model), {}  # Sequential models wrap a functional one

    def in_place_of(operation):
        if operation not in made:
            made[operation] = rebuild(operation, make) if isinstance(operation, keras.Model) else make(operation)
        return made[operation]

    def fresh_input(tensor):
        return keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name)

    inputs = keras.tree.map_structure(fresh_input, graph.input)
    return keras.Model(inputs, graph._run_through_graph(inputs, in_place_of), name=model.name)


def twin(operation):
    """A layer or function like this one, with fresh weights."""
    return operation.from_config(operation.get_config())


def take_weights(copy, model):
    """Gives a copy the weights of the network that it was made from."""
    copy.set_weights(model.get_weights())
    for layer in copy._flatten_layers():
        if hasattr(layer, "finalize_state"):  # an adapted Normalization reads its weights only here
            layer.finalize_state()
