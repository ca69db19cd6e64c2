"""Lesson 06, LIME: superpixels, hiding them, weighing by closeness, a weighted ridge regression, and its R²."""

import numpy as np

from cnnlearn import lime
from cnnlearn.exercises.catch_the_bug import catch_the_bug
from cnnlearn.exercises.exercise import Axiom, Exercise, Fixture, Mistake
from cnnlearn.exercises.relations import first_difference


def _labels(rng):
    gaps = np.array([[7, 7, -2, 30], [30, 7, 7, 7], [4, 4, 30, 30]])
    slic_like = 1 + rng.permutation(np.arange(24) % 5).reshape(4, 6)
    large = 1000 * rng.integers(-9, 9, (8, 7))
    return [(gaps,), (slic_like,), (large,), (np.full((2, 3), 5),), (np.arange(6).reshape(2, 3),)]


def _renumbered(segments, order):
    """Ids 0, 1, … in the given order of the labels."""
    return np.argmax(segments[..., None] == np.array(order), axis=-1)


def _by_size(segments):
    ids, counts = np.unique(segments, return_counts=True)
    return _renumbered(segments, ids[np.argsort(-counts, kind="stable")])


def _by_appearance(segments):
    ids, first = np.unique(segments, return_index=True)
    return _renumbered(segments, ids[np.argsort(first)])


contiguous = Exercise(
    reference=lime.contiguous,
    cases=_labels,
    mistakes=(
        Mistake(
            "minus the smallest",
            lambda segments: segments - segments.min(),
            "You took off the smallest id, so the ids start at 0. But the gaps between them stay: each gap would be a "
            "segment without pixels.",
        ),
        Mistake("by size", _by_size, "You numbered the segments by their size. They keep the order of their ids."),
        Mistake(
            "by appearance",
            _by_appearance,
            "You numbered the segments as they come in reading order. They keep the order of their ids.",
        ),
        Mistake(
            "from one",
            lambda segments: _renumbered(segments, np.unique(segments)) + 1,
            "Your ids start at 1. The masks have a column 0, and with it no segment would ever be hidden.",
        ),
        Mistake(
            "flattened",
            lambda segments: _renumbered(segments, np.unique(segments)).ravel(),
            "Your ids are right but lie in a row. Bring them back to the shape of the image, (H, W).",
        ),
    ),
    hints=(
        "Which labels are there, in rising order? The place of a label in that list is its new id.",
        "NumPy's `unique` gives the sorted labels and, if you ask for it, for each pixel the place of its label.",
        "Ask `unique` to return the inverse. In some versions of NumPy it comes flat: give it the shape of the "
        "segments.",
    ),
    axioms=(
        Axiom(
            "The ids are 0 … n − 1, each in use.",
            lambda answer, segments: np.unique(answer(segments)).tolist() == list(range(len(np.unique(segments)))),
        ),
    ),
    points=1,
    difficulty=2,
    minutes=4,
)


def _mask_requests(rng):
    seeds = rng.choice(10_000, 3, replace=False)
    sizes = ((400, 12), (300, 30), (1, 4))
    return [
        (*size, Fixture("generators.generator", (("seed", int(seed)),)))
        for size, seed in zip(sizes, seeds, strict=True)
    ]


MANY = 100  # samples, from which on averages say something


def _both_occur(answer, samples, count, rng):
    return samples < MANY or len(np.unique(answer(samples, count, rng)[1:])) == 2


def _full_row(answer, samples, count, rng):
    return bool((answer(samples, count, rng)[0] == 1).all())


def _zeros_and_ones(answer, samples, count, rng):
    return bool(np.isin(answer(samples, count, rng), (0, 1)).all())


def _repeatable(answer, samples, count, rng):
    return bool((answer(samples, count, rng) == answer(samples, count, rng)).all())


def _from_the_generator(answer, samples, count, rng):
    other = Fixture(rng.name, (("seed", dict(rng.parameters)["seed"] + 1),))
    return samples < MANY or bool((answer(samples, count, rng) != answer(samples, count, other)).any())


def _rows_differ(answer, samples, count, rng):
    return samples < MANY or len(np.unique(answer(samples, count, rng), axis=0)) > samples // 2


def _half_is_shown(answer, samples, count, rng):
    return samples < MANY or abs(answer(samples, count, rng)[1:].mean() - 0.5) < 0.05


