"""Running a Keras classifier with a look at its feature maps: what CAM, Grad-CAM and HiResCAM share.

The model is run operation by operation, nested models included, so that any layer can be looked at and the logits can
be had below a softmax. Its layers are used as they are and nothing of it is changed.
"""

from collections.abc import Iterator

import numpy as np

from cnnlearn.engine.inputs import TOP

PIXELS_AT_ONCE = 2**19  # of a batch: ten images of ImageNet; more take memory and are no faster
LARGEST_BATCH = 256


def features_and_logits(model, images, layer=None):
    """The output of a layer, and the logits, for a batch; as at inference.

    model: a Keras classifier; where it ends in a softmax (a layer, an activation, or inside a nested last model), the
    logits are what the softmax is applied to. images: a tensor (N, H, W, 3). layer: a name, in the model or in a model
    nested in it; None means the last feature maps before they are pooled or flattened. Returns tensors (N, h, w, K) and
    (N, C). ValueError if there is no such layer, or if the model is not one with one input and one output, made of
    layers.
    """
    visited = []
    logits = _run(model, images, visited, outermost=True)
    if layer is None:
        found = [output for operation, output in visited if _is_feature_map(operation, output)]
        if not found:
            raise ValueError("The model has no feature maps: no output of a layer has shape (N, h, w, K).")
    else:
        found = [output for operation, output in visited if operation.name == layer]
        if not found:
            raise ValueError(f"The model has no layer {layer!r}; its last is {visited[-1][0].name!r}.")
    return found[-1], logits


def logits_of(model, images):
    """The logits alone, for a classifier as `features_and_logits` takes it, with feature maps or without."""
    return _run(model, images, [], outermost=True)


def batches(images, rows, evaluations: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Images (N, H, W, 3) and their targets (N, T), in batches of bounded memory.

    evaluations: how many times each image is run through the network at once.
    """
    together = max(1, images_at_once(images.shape) // evaluations)
    for start in range(0, len(images), together):
        yield images[start : start + together], rows[start : start + together]


def with_ranks(targets, logits):
    """Tensors: targets (N, T) in which TOP and its followers have become the classes of the largest logits (N, C)."""
    import tensorflow as tf

    count = min(targets.shape[1], logits.shape[1])
    largest = tf.cast(tf.math.top_k(tf.cast(logits, tf.float32), count).indices, targets.dtype)
    ranks = tf.clip_by_value(TOP - targets, 0, count - 1)
    return tf.where(targets < 0, tf.gather(largest, ranks, batch_dims=1), targets)


def producer(tensor):
    """The layer or function of a graph that a symbolic tensor comes from."""
    return tensor._keras_history.operation


def images_at_once(shape: tuple[int, ...]) -> int:
    """How many images of shape (N, H, W, 3) may be run through a network in one batch."""
    return int(np.clip(PIXELS_AT_ONCE // (shape[1] * shape[2]), 1, LARGEST_BATCH))


def _run(model, inputs, visited, outermost):
    """The output of `model`, logits for a softmax if it is the outermost; `visited` receives (operation, output)."""
    import keras

    graph = getattr(model, "_functional", model)  # Sequential models wrap a functional one
    if not hasattr(graph, "_run_through_graph") or len(graph.inputs) != 1 or len(graph.outputs) != 1:
        raise ValueError(f"{model.name!r} is not a functional or sequential model with one input and one output.")
    last = graph.outputs[0]._keras_history.operation

    def visit(operation):
        def call(*arguments, **keywords):
            at_end = outermost and operation is last
            if isinstance(operation, keras.Model):
                output = _run(operation, arguments[0], visited, at_end)
            elif at_end:
                output = _without_softmax(operation)(*arguments, **keywords)
            else:
                if getattr(operation, "_call_has_training_arg", False):
                    keywords["training"] = False  # layers that augment images do so unless told not to
                output = operation(*arguments, **keywords)
            visited.append((operation, output))
            return output

        return call

    return keras.tree.flatten(graph._run_through_graph(inputs, visit))[0]  # the one output may stand in a list


def _without_softmax(operation):
    """What a last operation does before its softmax: nothing, if it is one; all of it, if it has none."""
    import keras

    softmax = keras.activations.softmax
    if type(operation).__name__ == "Softmax":  # the layer, or the function applied to a symbolic tensor
        return lambda x, **keywords: x
    if getattr(operation, "activation", None) is not softmax:
        return operation
    if isinstance(operation, keras.layers.Activation):
        return lambda x: x
    if not isinstance(operation, keras.layers.Dense):
        raise ValueError(
            f"The softmax is part of {operation.name!r}, which is not a Dense layer: make it a layer of its own."
        )
    bias = 0 if operation.bias is None else operation.bias
    return lambda x: keras.ops.matmul(keras.ops.cast(x, operation.kernel.dtype), operation.kernel) + bias


def _is_feature_map(operation, output):
    """Whether an output is a map of features: with two spatial axes, and more than resized or padded by its layer."""
    passing = ("Pooling", "Dropout", "Padding", "Input", "Rescaling", "Normalization", "Resizing", "Lambda")
    plain = any(word in type(operation).__name__ for word in passing) and "BatchNorm" not in type(operation).__name__
    return len(output.shape) == 4 and output.shape[1:3] != (1, 1) and not plain
