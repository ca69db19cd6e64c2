"""Lesson 00, images: ranges, channels, batches; what a convolution sees, and what it costs."""

import numpy as np

from cnnlearn import images
from cnnlearn.exercises.exercise import Axiom, Exercise, Mistake


def _pixels(rng):
    """A dark image too: nothing but its type tells its range."""
    return [
        (rng.integers(0, 256, (5, 4, 3), np.uint8),),
        (np.array([[[0, 128, 255]]], np.uint8),),
        (rng.integers(0, 2, (3, 6, 3), np.uint8),),
        (rng.random((4, 5, 3)),),
        (rng.random((2, 3, 3)).astype(np.float32),),
    ]


def _scaled(scale):
    return lambda image: scale(image) if image.dtype == np.uint8 else image


to_float = Exercise(
    reference=images.to_float,
    cases=_pixels,
    mistakes=(
        Mistake(
            "256",
            _scaled(lambda image: image / 256),
            "You divided by 256. There are 256 values, but the largest of them is 255, and it must become exactly 1.",
        ),
        Mistake(
            "integer division",
            _scaled(lambda image: image // 255),
            "You divided with //, which throws the fraction away: everything below 255 becomes 0.",
        ),
        Mistake(
            "divided twice",
            lambda image: image / 255,
            "You divided an image of floats too. It was in [0, 1] already; now it is nearly black.",
        ),
        Mistake(
            "float64 only",
            lambda image: image if image.dtype == float else image / 255,
            "You know one type of floats only. A float32 image is in [0, 1] too: divide if the type is np.uint8, else "
            "give the image back.",
        ),
        Mistake(
            "asks the maximum",
            lambda image: image / 255 if image.max() > 1 else image,
            "You ask if the maximum is above 1. A dark image of integers, all 0 or 1, slips through: ask its type.",
        ),
        Mistake(
            "min–max",
            _scaled(lambda image: (image - image.min()) / np.ptp(image)),
            "You stretched the darkest pixel to 0 and the brightest to 1. The scale must be the same for every image.",
        ),
        Mistake(
            "only converted",
            _scaled(lambda image: image.astype(float)),
            "You changed the type but not the range: the values still go up to 255.",
        ),
    ),
    axioms=(
        Axiom(
            "What was converted once is not changed by a second conversion.",
            lambda answer, image: np.allclose(answer(answer(image)), answer(image), atol=1e-5),
        ),
    ),
    hints=(
        "There are two kinds of input, and only one of them has to be changed. What tells them apart for certain?",
        "Every array knows the type of its numbers: image.dtype. It can be compared with np.uint8.",
        "If the type is np.uint8, divide by the largest value that it can hold, with /. If not, give the image back.",
    ),
    points=1,
    difficulty=1,
    minutes=3,
)


def _planes(rng):
    shapes = (3, 4, 5), (3, 6, 6), (3, 2, 7), (3, 3, 3)
    return [(rng.random(shape),) for shape in shapes] + [(np.arange(12, dtype=np.uint8).reshape(3, 2, 2),)]


channels_last = Exercise(
    reference=images.channels_last,
    cases=_planes,
    mistakes=(
        Mistake(
            "reshape",
            lambda planes: planes.reshape(*planes.shape[1:], 3),
            "reshape keeps the order in memory and cuts it up anew: three neighbouring reds become one pixel. The axes "
            "must be moved.",
        ),
        Mistake(
            "rows and columns swapped",
            lambda planes: planes.T,
            ".T reverses all the axes: the channels are last, but rows and columns have changed places.",
        ),
        Mistake(
            "blue first",
            lambda planes: np.moveaxis(planes, 0, -1)[..., ::-1],
            "Your channels run blue, green, red. Their order must stay red, green, blue.",
        ),
        Mistake(
            "channels in the middle",
            lambda planes: planes.swapaxes(0, 1),
            "You exchanged the first axis with the second: the channels are in the middle now.",
        ),
        Mistake("unchanged", lambda planes: planes, "Your result is still channels first."),
    ),
    axioms=(
        Axiom(
            "Each channel is one of the planes.",
            lambda answer, planes: all(np.allclose(answer(planes)[..., c], planes[c]) for c in range(3)),
        ),
    ),
    hints=(
        "Nothing is computed. An axis goes to another place, and the other two stay in the order in which they are.",
        "Where does the number at [c, i, j] have to go? Compare that with what reshape and .T do to it.",
        "NumPy has functions that move axes: np.transpose takes the new order of all of them; np.moveaxis takes one "
        "axis and where it should go.",
    ),
    points=1,
    difficulty=2,
    minutes=3,
)


def _single_images(rng):
    return [
        (rng.random((4, 5, 3)),),
        (rng.integers(0, 256, (32, 32, 3), np.uint8),),
        (rng.random((6, 6, 3)),),
        (rng.random((1, 4, 3)),),
    ]


as_batch = Exercise(
    reference=images.as_batch,
    cases=_single_images,
    mistakes=(
        Mistake(
            "batch axis last",
            lambda image: image[..., None],
            "The new axis is at the end. The number of images is counted by the first axis.",
        ),
        Mistake(
            "repeated",
            lambda image: np.stack([image, image]),
            "Your batch holds the image twice. A batch of one image has length 1.",
        ),
        Mistake(
            "squeezed",
            lambda image: np.squeeze(image),
            "You took axes away. squeeze removes axes of length 1; here one has to be added.",
        ),
        Mistake(
            "flat",
            lambda image: image.reshape(1, -1),
            "Your batch has one long row: height, width and channels are lost. Keep these three axes.",
        ),
        Mistake("a list", lambda image: [image], "A list that holds the image is not yet an array with four axes."),
    ),
    hints=(
        "The result holds the same numbers. Only one axis is new, and its length is 1.",
        "np.expand_dims adds an axis; its argument `axis` says where. np.squeeze is the way back.",
        "The new axis counts the images, so it comes first: its number is 0.",
    ),
    points=1,
    difficulty=1,
    minutes=2,
)


def _vectors(rng):
    """Zeros among them, and a vector that is very short but not zero."""
    with_zeros = rng.normal(size=(4, 4))
    with_zeros[2] = 0
    return [
        (np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]]), 1),
        (with_zeros, 1),
        (with_zeros.T.copy(), 0),
        (rng.normal(size=(5, 3)), 0),
        (rng.random((4, 3, 3)), -1),
        (rng.normal(size=(3, 4, 2)), 1),
        (np.array([3e-9, 0.0, -4e-9]), 0),
    ]


