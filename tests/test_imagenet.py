"""The networks trained on ImageNet: what they recognise, which pixels they are given, and what happens offline."""

import os
import socket
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from skimage import data, transform

from cnnlearn import networks
from cnnlearn.files.shipped import data_path

APPLICATIONS = [name for name in vars(keras.applications) if name[0].isupper()]
KEPT_MOBILENET = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras")) / "models" / "mobilenet_1_0_224_tf.h5"


@pytest.fixture(scope="module")
def lite():
    return networks.imagenet()


@pytest.fixture
def offline(monkeypatch):
    """No connection succeeds, and the list holds where one was attempted."""
    attempts = []

    def refuse(*address, **_):
        attempts.append(address)
        raise OSError("no network in this test")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    return attempts


def photograph(image, size=224):
    """The middle square, resized: (size, size, 3) in [0, 1]."""
    height, width, _ = image.shape
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return transform.resize(image[top : top + side, left : left + side], (size, size), anti_aliasing=True)


def cat_and_coffee():
    return np.stack([photograph(data.chelsea()), photograph(data.coffee())]).astype(np.float32)


def outputs(model, *layers):
    return keras.Model(model.input, [model.get_layer(name).output for name in layers])


def test_class_names_are_in_the_order_of_the_outputs():
    names = networks.imagenet_classes()
    assert len(set(names)) == 1000
    assert [names[index] for index in (0, 285, 967, 999)] == ["tench", "Egyptian cat", "espresso", "toilet tissue"]


def test_chelsea_is_a_cat_and_coffee_an_espresso(lite):
    best = lite.predict(cat_and_coffee(), verbose=0).argmax(axis=1)
    assert [networks.imagenet_classes()[index] for index in best] == ["Egyptian cat", "espresso"]


def test_logits_are_those_of_the_original_network(lite):
    """Wanted: the five greatest of the original float32 weights in an independent PyTorch network; ours are float16."""
    fade = np.linspace(0, 1, 224, dtype=np.float32)
    image = np.stack([np.tile(fade, (224, 1)), np.tile(fade[:, None], (1, 224)), np.full((224, 224), 0.5)], axis=-1)
    (logits,) = np.array(outputs(lite, "logits")(image[None].astype(np.float32)))
    assert logits.argsort()[::-1][:5].tolist() == [818, 782, 872, 604, 727]
    np.testing.assert_allclose(np.sort(logits)[::-1][:5], [4.5039, 4.4097, 3.5900, 3.4079, 3.3497], atol=0.05)


def test_lite_has_the_layers_that_lessons_name(lite):
    shapes = [lite.get_layer(name).output.shape[1:] for name in ("features", "gap", "logits", "softmax")]
    assert shapes == [(7, 7, 1280), (1280,), (1000,), (1000,)]
    features, probabilities = outputs(lite, "features", "softmax")(cat_and_coffee())
    assert (np.min(features), np.max(features)) == (0, 6)
    np.testing.assert_allclose(np.sum(probabilities, axis=1), 1, atol=1e-5)


def test_lite_scales_pixels_itself(lite):
    images = np.array([0, 127 / 255, 1], np.float32).reshape(3, 1, 1, 1) * np.ones((3, 224, 224, 3), np.float32)
    seen = outputs(lite, "preprocess")(images)
    np.testing.assert_allclose(seen[:, 0, 0, 0], [-127 / 128, 0, 1], atol=1e-6)


@pytest.mark.slow
def test_lite_survives_cloning_and_its_configuration(lite):
    images = cat_and_coffee()
    for copy in (keras.models.clone_model(lite), keras.Model.from_config(lite.get_config())):
        copy.set_weights(lite.get_weights())
        np.testing.assert_array_equal(copy(images), lite(images))


def test_lite_is_small_and_needs_no_network(offline):
    assert data_path("efficientnet_lite0.npz").stat().st_size < 10e6
    with np.load(data_path("efficientnet_lite0.npz")) as shipped:
        assert {values.dtype for values in shipped.values()} == {np.dtype(np.float16)}
    networks.imagenet()
    assert offline == []


