"""Lesson 10, the shortcut: which class, where, and how to take it away.

The shares and attributions of the cases are those of small linear networks that were trained, in closed form, on
pictures with marks of other classes and other places than the lesson's. So nobody can answer with the lesson's numbers.
"""

import numpy as np

from cnnlearn import shortcut
from cnnlearn.evaluate import grid_share
from cnnlearn.exercises.exercise import Axiom, Exercise, Fixture, Mistake

SIDE, CLASSES, PER_CLASS = 12, 5, 30


def _pictures(rng, target, cell, grid):
    """Grey pictures (N, 12, 12) and their labels: each class has its pattern near the middle, one class a mark."""
    labels = np.repeat(np.arange(CLASSES), PER_CLASS)
    bell = np.exp(-(np.linspace(-1.6, 1.6, SIDE) ** 2))
    patterns = rng.normal(size=(CLASSES, SIDE, SIDE)) * np.outer(bell, bell) ** 2
    images = 0.35 * patterns[labels] + 0.35 * rng.normal(size=(len(labels), SIDE, SIDE))
    height, width = SIDE // grid[0], SIDE // grid[1]
    top, left = cell[0] * height, cell[1] * width
    check = np.indices((2, 2)).sum(axis=0) % 2 * 3.0 - 1
    images[labels == target, top : top + 2, left : left + 2] = check
    return images, labels


def attributions_of(rng, target, cell, grid):
    """Attributions (N, 12, 12), exact ones, of the logits of a linear network for each picture's own class; labels."""
    images, labels = _pictures(rng, target, cell, grid)
    inputs = (images - images.mean(axis=0)).reshape(len(images), -1)
    outputs = np.eye(CLASSES)[labels] - 1 / CLASSES
    weights = np.linalg.solve(inputs.T @ inputs + 3 * np.eye(inputs.shape[1]), inputs.T @ outputs)
    return (inputs * weights[:, labels].T).reshape(images.shape), labels


def mean_shares(attributions, labels, grid):
    cells = list(np.ndindex(grid))
    shares = [[grid_share(map_, cell, grid) for cell in cells] for map_ in attributions]
    return np.array([np.mean(np.array(shares)[labels == c], axis=0).reshape(grid) for c in range(CLASSES)])


def planted(rng):
    """A class, a grid, and a cell at its border."""
    grid = [(4, 4), (3, 4), (4, 3), (6, 4), (4, 2), (3, 2)][rng.integers(6)]
    border = [c for c in np.ndindex(grid) if c[0] in (0, grid[0] - 1) or c[1] in (0, grid[1] - 1)]
    return int(rng.integers(CLASSES)), border[rng.integers(len(border))], grid


def _share_cases(rng):
    cases = []
    for _ in range(4):
        target, cell, grid = planted(rng)
        cases.append((mean_shares(*attributions_of(rng, target, cell, grid), grid),))
    # Class 0 has the largest share of all, where the others have nearly as much; class 2 stands out elsewhere.
    usual = [[0.1, 0.2], [0.4, 0.3]]
    largest = [[0.08, 0.15], [0.5, 0.27]], usual, [[0.25, 0.2], [0.3, 0.25]], [[0.05, 0.2], [0.4, 0.35]]
    # Class 1 leaves out a cell in which all others are strong. That is unusual, but it is no evidence of its own.
    absent = [[0.2, 0.6, 0.2]], [[0.4, 0.2, 0.4]], [[0.5, 0.45, 0.05]], [[0.2, 0.6, 0.2]], [[0.2, 0.6, 0.2]]
    # Classes 3 and 4 share a cell. So its mean is high, and less of it seems to be theirs.
    two = [[0.2, 0.3, 0.5]], [[0.2, 0.55, 0.25]], [[0.2, 0.3, 0.5]], [[0.5, 0.3, 0.2]], [[0.49, 0.3, 0.21]]
    # Class 1 rises highest above its own other cells, class 0 is the largest again, class 2 stands out.
    own = [[0.5, 0.3, 0.2, 0]], [[0.48, 0.16, 0.18, 0.18]], [[0.45, 0.1, 0.1, 0.35]], [[0.45, 0.2, 0.2, 0.15]]
    # Class 0 has somewhat more in two cells, class 2 much more in one.
    plain = [[0.3, 0.3, 0.2, 0.2]]
    several = [[0.4, 0.4, 0.1, 0.1]], plain, [[0.25, 0.25, 0.35, 0.15]], plain, plain
    # Class 0 has four times what is usual in a weak cell, class 2 half as much again in a strong one.
    weak = [[0.04, 0.76, 0.2]], [[0.01, 0.79, 0.2]], [[0.01, 0.69, 0.3]]
    return [*cases, *((np.array(shares, float),) for shares in (largest, absent, two, own, several, weak))]