def _sizes_vary(answer, samples, count, rng):
    shown = answer(samples, count, rng)[1:].sum(axis=1)
    return samples < MANY or abs(shown.var() / (count / 4) - 1) < 0.5


def _with_full_row(draw):
    def masks(samples, count, rng):
        drawn = draw(samples, count, rng)
        drawn[0] = 1
        return drawn

    return masks


def _exactly_half(samples, count, rng):
    return rng.permuted(np.tile(np.arange(count) % 2, (samples, 1)), axis=1)


sample_masks = Exercise(
    reference=lime.sample_masks,
    cases=_mask_requests,
    compared=False,
    axioms=(
        Axiom("Every entry is 0 or 1.", _zeros_and_ones),
        Axiom("Row 0 is the whole image: every segment is shown.", _full_row),
        Axiom("Below row 0 some segments are hidden and some are shown.", _both_occur),
        Axiom("From generators in the same state come the same masks.", _repeatable),
        Axiom("From a generator with another seed come other masks.", _from_the_generator),
        Axiom("Each row is tossed anew: rows differ.", _rows_differ),
        Axiom("Below row 0, a segment is hidden as often as it is shown.", _half_is_shown),
        Axiom("Each segment has a coin of its own: how many are shown varies from row to row.", _sizes_vary),
    ),
    mistakes=(
        Mistake(
            "no full row",
            lambda samples, count, rng: rng.integers(0, 2, (samples, count)),
            "Your row 0 is tossed like the others. It must show the whole image: that is what is explained.",
        ),
        Mistake(
            "global generator",
            _with_full_row(lambda samples, count, rng: np.random.randint(0, 2, (samples, count))),
            "You drew from NumPy's global generator. Use `rng`, or nobody can repeat your explanation.",
        ),
        Mistake(
            "own generator",
            _with_full_row(lambda samples, count, rng: np.random.default_rng(0).integers(0, 2, (samples, count))),
            "You made a generator of your own. Then every seed gives the same masks, and their spread cannot be seen.",
        ),
        Mistake(
            "one row for all",
            _with_full_row(lambda samples, count, rng: np.tile(rng.integers(0, 2, count), (samples, 1))),
            "You tossed once and used the result in every row. Each row needs tosses of its own.",
        ),
        Mistake(
            "unfair coin",
            _with_full_row(lambda samples, count, rng: (rng.random((samples, count)) < 0.8).astype(int)),
            "Your coin is not fair: a segment should be hidden with probability ½.",
        ),
        Mistake(
            "always half",
            _with_full_row(_exactly_half),
            "You hide the same number of segments in each row. With a coin for each segment, that number varies.",
        ),
        Mistake(
            "never shown",
            _with_full_row(lambda samples, count, rng: rng.integers(0, 1, (samples, count))),
            "Below row 0 yours hides everything. The upper end of `integers` is not drawn: from 0 to below 2.",
        ),
        Mistake(
            "off by one",
            _with_full_row(lambda samples, count, rng: rng.integers(0, 3, (samples, count))),
            "There is a 2 among your masks. The upper end of `integers` is not drawn: from 0 to below 2.",
        ),
    ),
    hints=(
        "Toss n · m coins at once, and then say what row 0 is.",
        "A Generator has a method that draws integers from a low end up to, but not including, a high end.",
        "Give `rng.integers` the two ends and the shape (n, m) as a tuple; then write ones into row 0.",
    ),
    points=1,
    difficulty=1,
    minutes=5,
)


def _images_to_hide(rng):
    def case(height, width, count, samples, fill):
        segments = rng.permutation(np.arange(height * width) % count).reshape(height, width)
        return rng.random((height, width, 3)), segments, rng.integers(0, 2, (samples, count)), fill

    image, segments, masks, _ = case(3, 4, 3, 2, 0.5)
    return [
        case(6, 5, 4, 7, 0.5),
        case(4, 4, 3, 5, np.array([1.0, 0.2, 0.0])),
        case(5, 3, 5, 6, rng.random((5, 3, 3))),
        (image, segments, masks * 0, 0.25),
        (image, segments + 1, masks, 0.5),  # the last id has no column
        (image, segments - 1, masks, 0.5),  # the first neither
    ]


def _careful(hidden_by):
    """Refuses ids without a column, as the reference does."""

    def hide(image, segments, masks, fill):
        if segments.min() < 0 or segments.max() >= masks.shape[1]:
            raise ValueError("an id has no column")
        return hidden_by(image, segments, masks, fill)

    return hide


