"""Lesson 01, what catches the eye: colours, contrast, peaks, the winner and the path of the eye, and looking for."""

import numpy as np

from cnnlearn import saliency
from cnnlearn.cam import resize_bilinear
from cnnlearn.exercises.exercise import Axiom, Exercise, Mistake


def _images(rng):
    # Shade, and darkness with a trace of colour in it; black, where there is nothing to divide by.
    dark = rng.random((6, 5, 3)) * rng.choice([0.0, 0.04, 0.4, 1.0], size=(6, 5, 1))
    dark[0, 0], dark[0, 1], dark[0, 2] = 0, 1, (0.05, 0, 0)
    return [(rng.random((4, 7, 3)),), (dark,), (0.3 * dark,), (np.zeros((2, 2, 3)),), (np.full((2, 3, 3), 0.4),)]


def _opposed(intensity, hues, rectified=True, blue_in_yellow=1, difference_in_yellow=1):
    r, g, b = np.moveaxis(hues, -1, 0)
    colours = [r - (g + b) / 2, g - (r + b) / 2, b - (r + g) / 2]
    colours.append((r + g) / 2 - difference_in_yellow * np.abs(r - g) / 2 - blue_in_yellow * b)
    red, green, blue, yellow = (np.maximum(c, 0) if rectified else c for c in colours)
    return intensity, red - green, blue - yellow


def _hues(image, intensity, least):
    seen = intensity > least
    return np.where(seen[..., None], image / np.where(seen, intensity, 1)[..., None], 0)


def _right_hues(image) -> tuple[np.ndarray, np.ndarray]:
    intensity = image.mean(axis=-1)
    return intensity, _hues(image, intensity, intensity.max() / 10)


def _right(image):
    return _opposed(*_right_hues(image))


def _changed(change):
    return lambda image: change(*_right(image))


def _zero_by_zero(image):
    intensity = image.mean(axis=-1)
    with np.errstate(invalid="ignore"):
        return _opposed(intensity, image / intensity[..., None])


def _other_intensity(image, intensity):
    return _opposed(intensity, _hues(image, intensity, intensity.max() / 10))


opponency = Exercise(
    reference=saliency.opponency,
    cases=_images,
    mistakes=(
        Mistake(
            "yellow without blue",
            lambda image: _opposed(*_right_hues(image), blue_in_yellow=0),
            "Your yellow does not lose by blue: − b is missing at its end. White would look yellow.",
        ),
        Mistake(
            "yellow without a difference",
            lambda image: _opposed(*_right_hues(image), difference_in_yellow=0),
            "Your yellow lacks − |r − g|/2. Red alone, or green alone, would look half yellow.",
        ),
        Mistake(
            "differences rectified",
            _changed(lambda i, rg, by: (i, np.maximum(rg, 0), np.maximum(by, 0))),
            "You cut off the negative part of the differences too. They keep it: below zero is green, or yellow.",
        ),
        Mistake(
            "magnitudes",
            _changed(lambda i, rg, by: (i, np.abs(rg), np.abs(by))),
            "You took the magnitude of the differences. They keep their sign: below zero is green, or yellow.",
        ),
        Mistake(
            "yellow minus blue",
            _changed(lambda i, rg, by: (i, rg, -by)),
            "Your last map is Y − B. It should be B − Y, positive where it is blue.",
        ),
        Mistake(
            "no intensity in the dark",
            _changed(lambda i, rg, by: (np.where(i > i.max() / 10, i, 0), rg, by)),
            "You set the intensity to zero in the dark too. Only the hues go: how bright a pixel is, is known there.",
        ),
        Mistake(
            "not rectified",
            lambda image: _opposed(*_right_hues(image), rectified=False),
            "Your colours go below zero. A cell for red that sees green is silent, it does not fire backwards: set "
            "each colour to zero where it is negative, before you take the differences.",
        ),
        Mistake(
            "no threshold",
            lambda image: _opposed(image.mean(axis=-1), _hues(image, image.mean(axis=-1), 0)),
            "You divide by I in the dark too. There a trace of colour, often only noise, becomes a full hue. Hues "
            "count where I is above a tenth of its largest value.",
        ),
        Mistake(
            "fixed threshold",
            lambda image: _opposed(image.mean(axis=-1), _hues(image, image.mean(axis=-1), 0.1)),
            "Your threshold is the number 0.1. It should be a tenth of the largest intensity in this image, or a dark "
            "photograph loses all its colours.",
        ),
        Mistake(
            "0/0",
            _zero_by_zero,
            "Where the image is black you divide 0 by 0, which is NaN. Below the threshold all hues are zero.",
        ),
        Mistake(
            "not divided",
            lambda image: _opposed(image.mean(axis=-1), image),
            "You took r, g and b as they are. Divide them by I first: a red apple in the shade is as red as in the "
            "sun.",
        ),
        Mistake(
            "weighed intensity",
            lambda image: _other_intensity(image, image @ np.array([0.299, 0.587, 0.114])),
            "Your intensity weighs green most, as television does. In this model the three channels count the same.",
        ),
        Mistake(
            "brightest channel",
            lambda image: _other_intensity(image, image.max(axis=-1)),
            "Your intensity is the largest of r, g and b. It is their mean.",
        ),
        Mistake(
            "turned round",
            _changed(lambda i, rg, by: (i, -rg, -by)),
            "Your differences are turned round: R − G is positive where it is red, B − Y where it is blue.",
        ),
    ),
    hints=(
        "Three steps: the intensity; the three channels divided by it, where there is light enough; four colours and "
        "their two differences.",
        "Find out first where the light is enough: an array of booleans. Dividing by 1 elsewhere, and multiplying by "
        "the booleans, avoids 0/0.",
        "np.moveaxis(hues, -1, 0) gives three planes, which can be unpacked into r, g and b. From there on copy the "
        "formulas, and rectify all four colours with np.maximum before you subtract.",
    ),
    axioms=(
        Axiom(
            "Half the light halves the intensity and leaves the colours as they are.",
            lambda answer, image: all(
                np.allclose(half, whole * share, atol=1e-5)
                for half, whole, share in zip(answer(image / 2), answer(image), (0.5, 1, 1), strict=True)
            ),
        ),
    ),
    points=2,
    difficulty=3,
    minutes=8,
)


