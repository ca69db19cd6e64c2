"""The measures of lesson 09, by their oracles: linear models, brute force, attributions that know the answer."""

import itertools
import math

import keras
import numpy as np
import pytest
from scipy import ndimage, stats

from cnnlearn import evaluate
from cnnlearn.engine import altered_copies, forward, probabilities
from cnnlearn.engine.forward import logits_of
from cnnlearn.exercises.fixtures.networks import small_network


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def linear(rng, height, width):
    """A linear model, an image, a colour, and what each pixel adds when it stands there in place of the colour."""
    weights, image, colour = rng.normal(size=(height, width, 3)), rng.random((height, width, 3)), rng.random(3)
    return (
        (lambda batch: (batch * weights).sum(axis=(1, 2, 3))),
        image,
        colour,
        (weights * (image - colour)).sum(axis=2),
    )


def areas(predict, image, attribution, colour):
    """Deletion and insertion, one pixel a step."""
    steps, start = attribution.size, np.broadcast_to(colour, image.shape)
    return (
        evaluate.area_under(evaluate.deletion_curve(predict, image, attribution, steps, colour)),
        evaluate.area_under(evaluate.insertion_curve(predict, image, attribution, steps, start)),
    )


def test_curves_of_a_linear_model_are_sorted_cumulative_sums(rng):
    predict, image, colour, terms = linear(rng, 5, 7)
    gains = np.concatenate([[0], np.cumsum(np.sort(terms, axis=None)[::-1])])
    at = [k * 35 // 9 for k in range(10)]
    full, empty = predict(image[None])[0], predict(np.broadcast_to(colour, image.shape)[None])[0]
    deleted = evaluate.deletion_curve(predict, image, terms, 9, colour)
    np.testing.assert_allclose(deleted, full - gains[at], atol=1e-9)
    inserted = evaluate.insertion_curve(predict, image, terms, 9, np.broadcast_to(colour, image.shape))
    np.testing.assert_allclose(inserted, empty + gains[at], atol=1e-9)


def test_no_order_beats_descending_terms(rng):
    predict, image, colour, terms = linear(rng, 2, 3)
    deletion, insertion = areas(predict, image, terms, colour)
    others = [areas(predict, image, np.reshape(order, (2, 3)), colour) for order in itertools.permutations(range(6))]
    assert deletion == pytest.approx(min(d for d, _ in others), abs=1e-12)
    assert insertion == pytest.approx(max(i for _, i in others), abs=1e-12)
    assert len({round(d, 9) for d, _ in others}) == 720, "every order has an area of its own"


def test_ties_are_deleted_in_reading_order():
    image = np.arange(12.0).reshape(2, 2, 3)
    curve = evaluate.deletion_curve(lambda batch: batch[..., 0].sum(axis=(1, 2)), image, np.zeros((2, 2)), 4, 0)
    np.testing.assert_array_equal(curve, [18, 18, 15, 9, 0])


def test_more_steps_than_pixels_repeat_points():
    def left(batch):
        return (batch != 0).any(axis=3).sum(axis=(1, 2))

    curve = evaluate.deletion_curve(left, np.ones((1, 2, 3)), np.array([[1.0, 2.0]]), 5, 0)
    np.testing.assert_array_equal(curve, [2, 2, 2, 1, 1, 0])


def test_the_area_of_a_straight_line_is_its_mean_at_any_number_of_steps():
    for steps in (1, 2, 17):
        assert evaluate.area_under(np.linspace(0.9, 0.1, steps + 1)) == pytest.approx(0.5, abs=1e-12)
    assert evaluate.area_under(np.array([0.0, 1.0, 0.0])) == 0.5


def test_pointing_hits_are_within_the_distance_to_the_mask(rng):
    for _ in range(50):
        mask = rng.random((9, 11)) < 0.05
        mask[rng.integers(9), rng.integers(11)] = True
        attribution = rng.normal(size=(9, 11))
        place = np.unravel_index(attribution.argmax(), attribution.shape)
        distance = ndimage.distance_transform_edt(~mask)[place]
        assert evaluate.pointing_hit(attribution, mask, distance) is True
        assert distance == 0 or evaluate.pointing_hit(attribution, mask, distance - 1e-9) is False


def test_an_empty_mask_is_no_round_of_the_game(rng):
    assert evaluate.pointing_hit(rng.normal(size=(4, 4)), np.zeros((4, 4), bool), 15) is None


def test_shares_of_all_cells_add_up_to_one(rng):
    attribution = rng.normal(size=(12, 20))
    shares = [evaluate.grid_share(attribution, cell, (3, 4)) for cell in np.ndindex(3, 4)]
    assert sum(shares) == pytest.approx(1, abs=1e-12)
    assert evaluate.grid_share(-np.abs(attribution), (0, 0), (3, 4)) is None


def test_in_the_grid_an_oracle_scores_one_and_chance_a_quarter(rng):
    oracle, chance = [], []
    for cell in np.ndindex(2, 2):
        inside = np.zeros((8, 8))
        inside[4 * cell[0] : 4 * cell[0] + 4, 4 * cell[1] : 4 * cell[1] + 4] = 1
        oracle.append(evaluate.grid_share(inside * rng.random((8, 8)) - (1 - inside), cell, (2, 2)))
        chance += [evaluate.grid_share(rng.normal(size=(8, 8)), cell, (2, 2)) for _ in range(100)]
    assert oracle == [1, 1, 1, 1]
    low, high = evaluate.bootstrap_interval(chance, rng)
    assert low < 0.25 < high and high - low < 0.03


def test_rank_correlation_is_scipys(rng):
    for _ in range(20):
        a, b = rng.integers(0, 5, (2, 6, 4)).astype(float)
        assert evaluate.rank_correlation(a, b) == pytest.approx(stats.spearmanr(a.ravel(), b.ravel())[0], abs=1e-12)
    a = rng.normal(size=40)
    assert evaluate.rank_correlation(a, np.exp(a)) == pytest.approx(1, abs=1e-12)
    assert evaluate.rank_correlation(a, -(a**3)) == pytest.approx(-1, abs=1e-12)
    assert math.isnan(evaluate.rank_correlation(a, np.full(40, 0.1)))


def test_bootstrap_intervals_have_the_width_of_theory_and_cover_the_mean(rng):
    values = rng.exponential(size=400)
    low, high = evaluate.bootstrap_interval(values, rng)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.08)
    covered = [
        low < 0.3 < high for low, high in (evaluate.bootstrap_interval(rng.random(60) < 0.3, rng) for _ in range(300))
    ]
    assert 0.9 < np.mean(covered) < 0.98