def _from_one(image, segments, masks, fill):
    versions = np.stack([image] * len(masks))
    for version, mask in zip(versions, masks, strict=True):
        for number, shown in enumerate(mask, start=1):
            if not shown:
                version[segments == number] = np.broadcast_to(fill, image.shape)[segments == number]
    return versions


def _by_comparison(image, segments, masks, fill):
    versions = np.stack([image] * len(masks))
    for version, mask in zip(versions, masks, strict=True):
        for number in np.flatnonzero(mask == 0):
            version[segments == number] = np.broadcast_to(fill, image.shape)[segments == number]
    return versions


def _only_above(image, segments, masks, fill):
    if segments.max() >= masks.shape[1]:
        raise ValueError("an id has no column")
    return np.where(masks[:, segments, None] == 1, image, fill)


def _in_place(image, segments, masks, fill):
    versions = []
    for mask in masks:
        hidden = mask[segments] == 0
        image[hidden] = np.broadcast_to(fill, image.shape)[hidden]
        versions.append(image)
    return np.stack(versions)


def _never_shown_again(image, segments, masks, fill):
    versions, current = [], image.copy()
    for mask in masks:
        hidden = mask[segments] == 0
        current[hidden] = np.broadcast_to(fill, image.shape)[hidden]
        versions.append(current.copy())
    return np.stack(versions)


hide = Exercise(
    reference=lime.hide,
    cases=_images_to_hide,
    mistakes=(
        Mistake(
            "inverted",
            _careful(lambda image, segments, masks, fill: np.where(masks[:, segments, None] == 0, image, fill)),
            "You hide where the mask is 1. A 1 shows the segment, a 0 hides it.",
        ),
        Mistake(
            "ids from one",
            _careful(_from_one),
            "You took the first column for the segment 1. Ids start at 0: yours never hides segment 0. A well-known "
            "library has the same fault with labels that start at 1.",
        ),
        Mistake(
            "image changed",
            _careful(_in_place),
            "You hid the segments in the image that you were given, so it is spoilt for whoever needs it next. Work on "
            "copies.",
        ),
        Mistake(
            "never shown again",
            _careful(_never_shown_again),
            "What one mask hides stays hidden for all that follow. Each version starts from the whole image.",
        ),
        Mistake(
            "blackened",
            _careful(lambda image, segments, masks, fill: image * masks[:, segments, None]),
            "You multiplied by the mask, which paints everything black. Hidden pixels take the value of `fill`.",
        ),
        Mistake(
            "not refused",
            lambda image, segments, masks, fill: np.where(masks[:, segments, None] == 1, image, fill),
            "An id that has no column in the masks must be refused with a ValueError. NumPy takes −1 for the last "
            "column without a word.",
        ),
        Mistake(
            "never hidden",
            _by_comparison,
            "An id that has no column in the masks must be refused with a ValueError. Yours never hides that segment, "
            "and nobody notices.",
        ),
        Mistake(
            "below 0",
            _only_above,
            "You refuse ids that are too large, but not those below 0: NumPy takes −1 for the last column.",
        ),
    ),
    hints=(
        "For each pixel look up the mask's entry for its segment: that says whether the pixel is shown.",
        "Indexing does the looking up: `mask[segments]` is an array (H, W) of zeros and ones. It works for all rows of "
        "`masks` at once if the index comes second. Check the ids first.",
        "`np.where` takes a condition, what is taken where it is true, and what else. Image and fill have three "
        "channels: give the condition a last axis of length 1.",
    ),
    axioms=(
        Axiom(
            "A mask of ones shows the image as it is.",
            lambda answer, image, segments, masks, fill: (
                not 0 <= segments.min() <= segments.max() < masks.shape[1]
                or np.allclose(answer(image, segments, np.ones_like(masks), fill), image)
            ),
        ),
    ),
    points=2,
    difficulty=3,
    minutes=7,
)


def _masks(rng):
    ends = np.array([[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]])
    return [(ends,), (rng.integers(0, 2, (9, 12)),), (rng.integers(0, 2, (30, 50)),), (np.eye(5, dtype=int),)]


def _cosine(masks):
    """The similarity, zero for the empty mask."""
    return np.sqrt(masks.mean(axis=1))


def _undefined_when_empty(masks):
    shown = masks.sum(axis=1)
    with np.errstate(invalid="ignore"):
        return 1 - shown / (np.sqrt(shown) * np.sqrt(masks.shape[1]))


