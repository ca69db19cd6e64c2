"""Integrated and expected gradients: attributions that add up, from gradients along a path.

Sundararajan, Taly & Yan 2017, "Axiomatic attribution for deep networks" (integrated gradients); Erion et al. 2021,
"Improving performance of deep learning models with axiomatic attribution priors and expected gradients". The classes
that explain whole networks by them are in `gradient_methods.py`.
"""

import numpy as np


def path_points(image, baseline, nodes):
    """Points on the straight path from a baseline to an image, and the weights of the Gauss–Legendre rule there.

    image, baseline: floats (H, W, 3); nodes: how many points, n. The rule's own nodes lie in [−1, 1]; here they lie in
    [0, 1], where 0 stands for the baseline and 1 for the image, and the weights are those of an integral from 0 to 1.
    Returns two arrays: points (n, H, W, 3) in order from the baseline to the image, and weights (n,). With n nodes, the
    weighted sum of any polynomial of degree up to 2n − 1 is its integral.
    """
    nodes, weights = np.polynomial.legendre.leggauss(nodes)
    t = (nodes + 1) / 2
    return baseline + t[:, None, None, None] * (image - baseline), weights / 2


def integrated_gradients(gradient, image, baseline, steps):
    """Integrated gradients (x − b) · ∫₀¹ ∇f(b + t (x − b)) dt of an image x from a baseline b (Sundararajan et al.).

    gradient: a function of a batch (n, H, W, 3) that returns ∇f at each of its images, the same shape. image, baseline:
    floats (H, W, 3). steps: how many points `path_points` puts on the path, whose weights replace the integral by a
    sum. Returns floats (H, W, 3), signed.
    """
    points, weights = path_points(image, baseline, steps)
    return (image - baseline) * np.tensordot(weights, gradient(points), axes=1)


def completeness_gap(attributions, score, baseline_score):
    """By how much attributions miss what they must add up to: their sum − (f(x) − f(b)), with its sign.

    attributions: floats of any shape; score: f(x), the score of the image; baseline_score: f(b), that of the baseline.
    Returns a float: zero if the attributions are complete, positive if they claim too much.
    """
    return float(np.sum(attributions) - (score - baseline_score))


def expected_gradients(gradient, image, background, samples, rng, smoothing):
    """Expected gradients: the mean of integrated gradients over baselines, and over noise on the image, by sampling.

    It is the expectation of (x + σε − b) · ∇f(b + t (x + σε − b)) over b, one of the background images, t, uniform on
    [0, 1], and ε, standard normal noise, drawn for every number of the image (Erion et al. 2021).

    gradient: a function of a batch (n, H, W, 3) that returns ∇f, the same shape. image: floats (H, W, 3); background:
    floats (B, H, W, 3). samples: how many draws of (b, t, ε), n. rng: a NumPy Generator, the only source of randomness.
    smoothing: σ, the noise's standard deviation; 0 means none. The draws are stratified, so that their mean scatters
    less: each of the n equal parts of [0, 1] holds one t, drawn uniformly there; each b is used equally often (up to
    one time, if B does not divide n); which b meets which t is left to chance. Returns floats (H, W, 3), the mean over
    the draws.
    """
    t = (np.arange(samples) + rng.random(samples)) / samples
    rounds = [rng.permutation(len(background)) for _ in range(-(-samples // len(background)))]
    baselines = background[np.concatenate(rounds)[:samples]]
    differences = image + smoothing * rng.standard_normal((samples, *image.shape)) - baselines
    return (differences * gradient(baselines + t[:, None, None, None] * differences)).mean(axis=0)


def standard_error(samples):
    """The standard error of a mean: the standard deviation of n independent samples, divided by √n.

    samples: floats (n, ...), the samples along the first axis. The standard deviation is the unbiased kind, which
    divides the sum of squares by n − 1. Returns floats (...), the shape of one sample; NaN if n = 1, because a single
    sample says nothing about its own spread. No warnings are given.
    """
    n = len(samples)
    if n == 1:
        return np.full(samples.shape[1:], np.nan)
    return samples.std(axis=0, ddof=1) / np.sqrt(n)


def sum_channels(attributions):
    """One number for each position: what its channels contribute together. Completeness survives this.

    attributions: floats (H, W, K), signed. Returns floats (H, W), signed.
    """
    return attributions.sum(axis=-1)


def split_at(model, layer):
    """A network in two parts, cut at the output of a layer: back(front(x)) = model(x).

    model: a Keras model, functional or sequential, with one input and one output, which is not changed; layer: the name
    of one of its layers (a nested model counts as one). Returns two `keras.Function`s, which use the model's own
    layers: front, from the model's input to what the layer gives out in this model's graph, and back, from there to the
    model's output. ValueError if there is no such layer, if it is used more than once, or if something goes around the
    cut, so that the output cannot be computed from the layer's output alone.
    """
    import keras

    graph = getattr(model, "_functional", model)  # Sequential models wrap a functional one
    calls = [node for nodes in graph._nodes_by_depth.values() for node in nodes if node.operation.name == layer]
    if len(calls) != 1:
        raise ValueError(f"{model.name!r} must use a layer {layer!r} once to be cut there; it does {len(calls)} times.")
    (cut,) = calls[0].outputs
    try:
        return keras.Function(graph.inputs[0], cut), keras.Function(cut, graph.outputs[0])
    except ValueError as skipped:
        raise ValueError(f"{model.name!r} cannot be cut at {layer!r}: a connection goes around it.") from skipped
