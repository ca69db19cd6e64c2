"""Training: the augmentation, and a run that is stopped and goes on without loss."""

import json

import numpy as np
import pytest

from cnnlearn.networks import gap_network, training

RNG = np.random.default_rng(3)
IMAGES, LABELS = RNG.integers(0, 256, (64, 32, 32, 3), np.uint8), RNG.integers(0, 10, 64)


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(training, "BATCH", 16)


def test_augmented_images_are_shifted_or_mirrored_originals(small_batches):
    batches = training.AugmentedImages(IMAGES, LABELS, seed=1)
    seen = []
    for b in range(len(batches)):
        images, labels = batches[b]
        assert images.dtype == np.float32 and images.min() >= 0 and images.max() <= 1
        for place, image in enumerate(images):
            original = int(batches.order[b * 16 + place])
            assert labels[place] == LABELS[original]
            seen.append(original)
            row, column = batches.shifts[original] - training.SHIFT
            unmirrored = image[:, ::-1] if batches.mirrored[original] else image
            there = unmirrored[max(0, -row) : 32 - max(0, row), max(0, -column) : 32 - max(0, column)]
            source = IMAGES[original, max(0, row) : 32 + min(0, row), max(0, column) : 32 + min(0, column)]
            np.testing.assert_allclose(there, source / 255, atol=1e-6)
    assert sorted(seen) == list(range(64))


def test_an_epoch_depends_on_seed_and_number_alone(small_batches):
    one, two = training.AugmentedImages(IMAGES, LABELS, 1), training.AugmentedImages(IMAGES, LABELS, 1)
    one.draw(5)
    two.draw(4)
    assert not np.array_equal(one[0][0], two[0][0])
    two.draw(5)
    np.testing.assert_array_equal(one[0][0], two[0][0])


@pytest.mark.slow
def test_a_stopped_run_goes_on_without_loss(small_batches, tmp_path, monkeypatch):
    data = ((IMAGES, LABELS), (IMAGES[:16], LABELS[:16]))
    whole = training.train(*data, tmp_path / "whole", epochs=3, verbose=0)

    draw = training.AugmentedImages.draw
    with monkeypatch.context() as patched:

        def interrupted(self, epoch):
            if epoch == 2:
                raise KeyboardInterrupt
            draw(self, epoch)

        patched.setattr(training.AugmentedImages, "draw", interrupted)
        with pytest.raises(KeyboardInterrupt):
            training.train(*data, tmp_path / "parts", epochs=3, verbose=0)
    resumed = training.train(*data, tmp_path / "parts", epochs=3, verbose=0)

    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-4)
    histories = [json.loads((tmp_path / run / "history.json").read_text()) for run in ("whole", "parts")]
    assert [len(history["val_accuracy"]) for history in histories] == [3, 3]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-3)

    saved = gap_network()
    saved.load_weights(tmp_path / "parts" / "gap_network.weights.h5")
    np.testing.assert_array_equal(saved.get_weights()[0], resumed.get_weights()[0])


def test_the_dtype_policy_is_given_back(small_batches, tmp_path):
    import keras

    with pytest.raises(ValueError):
        training.train((IMAGES, LABELS), (IMAGES, LABELS), tmp_path, precision="no such policy")
    assert keras.mixed_precision.dtype_policy().name == "float32"