cosine_distance = Exercise(
    reference=lime.cosine_distance,
    cases=_masks,
    mistakes=(
        Mistake(
            "similarity",
            _cosine,
            "That is the cosine itself, which is 1 for the full mask. The distance is what is missing to 1. With the "
            "two confused, samples far from the image would count most.",
        ),
        Mistake(
            "NaN when empty",
            _undefined_when_empty,
            "The empty mask has length 0, and 0/0 is NaN. Its distance is 1, by definition.",
        ),
        Mistake(
            "empty is near",
            lambda masks: np.nan_to_num(_undefined_when_empty(masks)),
            "You made a 0 of the NaN at the empty mask: as if an image that is hidden entirely were the image itself. "
            "Its distance is 1.",
        ),
        Mistake(
            "share hidden",
            lambda masks: 1 - masks.mean(axis=1),
            "That is the share of hidden segments (the Hamming distance). You divided by m: the lengths of the two "
            "vectors are the roots of how many ones they have.",
        ),
        Mistake(
            "one length only",
            lambda masks: 1 - np.sqrt(masks.sum(axis=1)),
            "You divided by the length of the mask only. The full mask has a length too: √m.",
        ),
        Mistake(
            "to row 0",
            lambda masks: 1 - masks @ masks[0] / (np.sqrt(np.maximum(masks.sum(axis=1), 1) * masks[0].sum())),
            "You measured from row 0 of the masks. Asked is the distance from the full mask, which need not be among "
            "them.",
        ),
        Mistake(
            "Euclidean",
            lambda masks: np.sqrt(masks.shape[1] - masks.sum(axis=1)),
            "That is the length of the difference of the two vectors. The cosine depends on their angle alone.",
        ),
        Mistake(
            "angle",
            lambda masks: np.arccos(np.clip(_cosine(masks), 0, 1)),
            "You returned the angle. The distance is 1 less its cosine.",
        ),
    ),
    hints=(
        "The cosine of two vectors is their scalar product divided by both lengths. One of the two is all ones.",
        "With zeros and ones, the scalar product with the full mask is the number of ones, and the length is the root "
        "of that number.",
        "So the cosine is s/(√s · √m) with s ones among m. Only s = 0 needs care: divide by something else there; the "
        "numerator is 0 anyway.",
    ),
    axioms=(
        Axiom(
            "The order of the segments makes no difference.",
            lambda answer, masks: np.allclose(answer(masks), answer(masks[:, ::-1]), equal_nan=False),
        ),
    ),
    points=1,
    difficulty=2,
    minutes=5,
)


def _distances(rng):
    return [
        (np.array([0.0, 0.1, 0.5, 1.0]), 0.25),
        (rng.random(20), 0.5),
        (rng.random(7), 1.5),
        (3 * rng.random(7), 2.0),
    ]


closeness = Exercise(
    reference=lime.closeness,
    cases=_distances,
    mistakes=(
        Mistake(
            "no root",
            lambda distances, width: np.exp(-(distances**2) / width**2),
            "The root is missing: weights fall twice as fast in the exponent. A width of 0.25 would act like one of "
            "0.18.",
        ),
        Mistake(
            "d not squared",
            lambda distances, width: np.sqrt(np.exp(-distances / width**2)),
            "You did not square the distance, so weights fall at once, with a kink at 0.",
        ),
        Mistake(
            "w not squared",
            lambda distances, width: np.sqrt(np.exp(-(distances**2) / width)),
            "You did not square the width: it must be in the same unit as the distance.",
        ),
        Mistake(
            "inverted",
            lambda distances, width: np.sqrt(np.exp(distances**2 / width**2)),
            "The minus is missing: your weights grow with the distance, so the farthest sample counts most.",
        ),
        Mistake(
            "similarity",
            lambda distances, width: np.sqrt(np.exp(-((1 - distances) ** 2) / width**2)),
            "You took 1 − d for d: the kernel of the similarity. Far samples weigh most then. A published library does "
            "just that.",
        ),
        Mistake(
            "normalised",
            lambda distances, width: (w := np.sqrt(np.exp(-(distances**2) / width**2))) / w.sum(),
            "You made the weights add up to 1. Then they depend on how many samples there are, and so does the "
            "penalty's "
            "share.",
        ),
    ),
    hints=(
        "Square both, divide, change the sign, take the exponential, take the root: in this order.",
        "At d = 0 the weight is 1. At d = w it is √(1/e), about 0.61. Check both.",
        "`np.exp` and `np.sqrt` work on whole arrays. The root of an exponential is the exponential of half: both ways "
        "of writing it are right.",
    ),
    axioms=(
        Axiom(
            "The unit of distance and width makes no difference.",
            lambda answer, distances, width: np.allclose(answer(10 * distances, 10 * width), answer(distances, width)),
        ),
    ),
    points=1,
    difficulty=1,
    minutes=3,
)


