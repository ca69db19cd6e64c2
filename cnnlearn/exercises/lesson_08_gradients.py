"""Lesson 08, from integrated to expected gradients: paths, completeness, sampling, error bars, cutting a network."""

import numpy as np

from cnnlearn import gradients
from cnnlearn.engine.forward import logits_of
from cnnlearn.exercises.catch_the_bug import catch_the_bug
from cnnlearn.exercises.exercise import Axiom, Exercise, Fixture, Mistake
from cnnlearn.exercises.fixtures import build
from cnnlearn.exercises.fixtures.cuts import halves


def _paths(rng):
    image, baseline = rng.random((2, 4, 5, 3))
    return [
        (np.full((1, 1, 3), 3.0), np.ones((1, 1, 3)), 3),
        (image, np.zeros_like(image), 4),
        (image, baseline, 7),
        (rng.normal(size=(2, 3, 3)), rng.normal(size=(2, 3, 3)), 12),
    ]


def _on_path(image, baseline, t):
    return baseline + np.reshape(t, (-1, 1, 1, 1)) * (image - baseline)


def _evenly(weigh):
    """Points at equal distances from end to end, and weights that `weigh` gives them."""

    def answer(image, baseline, nodes):
        return _on_path(image, baseline, np.linspace(0, 1, nodes)), weigh(nodes)

    return answer


def _trapezoid(nodes):
    weights = np.ones(nodes)
    weights[[0, -1]] = 0.5
    return weights


def _gauss(change):
    """Nodes and weights of the rule on [−1, 1], put into use by `change`: (nodes, weights) -> (t, weights)."""

    def answer(image, baseline, nodes):
        t, weights = change(*np.polynomial.legendre.leggauss(nodes))
        return _on_path(image, baseline, t), weights

    return answer


def _exact_to_degree_5(answer, image, baseline, nodes):
    points, weights = answer(np.ones((1, 1, 3)), np.zeros((1, 1, 3)), 3)
    return np.allclose(weights @ np.reshape(points, (3, 3)) ** 5, 1 / 6, atol=1e-5)


path_points = Exercise(
    reference=gradients.path_points,
    cases=_paths,
    mistakes=(
        Mistake(
            "ends counted double",
            _evenly(lambda n: np.ones(n) / (n - 1)),
            "Points at equal distances, both ends with a full weight: the ends count double and the weights add up to "
            "n/(n − 1), not to 1.",
        ),
        Mistake(
            "weights below 1",
            _evenly(lambda n: _trapezoid(n) / n),
            "Your weights add up to (n − 1)/n, not to 1: between n points there are n − 1 gaps. All attributions "
            "would be too small.",
        ),
        Mistake(
            "trapezoid",
            _evenly(lambda n: _trapezoid(n) / (n - 1)),
            "That is the trapezoid rule. It integrates straight lines only; Gauss–Legendre puts its points elsewhere.",
        ),
        Mistake(
            "midpoints",
            lambda image, baseline, n: (_on_path(image, baseline, (np.arange(n) + 0.5) / n), np.full(n, 1 / n)),
            "That is the midpoint rule, with equal weights. The Gauss–Legendre points crowd towards the two ends.",
        ),
        Mistake(
            "equal distances, equal weights",
            _evenly(lambda n: np.full(n, 1 / n)),
            "Your points lie at equal distances and weigh the same. Gauss–Legendre has places and weights of its own, "
            "which make n points exact up to degree 2n − 1.",
        ),
        Mistake(
            "nodes on [−1, 1]",
            _gauss(lambda nodes, weights: (nodes, weights)),
            "You used the rule as it comes, on [−1, 1]: half of your points lie on the far side of the baseline, and "
            "the weights add up to 2.",
        ),
        Mistake(
            "weights of [−1, 1]",
            _gauss(lambda nodes, weights: ((nodes + 1) / 2, weights)),
            "Your points are right, but the weights add up to 2, the length of [−1, 1]. The path here has length 1.",
        ),
        Mistake(
            "wrong way",
            _gauss(lambda nodes, weights: ((1 - nodes) / 2, weights / 2)),
            "Your path runs from the image to the baseline. At t = 0 it should be the baseline.",
        ),
        Mistake(
            "not from the baseline",
            lambda image, baseline, n: gradients.path_points(image, np.zeros_like(image), n),
            "Your path starts at a black image. It should start at the baseline, which need not be black.",
        ),
        Mistake(
            "baseline not added",
            lambda image, baseline, n: gradients.path_points(image - baseline, np.zeros_like(image), n),
            "Your points are only t · (x − b), how far to go. Add the baseline: a point is b + t · (x − b).",
        ),
    ),
    hints=(
        "np.polynomial.legendre.leggauss gives the nodes and the weights of the rule, for the interval [−1, 1]. They "
        "must be moved to [0, 1].",
        "The interval is half as long, so each weight becomes half as large; a node at −1 goes to 0, and one at 1 goes "
        "to 1.",
        "A point at t is the baseline plus t times the difference. For all t at once, t needs three more axes of "
        "length 1.",
    ),
    axioms=(
        Axiom(
            "The weights add up to 1: the mean of a constant is that constant.",
            lambda answer, image, baseline, nodes: np.isclose(np.sum(answer(image, baseline, nodes)[1]), 1, atol=1e-5),
        ),
        Axiom("Three nodes integrate t⁵ exactly, to 1/6.", _exact_to_degree_5),
    ),
    points=2,
    difficulty=3,
    minutes=7,
)


