"""A network's probabilities, in batches of bounded memory."""

from collections.abc import Callable

import numpy as np

from cnnlearn.engine.forward import images_at_once, logits_of


def probability_of(model, target: int) -> Callable[[np.ndarray], np.ndarray]:
    """A function from a batch (n, H, W, 3) to the network's probabilities (n,) of one class, for the curves.

    model: any Keras classifier that `logits_of` runs. It is compiled once, and batches are cut so that memory is
    bounded.
    """
    probabilities = Probabilities(model)
    return lambda batch: probabilities(batch)[:, target]


class Probabilities:
    """Probabilities (n, C) of a batch (n, H, W, 3), by any Keras classifier that `logits_of` runs; compiled once."""

    def __init__(self, model):
        import tensorflow as tf

        shape = tf.TensorSpec((None, *model.input_shape[1:]))
        self._compiled = tf.function(lambda batch: tf.nn.softmax(logits_of(model, batch)), (shape,), autograph=False)

    def __call__(self, batch) -> np.ndarray:
        batch = np.asarray(batch, np.float32)
        at_once = images_at_once(batch.shape)
        parts = [self._compiled(batch[i : i + at_once]).numpy() for i in range(0, len(batch), at_once)]
        return np.concatenate(parts)