def _regressions(rng):
    def case(samples, count, classes, penalty):
        masks = rng.integers(0, 2, (samples, count))
        masks[0] = 1
        shape = (samples, *classes)
        truth = 3 * rng.normal(size=(count, *classes))
        return masks, masks @ truth + 5 + rng.normal(size=shape), rng.uniform(0.05, 1, samples), penalty

    return [case(40, 6, (), 1.0), case(60, 8, (3,), 2.0), case(50, 4, (1,), 0.3), case(80, 5, (), 0.0)]


def _solve(masks, outputs, weights, penalty, free=True):
    """Ridge with the intercept as a last column, which the penalty spares if it is `free`."""
    columns = np.column_stack([masks, np.ones(len(masks))])
    ridge = np.full(columns.shape[1], penalty, float)
    ridge[-1] = 0 if free else penalty
    weighed = columns.T * weights
    found = np.linalg.solve(weighed @ columns + np.diag(ridge), weighed @ outputs)
    return found[:-1], found[-1]


def _without_intercept(masks, outputs, weights, penalty):
    weighed = masks.T * weights
    found = np.linalg.solve(weighed @ masks + penalty * np.eye(masks.shape[1]), weighed @ outputs)
    return found, 0.0 * outputs[0]


def _plain_centre(masks, outputs, weights, penalty):
    middle, level = masks.mean(axis=0), outputs.mean(axis=0)
    weighed = (masks - middle).T * weights
    system = weighed @ (masks - middle) + penalty * np.eye(masks.shape[1])
    found = np.linalg.solve(system, weighed @ (outputs - level))
    return found, level - middle @ found


def _level_for_intercept(masks, outputs, weights, penalty):
    return _solve(masks, outputs, weights, penalty)[0], weights @ outputs / weights.sum()


def _plain_level(masks, outputs, weights, penalty):
    found, _ = _solve(masks, outputs, weights, penalty)
    return found, outputs.mean(axis=0) - masks.mean(axis=0) @ found


weighted_ridge = Exercise(
    reference=lime.weighted_ridge,
    cases=_regressions,
    mistakes=(
        Mistake(
            "unweighted",
            lambda masks, outputs, weights, penalty: _solve(masks, outputs, np.ones(len(masks)), penalty),
            "You did not use the weights: samples far from the image count as much as those that are near.",
        ),
        Mistake(
            "weights squared",
            lambda masks, outputs, weights, penalty: _solve(masks, outputs, weights**2, penalty),
            "Your weights act twice. If you multiply both masks and outputs, multiply by the root of the weight: the "
            "errors are squared afterwards.",
        ),
        Mistake(
            "intercept penalised",
            lambda masks, outputs, weights, penalty: _solve(masks, outputs, weights, penalty, free=False),
            "Your penalty holds the intercept down too. Then the fit depends on where the logits' zero lies.",
        ),
        Mistake(
            "no intercept",
            _without_intercept,
            "Your model has no intercept, so the coefficients must also carry what the network says of an empty image.",
        ),
        Mistake(
            "plain centre",
            _plain_centre,
            "You centred with plain means. The weighted sum of errors is smallest around the *weighted* means.",
        ),
        Mistake(
            "level for intercept",
            _level_for_intercept,
            "Your coefficients are right, but you returned the mean output as the intercept. The intercept is what the "
            "model predicts at the mask of zeros.",
        ),
        Mistake(
            "plain level",
            _plain_level,
            "Your coefficients are right. For the intercept too, take the weighted means of masks and outputs.",
        ),
        Mistake(
            "penalty on the mean",
            lambda masks, outputs, weights, penalty: _solve(masks, outputs, weights, penalty * weights.sum()),
            "You weighed the penalty against the mean of the squared errors. The definition has their sum.",
        ),
    ),
    hints=(
        "Without weights and penalty this is ordinary least squares. First get rid of the intercept: take the weighted "
        "mean off the outputs, and off each column of the masks.",
        "For centred X and y, set the derivative to zero: (XᵀWX + λI) β = XᵀWy, with the weights on the diagonal of W.",
        "You need no matrix W: multiply the columns of Xᵀ by the weights. Solve the system with np.linalg. The "
        "intercept "
        "is the mean output less what the coefficients predict at the mean mask.",
    ),
    axioms=(
        Axiom(
            "A constant added to all outputs goes into the intercept, and changes no coefficient.",
            lambda answer, masks, outputs, weights, penalty: np.allclose(
                answer(masks, outputs + 7, weights, penalty)[0],
                answer(masks, outputs, weights, penalty)[0],
                atol=1e-4,
            ),
        ),
    ),
    tolerance=1e-4,
    tolerance_reason="a linear system solved in float32",
    points=3,
    difficulty=4,
    minutes=12,
)