def _pyramids(rng):
    # The last surround is a single cell: it fits any size.
    even = [(16, 24), (8, 12), (4, 6), (2, 3), (1, 2)]
    odd = [(9, 14), (5, 7), (3, 4), (2, 2), (1, 1)]
    places = ((even, 0, 2), (even, 1, 3), (odd, 1, 2), (odd, 0, 3), (odd, 1, 4))
    return [([rng.normal(size=shape).round(1) for shape in shapes], c, s) for shapes, c, s in places]


def _compared(resized):
    """|c − s| with another way of bringing s to c's size: resized(surround, height, width)."""
    return lambda pyramid, center, surround: np.abs(
        pyramid[center] - resized(pyramid[surround], *pyramid[center].shape)
    )


def _nearest(array, height, width):
    rows, columns = (np.arange(new) * old // new for new, old in zip((height, width), array.shape, strict=True))
    return array[rows][:, columns]


def _corner_aligned(array, height, width):
    def along_rows(rows, count):
        at = np.arange(count) * (len(rows) - 1) / max(count - 1, 1)
        low = np.floor(at).astype(int)
        share = (at - low)[:, None]
        return (1 - share) * rows[low] + share * rows[np.minimum(low + 1, len(rows) - 1)]

    return along_rows(along_rows(array, height).T, width).T


center_surround = Exercise(
    reference=saliency.center_surround,
    cases=_pyramids,
    mistakes=(
        Mistake(
            "sign kept",
            lambda pyramid, center, surround: (
                pyramid[center] - resize_bilinear(pyramid[surround], *pyramid[center].shape)
            ),
            "You kept the sign. A dark spot in the light stands out as much as a light spot in the dark: take the "
            "magnitude.",
        ),
        Mistake(
            "rectified",
            lambda pyramid, center, surround: np.maximum(
                pyramid[center] - resize_bilinear(pyramid[surround], *pyramid[center].shape), 0
            ),
            "You kept only places that are brighter than what lies around them. A dark spot in the light stands out as "
            "much: take the magnitude.",
        ),
        Mistake(
            "not resized",
            _compared(lambda array, height, width: array),
            "You subtract arrays of two sizes. Bring the surround to the size of the centre first.",
        ),
        Mistake(
            "levels swapped",
            lambda pyramid, center, surround: _compared(resize_bilinear)(pyramid, surround, center),
            "Your result has the size of the coarse level. The fine level keeps its size, and the coarse one is "
            "enlarged: what is small would be lost otherwise.",
        ),
        Mistake(
            "nearest",
            _compared(_nearest),
            "You repeated the cells of the surround. The steps between them would look like contrast: interpolate.",
        ),
        Mistake(
            "corners aligned",
            _compared(_corner_aligned),
            "Your interpolation lays corner centres on corner centres, which moves the surround by up to half a cell. "
            "`resize_bilinear` goes by the true centres.",
        ),
        Mistake(
            "counted from the centre",
            lambda pyramid, center, surround: _compared(resize_bilinear)(pyramid, center, center + surround),
            "You took `surround` as a distance from the centre. It is the number of a level.",
        ),
    ),
    hints=(
        "Two levels, two sizes. Which of them has to change, if small things are not to be lost?",
        "`resize_bilinear(array, height, width)` enlarges the coarse level. Its new height and width are those of the "
        "fine one.",
        "The shape of an array unpacks into height and width. The comparison is the absolute value of the difference, "
        "by np.abs.",
    ),
    axioms=(
        Axiom(
            "A pyramid that is the same everywhere has no contrast.",
            lambda answer, pyramid, center, surround: np.allclose(
                answer([np.full(level.shape, 0.7) for level in pyramid], center, surround), 0, atol=1e-6
            ),
        ),
    ),
    points=1,
    difficulty=2,
    minutes=4,
)


def _feature_maps(rng):
    lone = np.zeros((7, 9))
    lone[3, 4], lone[3, 5] = 2, 1
    tied = rng.random((6, 8))
    tied[1, 1] = tied[4, 6] = 1.5
    plateau = rng.integers(0, 4, (9, 9)).astype(float)
    flat = np.full((4, 5), 0.3)
    wide = rng.random((7, 7))
    wide[2, 3:5] = 2  # the highest is a plateau, and no local maximum
    return [(rng.random((12, 9)) + 2,), (lone,), (tied,), (plateau,), (flat,), (3 * rng.random((5, 5)),), (wide,)]


def _peaks(scaled, strict=True, neighbours=8, borders=True):
    height, width = scaled.shape
    padded = np.pad(scaled, 1, constant_values=-np.inf)
    shifts = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1) and (neighbours == 8 or 1 in (i, j))]
    around = np.max([padded[i : i + height, j : j + width] for i, j in shifts], axis=0)
    found = scaled > around if strict else scaled >= around
    return np.sort(found[1:-1, 1:-1] * scaled[1:-1, 1:-1] if not borders else found * scaled, axis=None)


