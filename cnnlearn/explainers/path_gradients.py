"""What SmoothGrad, integrated and expected gradients share: gradients at many points, weighed and added up.

The formulas are in `cnnlearn.gradients`.
"""

from collections.abc import Iterator

import numpy as np

from cnnlearn.engine.forward import batches, images_at_once
from cnnlearn.engine.input_gradients import InputGradients
from cnnlearn.engine.inputs import as_images, as_targets, ranked
from cnnlearn.explainers.explainer import Explainer
from cnnlearn.gradients import completeness_gap, split_at, standard_error


class PathMethod(Explainer):
    """What the methods share that ask for gradients at points b + t (x + σε − b), added up to R estimates.

    Values are (H, W, 3), at a layer (h, w, K), signed. Draws are the same for all images, so each gets the same
    explanation alone and in company.

    Args:
        model: any Keras classifier of images, functional or sequential, which is never changed.
        layer: where the gradients are taken: None for the images, or a layer whose output is explained (`split_at`).
        t, which: for each of n draws its place on the path, and the number of its baseline b.
        weights: (R, n), for each estimate those of the gradients.
        baselines: images (B, H, W, 3); None means one black image.
        smoothing, noise: σ, and the SeedSequence of ε.
    """

    view = "signed"
    complete = True  # whether gradients are multiplied by x + σε − b, so that they add up to a difference of scores

    def __init__(self, model, layer, t, which, weights, baselines=None, smoothing=0.0, noise=None):
        super().__init__(model)
        self._front, back = (None, model) if layer is None else _compiled_halves(model, layer)
        self._layer = layer
        self._gradients = InputGradients(back)
        self._t, self._which, self._weights = t.astype(np.float32), which, weights.astype(np.float32)
        self._baselines, self._smoothing, self._noise = baselines, np.float32(smoothing), noise

    def _explain(self, images, rows):
        for batch, estimates, chosen, *scores in self._batches(images, rows):
            for (i, j), target in np.ndenumerate(chosen):
                logit, smoothed, baseline = (float(score[i, j]) for score in scores)
                values = estimates[i, j].mean(axis=0)
                facts = {"base_value": baseline} if self.complete else {}
                facts |= self._certify(estimates[i, j], values, smoothed, baseline)
                yield self._explanation(batch[i], values, target, logit, **facts)

    def estimates(self, images, targets=None, *, top: int = 1) -> np.ndarray:
        """The R independent estimates whose mean `explain` gives: (N, T, R, H, W, 3), at a layer (N, T, R, h, w, K)."""
        images = as_images(images)
        rows = as_targets(targets, len(images), self.classes, top)
        return np.concatenate([estimates for _, estimates, *_ in self._batches(images, rows)])

    def _certify(self, estimates, values, smoothed, baseline):
        certificate = {"evaluations": len(self._t)}
        if self._layer is not None:
            certificate["layer"] = self._layer
        if self.complete:
            certificate["completeness_gap"] = completeness_gap(values.astype(np.float64), smoothed, baseline)
            if self._smoothing:
                certificate["smoothed_score_value"] = smoothed
        if len(estimates) > 1:
            certificate["std_error"] = standard_error(estimates)
        return certificate

    def _batches(self, images, rows) -> Iterator[tuple[np.ndarray, ...]]:
        """Images, estimates (n, T, R, ...), targets and their logits, (n, T): of the images, with noise, of the
        baselines.
        """
        size = images_at_once(images.shape)
        baselines = np.zeros_like(images[:1]) if self._baselines is None else as_images(self._baselines)
        baselines = _in_parts(self._front, baselines, size) if self._front else baselines
        baseline_logits = _in_parts(self._gradients.logits, baselines, size).mean(axis=0)
        for batch, some in batches(images, rows, len(self._t)):
            inputs = self._front(batch) if self._front else batch
            logits = self._gradients.logits(inputs)
            some = ranked(some, logits)
            estimates, smoothed = self._add_up(inputs, some, baselines, size)
            smoothed = smoothed if self.complete and self._smoothing else logits
            of_targets = (np.take_along_axis(scores, some, axis=1) for scores in (logits, smoothed))
            yield batch, estimates, some, *of_targets, baseline_logits[some]

    def _add_up(self, inputs, rows, baselines, size):
        """Estimates (n, T, R, ...) and the logits' mean over the noise, (n, C), with `size` points at a time."""
        rng = np.random.default_rng(self._noise)
        estimates = smoothed = 0
        for start in range(0, len(self._t), size):
            t, which = self._t[start : start + size], self._which[start : start + size]
            weights = self._weights[:, start : start + size]
            starts, ends = baselines[which], inputs[:, None]
            if self._smoothing:
                ends = ends + self._smoothing * rng.standard_normal(starts.shape, np.float32)
            differences = ends - starts  # (n, draws, H, W, 3), as all below
            points = starts + t.reshape(-1, *[1] * (starts.ndim - 1)) * differences
            gradients, *_ = self._gradients.at(
                _flat(points), np.repeat(rows, len(t), axis=0)
            )  # (n · draws, T, H, W, 3)
            if self.complete:
                gradients = gradients * _flat(differences)[:, None]
                if self._smoothing:
                    logits = self._gradients.logits(_flat(ends)).reshape(len(inputs), len(t), -1)
                    smoothed = smoothed + weights.mean(axis=0) @ logits
            estimates = estimates + weights @ gradients.reshape(len(inputs), len(t), -1)
        shape = len(inputs), len(weights), rows.shape[1], *inputs.shape[1:]
        return estimates.reshape(shape).swapaxes(1, 2), smoothed


class SampledPathMethod(PathMethod):
    """Methods that draw: `samples` gradients an image, shared by `repeats` independent estimates."""

    def _draw(self, samples, repeats, seed):
        if repeats < 1 or samples < repeats or samples % repeats:
            raise ValueError(
                f"{samples} evaluations cannot be shared equally by {repeats} repeats: ask for a multiple."
            )
        self._seed = seed
        draws, noise = np.random.SeedSequence(seed).spawn(2)
        weights = np.repeat(np.eye(repeats), samples // repeats, axis=1) * repeats / samples
        return np.random.default_rng(draws), noise, weights

    def _certify(self, *facts):
        return super()._certify(*facts) | {"seed": self._seed}


def _compiled_halves(model, layer):
    """`split_at`, its front compiled and from array to array. ValueError if nothing lies behind the cut."""
    import tensorflow as tf

    front, back = split_at(model, layer)
    if not back.operations:
        raise ValueError(f"{layer!r} is the last layer: behind it nothing is left that has gradients.")
    signature = [tf.TensorSpec((None, *front.inputs[0].shape[1:]))]
    compiled = tf.function(lambda images: tf.cast(front(images), tf.float32), signature, autograph=False)
    return lambda images: compiled(images).numpy(), back


def _in_parts(function, inputs, size):
    return np.concatenate([function(inputs[start : start + size]) for start in range(0, len(inputs), size)])


def _flat(points):
    return points.reshape(-1, *points.shape[2:])