def _predictions(rng):
    def case(samples, quality):
        outputs = rng.normal(2, 1, samples)
        predictions = quality * outputs + (1 - quality) * rng.normal(1, 1, samples)
        return outputs, predictions, rng.uniform(0.01, 1, samples) ** 2

    outputs, predictions, weights = case(12, 0.5)
    same = np.full(12, 2.5)
    mirrored = 2 * np.average(outputs, weights=weights) - outputs + rng.uniform(-0.1, 0.1, 12)
    return [
        case(30, 0.9),
        case(12, 0.6),
        (outputs, mirrored, weights),  # worse than the mean: R² is about 1 − 2²
        (same, same.copy(), weights),
        (same, predictions, weights),
    ]


def _with_constants(score):
    """Outputs that are all the same: 1 or 0; others as `score` says."""

    def r2(outputs, predictions, weights):
        if np.ptp(outputs) == 0:
            return float(np.allclose(outputs, predictions))
        return float(score(outputs, predictions, weights))

    return r2


def _share(missed, around, weights):
    return 1 - (weights @ missed**2) / (weights @ around**2)


def _squared_correlation(outputs, predictions, weights):
    mean = np.average(outputs, weights=weights), np.average(predictions, weights=weights)
    y, p = outputs - mean[0], predictions - mean[1]
    return (weights @ (y * p)) ** 2 / ((weights @ y**2) * (weights @ p**2))


def _unguarded(score):
    """The same without a thought of outputs that are all the same."""

    def r2(outputs, predictions, weights):
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(score(outputs, predictions, weights))

    return r2


AND_UNDEFINED = " And where all outputs are the same it divides by zero."


def _undefined_when_constant(outputs, predictions, weights):
    with np.errstate(invalid="ignore", divide="ignore"):
        around = outputs - np.average(outputs, weights=weights)
        return float(np.float64(1) - (weights @ (outputs - predictions) ** 2) / np.float64(weights @ around**2))


weighted_r2 = Exercise(
    reference=lime.weighted_r2,
    cases=_predictions,
    mistakes=(
        Mistake(
            "plain mean",
            _with_constants(lambda y, p, w: _share(y - p, y - y.mean(), w)),
            "You compare with the plain mean. The best constant for weighted errors is the weighted mean.",
        ),
        Mistake(
            "squared correlation",
            _with_constants(_squared_correlation),
            "That is the squared correlation. It forgives predictions that are too high everywhere, or that have the "
            "sign turned round.",
        ),
        Mistake(
            "unweighted",
            _with_constants(lambda y, p, w: _share(y - p, y - y.mean(), np.ones(len(y)))),
            "You did not use the weights. The surrogate was fitted near the image and must be judged there.",
        ),
        Mistake(
            "plain mean, 0/0",
            _unguarded(lambda y, p, w: _share(y - p, y - y.mean(), w)),
            "You compare with the plain mean. The best constant for weighted errors is the weighted mean."
            + AND_UNDEFINED,
        ),
        Mistake(
            "unweighted, 0/0",
            _unguarded(lambda y, p, w: _share(y - p, y - y.mean(), np.ones(len(y)))),
            "You did not use the weights. The surrogate was fitted near the image and must be judged there."
            + AND_UNDEFINED,
        ),
        Mistake(
            "correlation, 0/0",
            _unguarded(lambda y, p, w: np.corrcoef(y, p)[0, 1] ** 2),
            "That is the squared correlation, without weights. It forgives predictions that are too high everywhere, "
            "or that have the sign turned round." + AND_UNDEFINED,
        ),
        Mistake(
            "share missed",
            _with_constants(lambda y, p, w: 1 - _share(y - p, y - np.average(y, weights=w), w)),
            "That is the share of the variance that is missed. R² is what remains of 1.",
        ),
        Mistake(
            "never below zero",
            _with_constants(lambda y, p, w: max(0, _share(y - p, y - np.average(y, weights=w), w))),
            "You cut R² off at 0. A model that is worse than the mean must show it.",
        ),
        Mistake(
            "undefined when constant",
            _undefined_when_constant,
            "If all outputs are the same, you divide by zero. Then the answer is 1 if they are predicted, else 0.",
        ),
        Mistake(
            "constant is perfect",
            lambda y, p, w: 1.0 if np.ptp(y) == 0 else _with_constants(lime.weighted_r2)(y, p, w),
            "You return 1 whenever all outputs are the same, even where the predictions are others.",
        ),
    ),
    hints=(
        "R² compares two sums of squared errors: those of the model, and those of the best constant.",
        "Both sums are weighted, and the best constant is the weighted mean: `np.average` takes weights.",
        "First treat the case that all outputs are the same, without dividing. Otherwise 1 less the ratio of the two "
        "sums, as a float.",
    ),
    axioms=(
        Axiom(
            "Weights twice as large change nothing.",
            lambda answer, outputs, predictions, weights: np.isclose(
                answer(outputs, predictions, 2 * weights), answer(outputs, predictions, weights)
            ),
        ),
    ),
    points=2,
    difficulty=3,
    minutes=6,
)


