"""Exact Shapley values, by all coalitions."""

from cnnlearn.explainers.shapley import ShapleyMethod
from cnnlearn.shapley import shapley_exact

MOST_EXACT = 20  # players: a million coalitions


class ExactShap(ShapleyMethod):
    """Exact Shapley values, by showing the network all 2^n coalitions of at most 20 parts."""

    method = "exact Shapley values"

    def __init__(self, model, *, segments="slic", fill="blur"):
        super().__init__(model, segments=segments, fill=fill)

    def budget(self, players):
        return 2**players

    def split(self, game, segments):
        if game.players > MOST_EXACT:
            raise ValueError(
                f"{game.players} parts have 2^{game.players} coalitions; exact values are for {MOST_EXACT} parts at "
                "most. Take fewer parts, or KernelShap, PermutationShap or OwenShap."
            )
        return shapley_exact(game, game.players), {}