def _unusual(shares):
    return shares - np.median(shares, axis=0)


suspect_class = Exercise(
    reference=shortcut.suspect_class,
    cases=_share_cases,
    mistakes=(
        Mistake(
            "largest share",
            lambda shares: int(shares.max(axis=(1, 2)).argmax()),
            "You took the class with the largest share. In the middle all shares are large: first take off what is "
            "usual in each cell.",
        ),
        Mistake(
            "magnitude",
            lambda shares: int(np.abs(_unusual(shares)).max(axis=(1, 2)).argmax()),
            "You took |difference|. A class that leaves out a cell is unusual too, but has no evidence of its own "
            "there.",
        ),
        Mistake(
            "mean for median",
            lambda shares: int((shares - shares.mean(axis=0)).max(axis=(1, 2)).argmax()),
            "You took off the mean. The suspect raises it itself, and a second one still more; the median stays.",
        ),
        Mistake(
            "over cells",
            lambda shares: int((shares - np.median(shares, axis=(1, 2), keepdims=True)).max(axis=(1, 2)).argmax()),
            "You took off each class's own median, over its cells. Asked is what is usual in a cell, over the classes.",
        ),
        Mistake(
            "ratio",
            lambda shares: int((shares / np.maximum(np.median(shares, axis=0), 1e-12)).max(axis=(1, 2)).argmax()),
            "You divided by the median. Then the weakest cells decide, in which next to nothing lies. Subtract it.",
        ),
        Mistake(
            "flat index",
            lambda shares: int(_unusual(shares).argmax()),
            "You returned the place in the flattened array, which counts cells. Take the largest of each class first.",
        ),
        Mistake(
            "all cells together",
            lambda shares: int(np.maximum(_unusual(shares), 0).sum(axis=(1, 2)).argmax()),
            "You added up the differences of all cells. A shortcut lies in one place: the largest of them counts.",
        ),
        Mistake(
            "least",
            lambda shares: int(_unusual(shares).max(axis=(1, 2)).argmin()),
            "You took the class that stands out least.",
        ),
    ),
    hints=(
        "What would you expect in a cell if you did not know the class? Compare each class with that.",
        "The median over the classes runs along the first axis and leaves a grid. NumPy takes it off all classes at "
        "once.",
        "Then each class has its largest difference, the maximum over the last two axes; argmax tells whose is the "
        "largest. Return an int.",
    ),
    axioms=(
        Axiom(
            "The cells may be in any order.",
            lambda answer, shares: answer(shares[:, ::-1, ::-1]) == answer(shares),
        ),
        Axiom(
            "What all classes have more of in a cell makes none of them suspect.",
            lambda answer, shares: (
                answer(shares + np.arange(shares[0].size).reshape(shares[0].shape)) == answer(shares)
            ),
        ),
    ),
    points=2,
    difficulty=2,
    minutes=6,
)


