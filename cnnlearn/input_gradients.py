"""Gradients of a classifier's logits with respect to its images: what all gradient methods share."""

from collections.abc import Iterator

import numpy as np

from cnnlearn.explanation import Explanation, as_images
from cnnlearn.feature_maps import TOP, batches, logits_of


class InputGradients:
    """∂(logit of a target)/∂image for batches of images and several targets each, compiled once.

    model: a Keras classifier, functional or sequential, as at inference; logits are taken below a softmax. weights_of:
    the model whose weights are used at each call in place of its own, if it is a copy of that one.
    """

    def __init__(self, model, weights_of=None):
        self.model = model
        self._weights = list(zip(model.weights, weights_of.weights, strict=True)) if weights_of else []
        self._compiled = {}  # one for each number of targets a row

    def in_batches(self, images, targets=None) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Gradients (n, T, H, W, 3), logits (n, C) and targets (n, T) of n images at a time, arguments as in
        `FeatureMapMethod.explain`.
        """
        for batch, rows in batches(as_images(images), targets, self.model.output_shape[-1]):
            yield tuple(tensor.numpy() for tensor in self._compile(rows.shape[1])(batch, rows))

    def explanations(self, method: str, images, targets=None) -> list[Explanation]:
        """The gradients as explanations with values (H, W, 3), N·T of them, those of the first image first."""
        found = []
        for gradients, logits, chosen in self.in_batches(images, targets):
            for (i, j), target in np.ndenumerate(chosen):
                certificate = {"logit": float(logits[i, target]), "evaluations": 1}
                found.append(Explanation(gradients[i, j], int(target), method, certificate))
        return found

    def _compile(self, count):
        import keras
        import tensorflow as tf

        def gradients_logits_targets(images, targets):
            state = [(own, variable.value) for own, variable in self._weights]
            with tf.GradientTape(persistent=count > 1) as tape, keras.StatelessScope(state):
                tape.watch(images)
                logits = logits_of(self.model, images)
                targets = tf.where(targets == TOP, tf.argmax(logits, axis=1)[:, None], targets)
                scores = [tf.gather(logits, targets[:, t], batch_dims=1) for t in range(count)]
            gradients = tf.stack([tape.gradient(score, images) for score in scores], axis=1)
            return gradients, tf.cast(logits, tf.float32), targets

        if count not in self._compiled:
            shapes = tf.TensorSpec((None, *self.model.input_shape[1:])), tf.TensorSpec((None, count), tf.int64)
            self._compiled[count] = tf.function(gradients_logits_targets, shapes, autograph=False)
        return self._compiled[count]