def _norm(x, axis):
    return np.sqrt((x**2).sum(axis=axis, keepdims=True))


def _divided(x, size):
    return x / np.where(size > 0, size, 1)


def _without_care(x, axis):
    with np.errstate(invalid="ignore"):
        return x / _norm(x, axis)


def _lengths_are_one(answer, x, axis):
    lengths = np.sqrt((np.asarray(answer(x, axis)) ** 2).sum(axis=axis))
    return np.allclose(lengths, (x != 0).any(axis=axis), atol=1e-5)


l2_normalize = Exercise(
    reference=images.l2_normalize,
    cases=_vectors,
    mistakes=(
        Mistake(
            "sum of squares",
            lambda x, axis: _divided(x, _norm(x, axis) ** 2),
            "You divided by Σx². The norm is the root of it.",
        ),
        Mistake(
            "L1",
            lambda x, axis: _divided(x, np.abs(x).sum(axis=axis, keepdims=True)),
            "You divided by Σ|x|, the L1 norm. The L2 norm is √Σx², the length by Pythagoras.",
        ),
        Mistake(
            "NaN at zero",
            _without_care,
            "A vector of zeros has norm 0, and 0/0 is NaN. It has to stay zeros.",
        ),
        Mistake(
            "wrong axis",
            lambda x, axis: _divided(x, _norm(x, -1 - axis)),
            "Your sum runs along another axis than the one that was asked for.",
        ),
        Mistake(
            "last axis",
            lambda x, axis: _divided(x, _norm(x, -1)),
            "Your sum runs along the last axis every time. It has to run along `axis`.",
        ),
        Mistake(
            "mean of squares",
            lambda x, axis: _divided(x, np.sqrt((x**2).mean(axis=axis, keepdims=True))),
            "You took the root of the mean of the squares. The norm is the root of their sum.",
        ),
        Mistake(
            "one norm for all",
            lambda x, axis: _divided(x, _norm(x, None)),
            "You used one norm, that of the whole array. Each vector along `axis` has its own.",
        ),
        Mistake(
            "axis lost",
            lambda x, axis: _divided(x, np.sqrt((x**2).sum(axis=axis))),
            "The sum removed its axis, so the norms no longer line up with their vectors: they were stretched along "
            "another axis, or did not fit at all. Keep it as an axis of length 1 (keepdims=True).",
        ),
        Mistake(
            "a number added",
            lambda x, axis: x / (_norm(x, axis) + 1e-8),
            "You added a small number to the norm, so that short vectors do not reach length 1. Treat only zero apart.",
        ),
        Mistake(
            "largest",
            lambda x, axis: _divided(x, np.abs(x).max(axis=axis, keepdims=True)),
            "You divided by the largest entry. Divide by the root of the sum of the squares.",
        ),
    ),
    axioms=(
        Axiom("Every vector that is not zero has length 1 afterwards; zero stays zero.", _lengths_are_one),
        Axiom(
            "A vector twice as long gives the same.",
            lambda answer, x, axis: np.allclose(answer(2 * x, axis), answer(x, axis), atol=1e-5),
        ),
    ),
    hints=(
        "Two steps: the length of each vector, then a division. By hand: (3, 4) has length 5 and becomes (0.6, 0.8).",
        "To divide, the lengths must line up with the vectors: a sum with keepdims=True keeps its axis, with length 1.",
        "Where the length is 0, divide by something harmless instead: np.where takes a condition and two values.",
    ),
    points=2,
    difficulty=3,
    minutes=6,
)


