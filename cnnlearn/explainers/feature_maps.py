"""What the methods that read feature maps share: CAM, Grad-CAM and HiResCAM."""

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from cnnlearn.engine.forward import batches, features_and_logits, with_ranks
from cnnlearn.engine.inputs import as_images, as_targets
from cnnlearn.explainers.explainer import Explainer
from cnnlearn.explainers.explanation import View


class FeatureMapMethod(Explainer):
    """A method that makes one map from the feature maps of a layer; a subclass says how in `combine`.

    Args:
        model: any Keras classifier of images, functional or sequential, which is never changed.
        layer: the name of the layer to look at; None means the last feature maps before they are pooled or flattened.
    """

    view: ClassVar[View] = "heat"

    def __init__(self, model, *, layer: str | None = None):
        super().__init__(model)
        self.layer = layer
        self._compiled = {}  # one for each number of targets a row

    def combine(self, features, gradients, logits, targets):
        """The maps (N, T, h, w) from tensors: features (N, h, w, K), logits (N, C), targets (N, T).

        `gradients()` gives those of the targets' logits with respect to the features, (N, T, h, w, K).
        """
        raise NotImplementedError

    def heatmaps(self, images, targets=None, *, top: int = 1) -> np.ndarray:
        """The maps at the layer's own size, (N, T, h, w), signed as the method has them; arguments as in `explain`."""
        images = as_images(images)
        rows = as_targets(targets, len(images), self.classes, top)
        return np.concatenate([maps for _, maps, *_ in self._batches(images, rows, enlarge=False)])

    def certify(self, heatmap: np.ndarray, logit: float, target: int) -> dict:
        """What else the certificate says."""
        if heatmap.any():
            return {}
        return {"note": "the map is zero everywhere: nothing at this layer speaks for the class"}

    def _explain(self, images, rows):
        for batch, maps, logits, chosen in self._batches(images, rows, enlarge=True):
            for (i, j), target in np.ndenumerate(chosen):
                facts = self.certify(maps[i, j], float(logits[i, target]), int(target))
                yield self._explanation(batch[i], maps[i, j], target, logits[i, target], evaluations=1, **facts)

    def _batches(self, images, rows, enlarge) -> Iterator[tuple[np.ndarray, ...]]:
        for batch, some in batches(images, rows):
            compiled = self._compile(some.shape[1], enlarge)
            yield batch, *(tensor.numpy() for tensor in compiled(batch, some))

    def _compile(self, count, enlarge):
        import tensorflow as tf

        def maps_logits_targets(images, targets):
            with tf.GradientTape(persistent=count > 1) as tape:
                tape.watch(images)  # a frozen model watches nothing by itself
                features, logits = features_and_logits(self.model, images, self.layer)
                targets = with_ranks(targets, logits)
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