def _of(kind, seed=0):
    return Fixture("scores.gradient", (("kind", kind), ("seed", seed)))


def _curved(rng):
    seed = int(rng.integers(1000))
    image, baseline = rng.random((2, 4, 5, 3))
    bright, signed = rng.random((3, 3, 3)) + 1, rng.normal(size=(3, 3, 3))
    return [
        (_of("curved", seed), image, baseline, 3),
        (_of("cube"), bright, np.full((3, 3, 3), 0.5), 4),
        (_of("curved", seed + 1), bright, signed, 5),
        (_of("minus"), image, baseline, 3),
    ]


def _complete(answer, gradient, image, baseline, steps):
    score = build(Fixture("scores.score", gradient.parameters))
    wanted = score(image[None])[0] - score(baseline[None])[0]
    return np.isclose(np.sum(answer(gradient, image, baseline, steps)), wanted, rtol=1e-3, atol=1e-3)


def _mean_gradient(gradient, image, baseline, steps):
    points, weights = gradients.path_points(image, baseline, steps)
    return np.tensordot(weights, gradient(points), axes=1)


def _without_weights(gradient, image, baseline, steps):
    return (image - baseline) * gradient(gradients.path_points(image, baseline, steps)[0]).mean(axis=0)


integrated_gradients = Exercise(
    reference=gradients.integrated_gradients,
    cases=_curved,
    mistakes=(
        Mistake(
            "not times the difference",
            _mean_gradient,
            "That is the mean gradient on the path. Multiply it by x − b: an attribution is slope times distance.",
        ),
        Mistake(
            "absolute gradient",
            lambda gradient, image, baseline, steps: gradients.integrated_gradients(
                lambda batch: np.abs(gradient(batch)), image, baseline, steps
            ),
            "You took the size of the gradient. Without its sign the attributions cannot add up to anything.",
        ),
        Mistake(
            "at the image only",
            lambda gradient, image, baseline, steps: (image - baseline) * gradient(image[None])[0],
            "You asked for the gradient at the image alone. Where the score is saturated it is 0 there; take the whole "
            "path.",
        ),
        Mistake(
            "raw and preprocessed",
            lambda gradient, image, baseline, steps: (
                255 * gradients.integrated_gradients(gradient, image, baseline, steps)
            ),
            "The gradient is one of pixels in [0, 1], your difference one of pixels from 0 to 255. Both must be in the "
            "same unit.",
        ),
        Mistake(
            "times the image",
            lambda gradient, image, baseline, steps: image * _mean_gradient(gradient, image, baseline, steps),
            "You multiplied by x, not by x − b. They agree only for a black baseline.",
        ),
        Mistake(
            "weights forgotten",
            _without_weights,
            "You took the plain mean over the points. They lie closer at the ends of the path, so each has a weight.",
        ),
        Mistake(
            "sum over the points",
            lambda gradient, image, baseline, steps: (
                (image - baseline) * gradient(gradients.path_points(image, baseline, steps)[0]).sum(axis=0)
            ),
            "You added the gradients up, so twice as many steps give twice as much. The weights make a mean of them.",
        ),
    ),
    hints=(
        "Three steps: the points of the path with their weights, the gradients there, their weighted sum. What is "
        "missing then?",
        "`gradient` takes all points at once, as a batch. The weighted sum runs over the first axis of what it "
        "returns.",
        "np.tensordot(a, b, axes=1) sums over the last axis of a and the first of b. The result is multiplied by the "
        "difference of image and baseline.",
    ),
    axioms=(Axiom("The attributions add up to f(x) − f(b).", _complete),),
    points=2,
    difficulty=3,
    minutes=6,
)