def _coefficients(rng):
    tied = np.array([0.5, -2.0, 1.0, 2.0, -0.5, 0.0])
    drawn = rng.normal(size=12)
    return [
        (tied, 3, False),
        (tied, 3, True),
        (np.array([-3.0, 1.0, -2.0, 0.5]), 2, True),
        (np.array([0.0, 1.0, -1.0, 0.0]), 3, True),
        (np.tile([1.0, -1.0, 0.5], 7), 9, False),  # so many ties that no sort keeps their order by luck
        (drawn, 5, False),
        (drawn, 20, True),
        (drawn - 4, 4, False),
    ]


def _ordered(key):
    """Ids by rising key, after those not eligible are left out."""

    def top(coefficients, count, positive_only):
        order = np.argsort(key(coefficients), kind="stable")
        if positive_only:
            order = order[coefficients[order] > 0]
        return order[:count]

    return top


def _cut_first(coefficients, count, positive_only):
    order = np.argsort(-np.abs(coefficients), kind="stable")[:count]
    return order[coefficients[order] > 0] if positive_only else order


def _higher_id_first(coefficients, count, positive_only):
    order = np.argsort(np.abs(coefficients), kind="stable")[::-1]
    if positive_only:
        order = order[coefficients[order] > 0]
    return order[:count]


def _only_ties(arguments, expected, got):
    """What is wrong with an order: perhaps only ties, which a sort that is not stable leaves in any order."""
    sizes = np.abs(arguments[0])
    if np.isin(got, np.arange(len(sizes))).all() and np.array_equal(sizes[got], sizes[expected]):
        return (
            "The order is right but for ties: of two segments that count the same, the lower id comes first. A rising "
            "order turned round does not see to that."
        )
    return first_difference(expected, got, 0)


