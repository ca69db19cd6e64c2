"""Games: functions from coalitions, booleans (k, n), to what they are worth, floats (k,)."""

import numpy as np


def game(kind: str, players: int = 4, seed: int = 0):
    """A game of some kind, with numbers from `seed`.

    kind: "random" (every coalition is worth something of its own, nobody too), "additive" (each player brings a term of
    its own), "pairwise" (players count alone and in pairs), "idle" (random, but the last player changes nothing),
    "twins" (random, but the first two are the same to all others), or "gloves" (a left glove each for players 0 and 1,
    a right one for player 2, none for the rest; a pair is worth 1).
    """
    rng = np.random.default_rng(seed)
    worth = rng.normal(size=2**players)
    alone, pairs = rng.normal(size=players), rng.normal(size=(players, players))

    def of_the_table(masks):
        return worth[masks @ 2 ** np.arange(players)]

    def without_the_last(masks):
        return of_the_table(np.concatenate([masks[:, :-1], np.zeros_like(masks[:, :1])], axis=1))

    def with_twins_sorted(masks):
        return of_the_table(np.concatenate([np.sort(masks[:, :2], axis=1), masks[:, 2:]], axis=1))

    kinds = {
        "random": of_the_table,
        "additive": lambda masks: masks @ alone + worth[0],
        "pairwise": lambda masks: masks @ alone + np.einsum("ki,ij,kj->k", masks, pairs, masks) + worth[0],
        "idle": without_the_last,
        "twins": with_twins_sorted,
        "gloves": lambda masks: ((masks[:, 0] | masks[:, 1]) & masks[:, 2]).astype(float),
    }
    return lambda masks: kinds[kind](np.asarray(masks, bool))


def blend(first: int, second: int, players: int):
    """Twice one random game plus three times another, by their seeds."""
    one, two = game("random", players, first), game("random", players, second)
    return lambda masks: 2 * one(masks) + 3 * two(masks)
