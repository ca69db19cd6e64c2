"""Hiding inside the graph is the same as hiding by hand and calling the network."""

import keras
import numpy as np
import pytest

from cnnlearn.exercises.fixtures.networks import small_network
from cnnlearn.perturbation.fills import fill_for
from cnnlearn.perturbation.masked_logits import MaskedLogits

SEGMENTS = np.arange(64).reshape(8, 8) // 13  # five segments


@pytest.fixture(scope="module")
def model():
    return small_network("gap softmax", 0)


@pytest.fixture(scope="module")
def masked(model):
    return MaskedLogits(model)


@pytest.fixture
def image():
    return np.random.default_rng(1).random((8, 8, 3)).astype(np.float32)


@pytest.fixture
def masks():
    return np.random.default_rng(2).random((23, 5)) < 0.5


def by_hand(model, image, masks, fill):
    """Logits of images in which each hidden pixel is replaced in a loop."""
    batch = np.empty((len(masks), 8, 8, 3), np.float32)
    for one, mask in zip(batch, masks, strict=True):
        hidden = np.isin(SEGMENTS, np.flatnonzero(~mask))
        other = fill(hidden) if callable(fill) else fill
        one[:] = image
        one[hidden] = other[hidden]
    return keras.Model(model.input, model.get_layer("logits").output)(batch).numpy()


@pytest.mark.parametrize("name", ["grey", "segment mean", "blur", "inpaint"])
def test_logits_are_those_of_images_hidden_by_hand(name, model, masked, image, masks):
    fill = fill_for(name, image, SEGMENTS)
    expected = by_hand(model, image, masks, fill)
    assert np.allclose(masked(image, SEGMENTS, masks, fill), expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["grey", "inpaint"])
@pytest.mark.parametrize("batch", [1, 7, 22, 100])
def test_the_batch_size_changes_nothing(name, batch, masked, image, masks):
    fill = fill_for(name, image, SEGMENTS)
    one = masked(image, SEGMENTS, masks, fill)
    assert np.allclose(masked(image, SEGMENTS, masks, fill, batch=batch), one, rtol=1e-5, atol=1e-5)


def test_no_batch_is_larger_than_asked_for(masked, image, masks):
    sizes = []

    def fill(hidden):
        sizes.append(hidden.shape)
        return image

    masked(image, SEGMENTS, masks, fill, batch=4)
    assert sizes == [(8, 8)] * 23


def test_classes_are_returned_in_the_order_asked_for(masked, image, masks):
    fill = np.zeros_like(image)
    every = masked(image, SEGMENTS, masks, fill)
    assert every.shape == (23, 4) and every.dtype == np.float32
    assert np.allclose(masked(image, SEGMENTS, masks, fill, classes=[2, 0]), every[:, [2, 0]], atol=1e-6)


def test_one_compilation_serves_other_images_masks_and_fills(masked, image, masks):
    masked(image, SEGMENTS, masks, np.zeros_like(image))
    compiled = masked._compiled
    masked(image[::-1], SEGMENTS % 2, masks[:3, :2], fill_for("inpaint", image, SEGMENTS), classes=[1])
    assert masked._compiled is compiled and compiled.experimental_get_tracing_count() == 1


def test_the_model_is_unchanged_and_its_new_weights_are_used(image, masks):
    model = small_network("gap fused", 3)
    before = [w.copy() for w in model.get_weights()]
    masked, fill = MaskedLogits(model), np.zeros_like(image)
    one = masked(image, SEGMENTS, masks, fill)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    model.set_weights([2 * w for w in before])
    assert not np.allclose(masked(image, SEGMENTS, masks, fill), one, atol=1e-3)


@pytest.mark.parametrize("shift, columns", [(1, 5), (-1, 5), (0, 4)])
def test_ids_that_have_no_column_are_refused(shift, columns, masked, image):
    with pytest.raises(ValueError, match="column"):
        masked(image, SEGMENTS + shift, np.ones((3, columns)), np.zeros_like(image))


def test_a_quick_call_writes_nothing_to_stderr_and_a_long_one_shows_a_bar(masked, image, masks, capsys, monkeypatch):
    fill = np.zeros_like(image)
    masked(image, SEGMENTS, masks, fill)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("cnnlearn.perturbation.masked_logits.PATIENCE", 0)
    masked(image, SEGMENTS, masks, fill, batch=1)
    shown = capsys.readouterr()
    assert "23" in shown.err and shown.out == ""
