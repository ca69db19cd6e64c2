"""Lesson 03, class activation maps: pooling, the map, its size, its colours, and the logit that it adds up to."""

import matplotlib
import numpy as np

from cnnlearn import cam
from cnnlearn.cam import normalize_heatmap, resize_bilinear
from cnnlearn.exercises.catch_the_bug import catch_the_bug
from cnnlearn.exercises.exercise import Axiom, Exercise, Mistake


def _features(rng):
    # The last case has as many maps as rows and columns, so that a wrong axis has the right shape.
    return [(rng.normal(size=shape),) for shape in ((8, 8, 5), (4, 6, 3), (1, 1, 2), (5, 5, 5))]


global_average_pool = Exercise(
    reference=cam.global_average_pool,
    cases=_features,
    mistakes=(
        Mistake(
            "max",
            lambda features: features.max(axis=(0, 1)),
            "You took the largest value of each map: that is global max pooling. Here each position counts the same.",
        ),
        Mistake(
            "sum",
            lambda features: features.sum(axis=(0, 1)),
            "You summed over the positions. Their mean does not grow with the size of the map.",
        ),
        Mistake(
            "over channels",
            lambda features: features.mean(axis=-1),
            "You averaged over the channels, which leaves a picture. Average over the positions: one number a map.",
        ),
        Mistake(
            "over rows only",
            lambda features: features.mean(axis=0),
            "You averaged over one axis. Rows and columns both have to go; only the channels stay.",
        ),
        Mistake(
            "axes of a batch",
            lambda features: features.mean(axis=(1, 2)),
            "You averaged over axes 1 and 2, which are the positions in a batch. This is a single image: 0 and 1.",
        ),
        Mistake(
            "one number",
            lambda features: float(features.mean()),
            "You averaged over everything. Each of the K maps keeps a number of its own.",
        ),
    ),
    hints=(
        "The result has one number for each map. Which two of the three axes must disappear?",
        "NumPy's reductions take a tuple of axes. The positions are the first two.",
        "The method `mean` of an array takes `axis`; give it the tuple of the axes of rows and columns.",
    ),
    axioms=(
        Axiom(
            "Maps that are constant keep their value.",
            lambda answer, features: np.allclose(answer(np.ones_like(features) * 3), 3),
        ),
    ),
    points=1,
    difficulty=1,
    minutes=3,
)


def _maps_and_weights(rng):
    # As many classes as maps in the second and third case, so that a row of the weights fits as well as a column.
    shapes = ((8, 8, 6, 4, 2), (4, 4, 5, 5, 1), (3, 5, 3, 3, 0))
    return [(rng.normal(size=(h, w, k)), rng.normal(size=(k, c)), i) for h, w, k, c, i in shapes]


def _softmaxed(features, weights, index):
    exponentials = np.exp(weights - weights.max(axis=0))
    return features @ (exponentials / exponentials.sum(axis=0))[:, index]


def _row_for_column(features, weights, index):
    return features @ weights[index]  # an error of shapes where K ≠ C; where they agree it runs


class_activation_map = Exercise(
    reference=cam.class_activation_map,
    cases=_maps_and_weights,
    mistakes=(
        Mistake(
            "row",
            _row_for_column,
            "You took a row of the weights: what one map says about each class. A class is a column, weights[:, "
            "index].",
        ),
        Mistake(
            "mean over maps",
            lambda features, weights, index: features @ weights[:, index] / len(weights),
            "You averaged over the K maps. The definition is a sum: with the mean the map no longer adds up to the "
            "logit.",
        ),
        Mistake(
            "softmaxed weights",
            _softmaxed,
            "You sent the weights through a softmax. That makes them all positive: evidence against a class is lost.",
        ),
        Mistake(
            "rectified",
            lambda features, weights, index: np.maximum(features @ weights[:, index], 0),
            "You set the negative part to zero. A class activation map keeps its sign until it is drawn.",
        ),
        Mistake(
            "all classes",
            lambda features, weights, index: features @ weights,
            "You made the maps of all the classes. One class is asked for: the column `index` of the weights.",
        ),
    ),
    hints=(
        "At each position there are K numbers, one a map. The class has K weights, one a map. What becomes of the two?",
        "The weights of class c stand in a column: shape (K, C) means maps down, classes across.",
        "A sum over the last axis of products is what the matrix product `@` does with a vector of length K.",
    ),
    axioms=(
        Axiom(
            "The map of two sums of features is the sum of their maps.",
            lambda answer, features, weights, index: np.allclose(
                answer(features + features[::-1], weights, index),
                answer(features, weights, index) + answer(features[::-1], weights, index),
                atol=1e-4,
            ),
        ),
    ),
    points=2,
    difficulty=2,
    minutes=5,
)


