"""Shapley values: a fair split of what players reach together (Shapley 1953, "A value for n-person games").

A game is a function `value(masks)`: it takes coalitions as booleans (k, n), true for a player who takes part, and
returns what each of them is worth, floats (k,). One call answers many coalitions. Games with several results at once,
floats (k, C), are split column by column: then n values become (n, C) everywhere.
"""

from math import comb

import numpy as np


def shapley_exact(value, players):
    """Shapley values by asking all 2^n coalitions: what a player adds, averaged over the coalitions S without it:

        φ_i = Σ_S  |S|! (n − |S| − 1)! / n!  ·  (v(S ∪ {i}) − v(S)),

    where the weight is 1/n, shared evenly by all the coalitions without i that have the same size.

    value: a game, booleans (k, n) -> floats (k,); players: their number n. Returns floats (n,).
    """
    masks = (np.arange(2**players)[:, None] >> np.arange(players)) % 2 == 1
    outputs = value(masks)
    weight = np.array([1 / (players * comb(players - 1, size)) for size in range(players)])
    values = []
    for player in range(players):
        present = masks[:, player]  # the k-th coalition with the player is the k-th without it, and the player
        gains = outputs[present] - outputs[~present]
        values.append(weight[masks[~present].sum(axis=1)] @ gains)
    return np.array(values)


def shapley_permutations(value, players, permutations, rng):
    """Shapley values by letting the players come one by one, in random orders, and averaging what each adds.

    value: a game, booleans (k, n) -> floats (k,); players: their number n. permutations: how many orders, an even
    number, ValueError otherwise: each order that is drawn from rng, a Generator, is used backwards too (an antithetic
    pair: who came early now comes late). The game is asked once, for all orders. Returns floats (n,), which add up to
    v(all) − v(nobody) whatever the orders were.
    """
    if permutations % 2:
        raise ValueError(f"The orders come in pairs: their number must be even, not {permutations}.")
    drawn = np.array([rng.permutation(players) for _ in range(permutations // 2)])
    place = np.concatenate([drawn, players - 1 - drawn])  # of each player in each order
    masks = place[:, None, :] < np.arange(players + 1)[:, None]  # step s: those with a place below s have come
    outputs = value(masks.reshape(-1, players))
    gains = np.diff(outputs.reshape(permutations, players + 1, *outputs.shape[1:]), axis=1)
    return np.array([gains[np.arange(permutations), place[:, player]].mean(axis=0) for player in range(players)])


def shapley_kernel(players, size):
    """The weight of a coalition in Kernel SHAP (Lundberg & Lee 2017, "A unified approach to interpreting model
    predictions", theorem 2):  (n − 1) / (C(n, s) · s · (n − s)), where C(n, s) counts the coalitions of that size.

    players: their number n; size: the number s of those who take part. Returns a float, infinite for s = 0 and s = n.
    """
    if size in (0, players):
        return float("inf")
    return (players - 1) / (comb(players, size) * size * (players - size))


def kernel_shap(masks, outputs, empty, full, weights=None):
    """Shapley values by a weighted linear regression (Lundberg & Lee 2017): the φ that minimise

        Σ_k w_k (y_k − empty − Σ_i mask_ki φ_i)²     among those that add up to full − empty.

    masks: coalitions, booleans (k, n); outputs: what they are worth, y, floats (k,); empty, full: what nobody and all
    are worth, numbers. weights: floats (k,), or None: then each distinct coalition counts once, with the weight that
    `shapley_kernel` gives to its size. Give weights (ones will do) where masks were drawn by that kernel, or they would
    be weighed twice. Rows for nobody or all are left out: both ends hold exactly. Returns floats (n,); with all
    coalitions they are the exact Shapley values.
    """
    players = masks.shape[1]
    sizes = masks.sum(axis=1)
    rows = np.flatnonzero((sizes > 0) & (sizes < players))
    if weights is None:
        rows = rows[np.sort(np.unique(masks[rows], axis=0, return_index=True)[1])]
        weights = np.array([shapley_kernel(players, int(size)) for size in sizes])
    share = sizes[rows] / players  # what a coalition would get if all were equal, as a part of the whole
    rest = outputs[rows] - empty - np.multiply.outer(share, full - empty)
    centred = masks[rows] - share[:, None]  # rows that add up to 0 are fitted by φ that add up to 0
    root = np.sqrt(weights[rows])
    differing = np.linalg.lstsq(centred * root[:, None], (rest.T * root).T, rcond=None)[0]
    return differing + (full - empty) / players


def owen_values(value, tree):
    """Owen values (Owen 1977, "Values of games with a priori unions"): Shapley values over only those orders of the
    players in which each group of a tree stays together.

    A tree is a player, or a pair of trees: ((0, 1), (2, 3)) first splits between two groups, then within each. One
    half is credited with what it adds when it comes first, and with what it adds when the other half is there already,
    each weighing ½. Both halves of it share each of these gains in the same way, and so on down to the players.

    value: a game, booleans (k, n) -> floats (k,); tree: nested pairs of the player numbers 0 to n − 1. Returns floats
    (n,).
    """

    def members(node):
        return [node] if isinstance(node, int) else [player for part in node for player in members(part)]

    def share(node, context, before, after, weight):
        """Splits `after` − `before`, what the node adds to a context, among its players."""
        if isinstance(node, int):
            values[node] += weight * (after - before)
            return
        left, right = node
        coalitions = np.array([context, context])
        coalitions[0, members(left)] = True
        coalitions[1, members(right)] = True
        with_left, with_right = value(coalitions)
        share(left, context, before, with_left, weight / 2)
        share(left, coalitions[1], with_right, after, weight / 2)
        share(right, context, before, with_right, weight / 2)
        share(right, coalitions[0], with_left, after, weight / 2)

    players = len(members(tree))
    nobody, all_of_them = np.zeros(players, bool), np.ones(players, bool)
    empty, full = value(np.array([nobody, all_of_them]))
    values = np.zeros((players, *np.shape(empty)))
    share(tree, nobody, empty, full, 1.0)
    return values


def efficiency_gap(values, empty, full):
    """How far values are from a complete split: their sum less (full − empty). Zero means complete.

    values: floats of any shape, signed; empty, full: what nobody and all are worth. Returns a float, signed.
    """
    return float(np.sum(values) - (full - empty))