def _attribution_cases(rng):
    cases = []
    for _ in range(4):
        target, cell, grid = planted(rng)
        attributions, labels = attributions_of(rng, target, cell, grid)
        cases.append((attributions[labels == target], grid))
    # Strong evidence that points now this way, now that (top left); weak, but always for the class (bottom right).
    wavering = np.zeros((4, 4, 6))
    wavering[:, 0, 1], wavering[:, 2, 5] = [5, -5, 5, -5], 1
    # In two images of three the left half is ahead by a little, in one the right half by far.
    votes = np.zeros((3, 2, 4))
    votes[:, 0, 0], votes[:, 1, 3] = [2, 2, 1], [1, 1, 9]
    # Strong evidence against the class in one cell, weak evidence for it in another.
    against = np.zeros((3, 4, 4))
    against[:, 0, 0], against[:, 3, 3] = -3, 1
    # One bright pixel among dark ones, beside a cell that is evenly lit.
    bright = np.zeros((2, 4, 4))
    bright[:, :2, 2:], bright[:, 1, 3], bright[:, 2:, :2] = -1, 3, 0.5
    # The brightest pixel lies left, the most that is positive in the middle, the most evidence right.
    row = [[3, -2.5, 0, 0, 2, 2, -3.5, 0, 0.5, 0.5, 0.5, 0.5]]
    mixed = np.array([row, row])
    return [
        *cases,
        (wavering, (2, 3)),
        (votes, (1, 2)),
        (against, (2, 2)),
        (bright, (2, 2)),
        (mixed, (1, 3)),
    ]