def _promoted(factor=lambda mean: (1 - mean) ** 2, others=None, base=None, **kinds):
    """N(.) with one thing changed: the factor, which peaks are the others, what is scaled and how, what a peak is."""

    def promote(feature_map):
        span = np.ptp(feature_map)
        if span == 0:
            return np.zeros(feature_map.shape)
        scaled = (feature_map - feature_map.min()) / span
        shown = base(feature_map) if base else scaled
        peaks = _peaks(scaled, **kinds)
        peaks = peaks[peaks > 0]
        rest = others(peaks, scaled) if others else (peaks[:-1] if peaks.size and peaks[-1] == 1 else peaks)
        return shown * factor(rest.mean() if rest.size else 0)

    return promote


def _flat_is_nan(feature_map):
    if np.ptp(feature_map) == 0:
        return np.full(feature_map.shape, np.nan)  # 0/0
    return _promoted()(feature_map)


promote_peaks = Exercise(
    reference=saliency.promote_peaks,
    cases=_feature_maps,
    mistakes=(
        Mistake(
            "mean of the map",
            _promoted(others=lambda peaks, scaled: scaled.ravel()),
            "Your m is the mean of the whole map. Only local maxima count: the question is how many rivals a peak has.",
        ),
        Mistake(
            "the highest included",
            _promoted(others=lambda peaks, scaled: peaks),
            "The highest peak itself is in your mean. A lone peak would then be multiplied by (1 − 1)², and vanish.",
        ),
        Mistake(
            "ties left out",
            _promoted(others=lambda peaks, scaled: peaks[peaks < 1]),
            "You left out all peaks of the value 1. Two that are equally high are rivals: leave out a single one.",
        ),
        Mistake(
            "always one left out",
            _promoted(others=lambda peaks, scaled: peaks[:-1]),
            "You always leave out one peak. Where the highest value fills several cells it is no local maximum: none "
            "of the peaks has the value 1, and all of them count.",
        ),
        Mistake("not squared", _promoted(lambda mean: 1 - mean), "Your factor is 1 − m. It is (1 − m), squared."),
        Mistake(
            "mean squared",
            _promoted(lambda mean: 1 - mean**2),
            "Your factor is 1 − m². The square belongs to the difference: (1 − m)².",
        ),
        Mistake(
            "0/0",
            _flat_is_nan,
            "A map that is the same everywhere has the span 0, and 0/0 is NaN. Nothing stands out there: zeros.",
        ),
        Mistake(
            "raw values",
            _promoted(base=lambda feature_map: feature_map),
            "You multiplied the map as it came. Scale it to [0, 1] first, or the map with the largest unit wins.",
        ),
        Mistake(
            "divided by the largest",
            _promoted(base=lambda feature_map: feature_map / feature_map.max()),
            "You divided by the largest value only. The smallest must become 0: subtract it first.",
        ),
        Mistake(
            "four neighbours",
            _promoted(neighbours=4),
            "Your peaks are compared with four neighbours. Those across the corners count too: eight.",
        ),
        Mistake(
            "borders left out",
            _promoted(borders=False),
            "You look for peaks inside only. A peak may lie on the border, where it has fewer neighbours.",
        ),
        Mistake(
            "not strict",
            _promoted(strict=False),
            "You count cells that equal a neighbour. A local maximum is larger than each of its neighbours, or a "
            "plateau would count as many peaks.",
        ),
    ),
    hints=(
        "Four steps: scale to [0, 1]; find the cells that are larger than all their neighbours; drop one of them that "
        "is 1, if there is one; multiply the map by (1 − mean of the rest)².",
        "Pad the scaled map by one cell of something small, −1 say. The neighbours of all cells at once are then eight "
        "shifted pieces of the padded map, each of the map's own size.",
        "Two loops over 0, 1, 2 give the shifts; leave out the middle one. Combine the eight comparisons with np.all "
        "along the first axis, and sort the values of the peaks: if the last of them is 1, it is dropped.",
    ),
    axioms=(
        Axiom(
            "A map twice as strong, or raised by a constant, gives the same.",
            lambda answer, feature_map: np.allclose(answer(2 * feature_map + 1), answer(feature_map), atol=1e-4),
        ),
    ),
    points=3,
    difficulty=4,
    minutes=10,
)


