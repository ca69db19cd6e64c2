"""Finding the ReLUs of a Keras network, however they are spelled, and refusing what cannot be searched."""

# Layers and functions that run code which Keras cannot show.
CLOSED = ("Lambda", "TFSMLayer", "JaxLayer", "FlaxLayer", "TorchModuleWrapper", "Map", "Scan", "VectorizedMap", "Cond")
# ReLUs with a slope below zero or a threshold, as layers, functions of a graph and activations.
LEAKY = ("LeakyReLU", "PReLU", "LeakyRelu", "Threshold", "leaky_relu", "threshold", "crelu")
# Functions of a graph that are ReLUs if a number stands on one side, as in maximum(x, 0). (The layers take tensors.)
BOUNDS = ("Maximum", "Minimum", "Clip")


def relus_of(model) -> list:
    """The layers and functions of a network that apply ReLU or ReLU6, those of nested models too.

    A layer counts whether it is nothing but a ReLU (`layers.ReLU`, `Activation("relu")`), or has one fused to its end
    (`Conv2D(..., activation="relu")`); a function is one applied to a symbolic tensor (`keras.ops.relu(x)`). ValueError
    if there is none, if one has a slope or a threshold, or if something cannot be searched: `Lambda`, layers and
    activations that are not Keras' own, models that are not functional or sequential.
    """
    found = list(_search(model))
    if not found:
        raise ValueError(f"{model.name!r} has no ReLU, so there is nothing that guided backpropagation could change.")
    return found


def _search(model):
    import keras

    graph = getattr(model, "_functional", model)  # Sequential models wrap a functional one
    if not hasattr(graph, "operations"):
        raise ValueError(f"{model.name!r} is not a functional or sequential model, built for images of one size.")
    for operation in graph.operations:
        if isinstance(operation, keras.Model):
            yield from _search(operation)
        elif _is_relu(operation):
            yield operation


def _is_relu(operation):
    kind, name = type(operation), operation.name
    if not kind.__module__.startswith("keras.") or kind.__name__ in CLOSED:
        raise ValueError(f"{name!r} cannot be searched for ReLUs, because {kind.__name__} runs code of its own.")
    if kind.__name__ in LEAKY or (kind.__name__ in BOUNDS and "keras.src.ops" in kind.__module__):
        raise ValueError(f"{name!r} is a {kind.__name__}, which may be a ReLU of another kind: use layers.ReLU.")
    if kind.__name__ in ("ReLU", "Relu", "Relu6"):
        if getattr(operation, "negative_slope", 0) or getattr(operation, "threshold", 0):
            raise ValueError(f"{name!r} is a ReLU with a slope or a threshold, for which there is no guided rule.")
        return True
    activation = getattr(operation, "activation", None)
    inner = [layer for layer in getattr(operation, "_flatten_layers", list)() if layer not in (operation, activation)]
    if any([_is_relu(layer) for layer in inner]):
        raise ValueError(f"{name!r} has a ReLU inside, which cannot be exchanged: use a layer of its own for it.")
    return activation is not None and not inner and _is_relu_function(activation, name)


def _is_relu_function(activation, name):
    """Whether the activation of the layer `name` is ReLU: a function, or a layer in its place."""
    if hasattr(activation, "_flatten_layers"):
        return _is_relu(activation)
    function = getattr(activation, "__name__", type(activation).__name__)
    if getattr(activation, "__module__", "").partition(".")[0] not in ("keras", "tensorflow"):
        raise ValueError(f"{name!r} cannot be searched for ReLUs, because its activation {function!r} is your own.")
    if function in LEAKY:
        raise ValueError(f"{name!r} has the activation {function!r}, for which there is no guided rule.")
    return function in ("relu", "relu6")
