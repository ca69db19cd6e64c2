"""Lesson 09, evaluation: deletion and insertion, areas, pointing games, and how alike two orders are."""

import math

import numpy as np

from cnnlearn import evaluate
from cnnlearn.exercises.catch_the_bug import catch_the_bug
from cnnlearn.exercises.exercise import Axiom, Exercise, Fixture, Mistake
from cnnlearn.exercises.fixtures import build


def _curve_cases(rng, fills):
    """Sizes that steps divide and do not; in the second and third, pixels of equal attribution."""
    sizes = ((4, 6, 6), (5, 7, 4), (3, 3, 9), (6, 5, 7))
    cases = []
    for (height, width, steps), fill in zip(sizes, fills, strict=True):
        score = Fixture("scorers.curved", (("seed", int(rng.integers(1000))), ("height", height), ("width", width)))
        cases.append([score, rng.random((height, width, 3)), rng.normal(size=(height, width)), steps, fill])
    for case in cases[1:3]:
        case[2] = np.round(2 * case[2])
    return [tuple(case) for case in cases]


def _to_delete(rng):
    return _curve_cases(rng, (0.5, rng.random(3), 0.0, rng.random((6, 5, 3))))


def _to_insert(rng):
    sizes = ((4, 6), (5, 7), (3, 3), (6, 5))
    grey, *others = ((np.full((h, w, 3), 0.5), rng.random((h, w, 3))) for h, w in sizes)
    return _curve_cases(rng, (grey[0], *(picture for _, picture in others)))


def _places(attribution, reverse_ties=False):
    order = np.argsort(attribution, axis=None, kind="stable")[::-1]  # the last of equals first
    if not reverse_ties:
        order = np.argsort(-attribution, axis=None, kind="stable")
    place = np.empty(order.size, int)
    place[order] = np.arange(order.size)
    return place.reshape(attribution.shape)