def _maps_with_bias(rng):
    maps = (rng.normal(size=(8, 8)), rng.normal(size=(4, 4)), -rng.random((3, 6)))
    return [(heatmap, round(float(bias), 2)) for heatmap, bias in zip(maps, rng.normal(size=3), strict=True)]


cam_logit = Exercise(
    reference=cam.cam_logit,
    cases=_maps_with_bias,
    mistakes=(
        Mistake(
            "sum",
            lambda heatmap, bias: float(heatmap.sum() + bias),
            "You summed the map. The network pools by the mean, so its logit is the mean of the map, plus the bias.",
        ),
        Mistake(
            "no bias",
            lambda heatmap, bias: float(heatmap.mean()),
            "The bias is missing. It is the part of the logit that no place in the image is responsible for.",
        ),
        Mistake(
            "a bias for each position",
            lambda heatmap, bias: float(heatmap.mean() + heatmap.size * bias),
            "You added the bias once for each position. The dense layer adds it once, behind the pooling.",
        ),
        Mistake(
            "bias divided too",
            lambda heatmap, bias: float((heatmap.sum() + bias) / heatmap.size),
            "You divided the bias by the number of positions too. It is added behind the mean, as it is.",
        ),
        Mistake(
            "rectified",
            lambda heatmap, bias: float(np.maximum(heatmap, 0).mean() + bias),
            "You dropped the negative part of the map. The logit counts evidence against the class too.",
        ),
    ),
    hints=(
        "The network first pools each map, then weighs the means. The map weighs first. Both are sums: exchange them.",
        "What global average pooling does with a single map, do it with the heat map. What does the dense layer add?",
        "The mean over all positions, plus one number. Return a float, not an array.",
    ),
    points=1,
    difficulty=2,
    minutes=4,
)


def _sizes(rng):
    # The last makes a map smaller: no smoothing is asked for there.
    sizes = ((2, 2, 4, 4), (8, 8, 32, 32), (3, 5, 7, 11), (4, 6, 4, 6), (1, 3, 2, 5), (9, 9, 4, 3))
    return [(rng.normal(size=(h, w)).round(2), height, width) for h, w, height, width in sizes]


def _centres(i, old, new):
    return (i + 0.5) * old / new - 0.5


def _resized_with(place, share_of_high=lambda share: share, clip=True):
    """A bilinear resize whose output row i lies at place(i, old, new)."""

    def along_rows(rows, count):
        last = len(rows) - 1
        at = place(np.arange(count), len(rows), count)
        at = np.clip(at, 0, last) if clip else at
        low = np.clip(np.floor(at).astype(int), 0, last if clip else max(last - 1, 0))
        share = share_of_high(at - low)[:, None]
        return (1 - share) * rows[low] + share * rows[np.minimum(low + 1, last)]

    return lambda array, height, width: along_rows(along_rows(array, height).T, width).T


def _nearest(array, height, width):
    rows = np.arange(height) * len(array) // height
    columns = np.arange(width) * array.shape[1] // width
    return array[rows][:, columns]