@pytest.mark.parametrize("name", APPLICATIONS)
def test_preprocessing_is_that_of_the_application(name):
    constructor = getattr(keras.applications, name)
    images = np.random.default_rng(0).random((2, 5, 4, 3)).astype(np.float32)
    inputs = keras.Input((5, 4, 3))
    layers = keras.Model(inputs, networks._preprocess(inputs, constructor))
    wanted = sys.modules[constructor.__module__].preprocess_input(255 * images)
    np.testing.assert_allclose(layers(images), wanted, atol=1e-4)


# MobileNetV3 has no size of its own: it takes any.
@pytest.mark.parametrize("name", [name for name in APPLICATIONS if not name.startswith("MobileNetV3")])
def test_input_size_is_that_of_the_application(name, monkeypatch):
    """Keras settles the size first: ask there, instead of building up to 350 million weights."""

    class Settled(Exception):
        pass

    def settle(input_shape=None, default_size=None, **_):
        raise Settled(default_size)

    from keras.src.applications import imagenet_utils

    monkeypatch.setattr(imagenet_utils, "obtain_input_shape", settle)
    with pytest.raises(Settled) as settled:
        getattr(keras.applications, name)(weights=None)
    assert settled.value.args[0] == networks._INPUT_SIZES.get(name, 224)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNet", "ResNet50"])
def test_an_application_is_one_graph_that_takes_pixels_from_0_to_1(name, tmp_path):
    """Its plain form, given what its own preprocess_input makes, says the same; its weights come from a file here."""
    constructor = getattr(keras.applications, name)
    plain = constructor(weights=None)
    plain.save_weights(tmp_path / "plain.weights.h5")
    model = networks.imagenet(name, weights=tmp_path / "plain.weights.h5")
    images = cat_and_coffee()
    preprocessed = sys.modules[constructor.__module__].preprocess_input(255 * images)
    first = next(layer.name for layer in plain.layers if layer.weights)  # fresh weights tell little at the end
    for layer in (first, plain.layers[-1].name):
        np.testing.assert_allclose(
            outputs(model, layer)(images), outputs(plain, layer)(preprocessed), rtol=1e-3, atol=1e-5
        )
    assert {layer.name for layer in plain.layers if layer.weights} <= {layer.name for layer in model.layers}
    copy = keras.Model.from_config(model.get_config())
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy(images), model(images))


@pytest.mark.skipif(not KEPT_MOBILENET.exists(), reason="Keras has not downloaded MobileNet's weights on this machine")
def test_mobilenet_knows_the_cat_and_the_coffee():
    best = networks.imagenet("MobileNet").predict(cat_and_coffee(), verbose=0).argmax(axis=1)
    assert [networks.imagenet_classes()[index] for index in best] == ["Egyptian cat", "espresso"]


def test_an_unknown_name_is_answered_with_names_like_it():
    with pytest.raises(ValueError, match="no ImageNet network 'resnet 50'; names like it: ResNet50, "):
        networks.imagenet("resnet 50")
    with pytest.raises(ValueError, match="names like it: EfficientNetLite0, "):
        networks.imagenet("?")


def test_a_missing_file_of_weights_is_named():
    with pytest.raises(FileNotFoundError, match="no file of weights 'mine.weights.h5'"):
        networks.imagenet("MobileNet", weights="mine.weights.h5")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Skipping nested container")
def test_a_file_of_other_weights_is_named(tmp_path, lite):
    lite.save_weights(tmp_path / "lite.weights.h5")
    with pytest.raises(OSError, match="'.*lite.weights.h5' does not hold weights of mobilenet"):
        networks.imagenet("MobileNet", weights=tmp_path / "lite.weights.h5")
    again = networks.imagenet(weights=tmp_path / "lite.weights.h5")
    np.testing.assert_array_equal(again.get_layer("logits").bias, lite.get_layer("logits").bias)


def test_a_failed_download_says_what_to_do(offline):
    with pytest.raises(OSError, match="weights of MobileNetV2 could not be downloaded: go online, .*EfficientNetLite0"):
        networks.imagenet("MobileNetV2")
    assert offline