def _stacks(rng):
    def layers(count):
        return [(int(rng.choice([3, 5, 7])), int(rng.integers(1, 4))) for _ in range(count)]

    return [
        ([],),
        ([(3, 1), (3, 1)],),
        ([(3, 1), (2, 2), (3, 1)],),
        ([(7, 2), (3, 2), (3, 1), (3, 2), (5, 1)],),
        ([(1, 1), (1, 3), (5, 1)],),
        (layers(3),),
        (layers(5),),
    ]


def _walk(layers, grow):
    size, jump = 1, 1
    for kernel, stride in layers:
        size, jump = grow(size, jump, kernel, stride)
    return size, jump


def _jump(layers):
    return _walk(layers, lambda size, jump, kernel, stride: (size, jump * stride))[1]


receptive_field = Exercise(
    reference=images.receptive_field,
    cases=_stacks,
    mistakes=(
        Mistake(
            "kernels added",
            lambda layers: (sum(kernel for kernel, _ in layers), _jump(layers)),
            "You added up the kernels. Two 3×3 filters see 5 pixels, not 6: neighbouring squares overlap.",
        ),
        Mistake(
            "multiplied",
            lambda layers: (int(np.prod([kernel for kernel, _ in layers], dtype=int)), _jump(layers)),
            "You multiplied the kernels. Two 3×3 filters see 5 pixels, not 9: each adds only what sticks out.",
        ),
        Mistake(
            "strides ignored",
            lambda layers: (1 + sum(kernel - 1 for kernel, _ in layers), 1),
            "You ignored the strides. Behind a stride of 2 neighbours lie two pixels apart, so each step adds two.",
        ),
        Mistake(
            "steps of one pixel",
            lambda layers: (1 + sum(kernel - 1 for kernel, _ in layers), _jump(layers)),
            "Your jump is right, but your size does not use it: behind a stride of 2 each step of a kernel is two "
            "pixels long.",
        ),
        Mistake(
            "own stride",
            lambda layers: (1 + sum((kernel - 1) * stride for kernel, stride in layers), _jump(layers)),
            "You multiplied k − 1 by the layer's own stride. How long its steps are, the strides of the layers before "
            "it decide: that is the jump so far.",
        ),
        Mistake(
            "jump too early",
            lambda layers: _walk(layers, lambda size, jump, kernel, s: (size + (kernel - 1) * jump * s, jump * s)),
            "You counted a layer's own stride for its own kernel. The stride moves the outputs apart, not the inputs.",
        ),
        Mistake(
            "whole kernel",
            lambda layers: _walk(layers, lambda size, jump, kernel, stride: (size + kernel * jump, jump * stride)),
            "Each layer of yours adds its whole kernel. One cell of it is counted already: it adds kernel − 1.",
        ),
        Mistake(
            "strides added",
            lambda layers: _walk(layers, lambda size, jump, k, stride: (size + (k - 1) * jump, jump + stride - 1)),
            "You added the strides. A step of 2 over outputs that lie 2 pixels apart is a step of 4 pixels: multiply.",
        ),
        Mistake(
            "last layer first",
            lambda layers: images.receptive_field(layers[::-1]),
            "You went through the layers from the last to the first. The list begins at the image.",
        ),
        Mistake(
            "exchanged",
            lambda layers: images.receptive_field(layers)[::-1],
            "The two numbers are exchanged: the size comes first, then the jump.",
        ),
    ),
    axioms=(
        Axiom(
            "A 1×1 filter with stride 1 changes nothing.",
            lambda answer, layers: answer([*layers, (1, 1)]) == answer(layers),
        ),
        Axiom("No layer at all: one pixel, jump 1.", lambda answer, layers: answer([]) == (1, 1)),
    ),
    hints=(
        "Begin at the image, with one pixel, and let each layer enlarge the square. Draw two 3×3 filters in a row.",
        "A kernel of k cells spans k − 1 steps. How long is a step, in pixels of the image? That is the jump so far.",
        "So each layer does two things, in this order: the size grows by its k − 1 steps of the present jump; then the "
        "jump is multiplied by its stride.",
    ),
    points=2,
    difficulty=3,
    minutes=6,
)


