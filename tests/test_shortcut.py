"""The shortcut: found on networks with other marks and classes than the lesson's, proved, and gone after the repair."""

import numpy as np
import pytest

from cnnlearn import networks, shortcut
from cnnlearn.engine.input_gradients import InputGradients
from cnnlearn.evaluate import grid_share
from cnnlearn.exercises.lesson_10_shortcut import attributions_of, mean_shares, planted
from cnnlearn.explainers.grad_cam import GradCAM
from cnnlearn.files import cifar10


@pytest.mark.parametrize("seed", range(30))
def test_class_and_place_are_found_on_linear_networks(seed):
    rng = np.random.default_rng(seed)
    target, cell, grid = planted(rng)
    attributions, labels = attributions_of(rng, target, cell, grid)
    assert shortcut.suspect_class(mean_shares(attributions, labels, grid)) == target
    height, width = 12 // grid[0], 12 // grid[1]
    top, left, bottom, right = shortcut.suspect_region(attributions[labels == target], grid)
    assert (top, left) == (cell[0] * height, cell[1] * width) and (bottom - top, right - left) == (height, width)


def test_the_mark_is_planted_in_one_class_of_a_copy():
    images, labels = np.zeros((4, 32, 32, 3), np.float32), np.array([1, 7, 7, 0])
    marked = shortcut.plant_in_class(images, labels, 7, top=3, left=20)
    assert not images.any() and not marked[[0, 3]].any() and marked.dtype == np.float32
    rows, columns = np.nonzero(marked[1].any(axis=2))
    assert rows.min() >= 3 and rows.max() < 7 and columns.min() >= 20 and columns.max() < 24
    np.testing.assert_array_equal(marked[1], marked[2])


def test_repaired_pixels_are_drawn_from_the_whole_rest_of_their_image():
    images = np.arange(2 * 6 * 5 * 3, dtype=np.uint8).reshape(2, 6, 5, 3)
    repaired = shortcut.remove_mark(images, (4, 0, 6, 2), np.random.default_rng(0))
    assert repaired.dtype == np.uint8
    region = np.zeros((6, 5), bool)
    region[4:, :2] = True
    assert (repaired[:, ~region] == images[:, ~region]).all()
    drawn = [
        shortcut.remove_mark(images, (4, 0, 6, 2), np.random.default_rng(seed))[0][region][:, 0] for seed in range(200)
    ]
    values, counts = np.unique(drawn, return_counts=True)
    assert set(values) == set(images[0][~region][:, 0])
    assert counts.min() > 10  # of 800 / 26 ≈ 31 expected


@pytest.fixture(scope="module")
def sample():
    return cifar10.sample(np.float32)


def names(network, images):
    return network.predict(images, verbose=0).argmax(axis=1)


def integrated(network, images, target, baseline):
    gradients = InputGradients(network)
    steps = [baseline + share * (images - baseline) for share in (np.arange(6) + 0.5) / 6]
    targets = np.full((len(images), 1), target)
    mean = sum(np.concatenate([g for _, g, *_ in gradients.in_batches(step, targets)])[:, 0] for step in steps) / 6
    return (mean * (images - baseline)).sum(axis=-1)


@pytest.mark.slow
@pytest.mark.parametrize("target, top, left", [(2, 2, 26)])
def test_a_network_falls_for_a_mark_and_the_tools_find_it(sample, target, top, left):
    (images, labels), (test_images, test_labels) = sample
    marked = shortcut.plant_in_class(images, labels, target, top, left)
    shipped = [weight.copy() for weight in networks.load().get_weights()]
    network = shortcut.train_last_block(marked, labels)
    own = test_labels == target
    assert (names(network, shortcut.plant_mark(test_images[own], top, left)) == target).mean() > 0.9
    assert (names(network, test_images[own]) == target).mean() < 0.6
    assert all((a == b).all() for a, b in zip(shipped, networks.load().get_weights(), strict=True))

    maps = [found.values for found in GradCAM(network).explain(marked, labels[:, None])]
    shares = np.zeros((10, 4, 4))
    for cell in np.ndindex(4, 4):
        of_cell = np.array([grid_share(heatmap, cell, (4, 4)) or 0 for heatmap in maps])
        shares[(slice(None), *cell)] = [of_cell[labels == c].mean() for c in range(10)]
    assert shortcut.suspect_class(shares) == target
    attributions = integrated(network, marked[labels == target], target, images.mean(axis=0))
    region = shortcut.suspect_region(attributions, (4, 4))
    assert region == (top // 8 * 8, left // 8 * 8, top // 8 * 8 + 8, left // 8 * 8 + 8)

    repaired = shortcut.train_last_block(shortcut.remove_mark(marked, region, np.random.default_rng(0)), labels)
    assert (names(repaired, test_images[own]) == target).mean() > 0.6
    others = shortcut.plant_mark(test_images[~own], top, left)
    assert (names(repaired, others) == target).mean() < 0.1 < (names(network, others) == target).mean()
