"""Running a Keras classifier with a look at its feature maps: what CAM, Grad-CAM and HiResCAM share.

The model is run operation by operation, nested models included, so that any layer can be looked at and the logits can
be had below a softmax. Its layers are used as they are and nothing of it is changed.
"""

from collections.abc import Iterator

import numpy as np

from cnnlearn.explainers.explanation import Explanation, as_images, as_targets

PIXELS_AT_ONCE = 2**19  # of a batch: ten images of ImageNet; more take memory and are no faster
LARGEST_BATCH = 256
TOP = -1  # as a target: the class with the largest logit


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


def batches(images, targets, classes: int, evaluations: int = 1) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Images (N, H, W, 3) and their targets (N, T), in batches of bounded memory; a target None is the class TOP.

    evaluations: how many times each image is run through the network at once.
    """
    rows = np.full((len(images), 1), TOP) if targets is None else as_targets(targets, len(images), classes)
    together = max(1, images_at_once(images.shape) // evaluations)
    for start in range(0, len(images), together):
        yield images[start : start + together], rows[start : start + together]


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


class FeatureMapMethod:
    """A method that makes one map from the feature maps of a layer; a subclass says how in `combine`.

    model: any Keras classifier of images, functional or sequential, which is never changed. layer: the name of the
    layer to look at; None means the last feature maps before they are pooled or flattened.
    """

    method = ""

    def __init__(self, model, layer: str | None = None):
        self.model, self.layer = model, layer
        self._compiled = {}  # one for each number of targets a row

    def combine(self, features, gradients, logits, targets):
        """The maps (N, T, h, w) from tensors: features (N, h, w, K), logits (N, C), targets (N, T).

        `gradients()` gives those of the targets' logits with respect to the features, (N, T, h, w, K).
        """
        raise NotImplementedError

    def heatmaps(self, images, targets=None) -> np.ndarray:
        """The maps at the layer's own size, (N, T, h, w), signed as the method has them; arguments as in `explain`."""
        return np.concatenate([maps for maps, *_ in self._batches(as_images(images), targets, enlarge=False)])

    def explain(self, images, targets=None) -> list[Explanation]:
        """Explanations with values (H, W): the maps, enlarged bilinearly to the images' size, not normalised.

        images: floats (H, W, 3) or (N, H, W, 3) in the model's own range. targets: None (for each image the class with
        the largest logit), a class, one for each image, or several a row, (N, T). Returns N·T explanations, those of
        the first image first.
        """
        explanations = []
        for maps, logits, chosen in self._batches(as_images(images), targets, enlarge=True):
            for i, j in np.ndindex(chosen.shape):
                certificate = {"logit": float(logits[i, chosen[i, j]]), "evaluations": 1}
                certificate |= self.certify(maps[i, j], certificate["logit"], int(chosen[i, j]))
                explanations.append(Explanation(maps[i, j], int(chosen[i, j]), self.method, certificate))
        return explanations

    def certify(self, heatmap: np.ndarray, logit: float, target: int) -> dict:
        """What else the certificate says."""
        return (
            {} if heatmap.any() else {"note": "the map is zero everywhere: nothing at this layer speaks for the class"}
        )

    def _batches(self, images, targets, enlarge) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        for batch, rows in batches(images, targets, self.model.outputs[0].shape[-1]):
            compiled = self._compile(rows.shape[1], enlarge)
            yield tuple(tensor.numpy() for tensor in compiled(batch, rows))

    def _compile(self, count, enlarge):
        import tensorflow as tf

        def maps_logits_targets(images, targets):
            with tf.GradientTape(persistent=count > 1) as tape:
                tape.watch(images)  # a frozen model watches nothing by itself
                features, logits = features_and_logits(self.model, images, self.layer)
                targets = tf.where(targets == TOP, tf.argmax(logits, axis=1)[:, None], targets)
                scores = [tf.gather(logits, targets[:, t], batch_dims=1) for t in range(count)]

            if features.shape.rank != 4:
                raise ValueError(f"Layer {self.layer!r} has no feature maps: its output has shape {features.shape}.")

            def gradients():
                return tf.stack([tape.gradient(score, features) for score in scores], axis=1)

            maps = self.combine(features, gradients, logits, targets)
            if enlarge:  # TensorFlow's bilinear: between the centres of pixels, not smoothed
                last = tf.transpose(maps, (0, 2, 3, 1))
                maps = tf.transpose(tf.image.resize(last, tf.shape(images)[1:3]), (0, 3, 1, 2))
            return tf.cast(maps, tf.float32), tf.cast(logits, tf.float32), targets

        if (count, enlarge) not in self._compiled:
            shapes = tf.TensorSpec((None, *self.model.inputs[0].shape[1:])), tf.TensorSpec((None, count), tf.int64)
            self._compiled[count, enlarge] = tf.function(maps_logits_targets, shapes, autograph=False)
        return self._compiled[count, enlarge]