def _layer_sizes(rng):
    drawn = [tuple(int(n) for n in rng.integers(2, 30, 4)) + (int(rng.choice([3, 5, 7])),) for _ in range(3)]
    return [(32, 32, 3, 10, 3), (8, 6, 16, 4, 5), (28, 20, 1, 7, 3), *drawn]


parameter_counts = Exercise(
    reference=images.parameter_counts,
    cases=_layer_sizes,
    mistakes=(
        Mistake(
            "no biases",
            lambda h, w, c, units, k: (h * w * c * units, k * k * c * units),
            "The biases are missing: one for each unit, in both layers.",
        ),
        Mistake(
            "kernel not squared",
            lambda h, w, c, units, k: ((h * w * c + 1) * units, (k * c + 1) * units),
            "You counted one side of the filter. It is a square: kernel × kernel positions.",
        ),
        Mistake(
            "one channel",
            lambda h, w, c, units, k: ((h * w * c + 1) * units, (k * k + 1) * units),
            "Your filters look at one channel. A filter has kernel × kernel weights for every channel of its input.",
        ),
        Mistake(
            "dense on one channel",
            lambda h, w, c, units, k: ((h * w + 1) * units, (k * k * c + 1) * units),
            "Your dense layer looks at height × width numbers. A flattened image has that many for every channel.",
        ),
        Mistake(
            "bias per channel",
            lambda h, w, c, units, k: ((h * w * c + 1) * units, (k * k + 1) * c * units),
            "Your filters have a bias for every channel. A filter adds up all its channels, and then one bias.",
        ),
        Mistake(
            "not shared",
            lambda h, w, c, units, k: ((h * w * c + 1) * units, (k * k * c + 1) * units * h * w),
            "You gave each position of the image a filter of its own. All positions share one: that is the point.",
        ),
        Mistake(
            "one bias",
            lambda h, w, c, units, k: (h * w * c * units + 1, k * k * c * units + 1),
            "You counted one bias for the whole layer. Each unit has its own.",
        ),
        Mistake(
            "exchanged",
            lambda h, w, c, units, k: ((k * k * c + 1) * units, (h * w * c + 1) * units),
            "The two counts are exchanged: the dense layer comes first.",
        ),
    ),
    axioms=(
        Axiom(
            "A convolution as large as the image costs what the dense layer costs.",
            lambda answer, h, w, c, units, k: len(set(answer(k, k, c, units, k))) == 1,
        ),
    ),
    hints=(
        "Count for one unit first: how many numbers does it look at? Each has a weight, and there is one bias besides.",
        "A dense unit looks at every number of the image. A filter looks at a square of it, in all channels, and uses "
        "the same weights wherever it stands.",
        "Both layers hold `units` times what one unit has: its weights, and 1 for its bias.",
    ),
    points=1,
    difficulty=2,
    minutes=4,
)

EXERCISES = (to_float, channels_last, as_batch, l2_normalize, receptive_field, parameter_counts)
