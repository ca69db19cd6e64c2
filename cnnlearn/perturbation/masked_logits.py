"""A network's answers to one image with parts of it hidden, many times over: what LIME and Shapley values ask for."""

from contextlib import nullcontext

import numpy as np
from tqdm import tqdm

from cnnlearn.engine.forward import images_at_once, logits_of

PATIENCE = 2  # seconds before a progress bar appears


class MaskedLogits:
    """The logits of an image under masks of its segments. Hiding is done inside the compiled graph.

    model: a Keras classifier of images, functional or sequential, which is never changed; logits are taken below a
    softmax. It is compiled once, for images and masks of all sizes.
    """

    def __init__(self, model):
        self.model = model
        self._compiled = None

    def __call__(self, image, segments, masks, fill, classes=None, batch=None, bar=None) -> np.ndarray:
        """Logits, float32 (n, C), one row for each mask, in their order.

        image: floats (H, W, 3) in the model's range. segments: integers (H, W), ids 0 … m − 1. masks: (n, m), 0 or
        False hides a segment. fill: an image (H, W, 3) or a function of the hidden pixels (see `fills`). classes:
        those to return, in this order; None means all. batch: how many at a time; it changes speed and memory alone.
        bar: a progress bar to move on; None means one of its own, which appears when the call takes a while.
        """
        import tensorflow as tf

        masks = np.asarray(masks, bool)
        if masks.ndim != 2 or segments.min() < 0 or segments.max() >= masks.shape[1]:
            raise ValueError(
                f"The segments' ids go from {segments.min()} to {segments.max()}; masks of shape {masks.shape} must "
                "have a column for each id from 0 on."
            )
        classes = np.arange(self.model.output_shape[-1]) if classes is None else np.asarray(classes)
        at_once = batch or images_at_once((len(masks), *segments.shape))
        compiled = self._compile()
        pixels, wanted = tf.constant(image, tf.float32), tf.constant(classes, tf.int32)
        constant = None if callable(fill) else tf.constant(np.asarray(fill)[None], tf.float32)
        logits = np.empty((len(masks), len(classes)), np.float32)
        own = tqdm(total=len(masks), delay=PATIENCE, unit=" images", leave=False) if bar is None else nullcontext(bar)
        with own as bar:
            for start in range(0, len(masks), at_once):
                shown = np.take(masks[start : start + at_once], segments, axis=1)  # faster than tf.gather
                filled = constant
                if filled is None:
                    filled = tf.constant(np.stack([fill(hidden) for hidden in ~shown]), tf.float32)
                logits[start : start + at_once] = compiled(pixels, shown, filled, wanted)
                bar.update(len(shown))
        return logits

    def _compile(self):
        import tensorflow as tf

        def logits(image, shown, fill, classes):
            # Each pixel is looked up in one list of colours, the image's and then the fills': faster than tf.where.
            size = tf.reduce_prod(tf.shape(image)[:2])
            pixels = tf.reshape(tf.range(size), tf.shape(image)[:2])
            fills = tf.reshape(tf.range(tf.shape(fill)[0]) + 1, (-1, 1, 1))
            colours = tf.reshape(tf.concat([image[None], fill], axis=0), (-1, image.shape[-1]))
            hidden = tf.gather(colours, tf.where(shown, pixels, pixels + fills * size))
            return tf.gather(tf.cast(logits_of(self.model, hidden), tf.float32), classes, axis=1)

        if self._compiled is None:
            shape = self.model.input_shape[1:]
            signature = (
                tf.TensorSpec(shape),
                tf.TensorSpec((None, *shape[:2]), tf.bool),
                tf.TensorSpec((None, *shape)),
                tf.TensorSpec((None,), tf.int32),
            )
            self._compiled = tf.function(logits, signature, autograph=False)
        return self._compiled
