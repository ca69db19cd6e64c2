"""Which coalitions Kernel SHAP asks: the sizes that weigh most as a whole, pairs drawn from the others."""

from itertools import combinations
from math import comb

import numpy as np

from cnnlearn.shapley import shapley_kernel


def kernel_coalitions(players: int, budget: int, rng: np.random.Generator):
    """At most `budget` distinct coalitions, half of them the rests of the others, and how they weigh.

    Sizes are taken as a whole, from both ends inwards, as long as what is left of the budget allows at least as many
    as its share by the kernel; what then remains is spread over the sizes left, and drawn without repetition. A drawn
    coalition stands for those of its size that were not drawn: together they weigh what the size weighs.

    Returns masks, booleans (2k, n), row k + i the rest of row i; weights (2k,); and strata (k,): for each pair the size
    it was drawn from, or 0 where all of that size are there.
    """
    sizes, left = list(range(1, players // 2 + 1)), budget // 2
    parts = []  # masks of one half of the pairs, weight, stratum
    while sizes and left * _shares(players, sizes)[0] >= pairs_of_size(players, sizes[0]):
        size = sizes.pop(0)
        left -= pairs_of_size(players, size)
        parts.append((_all_of_size(players, size), shapley_kernel(players, size), 0))
    for size, count in zip(sizes, _apportion(left, _shares(players, sizes)), strict=True):
        drawn = _draw(players, size, min(count, pairs_of_size(players, size)), rng)
        weight = shapley_kernel(players, size) * (pairs_of_size(players, size) / max(len(drawn), 1))
        parts.append((drawn, weight, size))
    half = np.concatenate([np.zeros((0, players), bool), *(masks for masks, _, _ in parts)])
    weights = np.concatenate([np.zeros(0), *(np.full(len(masks), weight) for masks, weight, _ in parts)])
    strata = np.concatenate([np.zeros(0, int), *(np.full(len(masks), size) for masks, _, size in parts)])
    return np.concatenate([half, ~half]), np.tile(weights, 2), strata


def pairs_of_size(players, size):
    """How many pairs of a coalition of that size and its rest there are."""
    return comb(players, size) // (2 if 2 * size == players else 1)


def _shares(players, sizes):
    """What the pairs of each size weigh together, as a share of all these sizes."""
    weights = np.array([(players - 1) / (size * (players - size)) / (1 + (2 * size == players)) for size in sizes])
    return weights / weights.sum()


def _apportion(count, shares):
    """Whole numbers that add up to `count`, in these shares as nearly as can be."""
    numbers = np.floor(count * shares).astype(int)
    numbers[np.argsort(numbers - count * shares, kind="stable")[: count - numbers.sum()]] += 1
    return numbers


def _all_of_size(players, size):
    chosen = np.array(list(combinations(range(players), size)))[: pairs_of_size(players, size)]
    masks = np.zeros((len(chosen), players), bool)
    np.put_along_axis(masks, chosen, True, axis=1)
    return masks


def _draw(players, size, count, rng):
    """Distinct coalitions of one size, no two of them rests of each other."""
    if 2 * count >= pairs_of_size(players, size):  # few are left out: choose from all
        return rng.permutation(_all_of_size(players, size))[:count]
    found = np.zeros((0, players), bool)
    while len(found) < count:
        more = rng.permuted(np.tile(np.arange(players) < size, (count, 1)), axis=1)
        if 2 * size == players:
            more ^= ~more[:, :1]  # of a pair the one with player 0
        found = np.concatenate([found, more])
        found = found[np.sort(np.unique(found, axis=0, return_index=True)[1])]
    return found[:count]
