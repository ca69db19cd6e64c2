"""Triples: the closed form against a regression on every product of three; errors on games whose values are known."""

from itertools import combinations

import numpy as np
import pytest

from cnnlearn.exercises.fixtures.games import game
from cnnlearn.explainers.coalitions import kernel_coalitions
from cnnlearn.explainers.kernel_shap import kernel_error
from cnnlearn.explainers.third_order import ALONE, PENALTIES, fit_triples, kernel_shap_with_triples
from cnnlearn.shapley import kernel_shap, shapley_exact


def smooth(players, seed):
    """A game in which players count alone, in pairs and, less, in triples; a little noise besides."""
    rng = np.random.default_rng(seed)
    alone, pairs = rng.normal(size=players), rng.normal(size=(players, players))
    triples, noise = rng.normal(size=(players,) * 3) / 2, 0.05 * rng.normal(size=2**players)

    def value(masks):
        m = np.asarray(masks, float)
        two = np.einsum("ki,ij,kj->k", m, pairs, m, optimize=True)
        three = np.einsum("ki,kj,kl,ijl->k", m, m, m, triples, optimize=True)
        return (m @ alone + two + three + noise[masks @ 2 ** np.arange(players)])[:, None]

    return value


def ends(value, players):
    return value(np.array([[False] * players, [True] * players]))


def test_several_classes_get_what_each_gets_alone():
    rng = np.random.default_rng(0)
    signs, weights = rng.choice([-1.0, 1.0], (14, 6)), rng.uniform(0.5, 2, 14)
    differences = np.stack([rng.normal(size=14), signs.sum(axis=1)], axis=1)  # a rough game and a smooth one
    together = fit_triples(signs, differences, weights)
    for t in range(2):
        for one, all_of_them in zip(fit_triples(signs, differences[:, [t]], weights), together, strict=True):
            np.testing.assert_allclose(one[..., 0], all_of_them[..., t], atol=1e-12)


def test_the_closed_form_is_a_ridge_regression_on_all_products_of_three():
    rng, players = np.random.default_rng(0), 6
    signs = rng.choice([-1.0, 1.0], (14, players))
    weights, differences = rng.uniform(0.5, 2, 14), rng.normal(size=(14, 1))
    values, whole, left, unseen = fit_triples(signs, differences, weights)
    threes = list(combinations(range(players), 3))
    products = np.array([signs[:, list(three)].prod(axis=1) for three in threes]).T
    features = np.concatenate([np.sqrt(ALONE) * signs, products], axis=1)

    def regress(rows, penalty):
        x, w = features[rows], weights[rows]
        ridge = penalty * len(signs) * weights.mean() * np.eye(features.shape[1])
        return np.linalg.solve(x.T @ (x * w[:, None]) + ridge, x.T @ (differences[rows] * w[:, None]))

    def foretold(penalty):
        rows = np.arange(14)
        return np.array([differences[k] - features[k] @ regress(rows[rows != k], penalty) for k in rows])

    penalty = min(PENALTIES, key=lambda p: (weights @ foretold(p) ** 2).sum())
    coefficients = regress(np.arange(14), penalty)
    np.testing.assert_allclose(left, differences - features @ coefficients, atol=1e-8)
    np.testing.assert_allclose(unseen, foretold(penalty), atol=1e-8)
    np.testing.assert_allclose(
        whole, np.concatenate([np.full(players, np.sqrt(ALONE)), np.ones(20)]) @ coefficients, atol=1e-8
    )

    def of_the_fit(masks):
        s = 2.0 * masks - 1
        three = np.array([s[:, list(three)].prod(axis=1) for three in threes]).T
        return np.concatenate([np.sqrt(ALONE) * s, three], axis=1) @ coefficients

    np.testing.assert_allclose(values, shapley_exact(of_the_fit, players), atol=1e-8)


def repeats(value, players, budget, seeds):
    exact, (empty, full) = shapley_exact(value, players), ends(value, players)
    with_them, without, errors = [], [], []
    for seed in range(seeds):
        masks, weights, strata = kernel_coalitions(players, budget, np.random.default_rng(seed))
        values, left = kernel_shap_with_triples(masks, value(masks), empty, full, weights)
        np.testing.assert_allclose(values.sum(axis=0), full - empty, atol=1e-9)
        with_them.append(values - exact)
        without.append(kernel_shap(masks, value(masks), empty, full, weights) - exact)
        errors.append(kernel_error(masks, left, weights, strata))
    return [np.sqrt(np.mean(np.square(found))) for found in (with_them, without, errors)]


@pytest.mark.parametrize("players, budget", [(8, 150), (10, 400)])
def test_the_error_is_far_smaller_in_smooth_games_and_no_larger_in_rough_ones(players, budget):
    with_them, without, told = repeats(smooth(players, 1), players, budget, 60)
    assert with_them < without / 4 and 0.7 < told / with_them < 1.4
    rough = game("random", players, 4)
    with_them, without, told = repeats(lambda masks: rough(masks)[:, None], players, budget, 60)
    assert with_them < 1.05 * without and 0.8 < told / with_them < 1.25


def test_all_coalitions_give_exact_values():
    value = smooth(6, 2)
    masks, weights, _ = kernel_coalitions(6, 62, np.random.default_rng(0))
    values, _ = kernel_shap_with_triples(masks, value(masks), *ends(value, 6), weights)
    np.testing.assert_allclose(values, shapley_exact(value, 6), atol=1e-9)
