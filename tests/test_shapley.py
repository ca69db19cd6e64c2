"""Shapley and Owen values by their oracles: other ways to the same numbers, axioms, games solved by hand."""

import itertools
from math import comb, factorial

import numpy as np
import pytest

from cnnlearn.exercises.fixtures.games import blend, game
from cnnlearn.shapley import (
    efficiency_gap,
    kernel_shap,
    owen_values,
    shapley_exact,
    shapley_kernel,
    shapley_permutations,
)

TREES = {
    4: ((0, 1), (2, 3)),
    5: (4, ((0, 3), (1, 2))),
    6: ((0, (1, 2)), ((3, 4), 5)),
}


def all_masks(players):
    return np.array(list(itertools.product([False, True], repeat=players)))


def ends(value, players):
    return value(np.array([[False] * players, [True] * players]))


def in_order(value, order):
    """What each player adds when they come in this order, one call for each."""
    gains, mask = np.zeros(len(order)), np.zeros(len(order), bool)
    for player in order:
        before = value(mask[None])[0]
        mask[player] = True
        gains[player] = value(mask[None])[0] - before
    return gains


def over_orders(value, orders):
    return np.mean([in_order(value, order) for order in orders], axis=0)


def by_gray_code(value, players):
    """Each coalition once, a single player coming or going between two; its worth is added to those in it, taken from
    those who are not."""
    values, mask, size = np.zeros(players), np.zeros(players, bool), 0
    for step in range(2**players):
        if step:
            player = (step & -step).bit_length() - 1
            mask[player] ^= True
            size += 1 if mask[player] else -1
        worth = value(mask[None])[0]
        if size:
            values[mask] += worth * factorial(size - 1) * factorial(players - size) / factorial(players)
        if size < players:
            values[~mask] -= worth * factorial(size) * factorial(players - size - 1) / factorial(players)
    return values


def allowed_orders(tree):
    """The orders in which every group of a tree stays together."""
    if isinstance(tree, int):
        return [[tree]]
    pairs = list(itertools.product(*map(allowed_orders, tree)))
    return [first + second for first, second in pairs] + [second + first for first, second in pairs]


# Exact values


@pytest.mark.parametrize("players", [1, 2, 5, 7])
def test_enumeration_is_the_gray_code_and_the_average_over_all_orders(players):
    value = game("random", players, seed=players)
    exact = shapley_exact(value, players)
    np.testing.assert_allclose(exact, by_gray_code(value, players), atol=1e-12)
    if players < 7:
        orders = itertools.permutations(range(players))
        np.testing.assert_allclose(exact, over_orders(value, orders), atol=1e-12)


def test_an_additive_game_gives_each_its_own_term():
    terms = np.array([3.0, -1.0, 0.5, 2.0])
    np.testing.assert_allclose(shapley_exact(lambda masks: masks @ terms + 7, 4), terms, atol=1e-12)


@pytest.mark.parametrize("team", [[0], [1, 3], [0, 2, 4]])
def test_unanimity(team):
    """Worth 1 if the whole team is there: shared by the team evenly."""
    expected = np.zeros(5)
    expected[team] = 1 / len(team)
    np.testing.assert_allclose(shapley_exact(lambda m: m[:, team].all(axis=1).astype(float), 5), expected, atol=1e-12)


def test_the_glove_game():
    np.testing.assert_allclose(shapley_exact(game("gloves", 3), 3), [1 / 6, 1 / 6, 2 / 3], atol=1e-12)


def test_axioms():
    exact = {kind: shapley_exact(game(kind, 5, seed=1), 5) for kind in ("random", "idle", "twins")}
    assert exact["idle"][4] == pytest.approx(0, abs=1e-12) and np.abs(exact["idle"][:4]).min() > 1e-3
    assert exact["twins"][0] == pytest.approx(exact["twins"][1]) != pytest.approx(exact["twins"][2])
    two, three = shapley_exact(game("random", 5, 2), 5), shapley_exact(game("random", 5, 3), 5)
    np.testing.assert_allclose(shapley_exact(blend(2, 3, 5), 5), 2 * two + 3 * three, atol=1e-12)
    for kind, values in exact.items():
        empty, full = ends(game(kind, 5, 1), 5)
        assert values.sum() == pytest.approx(full - empty)


def test_several_results_at_once_are_split_column_by_column():
    one, two = game("random", 4, 1), game("random", 4, 2)

    def both(masks):
        return np.stack([one(masks), two(masks)], axis=1)

    masks, rng = all_masks(4), np.random.default_rng
    for split in (
        lambda value: shapley_exact(value, 4),
        lambda value: shapley_permutations(value, 4, 6, rng(0)),
        lambda value: kernel_shap(masks, value(masks), *ends(value, 4)),
        lambda value: owen_values(value, TREES[4]),
    ):
        np.testing.assert_allclose(split(both), np.stack([split(one), split(two)], axis=1), atol=1e-12)


# Permutations


@pytest.mark.parametrize("permutations", [2, 10])
def test_permutations_are_complete_whatever_they_are(permutations):
    value = game("random", 6, 3)
    values = shapley_permutations(value, 6, permutations, np.random.default_rng(0))
    assert efficiency_gap(values, *ends(value, 6)) == pytest.approx(0, abs=1e-12)


def test_one_pair_is_exact_where_players_count_alone_and_in_pairs():
    value = game("pairwise", 6, 4)
    for seed in range(5):
        values = shapley_permutations(value, 6, 2, np.random.default_rng(seed))
        np.testing.assert_allclose(values, shapley_exact(value, 6), atol=1e-12)