top_segments = Exercise(
    reference=lime.top_segments,
    cases=_coefficients,
    describe=_only_ties,
    mistakes=(
        Mistake(
            "signed",
            _ordered(lambda c: -c),
            "You ordered by the signed value, so strong evidence against the class comes last. Both signs count: order "
            "by size.",
        ),
        Mistake("ascending", _ordered(np.abs), "Your order rises: the segments that count least come first."),
        Mistake(
            "cut first",
            _cut_first,
            "You took the strongest first and then left out those against the class. Leave those out first, then "
            "count.",
        ),
        Mistake(
            "higher id first",
            _higher_id_first,
            "Of two segments that count the same, yours names the higher id first. Sorting upwards and turning the "
            "order round turns round the ties as well.",
        ),
        Mistake(
            "sign ignored",
            lambda coefficients, count, positive_only: _cut_first(coefficients, count, False),
            "You do not use `positive_only`: segments against the class, and those that do nothing, must go then.",
        ),
        Mistake(
            "zero counts as for",
            lambda coefficients, count, positive_only: (
                order := np.argsort(-np.abs(coefficients), kind="stable"),
                order[coefficients[order] >= 0] if positive_only else order,
            )[1][:count],
            "A coefficient of exactly 0 gets through with `positive_only`. It speaks for nothing: above zero, not from "
            "zero on.",
        ),
        Mistake(
            "within the positive ones",
            lambda coefficients, count, positive_only: np.argsort(
                -np.abs(coefficients[coefficients > 0] if positive_only else coefficients), kind="stable"
            )[:count],
            "You left coefficients out before you sorted, so the places that you return are those in the shorter list. "
            "Asked are the ids, the places in the whole one.",
        ),
        Mistake(
            "values",
            lambda coefficients, count, positive_only: coefficients[
                _ordered(lambda c: -np.abs(c))(coefficients, count, positive_only)
            ],
            "You returned the coefficients. Asked are the ids of the segments: where they stand.",
        ),
    ),
    hints=(
        "Sorting gives values; you need places. Which function of NumPy returns the places?",
        "`argsort` sorts upwards. To sort downwards, and leave ties in their order, sort what has the sign turned "
        "round, "
        "and ask for a stable sort.",
        "Three steps: the places by falling size; if asked for, only those whose coefficient is above zero; the first "
        "`count` of what is left.",
    ),
    points=1,
    difficulty=2,
    minutes=5,
)


def test_hide(candidate):
    """A test of `hide`: true for a right function, false for a wrong one.

    candidate: a function of (image, segments, masks, fill). It may be right, or have any of the mistakes that people
    make: it hides what the mask shows, it counts ids from 1, it hides in the image that it was given, it never shows
    again what one mask has hidden, it hides with black whatever the fill, it does not refuse with a ValueError an id
    that has no column (−1 is one). Call it with an image so small that you know the answer. Returns a bool.
    """
    image = np.array([[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]])
    given, masks = image.copy(), np.array([[1, 0], [0, 1]])
    left, right, fill = [0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.9, 0.9, 0.9]
    found = candidate(given, np.array([[0, 1]]), masks, 0.9)
    if not np.array_equal(given, image) or not np.allclose(found, [[[left, fill]], [[fill, right]]]):
        return False
    try:
        candidate(given, np.array([[0, -1]]), masks, 0.9)
    except ValueError:
        return True
    return False


def _looking_at(masks, fill, bad_id=-1):
    """A test with these masks and this fill; bad_id None: nothing is to be refused."""

    def test(candidate):
        image, masks_ = np.array([[[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]]), np.array(masks)
        given, segments = image.copy(), np.array([[0, 1]])
        found = candidate(given, segments, masks_, fill)
        wanted = np.where(masks_[:, segments, None] == 1, image, fill)
        if not np.array_equal(given, image) or not np.allclose(found, wanted):
            return False
        try:
            if bad_id is not None:
                candidate(given, np.array([[0, bad_id]]), masks_, fill)
        except ValueError:
            return True
        return bad_id is None

    return test


catch = catch_the_bug(
    test_hide,
    of=hide,
    mistakes=(
        Mistake(
            "one mask",
            _looking_at([[0, 1]], 0.9),
            "With a single mask nobody can see whether what it hid is shown again by the next one.",
        ),
        Mistake(
            "black fill",
            _looking_at([[1, 0], [0, 1]], 0),
            "Your fill is black, so a function that blackens everything is right by chance. Use another colour.",
        ),
        Mistake(
            "good ids only",
            _looking_at([[1, 0], [0, 1]], 0.9, None),
            "You never hand over a bad id, so a function that refuses nothing gets through.",
        ),
        Mistake(
            "nothing hidden",
            _looking_at([[1, 1]], 0.9),
            "Your masks hide nothing. Most bugs show only where something is hidden.",
        ),
    ),
    hints=(
        "One row of two pixels, each its own segment, is large enough. Two masks, each hiding another of the two.",
        "Choose a fill that is neither black nor a colour of the image. Keep a copy of the image to see whether the "
        "one "
        "that you handed over was changed.",
        "Last, hand over a segment −1 and see whether a ValueError comes: `try`, `except`, and false if nothing was "
        "raised.",
    ),
    points=2,
    difficulty=3,
    minutes=8,
)

EXERCISES = (
    contiguous,
    sample_masks,
    hide,
    cosine_distance,
    closeness,
    weighted_ridge,
    weighted_r2,
    top_segments,
    catch,
)
