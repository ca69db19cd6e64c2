"""Copies of networks: they compute the same and share nothing, whatever the network was compiled with."""

import keras
import numpy as np
import pytest

from cnnlearn.engine.rebuilding import rebuild, take_weights, twin
from cnnlearn.exercises.fixtures.networks import small_network

IMAGES = np.random.default_rng(0).random((3, 8, 8, 3)).astype(np.float32)


def own_loss(wanted, found):
    return keras.ops.mean((wanted - found) ** 2)


def copied(model):
    copy = rebuild(model, twin)
    take_weights(copy, model)
    return copy


def adapted(model):
    normalization = keras.layers.Normalization()
    normalization.adapt(IMAGES)
    return keras.Sequential([keras.Input((8, 8, 3)), normalization, model])


def compiled(model):
    model.compile("adam", own_loss, metrics=[own_loss])
    return model


def called_twice(model):
    images = keras.Input((8, 8, 3))
    return keras.Model(images, model(images) + model(keras.ops.flip(images, 1)))


def in_lists(model):
    return keras.Model(model.inputs, model.outputs)


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [adapted, compiled, called_twice, in_lists], ids=lambda wrap: wrap.__name__)
@pytest.mark.parametrize("head", ["gap softmax", "nested"])
def test_a_copy_computes_the_same_and_shares_no_weight(wrap, head):
    model = wrap(small_network(head, seed=1))
    nodes = [len(layer._inbound_nodes) for layer in model._flatten_layers()]
    copy = copied(model)
    wanted, found = (keras.tree.flatten(network.predict(IMAGES, verbose=0)) for network in (model, copy))
    np.testing.assert_array_equal(found, wanted)
    assert not {id(w) for w in copy.weights} & {id(w) for w in model.weights}
    assert [len(layer._inbound_nodes) for layer in model._flatten_layers()] == nodes


def test_a_layer_that_is_used_twice_is_made_once():
    model = called_twice(small_network("gap softmax", seed=1))
    assert len(copied(model).weights) == len(model.weights)