def _maps(rng):
    tied = rng.integers(0, 3, (4, 6)).astype(float)
    tied[1, 4] = tied[2, 1] = 3  # the first in reading order is not the one that lies farther left
    return [(rng.random((5, 8)),), (tied,), (-rng.random((3, 4)) - 1,), (rng.normal(size=(7, 3)),), (np.zeros((2, 3)),)]


def _place(flat, saliency_map):
    row, column = np.unravel_index(flat, saliency_map.shape)
    return int(row), int(column)


winner_take_all = Exercise(
    reference=saliency.winner_take_all,
    cases=_maps,
    mistakes=(
        Mistake(
            "column first",
            lambda saliency: _place(saliency.argmax(), saliency)[::-1],
            "You returned (column, row). In arrays the row comes first, unlike x and y.",
        ),
        Mistake(
            "flat index",
            lambda saliency: int(saliency.argmax()),
            "argmax numbers all cells in one line. Turn its number into a row and a column.",
        ),
        Mistake(
            "smallest",
            lambda saliency: _place(saliency.argmin(), saliency),
            "That is where the map is smallest. The winner takes all.",
        ),
        Mistake(
            "last of equals",
            lambda saliency: _place(saliency.size - 1 - saliency.ravel()[::-1].argmax(), saliency),
            "Of equal largest values you took the last. The first in reading order wins.",
        ),
        Mistake(
            "magnitude",
            lambda saliency: _place(np.abs(saliency).argmax(), saliency),
            "You looked for the largest magnitude. A very negative value is not a large one.",
        ),
        Mistake(
            "all of equals",
            lambda saliency: np.argwhere(saliency == saliency.max()),
            "You returned all places with the largest value. The eye goes to one: the first in reading order.",
        ),
        Mistake(
            "where",
            lambda saliency: np.where(saliency == saliency.max()),
            "np.where gives two arrays, the rows and the columns of all places with the largest value. Two integers "
            "are asked for, one place.",
        ),
        Mistake(
            "columns first among equals",
            lambda saliency: _place(saliency.T.argmax(), saliency.T)[::-1],
            "Of equal largest values you took the one that lies farthest left. In reading order the upper row comes "
            "first.",
        ),
        Mistake(
            "row and column apart",
            lambda saliency: (int(saliency.max(axis=1).argmax()), int(saliency.max(axis=0).argmax())),
            "You look for the best row and for the best column apart. With two equal largest values that makes a place "
            "of the row of one and the column of the other.",
        ),
        Mistake(
            "divided by the height",
            lambda saliency: divmod(int(saliency.argmax()), saliency.shape[0]),
            "You divided argmax's number by the number of rows. A row holds as many cells as there are columns.",
        ),
    ),
    hints=(
        "The place of the largest value is asked for, not the value.",
        "The method `argmax` of an array gives a place, counted in reading order as if all rows stood in one line.",
        "np.unravel_index turns such a number, with the shape of the map, into a row and a column. Make them integers "
        "of Python with int.",
    ),
    points=1,
    difficulty=1,
    minutes=3,
)