def _sums(rng):
    attributions = rng.normal(size=(4, 5, 3))
    eighths = rng.integers(-8, 9, (4, 5, 3)) / 8  # their sum is exact in any order, in float32 too
    return [
        (np.array([[1.0, 2.0], [-0.5, 1.0]]), 5.0, 2.0),
        (attributions, 2.5, -1.0),
        (eighths, float(eighths.sum()) + 3, 3.0),
        (np.array([0.5, -2.0]), 3.0, 1.0),
        (rng.normal(size=(3, 3)), -4.0, 1.5),
    ]


completeness_gap = Exercise(
    reference=gradients.completeness_gap,
    cases=_sums,
    mistakes=(
        Mistake(
            "mean",
            lambda a, score, baseline_score: float(np.mean(a) - (score - baseline_score)),
            "You took the mean of the attributions. They must *add up* to the difference of the scores.",
        ),
        Mistake(
            "absolute gap",
            lambda a, score, baseline_score: abs(float(np.sum(a) - (score - baseline_score))),
            "You dropped the sign. It says whether the attributions claim too much or too little.",
        ),
        Mistake(
            "absolute attributions",
            lambda a, score, baseline_score: float(np.abs(a).sum() - (score - baseline_score)),
            "You added up absolute values. Attributions against the class count too, with their sign.",
        ),
        Mistake(
            "baseline forgotten",
            lambda a, score, baseline_score: float(np.sum(a) - score),
            "You compared with f(x). The path starts at the baseline, so its score f(b) is not the attributions' task.",
        ),
        Mistake(
            "sign",
            lambda a, score, baseline_score: float((score - baseline_score) - np.sum(a)),
            "The sign is turned round: the gap is what the attributions claim minus what is there.",
        ),
        Mistake(
            "scores added",
            lambda a, score, baseline_score: float(np.sum(a) - score - baseline_score),
            "Mind the parentheses: f(b) is taken off f(x), not off the sum.",
        ),
        Mistake(
            "relative",
            lambda a, score, baseline_score: float(np.sum(a) / (score - baseline_score) - 1),
            "You divided by f(x) − f(b). Asked is the gap itself, in the unit of the score.",
        ),
    ),
    hints=(
        "What do the attributions add up to, and what should they add up to? The gap is the first minus the second.",
        "What they should add up to is how much the score rises from the baseline to the image.",
        "Sum over all entries, minus the bracket (score of the image minus score of the baseline); as a float.",
    ),
    points=1,
    difficulty=1,
    minutes=2,
)


def _seeded(seed):
    return Fixture("generators.generator", (("seed", seed),))


def _samplings(rng):
    image, background = rng.random((5, 4, 3)), rng.random((3, 5, 4, 3))
    seed = int(rng.integers(1000))
    return [
        (_of("curved", seed), image, background, 30, _seeded(seed), 0.0),
        (_of("curved", seed), image, background, 20, _seeded(seed + 1), 0.3),
    ]


def _level(value):
    return np.full((6, 6, 3), float(value))


def _ask(answer, kind, image, backgrounds, samples, seed=0, smoothing=0.0):
    """The answer for an even image and even backgrounds, all told by their levels."""
    background = np.stack([_level(b) for b in backgrounds])
    return np.asarray(answer(_of(kind), _level(image), background, samples, _seeded(seed), smoothing))


def _repeatable(answer, gradient, image, background, samples, rng, smoothing):
    arguments = gradient, image, background, samples, rng, smoothing
    return np.array_equal(answer(*arguments), answer(*arguments))


def _is_a_mean(answer, *case):
    few, many = (np.abs(_ask(answer, "sum", 1, [0], n)).mean() for n in (8, 16))
    return many < 1.5 * few


def _grows_with_the_distance(answer, *case):
    return np.allclose(_ask(answer, "sum", 3, [0], 10), 3, atol=1e-4)


def _is_from_the_background(answer, *case):
    return np.allclose(_ask(answer, "sum", 3, [1], 10), 2, atol=1e-4)


def _keeps_the_sign(answer, *case):
    return np.allclose(_ask(answer, "minus", 3, [1], 10), -2, atol=1e-4)


def _t_differs(answer, *case):
    """With image 1 and background 0 the answers are the means of t and of t²."""
    mean, square = (_ask(answer, kind, 1, [0], 20).mean() for kind in ("square", "cube"))
    return square - mean**2 > 0.01


