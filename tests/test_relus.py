"""Finding the ReLUs of a network: all spellings, and a sentence for each network that cannot be searched."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnlearn import networks
from cnnlearn.engine.relus import relus_of
from cnnlearn.exercises.fixtures.relu_networks import relu_network

layers, ops = keras.layers, keras.ops


def network_with(last):
    """Two convolutions with a fused ReLU, and between them and the end a layer or a function."""
    images = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu")(images)
    return keras.Model(images, layers.Dense(2)(layers.Flatten()(last(layers.Conv2D(4, 3, activation="relu")(x)))))


@pytest.mark.parametrize("layout", ["fused", "activation", "layers", "relu6", "nested", "function"])
def test_both_relus_are_found_in_every_layout(layout):
    assert len(relus_of(relu_network(layout, seed=0))) == 2


@pytest.mark.parametrize(
    "spelled",
    [
        layers.ReLU(),
        layers.ReLU(6),
        layers.Activation("relu"),
        layers.Activation("relu6"),
        layers.Activation(tf.nn.relu),
        layers.Activation(layers.ReLU()),
        layers.Conv2D(4, 1, activation=tf.nn.relu6),
        layers.Dense(4, activation=layers.ReLU()),
        keras.activations.relu,
        keras.Sequential([layers.Conv2D(4, 1), keras.Sequential([layers.ReLU()])]),
        ops.relu6,
    ],
    ids=lambda spelled: getattr(spelled, "name", None) or spelled.__name__,
)
def test_every_spelling_of_a_relu_is_found(spelled):
    assert len(relus_of(network_with(spelled))) == 3


@pytest.mark.parametrize("other", [layers.Activation("tanh"), layers.Activation("elu"), layers.MaxPooling2D(), ops.abs])
def test_other_layers_are_left_alone(other):
    assert len(relus_of(network_with(other))) == 2


@pytest.mark.slow
def test_the_courses_networks():
    assert len(relus_of(networks.gap_network())) == 9
    assert len(relus_of(networks.imagenet(weights=None))) == 33


@keras.saving.register_keras_serializable("tests")
class OwnLayer(layers.Layer):
    def call(self, x):
        return ops.relu(x)


@pytest.mark.parametrize(
    "refused, words",
    [
        (layers.LeakyReLU(), "is a LeakyReLU"),
        (layers.PReLU(), "is a PReLU"),
        (ops.leaky_relu, "is a LeakyRelu"),
        (layers.Activation("leaky_relu"), "the activation 'leaky_relu'"),
        (layers.Conv2D(4, 1, activation=layers.LeakyReLU()), "is a LeakyReLU"),
        (layers.ReLU(negative_slope=0.1), "a slope or a threshold"),
        (layers.ReLU(threshold=1.0), "a slope or a threshold"),
        (lambda x: keras.activations.relu(x, negative_slope=0.1), "a slope or a threshold"),
        (lambda x: ops.maximum(x, 0), "is a Maximum"),
        (lambda x: ops.clip(x, 0, 6), "is a Clip"),
        (layers.Lambda(tf.nn.relu), "Lambda runs code of its own"),
        (OwnLayer(), "OwnLayer runs code of its own"),
        (layers.Activation(lambda x: tf.nn.relu(x)), "is your own"),
        (layers.TimeDistributed(layers.ReLU()), "has a ReLU inside"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_would_stay_plain_in_silence_is_refused_in_one_sentence(refused, words):
    with pytest.raises(ValueError) as refusal:
        relus_of(network_with(refused))
    assert words in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_network_without_relu_or_without_a_graph_is_refused():
    with pytest.raises(ValueError, match="has no ReLU"):
        relus_of(relu_network("none", seed=0))

    class Own(keras.Model):
        def call(self, x):
            return x

    for model in (Own(), keras.Sequential([layers.ReLU()])):
        with pytest.raises(ValueError, match="is not a functional or sequential model"):
            relus_of(model)


def test_searching_changes_nothing():
    model = relu_network("nested", seed=0)
    before = str(model.get_config()), [weight.tobytes() for weight in model.get_weights()]
    relus_of(model)
    assert (str(model.get_config()), [np.ndarray.tobytes(weight) for weight in model.get_weights()]) == before