def _maps_and_places(rng):
    # At radius 5 cells lie exactly on the rim (3, 4 and 5 make a right angle); radius 0 is the cell alone.
    places = ((9, 12, (4, 6), 2), (12, 14, (6, 5), 5), (6, 9, (0, 7), 2.5), (4, 4, (3, 1), 0), (5, 7, (2, 6), 3))
    return [(rng.random((h, w)) + 0.1, point, radius) for h, w, point, radius in places]


def _distances(saliency, point):
    rows, columns = np.indices(saliency.shape)
    return np.hypot(rows - point[0], columns - point[1])


def _in_a_square(saliency, point, radius):
    rows, columns = np.indices(saliency.shape)
    return np.where(np.maximum(abs(rows - point[0]), abs(columns - point[1])) <= radius, 0, saliency)


def _by_slices(saliency, point, radius):
    left = saliency.copy()
    left[point[0] - radius : point[0] + radius + 1, point[1] - radius : point[1] + radius + 1] = 0
    return left


def _in_place(saliency, point, radius):
    saliency[_distances(saliency, point) <= radius] = 0
    return saliency


inhibit = Exercise(
    reference=saliency.inhibit,
    cases=_maps_and_places,
    mistakes=(
        Mistake(
            "square",
            _in_a_square,
            "You cleared a square. Its corners are farther from the point than the radius: the eye sees in a disc.",
        ),
        Mistake(
            "slices",
            _by_slices,
            "You cleared a square by slices. Its corners are farther away than the radius. And a slice that begins "
            "before the border begins at a negative index, which counts from the other end.",
        ),
        Mistake(
            "in place",
            _in_place,
            "You wrote the zeros into the map that you were given. Whoever draws it afterwards finds holes in it: "
            "make a new one.",
        ),
        Mistake(
            "row and column swapped",
            lambda saliency, point, radius: np.where(_distances(saliency, point[::-1]) <= radius, 0, saliency),
            "You took the point as (column, row). Rows come first.",
        ),
        Mistake(
            "rim kept",
            lambda saliency, point, radius: np.where(_distances(saliency, point) < radius, 0, saliency),
            "Cells at exactly the radius are still there. They belong to the disc: at most, not less than.",
        ),
        Mistake(
            "turned round",
            lambda saliency, point, radius: np.where(_distances(saliency, point) <= radius, saliency, 0),
            "You kept the disc and cleared the rest. What has been looked at loses its pull.",
        ),
        Mistake(
            "city blocks",
            lambda saliency, point, radius: np.where(
                sum(abs(x - p) for x, p in zip(np.indices(saliency.shape), point, strict=True)) <= radius, 0, saliency
            ),
            "You added how many rows and how many columns a cell lies away. As the crow flies it is the root of the "
            "sum of their squares.",
        ),
        Mistake(
            "radius not squared",
            lambda saliency, point, radius: np.where(_distances(saliency, point) ** 2 <= radius, 0, saliency),
            "You compare a squared distance with a radius that is not squared.",
        ),
    ),
    hints=(
        "For each cell you need its distance to the point. Pythagoras: the squares of how many rows and how many "
        "columns it lies away, added.",
        "np.indices(shape) gives two arrays, the row and the column of each cell. With them all distances come at "
        "once.",
        "np.where takes a condition, the value where it holds and the value where it does not, and makes a new array. "
        "Compare squares with squares, and no root is needed.",
    ),
    axioms=(
        Axiom(
            "To inhibit a place twice is to inhibit it once.",
            lambda answer, saliency, point, radius: np.allclose(
                answer(answer(saliency, point, radius), point, radius), answer(saliency, point, radius)
            ),
        ),
    ),
    points=1,
    difficulty=2,
    minutes=4,
)