def _exchanged(predict, image, places, steps, fill, count=None, first=lambda k: 0):
    """Scores after steps 0 to `steps`; step k has exchanged the places from first(k) up to count(k)."""
    count = count or (lambda k: k * places.size // steps)
    masks = [(places >= first(k)) & (places < count(k)) for k in range(steps + 1)]
    return predict(np.stack([np.where(mask[..., None], fill, image) for mask in masks]))


def _restarted(predict, image, attribution, steps, fill):
    size = attribution.size
    return _exchanged(predict, image, _places(attribution), steps, fill, first=lambda k: max(k - 1, 0) * size // steps)


def _equal_parts(predict, image, attribution, steps, fill):
    part = attribution.size // steps
    return _exchanged(predict, image, _places(attribution), steps, fill, lambda k: k * part)


def _deleted(predict, image, attribution, steps, fill):
    return _exchanged(predict, image, _places(attribution), steps, fill)


def _without_start(predict, image, attribution, steps, fill):
    return _deleted(predict, image, attribution, steps, fill)[1:]


def _in_place(predict, image, attribution, steps, fill):
    places, scores = _places(attribution), []
    for k in range(steps + 1):
        gone = places < k * places.size // steps
        image[gone] = np.broadcast_to(fill, image.shape)[gone]
        scores.append(predict(image[None])[0])
    return np.array(scores)


def _begins_and_ends(curve, score, first, last):
    ends = build(score)(np.stack([first, np.broadcast_to(last, first.shape)]))
    return len(curve) > 1 and bool(np.allclose([curve[0], curve[-1]], ends, atol=1e-5))


def _keeps_reading_order(answer, predict, image, attribution, steps, fill):
    """The same curve for an attribution that has the same order, but no two equal values."""
    told_apart = -_places(attribution).astype(float)
    curves = (answer(predict, image, each, steps, fill) for each in (attribution, told_apart))
    return np.allclose(*curves, atol=1e-5)


KEEPS_READING_ORDER = Axiom("Pixels with equal attribution keep reading order.", _keeps_reading_order)

deletion_curve = Exercise(
    reference=evaluate.deletion_curve,
    cases=_to_delete,
    mistakes=(
        Mistake(
            "ascending",
            lambda predict, image, attribution, steps, fill: _deleted(predict, image, -attribution, steps, fill),
            "You delete the lowest attribution first. The question is how fast the score falls without what counts "
            "most.",
        ),
        Mistake(
            "restarts",
            _restarted,
            "Each of your steps begins with the whole image again, so only that step's pixels are missing. What was "
            "deleted stays deleted.",
        ),
        Mistake(
            "no step 0",
            _without_start,
            "Step 0 is missing: the score of the image itself, before anything is deleted.",
        ),
        Mistake(
            "magnitude",
            lambda predict, image, attribution, steps, fill: _deleted(predict, image, np.abs(attribution), steps, fill),
            "You ordered by |attribution|. Pixels that speak against the class are then deleted early, and the score "
            "rises.",
        ),
        Mistake(
            "ties reversed",
            lambda predict, image, attribution, steps, fill: _exchanged(
                predict, image, _places(attribution, reverse_ties=True), steps, fill
            ),
            "Pixels with equal attribution come in reverse: an ascending order was turned round. Sort −attribution, "
            "with a stable sort.",
        ),
        Mistake(
            "rest left over",
            _equal_parts,
            "Your steps are all of H·W // steps pixels, so a rest is never deleted. Step k has deleted k·H·W // steps "
            "pixels in all.",
        ),
        Mistake(
            "in place",
            _in_place,
            "You deleted from the image that you were given. Whoever called you still needs it: work on a copy.",
        ),
    ),
    hints=(
        "First find the order in which pixels go: sort the flattened attribution, highest first. Then each step is the "
        "image with the first few of them replaced.",
        "It helps to know the place of each pixel in that order: then `place < count` is a mask (H, W) of all that has "
        "gone. Give the mask a third axis, and np.where takes fill or image.",
        "argsort of −attribution with axis=None and kind='stable' gives the order; writing 0, 1, 2, … at these "
        "positions of an empty array gives the places. Stack the steps + 1 pictures and call `predict` once.",
    ),
    axioms=(
        Axiom(
            "The curve begins at the score of the image and ends at that of the fill alone.",
            lambda answer, score, image, attribution, steps, fill: _begins_and_ends(
                answer(score, image, attribution, steps, fill), score, image, fill
            ),
        ),
        Axiom(
            "Only the order of an attribution counts: doubling it changes nothing.",
            lambda answer, predict, image, attribution, steps, fill: np.allclose(
                answer(predict, image, 2 * attribution, steps, fill),
                answer(predict, image, attribution, steps, fill),
                atol=1e-5,
            ),
        ),
        KEEPS_READING_ORDER,
    ),
    points=3,
    difficulty=4,
    minutes=10,
)


def _inserted(predict, image, attribution, steps, start):
    return _deleted(predict, start, attribution, steps, image)


insertion_curve = Exercise(
    reference=evaluate.insertion_curve,
    cases=_to_insert,
    mistakes=(
        Mistake(
            "ascending",
            lambda predict, image, attribution, steps, start: _inserted(predict, image, -attribution, steps, start),
            "You insert the lowest attribution first. The highest should come first and bring the score up at once.",
        ),
        Mistake(
            "deletion reversed",
            lambda predict, image, attribution, steps, start: _deleted(predict, image, attribution, steps, start)[::-1],
            "That is a deletion curve read backwards: the pixels that count most come in last. Insertion puts them in "
            "first.",
        ),
        Mistake(
            "deletion",
            _deleted,
            "That is the deletion curve: it begins with the image. Insertion begins with `start` and ends with the "
            "image.",
        ),
        Mistake(
            "restarts",
            lambda predict, image, attribution, steps, start: _restarted(predict, start, attribution, steps, image),
            "Each of your steps begins with the empty picture again. What was inserted stays.",
        ),
        Mistake(
            "no step 0",
            lambda predict, image, attribution, steps, start: _inserted(predict, image, attribution, steps, start)[1:],
            "Step 0 is missing: the score of `start` itself, before anything of the image is seen.",
        ),
        Mistake(
            "added",
            lambda predict, image, attribution, steps, start: predict(
                np.stack(
                    [
                        start + (_places(attribution) < k * attribution.size // steps)[..., None] * image
                        for k in range(steps + 1)
                    ]
                )
            ),
            "You added the image's pixels to those of `start`. They take their place.",
        ),
    ),
    hints=(
        "The order of the pixels is that of the deletion curve. What is exchanged for what?",
        "Deletion begins with one picture and moves pixel by pixel to another. So does insertion.",
        "You may call the function that you have written: there, what is deleted from is the picture that it begins "
        "with, and what the pixels become may be a whole picture.",
    ),
    axioms=(
        Axiom(
            "The curve begins at the score of `start` and ends at that of the image.",
            lambda answer, score, image, attribution, steps, start: _begins_and_ends(
                answer(score, image, attribution, steps, start), score, start, image
            ),
        ),
        KEEPS_READING_ORDER,
    ),
    points=2,
    difficulty=2,
    minutes=4,
)


def _curves(rng):
    steps = np.array([1.0, 0.0])
    return [(curve,) for curve in (rng.random(9), steps, rng.normal(size=17), np.array([0.2, 0.9, 0.4]), rng.random(4))]


area_under = Exercise(
    reference=evaluate.area_under,
    cases=_curves,
    mistakes=(
        Mistake(
            "mean",
            lambda curve: float(curve.mean()),
            "You took the mean of the points. The first and the last point stand for half as much of the axis as the "
            "others.",
        ),
        Mistake("sum", lambda curve: float(curve.sum()), "You summed the points: the area grows with their number."),
        Mistake(
            "steps of 1",
            lambda curve: float((curve[:-1] + curve[1:]).sum() / 2),
            "Your points lie a distance of 1 apart. The whole axis has length 1, whatever the number of steps.",
        ),
        Mistake(
            "rectangles",
            lambda curve: float(curve[:-1].mean()),
            "Your rectangles have the height of their left point. A trapezoid has the mean of both of its ends.",
        ),
        Mistake(
            "rectangles from the right",
            lambda curve: float(curve[1:].mean()),
            "Your rectangles have the height of their right point. A trapezoid has the mean of both of its ends.",
        ),
        Mistake(
            "points for steps",
            lambda curve: float((curve[:-1] + curve[1:]).sum() / 2 / len(curve)),
            "You divided by the number of points. Between them lies one step fewer.",
        ),
    ),
    hints=(
        "Between two neighbouring points the area is a trapezoid: its width times the mean of its two heights.",
        "How wide is a step, if all of them together have length 1 and there is one point more than steps?",
        "Add the curve without its last point to the curve without its first, halve, sum up, and divide by the number "
        "of steps. NumPy's own trapezoid does it too, if you give it the width.",
    ),
    axioms=(
        Axiom(
            "The area under a constant curve is that constant.",
            lambda answer, curve: math.isclose(answer(np.full(curve.shape, 0.3)), 0.3, abs_tol=1e-5),
        ),
        Axiom(
            "Read backwards, a curve has the same area.",
            lambda answer, curve: math.isclose(answer(curve[::-1]), answer(curve), abs_tol=1e-5),
        ),
    ),
    points=1,
    difficulty=1,
    minutes=3,
)


def _at(shape, **values):
    """An array of zeros with some values: r1c4=2.0 stands in row 1, column 4."""
    array = np.zeros(shape)
    for place, value in values.items():
        row, column = map(int, place[1:].split("c"))
        array[row, column] = value
    return array


def _rounds(rng):
    def round_of(attribution, tolerance, rows, columns):
        mask = np.zeros((9, 11), bool)
        mask[rows, columns] = True
        return attribution, mask, tolerance

    corner = rng.normal(size=(9, 11)) - 9
    return [
        round_of(_at((9, 11), r2c3=5.0), 0, slice(1, 4), slice(2, 6)),  # on the object
        round_of(_at((9, 11), r2c3=5.0), 2, slice(5, 8), slice(2, 6)),  # 3 above it
        round_of(_at((9, 11), r1c8=5.0), 2, slice(3, 6), slice(2, 7)),  # 2 rows and 2 columns away: 2.8 pixels
        round_of(_at((9, 11), r1c8=5.0), 3, slice(3, 6), slice(2, 7)),  # the same, within reach
        round_of(_at((9, 11), r0c4=5.0), 2, slice(2, 6), slice(2, 7)),  # exactly 2 away
        round_of(_at((9, 11), r1c1=-7.0, r4c4=5.0), 0, slice(3, 6), slice(2, 7)),  # something larger speaks against it
        round_of(_at((9, 11), r0c0=5.0, r4c4=5.0), 1, slice(3, 6), slice(2, 7)),  # the first of two maxima misses
        round_of(_at((9, 11), r1c6=5.0), 0, slice(0, 3), slice(5, 9)),  # row and column exchanged would miss
        round_of(_at((9, 11), r8c10=5.0), 1, slice(0, 9), slice(9, 10)),  # beside a long object, far from its middle
        round_of(rng.normal(size=(9, 11)), 15, slice(0, 0), slice(0, 0)),  # no object
        round_of(corner, 0, slice(0, 9), slice(0, 11)),  # all is negative, and all is object
    ]


def _hit(rule=np.hypot, nearest=np.min, reach=np.less_equal, of=lambda a: a, empty=None):
    def pointing_hit(attribution, mask, tolerance):
        if not mask.any():
            return empty
        row, column = np.unravel_index(of(attribution).argmax(), attribution.shape)
        rows, columns = np.nonzero(mask)
        return bool(reach(nearest(rule(rows - row, columns - column)), tolerance))

    return pointing_hit


def _to_the_middle(attribution, mask, tolerance):
    if not mask.any():
        return None
    place = np.unravel_index(attribution.argmax(), attribution.shape)
    return bool(np.hypot(*(np.argwhere(mask).mean(axis=0) - place)) <= tolerance)


def _last_maximum(attribution, mask, tolerance):
    return evaluate.pointing_hit(attribution[::-1, ::-1], mask[::-1, ::-1], tolerance)


def _turned_over(attribution, mask, tolerance):
    if not mask.any():
        return None
    column, row = np.unravel_index(attribution.argmax(), attribution.shape)
    rows, columns = np.nonzero(mask)
    return bool(np.hypot(rows - row, columns - column).min() <= tolerance)


def _exactly_on_it(attribution, mask, tolerance):
    return evaluate.pointing_hit(attribution, mask, 0)


pointing_hit = Exercise(
    reference=evaluate.pointing_hit,
    cases=_rounds,
    mistakes=(
        Mistake(
            "empty is a hit",
            _hit(empty=True),
            "You count an empty mask as a hit. Without an object nothing can be hit: such a round is not played.",
        ),
        Mistake(
            "empty is a miss",
            _hit(empty=False),
            "You count an empty mask as a miss. No attribution could have hit: such a round is not played, it is None.",
        ),
        Mistake(
            "magnitude",
            _hit(of=np.abs),
            "You looked for the largest |attribution|. That may be the strongest evidence against the class.",
        ),
        Mistake(
            "square",
            _hit(rule=lambda rows, columns: np.maximum(np.abs(rows), np.abs(columns))),
            "Your tolerance is a square: its corners lie 1.4 times as far away. As the crow flies is √(Δrow² + "
            "Δcolumn²).",
        ),
        Mistake(
            "streets",
            _hit(rule=lambda rows, columns: np.abs(rows) + np.abs(columns)),
            "You added up rows and columns, as one walks in a town. As the crow flies is √(Δrow² + Δcolumn²).",
        ),
        Mistake(
            "no root",
            _hit(rule=lambda rows, columns: rows**2 + columns**2),
            "You compared Δrow² + Δcolumn² with the tolerance. The distance is its root.",
        ),
        Mistake(
            "rows and columns exchanged",
            _turned_over,
            "You took the row of the maximum for its column. np.unravel_index and np.nonzero give rows first.",
        ),
        Mistake(
            "below the tolerance",
            _hit(reach=np.less),
            "A maximum that is just as far away as the tolerance allows is a hit: ≤, not <.",
        ),
        Mistake(
            "to the middle",
            _to_the_middle,
            "You measured to the middle of the object. Any of its pixels may be hit: take the nearest one.",
        ),
        Mistake(
            "last maximum",
            _last_maximum,
            "You let another of several equal maxima count. Only the first in reading order does.",
        ),
        Mistake(
            "tolerance ignored",
            _exactly_on_it,
            "Your maximum has to lie on the object itself. It may lie beside it, as far as the tolerance allows.",
        ),
    ),
    hints=(
        "Three questions in turn: is there an object at all? Where is the maximum? How far is the nearest pixel of the "
        "object?",
        "argmax of an array counts in reading order and gives one number; np.unravel_index makes row and column of it. "
        "np.nonzero gives rows and columns of all the object's pixels.",
        "np.hypot of the differences of rows and of columns gives all the distances; the smallest of them decides. "
        "Return a Python bool, or None.",
    ),
    axioms=(
        Axiom(
            "With room enough everything hits.",
            lambda answer, attribution, mask, tolerance: (
                not mask.any() or answer(attribution, mask, float(sum(mask.shape))) is True
            ),
        ),
    ),
    points=2,
    difficulty=3,
    minutes=7,
)


def _cells(rng):
    return [
        (rng.normal(size=(8, 8)), (0, 1), (2, 2)),
        (rng.normal(size=(6, 12)), (1, 2), (2, 3)),
        (rng.normal(size=(12, 6)), (2, 0), (3, 2)),
        (-rng.random((4, 4)), (1, 1), (2, 2)),
        (rng.random((9, 9)), (2, 1), (3, 3)),
        (np.pad(rng.random((4, 4)), ((0, 4), (4, 0))), (0, 1), (2, 2)),
    ]


def _cell_of(array, cell, grid):
    height, width = array.shape[0] // grid[0], array.shape[1] // grid[1]
    return array[cell[0] * height : (cell[0] + 1) * height, cell[1] * width : (cell[1] + 1) * width]


def _share_of(change, none=None, exchange=False):
    def grid_share(attribution, cell, grid):
        changed = change(attribution)
        if not (attribution > 0).any():
            return none
        place = cell[::-1] if exchange else cell
        return float(_cell_of(changed, place, grid).sum() / changed.sum())

    return grid_share


def _positive(attribution):
    return np.maximum(attribution, 0)


def _by_mean(attribution, cell, grid):
    positive = _positive(attribution)
    return float(_cell_of(positive, cell, grid).mean() / positive.mean()) if positive.any() else None


def _exchanged_grid(attribution, cell, grid):
    positive = _positive(attribution)
    if not positive.any():
        return None
    return float(_cell_of(positive, cell, grid[::-1]).sum() / positive.sum())


grid_share = Exercise(
    reference=evaluate.grid_share,
    cases=_cells,
    mistakes=(
        Mistake(
            "signed",
            _share_of(lambda attribution: attribution),
            "You counted negative values too. The sum may then be near zero, and the share anything at all.",
        ),
        Mistake(
            "magnitude",
            _share_of(np.abs),
            "You took |attribution|. Evidence against the class in another cell is right there, and must not count.",
        ),
        Mistake(
            "cell transposed",
            _share_of(_positive, exchange=True),
            "Row and column of the cell are exchanged: the row comes first.",
        ),
        Mistake(
            "grid transposed",
            _exchanged_grid,
            "Rows and columns of the grid are exchanged: H is divided by the number of rows.",
        ),
        Mistake(
            "zero for none",
            _share_of(_positive, none=0.0),
            "Where nothing is positive you returned 0, as if all of it lay elsewhere. There is nothing to share out: "
            "None.",
        ),
        Mistake(
            "counted",
            _share_of(lambda attribution: (attribution > 0).astype(float)),
            "You counted the positive pixels. Add up what they hold: a strong one counts for more.",
        ),
        Mistake(
            "mean",
            _by_mean,
            "You divided means: chance is 1 then, and not one over the number of cells. Divide sums.",
        ),
    ),
    hints=(
        "Drop what is negative first. Then one sum is divided by another.",
        "A cell is H // rows high and W // columns wide. Where does row r of the grid begin, and where does it end?",
        "Slice the cell out of the positive part: rows from row · height on, columns from column · width on. Ask "
        "whether anything is positive before you divide.",
    ),
    axioms=(
        Axiom(
            "The shares of all cells add up to 1.",
            lambda answer, attribution, cell, grid: (
                not (attribution > 0).any()
                or math.isclose(sum(answer(attribution, c, grid) for c in np.ndindex(grid)), 1, abs_tol=1e-5)
            ),
        ),
    ),
    points=1,
    difficulty=2,
    minutes=5,
)


def _pairs_of_orders(rng):
    a, b = rng.normal(size=(2, 9))
    tied = rng.integers(0, 4, (2, 5, 6)).astype(float)
    return [
        (a, b),
        (a, np.exp(3 * a)),
        (a, -np.exp(a)),
        (tied[0], tied[1]),
        (np.full(6, 0.1), rng.normal(size=6)),
        (rng.normal(size=(4, 4)), np.maximum(rng.normal(size=(4, 4)), 0)),
        (np.array([5.0, 7.0, 7.0]), np.array([1.0, 3.0, 2.0])),
    ]


def _pearson(a, b):
    a, b = (x.ravel() - x.mean() for x in (a, b))
    spread = math.sqrt((a @ a) * (b @ b))
    return float(a @ b / spread) if spread > 1e-12 else math.nan


def _by_ranks(ranks):
    return lambda a, b: _pearson(ranks(a.ravel()), ranks(b.ravel()))


def _pearson_by_numpy(a, b):
    with np.errstate(all="ignore"):
        return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])


def _by_order(values):
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _shared_ranks(values):
    return ((values[:, None] > values).sum(axis=1) + (values[:, None] >= values).sum(axis=1) + 1) / 2


def _without_ties(a, b):
    ranks = _shared_ranks(a.ravel()), _shared_ranks(b.ravel())
    n = a.size
    return float(1 - 6 * ((ranks[0] - ranks[1]) ** 2).sum() / (n * (n**2 - 1)))


def _zero_if_constant(a, b):
    found = _by_ranks(_shared_ranks)(a, b)
    return 0.0 if math.isnan(found) else found


rank_correlation = Exercise(
    reference=evaluate.rank_correlation,
    cases=_pairs_of_orders,
    mistakes=(
        Mistake(
            "Pearson",
            _pearson,
            "That is the correlation of the values themselves (Pearson's). One large value decides it; ranks know no "
            "size.",
        ),
        Mistake(
            "Pearson, by NumPy",
            _pearson_by_numpy,
            "That is the correlation of the values themselves (Pearson's). One large value decides it; ranks know no "
            "size.",
        ),
        Mistake(
            "ties by order",
            _by_ranks(_by_order),
            "Your equal numbers have different ranks, by where they stand. They share the mean of the places they take "
            "up.",
        ),
        Mistake(
            "ties by an unstable order",
            _by_ranks(lambda x: x.argsort().argsort().astype(float)),
            "You sorted twice, so equal numbers have different ranks. They share the mean of the places they take up.",
        ),
        Mistake(
            "sorted once",
            _by_ranks(lambda x: x.argsort().astype(float)),
            "argsort tells which number stands at each place of the order. A rank is the other way round: at which "
            "place each number stands.",
        ),
        Mistake(
            "lowest rank for ties",
            _by_ranks(lambda x: (x[:, None] > x).sum(axis=1).astype(float)),
            "Your equal numbers all have the lowest of their places. They share the mean of the places they take up.",
        ),
        Mistake(
            "highest rank for ties",
            _by_ranks(lambda x: (x[:, None] >= x).sum(axis=1).astype(float)),
            "Your equal numbers all have the highest of their places. They share the mean of the places they take up.",
        ),
        Mistake(
            "dense ranks",
            _by_ranks(lambda x: np.unique(x, return_inverse=True)[1].astype(float)),
            "Your ranks count distinct values, so three equal numbers take up one place. They take up three.",
        ),
        Mistake(
            "formula without ties",
            _without_ties,
            "The formula 1 − 6Σd²/(n³ − n) holds only where no two numbers are equal. Take Pearson's of the ranks.",
        ),
        Mistake(
            "sign dropped",
            lambda a, b: abs(_by_ranks(_shared_ranks)(a, b)),
            "You dropped the sign. Two maps that order the pixels the other way round are at −1, not at 1.",
        ),
        Mistake(
            "zero for constant",
            _zero_if_constant,
            "For a constant you returned 0. It has no order, so nothing can be said: NaN.",
        ),
    ),
    hints=(
        "Two steps: turn each array into ranks, then correlate the ranks as you would any two lists of numbers.",
        "np.unique with return_inverse and return_counts tells for each number which distinct value it is, and how "
        "often each occurs. The cumulated counts are the last places of the values.",
        "A value that occurs c times and whose last place is p has the rank p − (c − 1)/2. Correlation: take off the "
        "means, divide the dot product of both by the root of the product of their own. Ask whether that is zero.",
    ),
    axioms=(
        Axiom(
            "Only the order counts: squeezing the values, all in the same way, changes nothing.",
            lambda answer, a, b: np.isclose(answer(np.tanh(a / 4), b), answer(a, b), atol=1e-5, equal_nan=True),
        ),
        Axiom(
            "It does not matter in which order the pairs stand.",
            lambda answer, a, b: np.isclose(
                answer(a.ravel()[::-1], b.ravel()[::-1]), answer(a, b), atol=1e-5, equal_nan=True
            ),
        ),
        Axiom(
            "It does not matter which comes first.",
            lambda answer, a, b: np.isclose(answer(b, a), answer(a, b), atol=1e-5, equal_nan=True),
        ),
    ),
    points=2,
    difficulty=4,
    minutes=9,
)


def test_pointing_hit(candidate):
    """A test of `pointing_hit`: true for a right function, false for a wrong one.

    candidate: a function of (attribution, mask, tolerance). It may be right, or have any of the mistakes that people
    make, public libraries among them: an empty mask counts as a hit or as a miss; |attribution| is asked; the tolerance
    is a square, is ignored, is measured along rows and columns, or has to be undercut; the distance is not rooted, or
    that to the middle of the object; rows and columns are exchanged; of two maxima the last counts. Play a few rounds
    whose outcome you know. Returns a bool.
    """
    attribution, mask = np.zeros((7, 7)), np.zeros((7, 7), bool)
    attribution[0, 0], attribution[3, 4], attribution[6, 6] = -9, 5, 5
    mask[:2, :3] = True
    outcomes = [candidate(attribution, mask, tolerance) for tolerance in (2, math.hypot(2, 2), 3.5)]
    return outcomes == [False, True, True] and candidate(attribution, mask & False, 3) is None


def _few_rounds(*rounds):
    """A test that plays rounds on one object: place of the maximum, tolerance, outcome."""

    def test(candidate):
        mask = np.zeros((7, 7), bool)
        mask[2:4, 2:4] = True
        found = []
        for place, tolerance, _ in rounds:
            attribution = np.zeros((7, 7))
            attribution[place] = 1
            found.append(candidate(attribution, mask, tolerance))
        return found == [outcome for *_, outcome in rounds]

    return test


catch = catch_the_bug(
    test_pointing_hit,
    of=pointing_hit,
    mistakes=(
        Mistake(
            "in line with the object",
            _few_rounds(((2, 3), 1, True), ((1, 2), 1, True), ((0, 3), 1, False)),
            "Your maxima lie on the object or straight above it. There, distances measured in other ways agree.",
        ),
        Mistake(
            "empty mask only",
            lambda candidate: candidate(np.eye(3), np.zeros((3, 3), bool), 1) is None,
            "You test the empty mask alone. All that is measured wrongly gets through.",
        ),
        Mistake(
            "no empty mask",
            lambda candidate: test_pointing_hit(lambda a, mask, t: candidate(a, mask, t) if mask.any() else None),
            "You never try an empty mask, the case in which a public library counts a hit.",
        ),
    ),
    hints=(
        "Each of the bugs needs a round that it gets wrong. Some can share one: a maximum that lies two rows and two "
        "columns from the object is 2.83 pixels away, or 2 by the square, or 4 by rows and columns.",
        "Put a large negative value on the object, and two equal maxima, the first nearer. Then play the same picture "
        "with a tolerance that is too small, one that is just enough, and one that is ample.",
        "The middle of an object lies farther away than its edge: with the ample tolerance only the edge is in reach. "
        "An object off the diagonal shows exchanged rows and columns. Do not forget the round without an "
        "object, and ask for None with `is`.",
    ),
    points=2,
    difficulty=3,
    minutes=8,
)


EXERCISES = (
    deletion_curve,
    insertion_curve,
    area_under,
    pointing_hit,
    grid_share,
    rank_correlation,
    catch,
)