def _t_is_random(answer, *case):
    return not np.array_equal(*(_ask(answer, "cube", 1, [0], 20, seed) for seed in (1, 2)))


def _t_is_stratified(answer, *case):
    means = [_ask(answer, "square", 1, [0], 20, seed).mean() for seed in range(12)]
    return np.abs(np.array(means) - 0.5).max() <= 1 / 40 + 1e-4


def _balanced(answer, *case):
    found = [_ask(answer, "sum", 0, [0, -1, -5, -11], 12, seed) for seed in range(6)]
    return np.allclose(found, 17 / 4, atol=1e-4)


def _each_background_counts(answer, *case):
    return _ask(answer, "square", 0.5, [0, 1], 20).mean() < -0.05


def _meet_by_chance(answer, *case):
    found = [_ask(answer, "square", 1, [0, 1], 40, seed).mean() for seed in range(8)]
    return abs(np.mean(found) - 0.25) < 0.06


def _not_in_turn(answer, *case):
    """Only the first of four backgrounds counts, with the t that it meets, which is anything from 0 to 1."""
    found = [_ask(answer, "square", 1, [0, 1, 1, 1], 4, seed).mean() for seed in range(24)]
    return abs(4 * np.mean(found) - 0.5) < 0.25


def _noise_on_the_path(answer, *case):
    return np.ptp(_ask(answer, "square", 1, [0], 40, 0, 0.5)) > 1e-3


def _noise_in_the_difference(answer, *case):
    return np.ptp(_ask(answer, "sum", 1, [0], 40, 0, 0.5)) > 1e-3


def _the_same_noise_in_both(answer, *case):
    return _ask(answer, "square", 0, [0], 40, 0, 0.5).mean() > 0.25**2


def _spread(answer):
    """How large the noise is that is left in the mean of 40 draws, as a multiple of σ/√40."""
    found = [_ask(answer, "sum", 1, [0], 40, seed, 0.25).std() for seed in range(4)]
    return np.mean(found) * np.sqrt(40) / 0.25


def _new_noise_for_each_draw(answer, *case):
    return _spread(answer) < 3


def _noise_of_that_size(answer, *case):
    return 0.75 < _spread(answer) < 1.25


def _strata(samples, rng):
    return (np.arange(samples) + rng.random(samples)) / samples


