"""The course's network: its size, its form, and what its weights are worth."""

import numpy as np
import pytest

from cnnlearn import networks
from cnnlearn.files import cifar10


@pytest.fixture(scope="module")
def model():
    return networks.load()


def test_it_is_small_and_has_the_layers_that_lessons_name(model):
    assert model.count_params() <= 300_000
    assert model.get_layer("features").output.shape == (None, 8, 8, 72)
    assert [model.get_layer(name).output.shape[1:] for name in ("gap", "logits", "softmax")] == [(72,), (10,), (10,)]


def test_standardisation_is_its_first_layer(model):
    import keras

    images = np.random.default_rng(0).random((2, 32, 32, 3)).astype(np.float32)
    first = keras.Model(model.input, model.get_layer("standardize").output)(images)
    wanted = (images - networks.CIFAR10_MEAN) / networks.CIFAR10_STD
    np.testing.assert_allclose(first, wanted, atol=1e-5)


def test_features_are_not_negative_and_probabilities_sum_to_one(model):
    import keras

    images = np.random.default_rng(0).random((4, 32, 32, 3)).astype(np.float32)
    features, probabilities = keras.Model(model.input, [model.get_layer("features").output, model.output])(images)
    assert np.min(features) == 0
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1, atol=1e-6)


@pytest.mark.slow
def test_it_recognises_images_that_it_was_not_trained_on(model):
    _, (images, labels) = cifar10.sample()
    correct = (model.predict(images / np.float32(255), verbose=0).argmax(axis=1) == labels).mean()
    assert correct > 0.87  # 500 images: the full test set's share ± 2.5 standard errors


def test_the_penalty_is_on_kernels_and_not_on_biases():
    model = networks.gap_network(l2=0.5)
    kernels = [w for w in model.trainable_variables if w.path.endswith("kernel")]
    assert float(sum(model.losses)) == pytest.approx(
        0.5 * sum(float((w.numpy() ** 2).sum()) for w in kernels), rel=1e-5
    )