def test_bootstrap_leaves_out_what_is_missing(rng):
    low, high = evaluate.bootstrap_interval([1.0, None, 1.0, math.nan], rng)
    assert low == high == 1
    assert all(map(math.isnan, evaluate.bootstrap_interval([None], rng)))


def test_probabilities_are_the_networks_whatever_the_batch(rng, monkeypatch):
    model = small_network("gap softmax", 3)
    images = rng.random((7, 8, 8, 3)).astype(np.float32)
    expected = model(images).numpy()[:, 2]
    predict = probabilities.probability_of(model, 2)
    np.testing.assert_allclose(predict(images), expected, atol=1e-6)
    monkeypatch.setattr(forward, "LARGEST_BATCH", 2)
    np.testing.assert_allclose(predict(images), expected, atol=1e-6)


def test_a_network_without_softmax_gives_probabilities_too(rng):
    images = rng.random((3, 8, 8, 3)).astype(np.float32)
    assert np.allclose(probabilities.Probabilities(small_network("gap logits", 3))(images).sum(axis=1), 1, atol=1e-5)


def test_the_grid_picture_is_in_reading_order():
    picture = evaluate.grid_picture([np.full((2, 3, 3), value) for value in (1, 2, 3, 4)])
    assert picture.shape == (4, 6, 3)
    np.testing.assert_array_equal(picture[[0, 0, 3, 3], [0, 5, 0, 5], 0], [1, 2, 3, 4])


def test_a_network_for_larger_pictures_has_the_same_weights(rng):
    model = small_network("gap softmax", 1)
    images = rng.random((2, 8, 8, 3)).astype(np.float32)
    np.testing.assert_array_equal(altered_copies.for_size(model, 8, 8)(images), model(images))
    large = altered_copies.for_size(model, 16, 16)
    picture = rng.random((1, 16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(large(picture), keras.ops.softmax(logits_of(model, picture)), atol=1e-6)
    with pytest.raises(ValueError, match="one size of picture only"):
        altered_copies.for_size(small_network("flat softmax", 1), 16, 16)


@pytest.mark.parametrize("head", ["gap softmax", "nested"])
def test_layers_forget_on_a_copy_from_the_output_down(head, rng):
    model = small_network(head, 5)
    before = [weight.copy() for weight in model.get_weights()]

    def changed(copy):
        kernels = [(a, b) for a, b in zip(before, copy.get_weights(), strict=True) if a.ndim > 1]
        return [
            bool((a != b).mean() > 0.99) for a, b in kernels
        ]  # of each kernel, whether (nearly) all numbers are new

    assert changed(altered_copies.randomized(model, rng)) == [True, True, True]
    assert changed(altered_copies.randomized(model, rng, "features")) == [False, True, True]
    assert changed(altered_copies.randomized(model, rng, "logits")) == [False, False, True]
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))
    with pytest.raises(ValueError, match="no layer 'nothing'"):
        altered_copies.randomized(model, rng, "nothing")


def test_forgetting_depends_on_the_generator_alone():
    model = small_network("gap softmax", 5)
    keras.utils.set_random_seed(0)
    one = altered_copies.randomized(model, np.random.default_rng(1)).get_weights()
    drawn = float(keras.random.uniform(()))
    keras.utils.set_random_seed(0)
    assert drawn == float(keras.random.uniform(())), "the global generator was touched"
    two = altered_copies.randomized(model, np.random.default_rng(1)).get_weights()
    other = altered_copies.randomized(model, np.random.default_rng(2)).get_weights()
    assert all((a == b).all() for a, b in zip(one, two, strict=True))
    assert not (one[0] == other[0]).any()


def test_forgotten_weights_are_drawn_anew_and_not_the_old_ones_shuffled(rng):
    model = small_network("gap softmax", 5)  # its own weights have a standard deviation of 0.5
    kernel = altered_copies.randomized(model, rng).get_layer("features").kernel.numpy()
    glorot = math.sqrt(2 / (9 * 5 + 9 * 6))
    assert kernel.std() == pytest.approx(glorot, rel=0.15)


def test_the_scale_of_the_pixels_is_kept(rng):
    scale = keras.layers.Normalization()
    scale.adapt(rng.random((10, 8, 8, 3)))
    model = keras.Sequential([keras.Input((8, 8, 3)), scale, keras.layers.Flatten(), keras.layers.Dense(2)])
    images = rng.random((2, 8, 8, 3))
    np.testing.assert_allclose(altered_copies.for_size(model, 8, 8)(images), model(images), atol=1e-6)
    copy = altered_copies.randomized(model, rng)
    np.testing.assert_array_equal(copy.layers[0].mean, scale.mean)
    assert not (copy.layers[2].kernel.numpy() == model.layers[2].kernel.numpy()).any()
