"""What training and testing need (cifar10.py), by hand, against Keras and against scikit-learn."""

import keras
import numpy as np
import pytest
import sklearn.metrics

from cnnlearn import cifar10
from cnnlearn.exercises import find
from cnnlearn.exercises.judge import judge

RNG = np.random.default_rng(8)
LOGITS = 3 * RNG.normal(size=(6, 10))
LABELS = RNG.integers(0, 10, 6)


def test_decode_rows_by_hand():
    """Red counts the rows from the top, green the columns from the left, blue is 7 everywhere."""
    rows, columns = np.mgrid[:32, :32]
    row = np.concatenate([rows.ravel(), columns.ravel(), np.full(1024, 7)]).astype(np.uint8)
    (image,) = cifar10.decode_rows(row[None])
    assert image.shape == (32, 32, 3) and image.dtype == np.uint8
    assert image[5, 9].tolist() == [5, 9, 7] and image[31, 0].tolist() == [31, 0, 7]


def test_standardize_is_keras_normalization():
    images = RNG.random((2, 4, 5, 3)).astype(np.float32)
    mean, std = np.array([0.5, 0.4, 0.3]), np.array([0.2, 0.25, 0.3])
    layer = keras.layers.Normalization(mean=mean, variance=std**2)
    np.testing.assert_allclose(cifar10.standardize(images, mean, std), layer(images), atol=1e-5)
    np.testing.assert_allclose(cifar10.standardize(images, mean.tolist(), std.tolist()), layer(images), atol=1e-5)


def test_one_hot_is_that_of_keras():
    found = cifar10.one_hot(LABELS, 12)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, keras.ops.one_hot(LABELS, 12))


def test_softmax_by_hand():
    np.testing.assert_allclose(cifar10.softmax(np.log([[1.0, 2.0, 5.0]])), [[0.125, 0.25, 0.625]], atol=1e-15)


@pytest.mark.parametrize("shift", [0, 1000, -1000])
def test_softmax_is_that_of_keras(shift):
    wanted = keras.ops.softmax(LOGITS.astype(np.float32))
    np.testing.assert_allclose(cifar10.softmax(LOGITS + shift), wanted, atol=1e-6)
    np.testing.assert_allclose(cifar10.softmax(LOGITS[0] + shift), wanted[0], atol=1e-6)


def test_cross_entropy_by_hand():
    """Right classes with p = ¾ and ½: the mean of ln 4/3 and ln 2."""
    found = cifar10.cross_entropy(np.array([[0, np.log(3)], [2, 2]]), np.array([1, 0]))
    assert found == pytest.approx((np.log(4 / 3) + np.log(2)) / 2, abs=1e-15)
    assert type(found) is float


def test_cross_entropy_is_that_of_keras():
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert cifar10.cross_entropy(LOGITS, LABELS) == pytest.approx(float(loss(LABELS, LOGITS)), abs=1e-5)


def test_cross_entropy_at_a_thousand():
    """Sure and right costs nothing, sure and wrong the whole difference."""
    logits = np.array([[1000.0, -1000.0]])
    assert cifar10.cross_entropy(logits, np.array([0])) == 0
    assert cifar10.cross_entropy(logits, np.array([1])) == 2000


def test_cross_entropy_has_the_gradient_p_minus_one_hot():
    """Central differences: what training does with the loss."""
    wanted = (cifar10.softmax(LOGITS) - cifar10.one_hot(LABELS, 10)) / len(LABELS)
    for place in [(0, 0), (2, LABELS[2]), (5, 9)]:
        step = np.zeros_like(LOGITS)
        step[place] = 1e-5
        up, down = (cifar10.cross_entropy(LOGITS + sign * step, LABELS) for sign in (1, -1))
        assert (up - down) / 2e-5 == pytest.approx(wanted[place], abs=1e-9)


def test_l2_penalty_by_hand():
    found = cifar10.l2_penalty([np.array([1.0, -2.0]), np.array([[3.0]])], 0.5)
    assert found == 7 and type(found) is float
    assert cifar10.l2_penalty([], 0.5) == 0


def test_l2_penalty_is_that_of_a_keras_model():
    regularizer = keras.regularizers.L2(0.03)
    model = keras.Sequential(
        [
            keras.Input((5, 5, 2)),
            keras.layers.Conv2D(4, 3, kernel_regularizer=regularizer),
            keras.layers.Flatten(),
            keras.layers.Dense(3, kernel_regularizer=regularizer),
        ]
    )
    kernels = [layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")]
    assert cifar10.l2_penalty(kernels, 0.03) == pytest.approx(float(sum(model.losses)), rel=1e-6)


def test_confusion_matrix_by_hand():
    found = cifar10.confusion_matrix(np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 2, 0]), 3)
    assert found.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 2]]
    assert found.dtype.kind == "i"


def test_confusion_matrix_is_that_of_scikit_learn():
    labels, predictions = RNG.integers(0, 7, (2, 200))
    wanted = sklearn.metrics.confusion_matrix(labels, predictions, labels=range(10))
    np.testing.assert_array_equal(cifar10.confusion_matrix(labels, predictions, 10), wanted)


def looped_cross_entropy(logits, labels):
    import math

    total = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        total += max(row) - row[label] + math.log(sum(math.exp(z - max(row)) for z in row))
    return total / len(labels)


def looped_confusion(labels, predictions, classes):
    return np.array([[np.sum((labels == t) & (predictions == p)) for p in range(classes)] for t in range(classes)])


OTHER_ANSWERS = {
    "decode_rows": lambda rows: np.stack(
        [rows[:, i * 1024 : (i + 1) * 1024].reshape(-1, 32, 32) for i in range(3)], -1
    ),
    "standardize": lambda images, mean, std: np.stack([(images[..., c] - mean[c]) / std[c] for c in range(3)], axis=-1),
    "one_hot": lambda labels, classes: (labels[:, None] == np.arange(classes)).astype(int),
    "softmax": lambda logits: keras.ops.softmax(np.float32(logits)),
    "cross_entropy": looped_cross_entropy,
    "l2_penalty": lambda weights, strength: strength * np.square(np.concatenate([w.ravel() for w in weights])).sum(),
    "confusion_matrix": looped_confusion,
}


@pytest.mark.parametrize("name", OTHER_ANSWERS)
def test_right_answers_in_other_styles_pass(name):
    verdict = judge(find(name), OTHER_ANSWERS[name])
    assert verdict.right, verdict