def test_permutations_have_no_bias():
    value = game("random", 5, 5)
    errors = [
        shapley_permutations(value, 5, 40, np.random.default_rng(s)) - shapley_exact(value, 5) for s in range(200)
    ]
    spread = np.std(errors, axis=0, ddof=1) / np.sqrt(len(errors))
    assert (np.abs(np.mean(errors, axis=0)) < 4 * spread).all() and spread.max() < 0.05


def test_the_game_is_asked_once_for_all_orders_and_an_odd_number_is_refused():
    asked = []

    def value(masks):
        asked.append(len(masks))
        return game("random", 4)(masks)

    shapley_permutations(value, 4, 6, np.random.default_rng(0))
    assert asked == [6 * 5]
    with pytest.raises(ValueError, match="even"):
        shapley_permutations(value, 4, 5, np.random.default_rng(0))


# Kernel SHAP


def test_the_kernel_by_hand():
    assert [shapley_kernel(4, size) for size in range(5)] == [np.inf, 1 / 4, 1 / 8, 1 / 4, np.inf]
    assert all(shapley_kernel(9, s) == shapley_kernel(9, 9 - s) for s in range(10))


@pytest.mark.parametrize("players", [2, 4, 7])
def test_kernel_shap_on_all_coalitions_is_exact(players):
    value, masks = game("random", players, 6), all_masks(players)
    values = kernel_shap(masks, value(masks), *ends(value, players))
    np.testing.assert_allclose(values, shapley_exact(value, players), atol=1e-9)


def test_kernel_shap_is_the_constrained_optimum():
    """No other split of the whole fits better, and the sum is right, on coalitions that are not all there are."""
    rng, value = np.random.default_rng(0), game("random", 6, 7)
    masks = all_masks(6)[rng.permutation(64)[:30]]
    masks = masks[(masks.sum(axis=1) % 6) > 0]
    (empty, full), outputs = ends(value, 6), value(masks)
    weights = rng.random(len(masks))
    values = kernel_shap(masks, outputs, empty, full, weights)
    assert efficiency_gap(values, empty, full) == pytest.approx(0, abs=1e-12)

    def loss(values):
        return weights @ (outputs - empty - masks @ values) ** 2

    for step in rng.normal(size=(50, 6)):
        assert loss(values + 1e-3 * (step - step.mean())) > loss(values)


def test_what_counts_once_counts_once():
    value = game("random", 5, 8)
    masks = all_masks(5)[3:25]
    once = kernel_shap(masks, value(masks), *ends(value, 5))
    twice = np.concatenate([masks, masks[:9], all_masks(5)[[0, -1]]])
    np.testing.assert_allclose(kernel_shap(twice, value(twice), *ends(value, 5)), once, atol=1e-9)


def test_masks_drawn_by_the_kernel_weigh_one():
    """Drawn as the kernel weighs, with weights 1, many masks come to the exact values; weighed twice they do not."""
    rng, value, players = np.random.default_rng(1), game("random", 5, 9), 5
    sizes = np.arange(1, players)
    chance = np.array([shapley_kernel(players, s) * comb(players, s) for s in sizes])
    drawn = rng.choice(sizes, 40_000, p=chance / chance.sum())
    masks = rng.permuted(np.arange(players) < drawn[:, None], axis=1)
    exact = shapley_exact(value, players)
    right = kernel_shap(masks, value(masks), *ends(value, players), np.ones(len(masks)))
    twice = [shapley_kernel(players, s) for s in drawn]
    wrong = kernel_shap(masks, value(masks), *ends(value, players), np.array(twice))
    assert np.abs(right - exact).max() < 0.03 < np.abs(wrong - exact).max()


def test_too_few_coalitions_treat_players_that_were_not_told_apart_alike():
    masks = np.array([[True, True, False, False], [False, False, True, True]])
    values = kernel_shap(masks, np.array([3.0, 1.0]), 0.0, 4.0)
    np.testing.assert_allclose(values, [1.5, 1.5, 0.5, 0.5], atol=1e-12)


# Owen values


@pytest.mark.parametrize("players", TREES)
def test_owen_values_are_the_average_over_the_orders_that_the_tree_allows(players):
    value = game("random", players, 10)
    expected = over_orders(value, allowed_orders(TREES[players]))
    np.testing.assert_allclose(owen_values(value, TREES[players]), expected, atol=1e-12)
    assert np.abs(expected - shapley_exact(value, players)).max() > 1e-3


def test_owen_values_of_two_players_are_shapley_values():
    value = game("random", 2, 11)
    np.testing.assert_allclose(owen_values(value, (1, 0)), shapley_exact(value, 2), atol=1e-12)


def test_a_group_gets_what_it_would_get_as_one_player():
    value = game("random", 4, 12)

    def of_the_halves(masks):
        return value(masks[:, [0, 0, 1, 1]])

    values = owen_values(value, TREES[4])
    np.testing.assert_allclose([values[:2].sum(), values[2:].sum()], shapley_exact(of_the_halves, 2), atol=1e-12)


# The gap


def test_the_gap_is_signed_and_takes_the_empty_end():
    assert efficiency_gap(np.array([[1.0, -2.0], [0.5, 0.0]]), 3.0, 2.0) == pytest.approx(0.5)
    assert efficiency_gap(np.array([1.0]), 0.0, 3.0) == pytest.approx(-2.0)