def _paths(rng):
    two = np.zeros((6, 9))
    two[1, 2], two[4, 7] = 1, 3
    return [
        (rng.random((9, 12)), 4, 3),
        (rng.random((6, 6)), 30, 1),
        (two, 5, 2),
        (rng.normal(size=(5, 8)), 40, 0.5),
        (np.zeros((3, 4)), 3, 1),
        (-rng.random((3, 5)), 3, 1),
    ]


def _walk(step, goes_on=lambda largest: largest > 0):
    """A scanpath whose next map is step(map, original, place, radius)."""

    def walk(original, fixations, radius):
        path, current = [], original
        while len(path) < fixations and goes_on(current.max()):
            path.append(_place(current.argmax(), current))
            current = step(current, original, path[-1], radius)
        return np.array(path, int).reshape(-1, 2)

    return walk


def _next(current, original, place, radius):
    return saliency.inhibit(current, place, radius)


def _largest_cells(original, fixations, radius):
    order = np.argsort(-original, axis=None, kind="stable")[:fixations]
    order = order[original.ravel()[order] > 0]
    return np.stack(np.unravel_index(order, original.shape), axis=-1).reshape(-1, 2)


scanpath = Exercise(
    reference=saliency.scanpath,
    cases=_paths,
    mistakes=(
        Mistake(
            "no inhibition",
            _walk(lambda current, original, place, radius: current),
            "Your eye stays where it is: nothing inhibits the winner, so it wins for ever.",
        ),
        Mistake(
            "no inhibition, no end",
            _walk(lambda current, original, place, radius: current, lambda largest: True),
            "Your eye stays where it is: nothing inhibits the winner, so it wins for ever.",
        ),
        Mistake(
            "ends at zero only",
            _walk(_next, lambda largest: largest != 0),
            "Your path ends where the largest value is zero. It may be below zero: go on only while it is above.",
        ),
        Mistake(
            "the original inhibited",
            _walk(lambda current, original, place, radius: saliency.inhibit(original, place, radius)),
            "You inhibit the original map each time, so only the last place is forgotten. The eye goes to and fro "
            "between two places. Go on with the map that `inhibit` returned.",
        ),
        Mistake(
            "never ends",
            _walk(_next, lambda largest: True),
            "Your path goes on where nothing positive is left. It then goes to the first zero of the map.",
        ),
        Mistake(
            "largest cells",
            _largest_cells,
            "You took the n largest cells. They lie side by side on the same thing: inhibit its surroundings before "
            "the next one is chosen.",
        ),
        Mistake(
            "column first",
            lambda saliency_map, fixations, radius: _walk(_next)(saliency_map, fixations, radius)[:, ::-1],
            "Your path holds (column, row). Rows come first.",
        ),
        Mistake(
            "the first left out",
            lambda saliency_map, fixations, radius: _walk(_next)(saliency_map, fixations + 1, radius)[1:],
            "Your path lacks the first winner. Note the place before you inhibit it.",
        ),
    ),
    hints=(
        "You have both parts: one that finds the winner, one that inhibits it. Take turns.",
        "Keep a list of places. In each round note the winner, then put the inhibited map in the place of the map.",
        "Two things end the loop: enough places, or a map whose largest value is not above zero. At the end make an "
        "array of integers; reshape(-1, 2) gives an empty list its two columns.",
    ),
    axioms=(
        Axiom(
            "Any two places are farther apart than the radius.",
            lambda answer, saliency, fixations, radius: (
                lambda path: all(np.hypot(*(a - b)) > radius for i, a in enumerate(path) for b in path[:i])
            )(answer(saliency, fixations, radius)),
        ),
    ),
    points=2,
    difficulty=2,
    minutes=5,
)


