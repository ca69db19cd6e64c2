"""Gradients of a classifier's logits with respect to its images: what all gradient methods share."""

from collections.abc import Iterator

import numpy as np

from cnnlearn.engine.forward import batches, logits_of, with_ranks


class InputGradients:
    """∂(logit of a target)/∂image for batches of images and several targets each, compiled once.

    model: a Keras classifier, functional or sequential, as at inference, or the back of one (`split_at`), whose images
    are what it takes; logits are taken below a softmax. weights_of: the model whose weights are used at each call in
    place of its own, if it is a copy of that one.
    """

    def __init__(self, model, weights_of=None):
        self.model = model
        self.classes = model.outputs[0].shape[-1]
        self._weights = list(zip(model.weights, weights_of.weights, strict=True)) if weights_of else []
        self._compiled = {}  # one for each number of targets a row; for 0, the logits alone

    def in_batches(self, images, rows) -> Iterator[tuple[np.ndarray, ...]]:
        """For n images at a time: these, their gradients (n, T, H, W, 3), logits (n, C) and targets (n, T).

        images: floats (N, H, W, 3); rows: targets (N, T), in which TOP and its followers may stand.
        """
        for batch, some in batches(images, rows):
            yield batch, *self.at(batch, some)

    def at(self, batch, rows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The same for one batch and its targets (n, T), integers; TOP and its followers stand for ranks."""
        return tuple(tensor.numpy() for tensor in self._compile(rows.shape[1])(batch, rows))

    def logits(self, batch) -> np.ndarray:
        """The logits (n, C) of one batch, without gradients."""
        return self._compile(0)(batch).numpy()

    def _compile(self, count):
        import keras
        import tensorflow as tf

        def gradients_logits_targets(images, targets):
            state = [(own, variable.value) for own, variable in self._weights]
            with tf.GradientTape(persistent=count > 1) as tape, keras.StatelessScope(state):
                tape.watch(images)
                logits = logits_of(self.model, images)
                targets = with_ranks(targets, logits)
                scores = [tf.gather(logits, targets[:, t], batch_dims=1) for t in range(count)]
            gradients = tf.stack([tape.gradient(score, images) for score in scores], axis=1)
            return gradients, tf.cast(logits, tf.float32), targets

        def logits_alone(images):
            return tf.cast(logits_of(self.model, images), tf.float32)

        if count not in self._compiled:
            shapes = [tf.TensorSpec((None, *self.model.inputs[0].shape[1:])), tf.TensorSpec((None, count), tf.int64)]
            function, shapes = (gradients_logits_targets, shapes) if count else (logits_alone, shapes[:1])
            self._compiled[count] = tf.function(function, shapes, autograph=False)
        return self._compiled[count]
