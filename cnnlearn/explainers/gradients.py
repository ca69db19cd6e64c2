"""Explaining whole networks by gradients: saliency, SmoothGrad, integrated and expected gradients.

All but the first ask for gradients at many points, weigh them and add them up. The formulas are in `gradients.py`.
"""

from collections.abc import Iterator

import numpy as np

from cnnlearn.engine.forward import TOP, batches, images_at_once
from cnnlearn.engine.input_gradients import InputGradients
from cnnlearn.explainers.explanation import Explanation, as_images
from cnnlearn.gradients import completeness_gap, path_points, split_at, standard_error


class Saliency:
    """The gradient of a logit at the image, (H, W, 3), signed (Simonyan, Vedaldi & Zisserman 2014, "Deep inside
    convolutional networks"). It promises no sum and draws nothing: its certificate has neither gap nor error.

    model: a Keras classifier, functional or sequential, which is never changed.
    """

    method = "saliency"

    def __init__(self, model):
        self._gradients = InputGradients(model)

    def explain(self, images, targets=None) -> list[Explanation]:
        """Images and targets as in `FeatureMapMethod.explain`."""
        return self._gradients.explanations(self.method, images, targets)


class _ManyGradients:
    """What the other methods share: gradients at points b + t (x + σε − b), added up to R estimates.

    model, layer: where the gradients are taken, at the images or at the output of a layer (`split_at`). t, which: for
    each of n draws its place on the path, and the number of its baseline b. weights: (R, n), for each estimate those of
    the gradients. baselines: images (B, H, W, 3); None means one black image. smoothing, noise: σ, and the SeedSequence
    of ε. Draws are the same for all images, so each gets the same explanation alone and in company.
    """

    method = ""
    complete = True  # whether gradients are multiplied by x + σε − b, so that they add up to a difference of scores

    def __init__(self, model, layer, t, which, weights, baselines=None, smoothing=0.0, noise=None):
        self._front, back = (None, model) if layer is None else _compiled_halves(model, layer)
        self._gradients = InputGradients(back)
        self._t, self._which, self._weights = t.astype(np.float32), which, weights.astype(np.float32)
        self._baselines, self._smoothing, self._noise = baselines, np.float32(smoothing), noise

    def explain(self, images, targets=None) -> list[Explanation]:
        """Images and targets as in `FeatureMapMethod.explain`; values are (H, W, 3), at a layer (h, w, K), signed.

        The certificate says, where they apply: "logit"; "smoothed logit", its mean over the noise; "gap", by which the
        values miss what they should add up to; "standard error" of the values, root mean square; "evaluations", the
        gradients an image took.
        """
        explanations = []
        for estimates, rows, *scores in self._batches(as_images(images), targets):
            for (i, j), target in np.ndenumerate(rows):
                values = estimates[i, j].mean(axis=0)
                certificate = self._certify(estimates[i, j], values, *(float(score[i, j]) for score in scores))
                explanations.append(Explanation(values, int(target), self.method, certificate))
        return explanations

    def estimates(self, images, targets=None) -> np.ndarray:
        """The R independent estimates whose mean `explain` gives: (N, T, R, H, W, 3), at a layer (N, T, R, h, w, K)."""
        return np.concatenate([estimates for estimates, *_ in self._batches(as_images(images), targets)])

    def _certify(self, estimates, values, logit, smoothed, baseline):
        certificate = {"logit": logit, "evaluations": len(self._t)}
        if self.complete:
            certificate["gap"] = completeness_gap(values.astype(np.float64), smoothed, baseline)
            if self._smoothing:
                certificate["smoothed logit"] = smoothed
        if len(estimates) > 1:
            certificate["standard error"] = float(np.sqrt((standard_error(estimates) ** 2).mean()))
        return certificate

    def _batches(self, images, targets) -> Iterator[tuple[np.ndarray, ...]]:
        """Estimates (n, T, R, ...), targets and their logits, (n, T): of the images, with noise, of the baselines."""
        size = images_at_once(images.shape)
        baselines = np.zeros_like(images[:1]) if self._baselines is None else as_images(self._baselines)
        baselines = _in_parts(self._front, baselines, size) if self._front else baselines
        baseline_logits = _in_parts(self._gradients.logits, baselines, size).mean(axis=0)
        for batch, rows in batches(images, targets, self._gradients.classes, len(self._t)):
            inputs = self._front(batch) if self._front else batch
            logits = self._gradients.logits(inputs)
            rows = np.where(rows == TOP, logits.argmax(axis=1)[:, None], rows)
            estimates, smoothed = self._add_up(inputs, rows, baselines, size)
            smoothed = smoothed if self.complete and self._smoothing else logits
            of_targets = (np.take_along_axis(scores, rows, axis=1) for scores in (logits, smoothed))
            yield estimates, rows, *of_targets, baseline_logits[rows]

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