def _targets(rng):
    cases = []
    for height, width, count in ((6, 8, 3), (5, 5, 7), (4, 9, 2)):
        mask = rng.random((height, width)) < 0.25
        mask[0, 0], mask[-1, -1] = True, False
        cases.append((rng.random((height, width, count)) + 0.05, mask))
    only_there = rng.random((4, 4, 3))
    target = np.zeros((4, 4), bool)
    target[1, 2:] = True
    only_there[..., 1] = np.where(target, 0.5, 0)
    only_there[..., 2] = np.where(target, 0, 0.5)
    return [*cases, (only_there, target)]


def _gains(ratio, norm=lambda ratios: ratios.sum()):
    def gains(feature_maps, target_mask):
        ratios = ratio(feature_maps, target_mask)
        return ratios / norm(ratios)

    return gains


def _inside(feature_maps, target_mask):
    return feature_maps[target_mask].mean(axis=0)


def _outside(feature_maps, target_mask):
    return np.maximum(feature_maps[~target_mask].mean(axis=0), 1e-12)


def _ratio(feature_maps, target_mask):
    return _inside(feature_maps, target_mask) / _outside(feature_maps, target_mask)


def _inverse(feature_maps, target_mask):
    return _outside(feature_maps, target_mask) / np.maximum(_inside(feature_maps, target_mask), 1e-12)


def _unguarded(feature_maps, target_mask):
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = _inside(feature_maps, target_mask) / feature_maps[~target_mask].mean(axis=0)
        return ratios / ratios.sum()


task_gains = Exercise(
    reference=saliency.task_gains,
    cases=_targets,
    mistakes=(
        Mistake(
            "inverted",
            _gains(_inverse),
            "Your ratio is turned round: it favours the maps that answer to everything but the target.",
        ),
        Mistake(
            "whole map outside",
            _gains(lambda maps, mask: _inside(maps, mask) / np.maximum(maps.mean(axis=(0, 1)), 1e-12)),
            "Your second mean runs over the whole map, the target included. It is that of the rest alone.",
        ),
        Mistake("not normalised", _ratio, "Your gains do not add up to 1. Divide them by their sum."),
        Mistake(
            "difference",
            _gains(lambda maps, mask: _inside(maps, mask) - maps[~mask].mean(axis=0)),
            "You took the difference of the two means. The ratio is asked for: it does not depend on a map's unit.",
        ),
        Mistake(
            "by the largest",
            _gains(_ratio, lambda ratios: ratios.max()),
            "You divided by the largest ratio. Divide by their sum, so that the gains add up to 1.",
        ),
        Mistake(
            "target alone",
            _gains(_inside),
            "You looked at the target alone. A map that answers to the target and to all the rest does not help.",
        ),
        Mistake(
            "unguarded",
            _unguarded,
            "A map that is zero outside the target makes you divide by 0. Its mean counts as 1e-12 at least.",
        ),
    ),
    hints=(
        "Two means for each map: one over the cells of the target, one over all the others.",
        "A mask of booleans, used as an index of (H, W, K), gives the chosen cells as (n, K): then the mean over the "
        "first axis. The sign ~ turns a mask round.",
        "np.maximum keeps the second mean away from zero. Divide mean by mean, then the ratios by what they add up to.",
    ),
    axioms=(
        Axiom(
            "The unit in which a map is measured does not matter.",
            lambda answer, maps, mask: np.allclose(answer(8 * maps, mask), answer(maps, mask), atol=1e-5),
        ),
    ),
    points=2,
    difficulty=2,
    minutes=5,
)

EXERCISES = (opponency, center_surround, promote_peaks, winner_take_all, inhibit, scanpath, task_gains)