resize = Exercise(
    reference=cam.resize_bilinear,
    cases=_sizes,
    mistakes=(
        Mistake(
            "corners aligned",
            _resized_with(lambda i, old, new: i * (old - 1) / max(new - 1, 1)),
            "You laid the corner cells' centres on the corners of the picture (align_corners). Each cell then moves "
            "by up to half its width, and a heat map no longer lies where its evidence was.",
        ),
        Mistake(
            "half pixel forgotten",
            _resized_with(lambda i, old, new: i * old / new),
            "You measured from the edge of the cells, i·H/height, and not from centre to centre: add and take off the "
            "½.",
        ),
        Mistake(
            "half not taken off",
            _resized_with(lambda i, old, new: (i + 0.5) * old / new),
            "You added the ½ of the pixel, but did not take off the ½ of the cell: its centre is at 0, not its edge.",
        ),
        Mistake(
            "straight on",
            _resized_with(_centres, clip=False),
            "Beyond the outermost centres your line goes on as it rose. There the edge value goes on: clip the place "
            "to 0 … H−1.",
        ),
        Mistake(
            "weights exchanged",
            _resized_with(_centres, share_of_high=lambda share: 1 - share),
            "You exchanged the two weights: the nearer a row is, the more it has to count.",
        ),
        Mistake(
            "nearest",
            _nearest,
            "You repeated cells: the map falls into blocks. Between two centres the value goes over from one to the "
            "other.",
        ),
        Mistake(
            "height and width swapped",
            lambda array, height, width: resize_bilinear(array, width, height),
            "You exchanged height and width. Height counts rows and comes first.",
        ),
    ),
    hints=(
        "Do it along one axis first: new rows from old rows. Then turn the array, do the same, and turn it back.",
        "For each new row compute its place among the old rows (the formula is in the docstring), and clip it to 0 … "
        "H−1. It lies between two old rows: np.floor gives the first, and the second is the next one, or the last "
        "once more.",
        "The share of the second row is how far the place lies behind the first. The new row is the weighted mean of "
        "both. np.arange(count) gives all places at once; share[:, None] multiplies whole rows.",
    ),
    axioms=(
        Axiom(
            "No value comes out larger or smaller than those that went in.",
            lambda answer, array, height, width: (
                lambda out: array.min() - 1e-5 <= out.min() and out.max() <= array.max() + 1e-5
            )(answer(array, height, width)),
        ),
        Axiom(
            "A map that is turned upside down gives a picture that is turned upside down.",
            lambda answer, array, height, width: np.allclose(
                answer(array[::-1], height, width), answer(array, height, width)[::-1], atol=1e-5
            ),
        ),
    ),
    points=3,
    difficulty=4,
    minutes=10,
)


def _heatmaps(rng):
    against = -rng.random((4, 4)) - 0.1
    mixed = rng.normal(size=(8, 8))
    mixed[0, 0] = -2 * np.abs(mixed).max()  # the largest magnitude is negative
    return [
        (mixed,),
        (np.zeros((3, 5)),),
        (against,),
        (rng.random((4, 4)) + 2,),
        (1e-7 * rng.normal(size=(5, 5)),),
    ]