def _rounds(samples, count, rng):
    rounds = [rng.permutation(count) for _ in range(-(-samples // count))]
    return np.concatenate(rounds)[:samples]


def _noise(samples, shape, smoothing, rng):
    return smoothing * rng.standard_normal((samples, *shape))


def _sampled(t=_strata, which=_rounds, noise=_noise, path=1, difference=1, combine=None):
    """Expected gradients with one part exchanged; `path`, `difference`: whether the noise is there."""
    combine = combine or (lambda slopes, differences, image: (slopes * differences).mean(axis=0))

    def answer(gradient, image, background, samples, rng, smoothing):
        times = np.reshape(t(samples, rng), (-1, 1, 1, 1))
        baselines = background[which(samples, len(background), rng)]
        noisy = noise(samples, image.shape, smoothing, rng)
        points = baselines + times * (image + path * noisy - baselines)
        return combine(gradient(points), image + difference * noisy - baselines, image)

    return answer


expected_gradients = Exercise(
    reference=gradients.expected_gradients,
    cases=_samplings,
    compared=False,
    mistakes=(
        Mistake(
            "generator of its own",
            lambda gradient, image, background, samples, rng, smoothing: gradients.expected_gradients(
                gradient, image, background, samples, np.random.default_rng(), smoothing
            ),
            "Two calls with the same seed differ: randomness must come from `rng` alone, or nobody can repeat your "
            "answer.",
        ),
        Mistake(
            "sum",
            _sampled(combine=lambda slopes, differences, image: (slopes * differences).sum(axis=0)),
            "You added the draws up. Expected gradients are their mean.",
        ),
        Mistake(
            "not times the difference",
            _sampled(combine=lambda slopes, differences, image: slopes.mean(axis=0)),
            "That is a mean gradient. Multiply each by its x + σε − b, and take the mean then.",
        ),
        Mistake(
            "times the image",
            _sampled(combine=lambda slopes, differences, image: image * slopes.mean(axis=0)),
            "You multiplied by x. Each gradient belongs to a baseline of its own: multiply it by x + σε − b.",
        ),
        Mistake(
            "absolute gradient",
            _sampled(combine=lambda slopes, differences, image: (np.abs(slopes) * differences).mean(axis=0)),
            "You took the size of the gradient. Its sign says whether a pixel speaks for the class or against it.",
        ),
        Mistake(
            "one t for all",
            _sampled(t=lambda samples, rng: np.full(samples, rng.random())),
            "All your draws have the same t, one place on the path. Each draw needs its own.",
        ),
        Mistake(
            "fixed t",
            _sampled(t=lambda samples, rng: (np.arange(samples) + 0.5) / samples),
            "Your t are the same in every run. Then runs agree, wrong or right, and their scatter tells no error.",
        ),
        Mistake(
            "independent t",
            _sampled(t=lambda samples, rng: rng.random(samples)),
            "Your t are drawn from all of [0, 1], so by chance they crowd somewhere. Draw one in each of n equal "
            "parts.",
        ),
        Mistake(
            "backgrounds with replacement",
            _sampled(which=lambda samples, count, rng: rng.integers(count, size=samples)),
            "Your backgrounds are drawn with replacement, so some are used more often than others by chance. Use each "
            "equally often.",
        ),
        Mistake(
            "mean background",
            lambda gradient, image, background, samples, rng, smoothing: gradients.expected_gradients(
                gradient, image, background.mean(axis=0, keepdims=True), samples, rng, smoothing
            ),
            "You used the mean of the backgrounds as the one baseline. The score of a mean image is not the mean of "
            "the scores; each background is a baseline of its own.",
        ),
        Mistake(
            "paired with t",
            _sampled(which=lambda samples, count, rng: np.arange(samples) * count // samples),
            "Your first background meets only small t, your last only large ones. Which meets which must be left to "
            "chance.",
        ),
        Mistake(
            "in turn",
            _sampled(which=lambda samples, count, rng: np.arange(samples) % count),
            "Your backgrounds come in the same order in every run, so each always meets the same parts of the path. "
            "Shuffle them.",
        ),
        Mistake(
            "no noise",
            _sampled(path=0, difference=0),
            "`smoothing` changes nothing in your answer. It is the standard deviation of noise on the image.",
        ),
        Mistake(
            "noise on the path only",
            _sampled(difference=0),
            "The noise is in your path but not in the difference. Path and difference belong to one image, x + σε.",
        ),
        Mistake(
            "noise in the difference only",
            _sampled(path=0),
            "The noise is in your difference but not in the path: the gradients are those of the image without noise.",
        ),
        Mistake(
            "one noise for all",
            _sampled(noise=lambda samples, shape, smoothing, rng: smoothing * rng.standard_normal(shape)),
            "All your draws have the same noise, so that it does not average out. Draw ε anew each time.",
        ),
        Mistake(
            "variance",
            _sampled(noise=lambda samples, shape, smoothing, rng: _noise(samples, shape, np.sqrt(smoothing), rng)),
            "Your noise is of another size: `smoothing` is its standard deviation σ, not its variance.",
        ),
    ),
    hints=(
        "Draw everything first: the t, (n,), the numbers of the backgrounds, (n,), and the noise, (n, H, W, 3). Then "
        "one call of `gradient` for all n points.",
        "The part with number i of [0, 1] begins at i/n. For the backgrounds: shuffle all of them, as often as needed, "
        "and cut off what is too much.",
        "Work out the n differences between the noisy image and the chosen background once; use them twice: t times "
        "that, added to the background, are the points; and each gradient is multiplied by it before the mean.",
    ),
    axioms=(
        Axiom("The same seed gives the same answer.", _repeatable),
        Axiom("Twice as many draws do not give twice as much.", _is_a_mean),
        Axiom(
            "Where the gradient is 1 and the background black, a pixel gets its own brightness.",
            _grows_with_the_distance,
        ),
        Axiom("Where the gradient is 1, a pixel gets its distance from the background.", _is_from_the_background),
        Axiom("Where the gradient is −1, it gets minus that.", _keeps_the_sign),
        Axiom("Draws lie at different places of the path.", _t_differs),
        Axiom("Another seed gives another answer.", _t_is_random),
        Axiom("With one t in each of n equal parts, their mean is at most 1/(2n) from 1/2.", _t_is_stratified),
        Axiom("Backgrounds are used equally often.", _balanced),
        Axiom("An image that is the mean of two backgrounds still gets attributions.", _each_background_counts),
        Axiom("Which background meets which t is left to chance.", _meet_by_chance),
        Axiom("In another run a background meets other parts of the path.", _not_in_turn),
        Axiom("With smoothing the gradient is asked at noisy points.", _noise_on_the_path),
        Axiom("With smoothing the difference is noisy too.", _noise_in_the_difference),
        Axiom("It is the same noise in both: for ½Σx² from 0 to σε the answer is near ½σ².", _the_same_noise_in_both),
        Axiom("In the mean of many draws the noise becomes small.", _new_noise_for_each_draw),
        Axiom("The noise that is left in the mean of n draws has the standard deviation σ/√n.", _noise_of_that_size),
    ),
    points=3,
    difficulty=4,
    minutes=12,
)


def _repeats(rng):
    return [
        (np.array([1.0, 2.0, 6.0]),),
        (rng.normal(size=(10, 4, 5)),),
        (rng.normal(5, 0.1, size=(12, 3)),),
        (rng.normal(size=(2, 2, 2)),),
        (rng.normal(size=(1, 3, 2)),),
    ]


def _error(samples, spread, divisor):
    """`spread` of the samples over `divisor` of their number; NaN for one sample, as asked."""
    n = len(samples)
    return np.full(samples.shape[1:], np.nan) if n == 1 else spread(samples) / divisor(n)


def _deviation(samples):
    return samples.std(axis=0, ddof=1)


standard_error = Exercise(
    reference=gradients.standard_error,
    cases=_repeats,
    mistakes=(
        Mistake(
            "divided by n",
            lambda samples: _error(samples, _deviation, lambda n: n),
            "You divided by n. Errors of a mean fall with the square root: four times the samples, half the error.",
        ),
        Mistake(
            "variance",
            lambda samples: _error(samples, lambda s: s.var(axis=0, ddof=1), np.sqrt),
            "You divided the variance by √n. The variance of a mean is variance / n; its root is std / √n.",
        ),
        Mistake(
            "variance of the mean",
            lambda samples: _error(samples, lambda s: s.var(axis=0, ddof=1), lambda n: n),
            "That is the variance of the mean. The standard error is its root, in the unit of the samples.",
        ),
        Mistake(
            "ddof 0",
            lambda samples: _error(samples, lambda s: s.std(axis=0), np.sqrt),
            "You divided the squares by n. The mean was fitted to the same samples, so they lie closer to it than to "
            "the truth: divide by n − 1.",
        ),
        Mistake(
            "ddof 0, one sample too",
            lambda samples: samples.std(axis=0) / np.sqrt(len(samples)),
            "You divided the squares by n. The mean was fitted to the same samples, so they lie closer to it than to "
            "the truth: divide by n − 1. A single sample even looked exact.",
        ),
        Mistake(
            "n − 1 in the root",
            lambda samples: _error(samples, _deviation, lambda n: np.sqrt(n - 1)),
            "You divided by √(n − 1). The n − 1 belongs into the standard deviation; the mean of n samples scatters "
            "√n times less than one of them.",
        ),
        Mistake(
            "not divided",
            lambda samples: _error(samples, _deviation, lambda n: 1),
            "That is how much single samples scatter. Their mean scatters less, by √n.",
        ),
        Mistake(
            "one sample is sure",
            lambda samples: np.zeros(samples.shape[1:]) if len(samples) == 1 else gradients.standard_error(samples),
            "For a single sample you return 0, as if it were exact. It says nothing about its spread: NaN.",
        ),
    ),
    hints=(
        "NumPy's std takes the axis and `ddof`, which is taken off the n that the squares are divided by.",
        "The standard deviation tells how samples scatter; the mean of n of them scatters √n times less.",
        "Ask first whether there is only one sample: NumPy would warn. np.full makes an array of NaN of the right "
        "shape.",
    ),
    axioms=(
        Axiom(
            "It does not change if the same number is added to all samples.",
            lambda answer, samples: np.allclose(answer(samples + 2), answer(samples), atol=1e-4, equal_nan=True),
        ),
    ),
    points=1,
    difficulty=2,
    minutes=4,
)


def _with_channels(rng):
    return [
        (np.array([[[1.0, -2.0, 4.0], [0.0, 0.0, -1.0]]]),),
        (rng.normal(size=(5, 4, 3)),),
        (rng.normal(size=(3, 3, 8)),),
        (-rng.random((2, 6, 3)),),
    ]


sum_channels = Exercise(
    reference=gradients.sum_channels,
    cases=_with_channels,
    mistakes=(
        Mistake(
            "mean",
            lambda a: a.mean(axis=-1),
            "You took the mean over the channels. Then the map adds up to a third of the score: completeness is lost.",
        ),
        Mistake(
            "largest size",
            lambda a: np.abs(a).max(axis=-1),
            "You took the largest size among the channels, as people do with plain gradients. Sign and sum are lost.",
        ),
        Mistake(
            "absolute sum",
            lambda a: np.abs(a).sum(axis=-1),
            "You added up sizes. A channel that speaks against the class must count against it.",
        ),
        Mistake(
            "length",
            lambda a: np.sqrt((a**2).sum(axis=-1)),
            "You took the length of the vector of channels. It is never negative and adds up to nothing.",
        ),
        Mistake(
            "rectified",
            lambda a: np.maximum(a.sum(axis=-1), 0),
            "You dropped what speaks against the class. Keep the sign until the map is drawn.",
        ),
        Mistake(
            "over the rows",
            lambda a: a.sum(axis=0),
            "You added up the rows. The channels are the last axis.",
        ),
    ),
    hints=(
        "What may be done to the channels so that the total over all numbers stays the same?",
        "The channels are the last axis. Nothing is rectified or made absolute.",
        "It is a sum over axis −1.",
    ),
    axioms=(Axiom("The total stays the same.", lambda answer, a: np.isclose(np.sum(answer(a)), a.sum(), atol=1e-4)),),
    points=1,
    difficulty=1,
    minutes=1,
)


def _cuts(rng):
    seed = int(rng.integers(1000))
    images = rng.random((2, 8, 8, 3)).astype(np.float32)

    def small(head):
        return Fixture("networks.small_network", (("head", head), ("seed", seed)))

    def wired(kind):
        return Fixture("cuts.wired_network", (("kind", kind), ("seed", seed)))

    return [
        (small("gap softmax"), "features", images),
        (small("nested"), "bottom", images),
        (wired("elsewhere"), "second", images),
        (wired("skip"), "add", images),
        (wired("skip"), "second", images),
        (wired("twice"), "second", images),
        (small("gap fused"), "no such layer", images),
    ]


def _at_its_input(model, layer):
    import keras

    gradients.split_at(model, layer)
    (node,) = [n for nodes in model._nodes_by_depth.values() for n in nodes if n.operation.name == layer]
    cut = node.input_tensors[0]
    return keras.Function(model.inputs[0], cut), keras.Function(cut, model.outputs[0])


def _below_the_softmax(model, layer):
    front, back = gradients.split_at(model, layer)
    return front, lambda features: logits_of(back, features)


def _changes_the_network(model, layer):
    import keras

    parts = gradients.split_at(model, layer)
    model.get_layer(layer).trainable = False
    if hasattr(model.get_layer(layer), "activation"):
        model.get_layer(layer).activation = keras.activations.linear
    return parts


def _fresh_weights(model, layer):
    import keras

    copy = keras.models.clone_model(model)
    rng = np.random.default_rng(0)
    copy.set_weights([rng.normal(0, 0.1, w.shape).astype(w.dtype) for w in copy.get_weights()])
    return gradients.split_at(copy, layer)


def _the_layers_output(model, layer):
    import keras

    cut = model.get_layer(layer).output
    return keras.Function(model.inputs[0], cut), keras.Function(cut, model.outputs[0])


def _models_of_the_layers_output(model, layer):
    import keras

    cut = model.get_layer(layer).output
    return keras.Model(model.inputs[0], cut), keras.Model(cut, model.outputs[0])


def _lists(model, layer):
    import keras

    front, back = gradients.split_at(model, layer)
    return keras.Function([front.inputs[0]], front.outputs), keras.Function([back.inputs[0]], back.outputs)


def _layers_in_a_row(model, layer):
    place = model.layers.index(model.get_layer(layer)) + 1

    def through(layers):
        def run(x):
            for each in layers:
                x = each(x)
            return x

        return run

    return through(model.layers[1:place]), through(model.layers[place:])


split_at = Exercise(
    reference=gradients.split_at,
    cases=_cuts,
    observe=halves,
    mistakes=(
        Mistake(
            "off by one",
            _at_its_input,
            "You cut at the layer's input, so the layer itself went to the back. It belongs to the front.",
        ),
        Mistake(
            "no softmax",
            _below_the_softmax,
            "Your back stops below the softmax. Here the two parts must make the whole model again.",
        ),
        Mistake(
            "changes the network",
            _changes_the_network,
            "You changed a layer of the network. Both parts use its layers: leave them as they are.",
        ),
        Mistake(
            "fresh weights",
            _fresh_weights,
            "Your parts are made of copies with weights of their own. They must use the layers of this model.",
        ),
        Mistake(
            "the layer's own output",
            _the_layers_output,
            "`layer.output` is what the layer gave out where it was first used, perhaps in another model. Look for its "
            "call in this model's graph; if there are two, refuse.",
        ),
        Mistake(
            "the layer's own output, in models",
            _models_of_the_layers_output,
            "`layer.output` is what the layer gave out where it was first used, perhaps in another model. Look for its "
            "call in this model's graph; if there are two, refuse.",
        ),
        Mistake(
            "lists",
            _lists,
            "You gave keras.Function lists of tensors, so your parts take and return lists. Give it single tensors: "
            "`inputs[0]`, `outputs[0]`.",
        ),
        Mistake(
            "layers in a row",
            _layers_in_a_row,
            "You ran the layers one after the other. A list of layers is no graph: it knows no additions and no layer "
            "that is used twice.",
        ),
    ),
    hints=(
        "Keras keeps a node for each call of a layer. The nodes of a model lie in `_nodes_by_depth`, a dictionary of "
        "lists, of the model or, if it is sequential, of its `_functional`. Each has its `operation`, a layer with a "
        "name, and its `outputs`.",
        "There must be exactly one node whose operation has the name. `keras.Function(inputs, outputs)` makes a "
        "function of the graph between two symbolic tensors, wherever they lie, and creates no new layers.",
        "The front goes from the model's first input to the node's output, the back from there to the model's first "
        "output. If the back would need something else, keras.Function raises ValueError by itself.",
    ),
    tolerance=1e-4,
    tolerance_reason="float32 through a whole network, whose sums may be done in another order",
    points=3,
    difficulty=5,
    minutes=10,
    tensorflow=True,
)


def test_integrated_gradients(candidate):
    """A test of `integrated_gradients`: true for a right function, false for a wrong one.

    candidate: a function of (gradient, image, baseline, steps). It may be right, or have any of the mistakes that
    people make: no difference x − b, or x in its place, the size of the gradient, the gradient at x only, a difference
    in pixels from 0 to 255, a plain mean or a sum over the points. Give it a gradient of a score that you know, and
    hold it to completeness. Returns a bool.
    """
    image, baseline = np.full((1, 1, 3), 3.0), np.full((1, 1, 3), 1.0)
    found = candidate(lambda batch: -4 * batch**3, image, baseline, 3)  # of f = −Σ x⁴
    return bool(np.isclose(np.sum(found), 3 * (1 - 81)))


def _one_apart(candidate):
    image = np.full((1, 1, 3), 2.0)
    found = candidate(lambda batch: -4 * batch**3, image, image - 1, 3)
    return bool(np.isclose(np.sum(found), 3 * (1 - 16)))


def _asks(kind, image, baseline):
    """A test that asks for completeness, of one score and one pair of even images."""

    def test(candidate):
        one, other = np.full((2, 2, 3), float(image)), np.full((2, 2, 3), float(baseline))
        score = build(Fixture("scores.score", (("kind", kind),)))
        difference = score(one[None])[0] - score(other[None])[0]
        return bool(np.isclose(np.sum(candidate(build(_of(kind)), one, other, 3)), difference))

    return test


catch = catch_the_bug(
    test_integrated_gradients,
    of=integrated_gradients,
    mistakes=(
        Mistake(
            "linear score",
            _asks("minus", 3, 1),
            "Your score is linear: its gradient is the same everywhere, so it makes no difference where it is asked "
            "for, or how the points are weighed.",
        ),
        Mistake(
            "black baseline",
            _asks("curved", 2, 0),
            "Your baseline is black. Then x and x − b are the same.",
        ),
        Mistake(
            "rising score",
            _asks("cube", 3, 1),
            "The gradient of your score is never negative, so nobody can see whether its sign was kept.",
        ),
        Mistake(
            "one apart",
            _one_apart,
            "Your image and your baseline are 1 apart. Then x − b is 1, and nobody can see whether it was forgotten.",
        ),
    ),
    hints=(
        "Choose f so that you can write down f(x), f(b) and its gradient. The sum of what the candidate returns must "
        "be f(x) − f(b).",
        "A curved f shows where the gradient was asked for, a falling one whether its sign was kept, a baseline that "
        "is neither black nor 1 away from x whether the difference was taken.",
        "A power of each number with a minus in front will do, image and baseline even. Gauss–Legendre is exact for it "
        "with few steps, so compare closely.",
    ),
    points=2,
    difficulty=3,
    minutes=6,
)

EXERCISES = (
    path_points,
    integrated_gradients,
    completeness_gap,
    sum_channels,
    expected_gradients,
    standard_error,
    split_at,
    catch,
)
