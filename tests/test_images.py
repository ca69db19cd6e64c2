"""Images and layers against numbers worked out by hand, against Keras, and against what real networks see."""

import keras
import numpy as np
import pytest

from cnnlearn.exercises import find
from cnnlearn.exercises.judge import judge
from cnnlearn.images import as_batch, channels_last, l2_normalize, parameter_counts, receptive_field, to_float

RNG = np.random.default_rng(6)


def test_to_float_by_hand():
    found = to_float(np.array([[[0, 51, 255]]], np.uint8))
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [[[0, 0.2, 1]]])


def test_floats_come_back_as_they_are():
    image = RNG.random((2, 3, 3)).astype(np.float32)
    assert to_float(image) is image


def test_channels_last_by_hand():
    planes = np.array([[[1, 2], [3, 4]], [[5, 6], [7, 8]], [[9, 10], [11, 12]]])
    assert channels_last(planes).tolist() == [[[1, 5, 9], [2, 6, 10]], [[3, 7, 11], [4, 8, 12]]]


def test_channels_last_is_keras_permute():
    planes = RNG.random((3, 4, 5)).astype(np.float32)
    np.testing.assert_array_equal(channels_last(planes), keras.layers.Permute((2, 3, 1))(planes[None])[0])


def test_a_batch_of_one_is_undone_by_squeeze():
    image = RNG.random((4, 5, 3))
    assert as_batch(image).shape == (1, 4, 5, 3)
    np.testing.assert_array_equal(np.squeeze(as_batch(image), axis=0), image)


def test_l2_normalize_by_hand():
    found = l2_normalize(np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -2.0]]), 1)
    np.testing.assert_allclose(found, [[0.6, 0.8], [0, 0], [0, -1]], atol=1e-15)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_l2_normalize_is_keras_unit_normalization(axis):
    x = RNG.normal(size=(4, 3, 5)).astype(np.float32)
    wanted = keras.ops.normalize(x, axis=axis, order=2)
    np.testing.assert_allclose(l2_normalize(x, axis), wanted, atol=1e-6)


def test_vectors_of_any_size_reach_length_one():
    x = RNG.normal(size=(6, 4)) * np.logspace(-100, 100, 6)[:, None]
    np.testing.assert_allclose(np.linalg.norm(l2_normalize(x, 1), axis=1), 1, rtol=1e-12)


STACKS = {
    "none": [],
    "one": [(3, 1)],
    "VGG's pair": [(3, 1), (3, 1)],
    "stem": [(7, 2), (3, 2)],
    "strides between": [(3, 1), (2, 2), (3, 1), (3, 3)],
    "ones": [(1, 1), (1, 2), (3, 1)],
}


@pytest.mark.parametrize("layers", STACKS.values(), ids=STACKS)
def test_receptive_field_is_where_the_gradient_of_a_real_network_is(layers):
    """Filters of ones: the gradient of a unit is positive on what it sees, and zero elsewhere."""
    import tensorflow as tf

    side = 41
    x = images = keras.Input((side, side, 1))
    for kernel, stride in layers:
        x = keras.layers.Conv2D(1, kernel, stride, kernel_initializer="ones")(x)
    model = keras.Model(images, x)

    def seen(row, column):
        pixels = tf.ones((1, side, side, 1))
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            unit = model(pixels)[0, row, column, 0]
        rows, columns = np.nonzero(tape.gradient(unit, pixels)[0, :, :, 0])
        return rows.min(), rows.max(), columns.min(), columns.max()

    size, jump = receptive_field(layers)
    assert seen(0, 0) == (0, size - 1, 0, size - 1)
    assert seen(1, 2) == (jump, jump + size - 1, 2 * jump, 2 * jump + size - 1)


@pytest.mark.parametrize("sizes", [(32, 32, 3, 10, 3), (8, 6, 16, 4, 5), (5, 7, 1, 2, 1), (3, 3, 4, 6, 3)])
def test_parameter_counts_are_those_of_keras_layers(sizes):
    height, width, channels, units, kernel = sizes
    dense = keras.Sequential(
        [keras.Input((height, width, channels)), keras.layers.Flatten(), keras.layers.Dense(units)]
    )
    convolution = keras.Sequential([keras.Input((height, width, channels)), keras.layers.Conv2D(units, kernel)])
    assert parameter_counts(*sizes) == (dense.count_params(), convolution.count_params())


def test_parameter_counts_by_hand():
    assert parameter_counts(32, 32, 3, 10, 3) == (30_730, 280)


def looped_field(layers):
    """The pixels under one unit, found by walking back from it to the image."""

    def first_pixel(unit):
        return first_and_last(unit)[0]

    def first_and_last(unit):
        low = high = unit
        for kernel, stride in reversed(layers):
            low, high = low * stride, high * stride + kernel - 1
        return low, high

    low, high = first_and_last(0)
    return high - low + 1, first_pixel(1) - low


OTHER_ANSWERS = {
    "to_float": lambda image: np.true_divide(image, 255, dtype=np.float32) if image.dtype.kind == "u" else image.copy(),
    "channels_last": lambda planes: np.stack(list(planes), axis=-1),
    "as_batch": lambda image: np.array([image]),
    "l2_normalize": lambda x, axis: np.apply_along_axis(lambda v: v / (np.linalg.norm(v) or 1), axis, x),
    "receptive_field": looped_field,
    "parameter_counts": lambda h, w, c, units, k: (
        sum(h * w * c + 1 for _ in range(units)),
        sum(k**2 * c + 1 for _ in range(units)),
    ),
}


@pytest.mark.parametrize("name", OTHER_ANSWERS)
def test_right_answers_in_other_styles_pass(name):
    verdict = judge(find(name), OTHER_ANSWERS[name])
    assert verdict.right, verdict