def _zero_by_zero(heatmap):
    positive = np.maximum(heatmap, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return positive / positive.max()


def _min_max(heatmap):
    span = np.ptp(heatmap)
    return (heatmap - heatmap.min()) / span if span else np.zeros(heatmap.shape)


def _bare_min_max(heatmap):
    with np.errstate(invalid="ignore"):
        return (heatmap - heatmap.min()) / np.ptp(heatmap)


def _by_the_sum(heatmap):
    positive = np.maximum(heatmap, 0)
    return positive / positive.sum() if positive.any() else positive


def _magnitude(heatmap):
    largest = np.abs(heatmap).max()
    return np.abs(heatmap) / largest if largest else heatmap


def _by_the_magnitude(heatmap):
    largest = np.abs(heatmap).max()
    return np.maximum(heatmap, 0) / largest if largest else heatmap


def _padded(heatmap):
    positive = np.maximum(heatmap, 0)
    return positive / (positive.max() + 1e-7)


normalize = Exercise(
    reference=cam.normalize_heatmap,
    cases=_heatmaps,
    mistakes=(
        Mistake(
            "0/0",
            _zero_by_zero,
            "Where nothing is positive the largest value is 0, and 0/0 is NaN. Such a map is all zeros.",
        ),
        Mistake(
            "min–max",
            _min_max,
            "You stretched the smallest value to 0 and the largest to 1. So a map with nothing but evidence against "
            "the class is shown in full colour.",
        ),
        Mistake(
            "min–max, 0/0",
            _bare_min_max,
            "You stretched the smallest value to 0 and the largest to 1. So a map with nothing but evidence against "
            "the class is shown in full colour, and one that is the same everywhere gives 0/0.",
        ),
        Mistake(
            "negative kept",
            lambda heatmap: heatmap / heatmap.max() if heatmap.max() > 0 else np.zeros(heatmap.shape),
            "You kept the negative part. Only evidence for the class should shine: max(h, 0).",
        ),
        Mistake(
            "cut off",
            lambda heatmap: np.clip(heatmap, 0, 1),
            "You cut off what lies above 1. Divide by the largest value instead: differences up there count too.",
        ),
        Mistake(
            "by the sum",
            _by_the_sum,
            "You divided by the sum. The values then depend on how many cells there are; the largest should become 1.",
        ),
        Mistake(
            "magnitude",
            _magnitude,
            "You took |h|. Evidence against the class is then drawn like evidence for it.",
        ),
        Mistake(
            "by the largest magnitude",
            _by_the_magnitude,
            "You divided by the largest |h|. If that is negative, no value reaches 1.",
        ),
        Mistake(
            "padded",
            _padded,
            "You added a small number to the divisor. It is not so small beside a map of tiny values, which no longer "
            "reaches 1. Ask whether the largest is above 0.",
        ),
    ),
    hints=(
        "Two steps: drop what is negative, then scale by the largest value that is left.",
        "What is the largest value if no entry is positive, and what happens if you divide by it?",
        "np.maximum with 0 drops the negative part. Divide only if the largest is above 0; else the array is zeros "
        "already.",
    ),
    axioms=(
        Axiom(
            "A map twice as strong looks the same.",
            lambda answer, heatmap: np.allclose(answer(2 * heatmap), answer(heatmap), atol=1e-5),
        ),
    ),
    points=1,
    difficulty=2,
    minutes=4,
)


def _laid_over(rng):
    shares = (0.5, 0.3, 0.0, 1.0)
    sizes = ((6, 6, 3, 3), (8, 5, 4, 2), (4, 4, 4, 4), (5, 7, 2, 3))

    def heatmap(height, width, rows, columns):
        while True:
            drawn = rng.random((rows, columns)).round(2)
            steps = 256 * resize_bilinear(drawn, height, width)  # viridis has 256 colours
            if np.abs(steps - steps.round()).min() > 1e-3:  # or rounding alone would decide between two of them
                return drawn

    return [(rng.random((h, w, 3)), heatmap(h, w, m, n), a) for (h, w, m, n), a in zip(sizes, shares, strict=True)]


def _colours(values):
    return matplotlib.colormaps["viridis"](values)[..., :3]


def _resizes_colours(image, heatmap, alpha):
    coloured = _colours(heatmap)
    resized = [resize_bilinear(coloured[..., channel], *image.shape[:2]) for channel in range(3)]
    return (1 - alpha) * image + alpha * np.stack(resized, axis=-1)


def _mixed(image, heatmap, of_image, of_colours, names="viridis"):
    resized = resize_bilinear(heatmap, *image.shape[:2])
    return of_image * image + of_colours * matplotlib.colormaps[names](resized)[..., :3]


overlay = Exercise(
    reference=cam.overlay,
    cases=_laid_over,
    mistakes=(
        Mistake(
            "resizes colours",
            _resizes_colours,
            "You coloured the small map and resized the colours. Between two colours of viridis lie colours that are "
            "not in it: resize the numbers, then colour them.",
        ),
        Mistake(
            "alpha on the image",
            lambda image, heatmap, alpha: _mixed(image, heatmap, alpha, 1 - alpha),
            "You put alpha on the image. With alpha = 0 only the image should be left.",
        ),
        Mistake(
            "leaves [0, 1]",
            lambda image, heatmap, alpha: _mixed(image, heatmap, 1, alpha),
            "You added the colours to the whole image, which leaves [0, 1]. The image gets the share 1 − alpha.",
        ),
        Mistake(
            "added, clipped",
            lambda image, heatmap, alpha: np.clip(_mixed(image, heatmap, 1, alpha), 0, 1),
            "You added the colours to the whole image, and clipped what left [0, 1]: bright places all become white. "
            "The image gets the share 1 − alpha.",
        ),
        Mistake(
            "jet",
            lambda image, heatmap, alpha: _mixed(image, heatmap, 1 - alpha, alpha, "jet"),
            "That is the colour map jet, whose bright bands show edges that are not in the data, and which "
            "colour-blind readers cannot order. Use viridis.",
        ),
        Mistake(
            "normalised again",
            lambda image, heatmap, alpha: _mixed(image, normalize_heatmap(heatmap), 1 - alpha, alpha),
            "You normalised the heat map. It is in [0, 1] already, and two pictures could no longer be compared.",
        ),
    ),
    hints=(
        "Three steps: bring the map to the image's size, turn its numbers into colours, mix.",
        "`matplotlib.colormaps` holds the colour maps by name; called with an array in [0, 1] one gives (H, W, 4): "
        "red, green, blue, and an opacity that is not needed.",
        "`resize_bilinear` wants height and width, the first two of the image's shape. Cut the colours to three "
        "channels. The formula of the mix is in the docstring.",
    ),
    tolerance=0.008,
    tolerance_reason="viridis has 256 steps: a value within rounding of a step may fall on either side",
    points=2,
    difficulty=2,
    minutes=6,
)


def test_class_activation_map(candidate):
    """A test of `class_activation_map`: true for a right function, false for a wrong one.

    candidate: a function of (features, weights, index). It may be right, or have any of the mistakes that people make:
    a row of the weights for a column, the mean over the maps for the sum, weights sent through a softmax, a ReLU, the
    maps of all classes at once. A candidate may also raise an error; only a right one is sure not to. Call it with
    small inputs for which you know the answer, and compare. Returns a bool.
    """
    features = np.array([[[1.0, 2.0], [0.0, 3.0]]])
    weights = np.array([[1.0, 5.0], [-2.0, 4.0]])
    wanted = np.array([[-3.0, -6.0]])
    found = np.asarray(candidate(features, weights, 0))
    return found.shape == wanted.shape and bool(np.allclose(found, wanted))


def _on_one(features, weights, index, wanted):
    def test(candidate):
        found = np.asarray(candidate(np.array(features, float), np.array(weights, float), index))
        return found.shape == np.shape(wanted) and bool(np.allclose(found, wanted))

    return test


catch = catch_the_bug(
    test_class_activation_map,
    of=class_activation_map,
    mistakes=(
        Mistake(
            "shape only",
            lambda candidate: np.shape(candidate(np.ones((2, 3, 2)), np.ones((2, 2)), 0)) == (2, 3),
            "Your test looks at the shape alone. Most wrong functions return the right shape.",
        ),
        Mistake(
            "errors pass through",
            _on_one([[[1, 2], [0, 3]]], [[1, 5, 0], [-2, 4, 0]], 0, [[-3, -6]]),
            "A wrong candidate raised an error, and your test broke off with it instead of saying False. Catch it with "
            "try and except, or take as many classes as maps.",
        ),
        Mistake(
            "symmetric weights",
            _on_one([[[1, 2], [0, 3]]], [[1, -2], [-2, 4]], 0, [[-3, -6]]),
            "Your weights are symmetric: row and column `index` are the same, so one for the other gets through.",
        ),
        Mistake(
            "nothing negative",
            _on_one([[[1, 2], [0, 3]]], [[1, 5], [2, 4]], 0, [[5, 6]]),
            "No entry of your expected map is negative, so a ReLU too many gets through.",
        ),
    ),
    hints=(
        "Two maps and two classes are enough. Choose numbers for which each of the five bugs gives another result.",
        "The weights must not be symmetric, or a row is as good as a column. The map must have a negative entry, or a "
        "ReLU does nothing.",
        "Work the map out by hand for one row of two positions. Compare shapes first: `np.allclose` lets arrays of "
        "other shapes pass if they broadcast.",
    ),
    points=2,
    difficulty=3,
    minutes=7,
)

EXERCISES = (
    global_average_pool,
    class_activation_map,
    cam_logit,
    resize,
    normalize,
    overlay,
    catch,
)