class IntegratedGradients(_ManyGradients):
    """Integrated gradients (Sundararajan, Taly & Yan 2017), by the Gauss–Legendre rule with `steps` nodes.

    model: a Keras classifier, functional or sequential, which is never changed. baseline: an image (H, W, 3); None
    means black. layer: attribute to the output of this layer (`split_at`) in place of the pixels.
    """

    method = "integrated gradients"

    def __init__(self, model, baseline=None, steps: int = 50, layer: str | None = None):
        t, weights = path_points(np.ones((1, 1, 1)), np.zeros((1, 1, 1)), steps)
        super().__init__(model, layer, t.ravel(), np.zeros(steps, int), weights[None], baseline)


class _Sampled(_ManyGradients):
    """Methods that draw: `samples` gradients an image, shared by `repeats` independent estimates."""

    def _draw(self, samples, repeats, seed):
        if repeats < 1 or samples < repeats or samples % repeats:
            raise ValueError(f"{samples} samples cannot be shared equally by {repeats} repeats: ask for a multiple.")
        self._seed = seed
        draws, noise = np.random.SeedSequence(seed).spawn(2)
        weights = np.repeat(np.eye(repeats), samples // repeats, axis=1) * repeats / samples
        return np.random.default_rng(draws), noise, weights

    def _certify(self, *facts):
        return super()._certify(*facts) | {"seed": self._seed}


class SmoothGrad(_Sampled):
    """The mean of the gradients at noisy copies of the image (Smilkov et al. 2017, "SmoothGrad").

    model: a Keras classifier, functional or sequential, which is never changed. smoothing: the noise's standard
    deviation. samples, repeats: as in `ExpectedGradients`. Like a single gradient it promises no sum.
    """

    method = "SmoothGrad"
    complete = False

    def __init__(self, model, smoothing: float = 0.15, samples: int = 50, repeats: int = 10, seed: int = 0):
        _, noise, weights = self._draw(samples, repeats, seed)
        super().__init__(model, None, np.ones(samples), np.zeros(samples, int), weights, None, smoothing, noise)


class ExpectedGradients(_Sampled):
    """Expected gradients (Erion et al. 2021): integrated gradients, in the mean over a background set and over noise.

    model: a Keras classifier, functional or sequential, which is never changed. background: images (B, H, W, 3).
    layer: attribute to the output of this layer (`split_at`) in place of the pixels. samples: gradients an image, a
    multiple of `repeats`, the number of independent estimates. Each of these is stratified over path and background as
    `expected_gradients` is, and their scatter tells the standard error of their mean. Strata work best where each
    estimate has several times B draws; with one estimate they work best of all, but then nothing tells the error.
    smoothing: σ of the noise on the image (on the layer's output, if one is given); the values then add up to
    E f(x + σε) − mean f(b).
    """

    method = "expected gradients"

    def __init__(
        self,
        model,
        background,
        layer: str | None = None,
        samples: int = 200,
        repeats: int = 10,
        smoothing: float = 0.0,
        seed: int = 0,
    ):
        background = as_images(background)
        rng, noise, weights = self._draw(samples, repeats, seed)
        each = samples // repeats
        t = (np.arange(each) + rng.random((repeats, each))) / each
        rounds = np.tile(np.arange(len(background)), (repeats, -(-each // len(background)), 1))
        which = rng.permuted(rounds, axis=2).reshape(repeats, -1)[:, :each]
        super().__init__(model, layer, t.ravel(), which.ravel(), weights, background, smoothing, noise)


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