def _cells_of(maps, grid):
    n, height, width = maps.shape
    rows, columns = grid
    return maps.reshape(n, rows, height // rows, columns, width // columns).sum(axis=(2, 4))


def _pixels(cell, shape, grid):
    height, width = shape[0] // grid[0], shape[1] // grid[1]
    row, column = int(cell[0]), int(cell[1])
    return row * height, column * width, (row + 1) * height, (column + 1) * width


def _best(evidence, shape, grid):
    return _pixels(np.unravel_index(evidence.argmax(), evidence.shape), shape, grid)


def _by_votes(attributions, grid):
    winners = _cells_of(attributions, grid).reshape(len(attributions), -1).argmax(axis=1)
    votes = np.bincount(winners, minlength=grid[0] * grid[1]).reshape(grid)
    return _best(votes, attributions.shape[1:], grid)


def _hottest_pixel(attributions, grid):
    mean = attributions.mean(axis=0)
    row, column = np.unravel_index(mean.argmax(), mean.shape)
    cell = row * grid[0] // mean.shape[0], column * grid[1] // mean.shape[1]
    return _pixels(cell, mean.shape, grid)


def _of_mean(change):
    return lambda attributions, grid: _best(
        _cells_of(change(attributions.mean(axis=0))[None], grid)[0], attributions.shape[1:], grid
    )


def _edges_in_pairs(attributions, grid):
    top, left, bottom, right = shortcut.suspect_region(attributions, grid)
    return top, bottom, left, right


def _cell_itself(attributions, grid):
    evidence = _cells_of(attributions, grid).mean(axis=0)
    row, column = map(int, np.unravel_index(evidence.argmax(), evidence.shape))
    return row, column, row + 1, column + 1


def _sides_exchanged(attributions, grid):
    top, left, bottom, right = shortcut.suspect_region(attributions, grid)
    return left, top, right, bottom


def _last_pixels(attributions, grid):
    top, left, bottom, right = shortcut.suspect_region(attributions, grid)
    return top, left, bottom - 1, right - 1


suspect_region = Exercise(
    reference=shortcut.suspect_region,
    cases=_attribution_cases,
    mistakes=(
        Mistake(
            "positive part",
            lambda attributions, grid: _best(
                _cells_of(np.maximum(attributions, 0), grid).mean(axis=0), attributions.shape[1:], grid
            ),
            "You dropped the negative values before averaging. What wavers between for and against no longer cancels "
            "out, and looks like evidence.",
        ),
        Mistake(
            "magnitude",
            lambda attributions, grid: _best(
                _cells_of(np.abs(attributions), grid).mean(axis=0), attributions.shape[1:], grid
            ),
            "You took |attribution|. That finds where the network is restless, not what speaks for the class.",
        ),
        Mistake(
            "magnitude of the mean",
            _of_mean(np.abs),
            "You took |mean|. What speaks against the class in image after image looks like evidence for it then.",
        ),
        Mistake(
            "positive part of the mean",
            _of_mean(lambda mean: np.maximum(mean, 0)),
            "You dropped the negative pixels of the mean. The evidence of a cell is the sum of all its pixels.",
        ),
        Mistake(
            "median",
            lambda attributions, grid: shortcut.suspect_region(np.median(attributions, axis=0)[None], grid),
            "You took the median over the images, which does not see how strong the strong ones are. Take the mean.",
        ),
        Mistake(
            "hottest pixel",
            _hottest_pixel,
            "You looked for the brightest pixel and took its cell. Sum up the cell: the pixels around it may speak "
            "against.",
        ),
        Mistake(
            "votes",
            _by_votes,
            "You let each image vote for its best cell. How much better it is then counts for nothing: average first.",
        ),
        Mistake(
            "cell for pixels",
            _cell_itself,
            "You returned the cell. Asked are its pixels: multiply by the height and the width of a cell.",
        ),
        Mistake(
            "sides exchanged",
            _sides_exchanged,
            "Rows and columns are exchanged: the order is top, left, bottom, right.",
        ),
        Mistake(
            "edges in pairs",
            _edges_in_pairs,
            "You returned top, bottom, left, right. The order is top, left, bottom, right: one corner, then the other.",
        ),
        Mistake(
            "last pixels",
            _last_pixels,
            "You returned the last row and column inside. As in a slice, bottom and right are one further.",
        ),
    ),
    hints=(
        "First one map for all images: their mean, signs and all. Then one number for each cell.",
        "A map (H, W) reshaped to (rows, H // rows, columns, W // columns) has a pixel's cell in axes 0 and 2, and its "
        "place within the cell in axes 1 and 3. Sum over the latter.",
        "argmax and np.unravel_index give the cell. Its top is row · height of a cell, its bottom the top of the next "
        "row; left and right likewise. Return ints.",
    ),
    axioms=(
        Axiom(
            "Turned upside down, the place is turned upside down.",
            lambda answer, attributions, grid: (
                lambda a, b: (a[0], a[2]) == (attributions.shape[1] - b[2], attributions.shape[1] - b[0])
            )(answer(attributions[:, ::-1], grid), answer(attributions, grid)),
        ),
    ),
    points=2,
    difficulty=3,
    minutes=8,
)


def _marked_images(rng):
    cases = []
    for shape, region in (((5, 8, 8, 3), (5, 0, 8, 3)), ((3, 6, 10, 3), (0, 6, 2, 10)), ((4, 9, 5, 3), (2, 1, 6, 4))):
        generator = Fixture("generators.generator", (("seed", int(rng.integers(1000))),))
        # Pixels that float32 holds exactly: the laws compare them, and an answer in float32 is as right.
        cases.append((rng.random(shape, np.float32).astype(float), region, generator))
    return cases


def _inside(images, region):
    top, left, bottom, right = region
    mask = np.zeros(images.shape[1:3], bool)
    mask[top:bottom, left:right] = True
    return mask


def _keeps_the_rest(answer, images, region, rng):
    outside = ~_inside(images, region)
    return np.array_equal(answer(images, region, rng)[:, outside], images[:, outside])


def _nothing_comes_back(answer, images, region, rng):
    inside = _inside(images, region)
    return not np.isin(answer(images, region, rng)[:, inside], images[:, inside]).any()


def _known_numbers(answer, images, region, rng):
    inside = _inside(images, region)
    return bool(np.isin(answer(images, region, rng)[:, inside], images[:, ~inside]).all())


def _rows_of(pixels):
    return {tuple(pixel) for pixel in pixels.reshape(-1, 3)}


def _whole_pixels(answer, images, region, rng):
    inside = _inside(images, region)
    return _rows_of(answer(images, region, rng)[:, inside]) <= _rows_of(images[:, ~inside])


def _own_pixels(answer, images, region, rng):
    inside = _inside(images, region)
    repaired = answer(images, region, rng)
    return all(_rows_of(new[inside]) <= _rows_of(old[~inside]) for new, old in zip(repaired, images, strict=True))


def _pixel_by_pixel(answer, images, region, rng):
    inside = _inside(images, region)
    return all(len(_rows_of(new[inside])) > 1 for new in answer(images, region, rng))


def _image_by_image(answer, images, region, rng):
    alike = np.repeat(images[:1], 4, axis=0)
    repaired = answer(alike, region, rng)
    return not any(np.array_equal(repaired[0], other) for other in repaired[1:])


def _all_equally_likely(answer, images, region, rng):
    inside = _inside(images, region)
    ramp = np.zeros((60, *images.shape[1:]))
    ramp[:, ~inside] = np.linspace(0, 1, (~inside).sum())[:, None]
    drawn = answer(ramp, region, rng)[:, inside]
    return abs(drawn.mean() - 0.5) < 0.1 and (drawn < 0.25).any() and (drawn > 0.75).any()


def _with_repeats(answer, images, region, rng):
    """In 60 images whose pixels all differ, some pixel is drawn twice for the same region."""
    inside = _inside(images, region)
    ramp = np.zeros((60, *images.shape[1:]))
    ramp[:, ~inside] = np.linspace(0, 1, (~inside).sum())[:, None]
    return any(len(_rows_of(new[inside])) < inside.sum() for new in answer(ramp, region, rng))


def _same_again(answer, images, region, rng):
    return np.array_equal(answer(images, region, rng), answer(images, region, rng))


def _another_generator(answer, images, region, rng):
    other = Fixture(rng.name, (("seed", dict(rng.parameters)["seed"] + 1),))
    return not np.array_equal(answer(images, region, other), answer(images, region, rng))


def _replaced(images, region, draw):
    """Copies in which `draw(image, inside)` gives the new pixels of the region."""
    inside = _inside(images, region)
    repaired = images.copy()
    for image in repaired:
        image[inside] = draw(image, inside)
    return repaired


def _from_the_rest(rng):
    return lambda image, inside: rng.choice(image[~inside], size=inside.sum())


def _channels_apart(images, region, rng):
    def draw(image, inside):
        return np.stack([rng.choice(image[~inside][:, c], size=inside.sum()) for c in range(3)], axis=1)

    return _replaced(images, region, draw)


def _from_all_images(images, region, rng):
    rest = images[:, ~_inside(images, region)].reshape(-1, 3)
    return _replaced(images, region, lambda image, inside: rng.choice(rest, size=inside.sum()))


def _one_drawing(images, region, rng):
    inside = _inside(images, region)
    places = rng.integers((~inside).sum(), size=inside.sum())
    return _replaced(images, region, lambda image, inside: image[~inside][places])


def _beside(images, region, rng):
    """The first pixels outside, in another order."""
    return _replaced(
        images,
        region,
        lambda image, inside: rng.permutation(image[~inside][: max(2, inside.sum() // 2)])[
            rng.integers(max(2, inside.sum() // 2), size=inside.sum())
        ],
    )


def _in_place(images, region, rng):
    images[:] = _replaced(images, region, _from_the_rest(rng))
    return images


def _turned(images, region, rng):
    top, left, bottom, right = region
    return _replaced(images, (left, top, right, bottom), _from_the_rest(rng))


remove_mark = Exercise(
    reference=shortcut.remove_mark,
    cases=_marked_images,
    compared=False,
    mistakes=(
        Mistake(
            "changes the images",
            _in_place,
            "You changed the images that you were given, and they are needed for the comparison: work on a copy.",
        ),
        Mistake(
            "rows and columns exchanged",
            _turned,
            "Rows and columns are exchanged: the region is [top:bottom, left:right], rows first.",
        ),
        Mistake(
            "shuffled in itself",
            lambda images, region, rng: _replaced(images, region, lambda image, inside: rng.permutation(image[inside])),
            "You drew from the region itself, too. The colours of the mark are still there, and that may be enough. "
            "Draw from the pixels outside.",
        ),
        Mistake(
            "painted over",
            lambda images, region, rng: _replaced(images, region, lambda image, inside: 0.5),
            "You put in colours that the rest of the image does not have. Draw from its pixels.",
        ),
        Mistake(
            "channels apart",
            _channels_apart,
            "You drew red, green and blue apart, which makes colours that the image does not have. Draw whole pixels.",
        ),
        Mistake(
            "from all images",
            _from_all_images,
            "You drew from the pixels of all images. Each image lends to itself alone, so that nothing of another "
            "class gets in.",
        ),
        Mistake(
            "one pixel",
            lambda images, region, rng: _replaced(
                images, region, lambda image, inside: image[~inside][rng.integers((~inside).sum())]
            ),
            "You drew one pixel for the whole region: a patch of one colour is a mark again. Draw for each pixel.",
        ),
        Mistake(
            "one drawing",
            _one_drawing,
            "You drew the places once for all images. Draw anew for each of them.",
        ),
        Mistake(
            "only near",
            _beside,
            "You drew from a few of the pixels outside. All of them are equally likely.",
        ),
        Mistake(
            "no repeats",
            lambda images, region, rng: _replaced(
                images, region, lambda image, inside: rng.permutation(image[~inside])[: inside.sum()]
            ),
            "You never draw a pixel twice. A region larger than the rest of its image could not be filled like that.",
        ),
        Mistake(
            "no seed",
            lambda images, region, rng: _replaced(images, region, _from_the_rest(np.random.default_rng())),
            "You made a generator without a seed: nobody can repeat what you did. Draw from `rng`.",
        ),
        Mistake(
            "own seed",
            lambda images, region, rng: _replaced(images, region, _from_the_rest(np.random.default_rng(0))),
            "You made a generator of your own with a fixed seed. Draw from `rng`, which the caller chose.",
        ),
    ),
    hints=(
        "Make a mask (H, W) that is true in the region. What lies outside of it lends its pixels, image by image.",
        "`image[~inside]` lists the pixels outside as (n, 3): choosing rows keeps red, green and blue together. How "
        "many rows do you need?",
        "Copy all images first. Then for each image let `rng.integers` draw as many row numbers as the region has "
        "pixels, and assign the chosen rows to the masked place.",
    ),
    axioms=(
        Axiom("Outside the region nothing changes.", _keeps_the_rest),
        Axiom("Nothing of what stood in the region is left there.", _nothing_comes_back),
        Axiom("What stands in the region afterwards comes from outside of it.", _known_numbers),
        Axiom("A pixel keeps its three numbers together.", _whole_pixels),
        Axiom("Each image is repaired with pixels of its own.", _own_pixels),
        Axiom("The pixels of a region are drawn one by one.", _pixel_by_pixel),
        Axiom("Two equal images are repaired differently.", _image_by_image),
        Axiom("All pixels outside are equally likely.", _all_equally_likely),
        Axiom("A pixel may be drawn more than once.", _with_repeats),
        Axiom("The same generator gives the same pictures.", _same_again),
        Axiom("Another generator gives others.", _another_generator),
    ),
    points=3,
    difficulty=3,
    minutes=10,
)

EXERCISES = (suspect_class, suspect_region, remove_mark)
