"""Lesson 07, Shapley values: a fair split, exactly, by orders, by regression, and along a tree."""

from math import comb, factorial

import numpy as np

from cnnlearn import shapley
from cnnlearn.exercises.catch_the_bug import catch_the_bug
from cnnlearn.exercises.exercise import Axiom, Exercise, Fixture, Mistake
from cnnlearn.exercises.fixtures import build
from cnnlearn.shapley import shapley_exact, shapley_kernel

CLOSE = 1e-5  # differences that axioms overlook, in games whose numbers are about 1


def _game(kind, players, seed=0):
    return Fixture("games.game", (("kind", kind), ("players", players), ("seed", int(seed))))


def _all_masks(players):
    return (np.arange(2**players)[:, None] >> np.arange(players)) % 2 == 1


def _ends(value, players):
    """What nobody and all are worth."""
    return value(np.array([[False] * players, [True] * players]))


def _close(one, other):
    return bool(np.allclose(one, other, atol=CLOSE))


def _adds_up(answer, value, players, *more):
    empty, full = _ends(build(value), players)
    return _close(np.sum(answer(value, players, *more)), full - empty)


EFFICIENCY = Axiom("Efficiency: the shares add up to v(all) − v(nobody).", _adds_up)

# Exact values


def _by_weights(weight, skipped=None):
    """A split in which the gain of joining a coalition of some size weighs `weight(players, size)`."""

    def answer(value, players):
        masks = _all_masks(players)
        outputs, sizes, values = value(masks), masks.sum(axis=1), []
        for player in range(players):
            there = masks[:, player]
            weights = np.array([0 if size == skipped else weight(players, size) for size in sizes[~there]])
            values.append((weights * (outputs[there] - outputs[~there])).sum())
        return np.array(values)

    return answer


def _fair(players, size):
    return 1 / (players * comb(players - 1, size))


def _exact_games(rng):
    kinds = (("random", 4), ("random", 5), ("idle", 4), ("twins", 5), ("gloves", 4))
    return [(_game(kind, players, rng.integers(1000)), players) for kind, players in kinds]


exact = Exercise(
    reference=shapley.shapley_exact,
    cases=_exact_games,
    mistakes=(
        Mistake(
            "all coalitions alike",
            _by_weights(lambda players, size: 1 / 2 ** (players - 1)),
            "Every coalition weighs the same in yours. That is the Banzhaf value, whose shares need not add up. First "
            "average within each size, then over the sizes.",
        ),
        Mistake(
            "not divided by n",
            _by_weights(lambda players, size: 1 / comb(players - 1, size)),
            "You averaged within each size and then added the n sizes up. Their mean is asked for: divide by n.",
        ),
        Mistake(
            "nobody skipped",
            _by_weights(_fair, skipped=0),
            "You left the empty coalition out. What a player brings alone counts too, and weighs 1/n.",
        ),
        Mistake(
            "C(n, s)",
            _by_weights(lambda players, size: 1 / (players * comb(players, size))),
            "You counted all coalitions of a size, C(n, s). Those without the player are C(n − 1, s).",
        ),
        Mistake(
            "size with the player",
            _by_weights(lambda players, size: factorial(size + 1) * factorial(players - size - 1) / factorial(players)),
            "|S| is the size of the coalition before the player joins. Yours counts the player too.",
        ),
        Mistake(
            "last to come",
            _by_weights(lambda players, size: float(size == players - 1)),
            "You took only what the player adds to all the others. It may come earlier, too.",
        ),
        Mistake(
            "first to come",
            _by_weights(lambda players, size: float(size == 0)),
            "You took only what the player is worth alone. It may also come when others are there already.",
        ),
    ),
    hints=(
        "List all 2^n coalitions as rows of booleans: bit i of the row's number says whether player i takes part. Ask "
        "the game once for all of them.",
        "For a player, the rows with it and the rows without it come in the same order: the k-th of the one is the "
        "k-th "
        "of the other and that player. So all the gains are one difference of two arrays.",
        "There are n sizes from 0 to n − 1 that S can have, and C(n − 1, s) coalitions of each: so a gain weighs one "
        "over the product of both numbers. `math.comb` counts.",
    ),
    axioms=(
        Axiom(
            "Dummy: a player who changes nothing gets nothing.",
            lambda answer, value, players: _close(answer(_game("idle", players, 5), players)[-1], 0),
        ),
        EFFICIENCY,
    ),
    points=3,
    difficulty=3,
    minutes=12,
)

# The gap


def _splits(rng):
    shares = rng.integers(-8, 9, 5) / 8  # so that the first gap is 0 without rounding
    return [
        (shares, 1.5, 1.5 + float(shares.sum())),
        (rng.normal(size=4), 0.75, 2.0),
        (rng.normal(size=(3, 4)), -1.0, 0.5),
        (np.array([1.0, -3.0]), 2.0, 4.5),  # too little was handed out
        (np.array([4.0, -1.0]), 2.0, 3.0),  # too much
    ]


gap = Exercise(
    reference=shapley.efficiency_gap,
    cases=_splits,
    mistakes=(
        Mistake(
            "absolute shares",
            lambda values, empty, full: float(np.abs(values).sum() - (full - empty)),
            "You added absolute values. A share against the class is negative, and it counts as such.",
        ),
        Mistake(
            "nobody forgotten",
            lambda values, empty, full: float(values.sum() - full),
            "You compared with v(all). What is split is the difference: v(nobody) belongs to no player.",
        ),
        Mistake(
            "sign lost",
            lambda values, empty, full: float(abs(values.sum() - (full - empty))),
            "You dropped the sign. It says whether too much or too little was handed out.",
        ),
        Mistake(
            "turned round",
            lambda values, empty, full: float(full - empty - values.sum()),
            "Yours is what is missing. Asked is the sum less what there was to split.",
        ),
        Mistake(
            "mean",
            lambda values, empty, full: float(values.mean() - (full - empty)),
            "You took the mean of the shares. They must add up.",
        ),
    ),
    hints=(
        "What was there to hand out? And how much was handed out?",
        "To hand out is what all reach, less what is there without any player.",
        "Sum over all entries of the array, whatever its shape, and take off the difference of the two ends.",
    ),
    points=1,
    difficulty=1,
    minutes=2,
)

# Permutations


def _along(place, value, players):
    """The gains of each player along orders, given by the place of each player in each: (orders, players)."""
    masks = place[:, None, :] < np.arange(players + 1)[:, None]
    gains = np.diff(value(masks.reshape(-1, players)).reshape(len(place), players + 1), axis=1)
    return np.take_along_axis(gains, np.clip(place, 0, players - 1), axis=1)


def _walks(draw, put_back=True):
    """An answer to `shapley_permutations` that draws the places of the players in its orders by `draw`."""

    def answer(value, players, permutations, rng):
        if permutations % 2:
            raise ValueError("The number of orders must be even.")
        place = draw(players, permutations, rng)
        if put_back:
            return _along(place, value, players).mean(axis=0)
        masks = place[:, None, :] < np.arange(players + 1)[:, None]
        outputs = value(masks.reshape(-1, players)).reshape(permutations, players + 1)
        return np.diff(outputs, axis=1).mean(axis=0)

    return answer


def _both_ways(place):
    return np.concatenate([place, place.shape[1] - 1 - place])


def _drawn(players, orders, rng):
    return np.array([rng.permutation(players) for _ in range(orders)])


def _with_replacement(value, players, permutations, rng):
    if permutations % 2:
        raise ValueError("The number of orders must be even.")
    values = np.zeros(players)
    for _ in range(permutations // 2):
        order = rng.integers(players, size=players)
        for one in (order, order[::-1]):
            mask = np.zeros(players, bool)
            for player in one:
                before = value(mask[None])[0]
                mask[player] = True
                values[player] += value(mask[None])[0] - before
    return values / permutations


def _own_randomness(players, orders, rng):
    return _both_ways(_drawn(players, orders // 2, np.random.default_rng()))


def _rng(seed):
    return Fixture("generators.generator", (("seed", int(seed)),))


def _permutation_games(rng):
    kinds = (("random", 4, 2), ("random", 6, 8), ("pairwise", 5, 2), ("gloves", 4, 20))
    cases = [(_game(kind, n, rng.integers(1000)), n, orders, _rng(rng.integers(1000))) for kind, n, orders in kinds]
    return [*cases, (_game("random", 4), 4, 3, _rng(0))]


def _on_even(holds):
    """An axiom for the cases with an even number of orders; the others are there to be refused."""
    return lambda answer, value, players, permutations, rng: (
        permutations % 2 == 1 or bool(holds(answer, value, players, permutations, rng))
    )


def _no_multiple(answer, value, players, permutations, rng):
    empty, full = _ends(build(value), players)
    times = np.sum(answer(value, players, permutations, rng)) / (full - empty)
    return times < 1.5 or abs(times - round(times)) > 1e-6


def _own_terms(answer, value, players, permutations, rng):
    worth = build(_game("additive", players, 1))
    empty, *alone = worth(np.concatenate([np.zeros((1, players), bool), np.eye(players, dtype=bool)]))
    return _close(answer(_game("additive", players, 1), players, permutations, rng), np.array(alone) - empty)


def _exact_for_pairs(answer, value, players, permutations, rng):
    pairs = _game("pairwise", players, 2)
    return _close(answer(pairs, players, permutations, rng), shapley_exact(build(pairs), players))


def _right_on_average(answer, value, players, permutations, rng):
    random = _game("random", 4, 3)
    many = [answer(random, 4, 10, _rng(seed)) for seed in range(40)]
    return np.abs(np.mean(many, axis=0) - shapley_exact(build(random), 4)).max() < 0.7


def _more_is_better(answer, value, players, permutations, rng):
    """Asked on one case only: it does not depend on the case."""
    random = _game("random", 4, 3)
    exact = shapley_exact(build(random), 4)

    def error(orders):
        return np.mean([(answer(random, 4, orders, _rng(seed)) - exact) ** 2 for seed in range(8)])

    return players != 6 or error(20) < error(2) / 2


def _repeats(answer, value, players, permutations, rng):
    random = _game("random", 6, 4)  # and enough orders that two drawings do not agree by chance
    return _close(answer(random, 6, 20, rng), answer(random, 6, 20, rng))


permutations = Exercise(
    reference=shapley.shapley_permutations,
    cases=_permutation_games,
    compared=False,
    mistakes=(
        Mistake(
            "with replacement",
            _with_replacement,
            "Some players come twice in your orders and some never. Draw permutations: everyone comes exactly once.",
        ),
        Mistake(
            "wrong divisor",
            lambda value, players, permutations, rng: (
                2 * shapley.shapley_permutations(value, players, permutations, rng)
            ),
            "Your shares add up to several times what there is to split. Divide by the number of all orders, those "
            "drawn and those walked backwards.",
        ),
        Mistake(
            "by place",
            _walks(lambda n, orders, rng: _both_ways(_drawn(n, orders // 2, rng)), put_back=False),
            "You averaged what the first, the second … to come adds. Each gain belongs to the player at that place of "
            "that order.",
        ),
        Mistake(
            "no pair",
            _walks(_drawn),
            "Your orders are all drawn. Use each drawn order backwards too: the errors of the two partly cancel.",
        ),
        Mistake(
            "one fixed order",
            _walks(lambda n, orders, rng: np.tile(_both_ways(np.arange(n)[None]), (orders // 2, 1))),
            "You use the same orders every time, whatever `rng` is. Other orders give other gains, and their average "
            "is asked for.",
        ),
        Mistake(
            "one pair only",
            _walks(lambda n, orders, rng: np.tile(_both_ways(_drawn(n, 1, rng)), (orders // 2, 1))),
            "You use one order and its reverse, however many orders are asked for. Draw half as many as are asked for.",
        ),
        Mistake(
            "other randomness",
            _walks(_own_randomness),
            "The same seed gives you other results. Draw from the `rng` that you are given, and from nothing else.",
        ),
    ),
    hints=(
        "In one order, player after player joins. What each adds is the difference between two coalitions, and these "
        "differences add up to v(all) − v(nobody): nothing is lost on the way.",
        "An order of n players passes n + 1 coalitions, from nobody to all. Build the masks of all orders first, half "
        "of the orders drawn and half of them reversed, then ask the game once.",
        "It helps to draw for each player its place in the order, which is a permutation too. Then at step s exactly "
        "those players are there whose place is below s, and reversed places are n − 1 less the places.",
    ),
    axioms=(
        Axiom("The shares are means over the orders, not sums.", _on_even(_no_multiple)),
        Axiom(EFFICIENCY.statement, _on_even(lambda answer, v, n, k, rng: _adds_up(answer, v, n, k, rng))),
        Axiom("In a game in which each brings a term of its own, each gets that term.", _on_even(_own_terms)),
        Axiom(
            "Where players count only alone and in pairs, one order and its reverse give the exact values.",
            _on_even(_exact_for_pairs),
        ),
        Axiom("Over many seeds the mean comes close to the exact values.", _on_even(_right_on_average)),
        Axiom("With many orders the values come closer to the exact ones than with two.", _on_even(_more_is_better)),
        Axiom("The same seed gives the same values.", _on_even(_repeats)),
    ),
    points=3,
    difficulty=3,
    minutes=10,
)

# Kernel SHAP


def _inside(weight, at_the_ends=float("inf")):
    def answer(players, size):
        return at_the_ends if size in (0, players) else float(weight(players, size))

    return answer


def _too_large(n, s):
    below = comb(n, s) * s * (s - 1)
    return (n - 1) / below if below else float("inf")


kernel = Exercise(
    reference=shapley.shapley_kernel,
    cases=lambda rng: [(4, 1), (4, 2), (5, 0), (7, 7), (10, 4), (6, 5), (int(rng.integers(11, 20)), 3)],
    mistakes=(
        Mistake(
            "no binomial",
            _inside(lambda n, s: (n - 1) / (s * (n - s))),
            "That is the weight of a whole size. The C(n, s) coalitions of that size share it.",
        ),
        Mistake(
            "no parentheses",
            _inside(lambda n, s: (n - 1) / comb(n, s) * s * (n - s)),
            "You divided by C(n, s) and multiplied by the rest. All three stand below the line: parentheses around "
            "them.",
        ),
        Mistake(
            "size(size − 1)",
            _inside(_too_large),
            "You wrote s(s − 1). It is s(n − s): small and large coalitions weigh the same.",
        ),
        Mistake(
            "ends finite",
            _inside(lambda n, s: shapley_kernel(n, s), at_the_ends=1e6),
            "You gave nobody and all a large finite weight. The formula divides by zero there: the weight is infinite.",
        ),
        Mistake(
            "ends zero",
            _inside(lambda n, s: shapley_kernel(n, s), at_the_ends=0.0),
            "You gave nobody and all the weight 0. They count most of all: what is split depends on them alone.",
        ),
        Mistake(
            "weight of Shapley's average",
            _inside(lambda n, s: 1 / (n * comb(n - 1, s))),
            "That is how a gain weighs in the exact values. The kernel weighs coalitions in a regression.",
        ),
        Mistake(
            "C(n − 1, s)",
            _inside(lambda n, s: (n - 1) / (comb(n - 1, s) * s * (n - s))),
            "You counted the coalitions of n − 1 players. Here all n may take part: C(n, s).",
        ),
    ),
    hints=(
        "Three numbers stand below the line: how many coalitions have that size, the size, and how many stay away.",
        "At both ends one of the three is zero, and Python refuses to divide. Answer these two sizes first.",
        "`math.comb(n, s)` counts the coalitions; float('inf') is infinity.",
    ),
    axioms=(
        Axiom(
            "A coalition and the coalition of all others weigh the same.",
            lambda answer, n, s: bool(np.isclose(answer(n, s), answer(n, n - s))),
        ),
    ),
    points=1,
    difficulty=1,
    minutes=4,
)


def _least_squares(masks, rest, weights):
    root = np.sqrt(weights)
    return np.linalg.lstsq(masks * root[:, None], rest * root, rcond=None)[0]


def _rows(masks, weights, once=True):
    """The rows that count in a regression, and the weight of each."""
    sizes = masks.sum(axis=1)
    rows = np.flatnonzero((sizes > 0) & (sizes < masks.shape[1]))
    if weights is not None:
        return rows, weights[rows]
    if once:
        rows = rows[np.sort(np.unique(masks[rows], axis=0, return_index=True)[1])]
    return rows, np.array([shapley_kernel(masks.shape[1], int(size)) for size in sizes[rows]])


def _free_ends(masks, outputs, empty, full, weights=None):
    rows, weights = _rows(masks, weights)
    return _least_squares(masks[rows], outputs[rows] - empty, weights)


def _rescaled(masks, outputs, empty, full, weights=None):
    values = _free_ends(masks, outputs, empty, full, weights)
    return values * (full - empty) / values.sum()


def _spread(masks, outputs, empty, full, weights=None):
    values = _free_ends(masks, outputs, empty, full, weights)
    return values + (full - empty - values.sum()) / len(values)


def _unweighted(masks, outputs, empty, full, weights=None):
    rows, _ = _rows(masks, weights)
    return shapley.kernel_shap(masks[rows], outputs[rows], empty, full, np.ones(len(rows)))


def _no_kernel(masks, outputs, empty, full, weights=None):
    rows, given = _rows(masks, weights)
    return shapley.kernel_shap(masks[rows], outputs[rows], empty, full, given if weights is not None else given**0)


def _weighed_twice(masks, outputs, empty, full, weights=None):
    rows, own = _rows(masks, weights)
    if weights is not None:
        own = own * [shapley_kernel(masks.shape[1], int(size)) for size in masks[rows].sum(axis=1)]
    return shapley.kernel_shap(masks[rows], outputs[rows], empty, full, own)


def _counted_twice(masks, outputs, empty, full, weights=None):
    rows, weights = _rows(masks, weights, once=False)
    return shapley.kernel_shap(masks[rows], outputs[rows], empty, full, weights)


def _nobody_forgotten(masks, outputs, empty, full, weights=None):
    return shapley.kernel_shap(masks, outputs, 0.0, full, weights)


def _ends_as_data(masks, outputs, empty, full, weights=None):
    players = masks.shape[1]
    masks = np.concatenate([masks, [[False] * players, [True] * players]])
    outputs = np.concatenate([outputs, [empty, full]])
    given = weights if weights is None else np.concatenate([weights, [np.inf, np.inf]])
    if given is None:
        given = np.array([shapley_kernel(players, int(size)) for size in masks.sum(axis=1)])
    with np.errstate(invalid="ignore"):
        gram = masks.T @ (masks * given[:, None])
        right = masks.T @ (given * (outputs - empty))
    return np.full(players, np.nan) if not np.isfinite(gram).all() else np.linalg.solve(gram, right)


def _regressions(rng):
    def case(players, chosen, weights=None):
        masks, worth = _all_masks(players)[chosen], rng.normal(size=2**players)
        more = () if weights is None else (weights,)
        return masks, worth[chosen], float(worth[0]), float(worth[-1]), *more

    everything = np.arange(16)
    some = rng.permutation(np.arange(1, 31))[:22]
    again = np.concatenate([some, some[:8]])
    uneven = rng.permutation(np.arange(1, 63))[:40]
    return [
        case(4, everything),
        case(5, some),
        case(5, again),
        case(6, uneven, rng.uniform(0.5, 2, 40)),
        case(5, again, np.ones(30)),
    ]


regression = Exercise(
    reference=shapley.kernel_shap,
    cases=_regressions,
    mistakes=(
        Mistake(
            "unweighted",
            _unweighted,
            "Every coalition weighs the same in yours. Without the kernel the regression fits, but not Shapley values.",
        ),
        Mistake(
            "no kernel",
            _no_kernel,
            "Where no weights are given, every coalition weighs the same in yours. Its weight is then the "
            "`shapley_kernel` of its size.",
        ),
        Mistake(
            "ends free",
            _free_ends,
            "Your values need not add up to full − empty. Both ends have infinite weight: they are a constraint.",
        ),
        Mistake(
            "rescaled",
            _rescaled,
            "You fitted freely and then multiplied, so that the sum comes right. That is another point than the best "
            "one among those with the right sum.",
        ),
        Mistake(
            "rest spread",
            _spread,
            "You fitted freely and then gave everyone the same part of what was missing. The best fit among those with "
            "the right sum is another one, unless all players are alike in the data.",
        ),
        Mistake(
            "weighed twice",
            _weighed_twice,
            "You multiplied the given weights by the kernel. Masks drawn by the kernel come as often as they weigh: "
            "weights that are given are to be used as they are.",
        ),
        Mistake(
            "counted twice",
            _counted_twice,
            "A coalition that stands there twice weighs double in yours. Without given weights each counts once.",
        ),
        Mistake(
            "nobody forgotten",
            _nobody_forgotten,
            "You took the empty coalition for worth 0. A network's logit with everything hidden is some other number.",
        ),
        Mistake(
            "ends are data",
            _ends_as_data,
            "You put both ends among the rows with infinite weight: infinity times zero is NaN. Use them as a "
            "constraint.",
        ),
    ),
    hints=(
        "Get rid of the constraint first. If every player got the same, (full − empty)/n, the sum would be right. So "
        "look for how each differs from that: numbers that add up to zero.",
        "Subtract from each output the empty end and what an even split gives its coalition. What is left is to be "
        "fitted by differences that add up to zero; for those, taking from a row of the mask its own mean changes "
        "nothing in the fit. Then an ordinary least-squares solver finds them by itself.",
        "Weights enter a least-squares solver as roots: multiply row and right side by √w. Before that, drop rows for "
        "nobody and all, and, if no weights are given, rows that were there before (`np.unique` with axis=0).",
    ),
    axioms=(
        Axiom(
            "The values add up to full − empty.",
            lambda answer, masks, outputs, empty, full, *weights: _close(
                answer(masks, outputs, empty, full, *weights).sum(), full - empty
            ),
        ),
    ),
    points=4,
    difficulty=4,
    minutes=14,
)

# Owen values


def _members(node):
    return [node] if isinstance(node, int) else _members(node[0]) + _members(node[1])


def _walk(contexts=("without", "with"), halve=0.5, outer=True, equal=False):
    """An answer to `owen_values`.

    contexts: whether a half is credited when the other half is absent, there, or both; halve: what the weight is
    multiplied by; outer: whether a split keeps what the split above it had there; equal: whether halves share evenly.
    """

    def answer(value, tree):
        players = len(_members(tree))
        values = np.zeros(players)

        def mask(context, *nodes):
            found = context.copy()
            for node in nodes:
                found[_members(node)] = True
            return found

        def share(node, context, before, after, weight):
            if isinstance(node, int):
                values[node] += weight * (after - before)
                return
            if equal:
                for part in node:
                    share(part, context, before, (before + after) / 2, weight)
                return
            if not outer:
                context = np.zeros(players, bool)
                before, after = value(np.array([context, mask(context, node)]))
            for part, other in (node, node[::-1]):
                alone, beside = value(np.array([mask(context, part), mask(context, other)]))
                if "without" in contexts:
                    share(part, context, before, alone, weight * halve)
                if "with" in contexts:
                    share(part, mask(context, other), beside, after, weight * halve)

        empty, full = _ends(value, players)
        share(tree, np.zeros(players, bool), empty, full, 1.0)
        return values

    return answer


def _first_come(value, tree):
    """The players in the order of the tree, once."""
    order = _members(tree)
    masks = np.tril(np.ones((len(order) + 1, len(order)), bool), -1)
    values = np.zeros(len(order))
    values[order] = np.diff(value(masks[:, np.argsort(order)]))
    return values


def _trees(rng):
    trees = (((0, 1), (2, 3)), (3, (1, (0, 2))), (((0, 4), 2), (1, 3)), ((0, (1, 2)), ((3, 4), 5)))
    return [(_game("random", len(_members(tree)), rng.integers(1000)), tree) for tree in trees]


def _as_one_player(answer, value, tree):
    """The whole value of the left half is its Shapley value in the game of the two halves."""
    worth, players = build(value), len(_members(tree))
    left = np.zeros(players, bool)
    left[_members(tree[0])] = True
    first, second = worth(np.array([left, ~left]))
    empty, full = _ends(worth, players)
    return _close(answer(value, tree)[left].sum(), (first - empty + full - second) / 2)


owen = Exercise(
    reference=shapley.owen_values,
    cases=_trees,
    mistakes=(
        Mistake(
            "halves get equal credit",
            _walk(equal=True),
            "You gave both halves of a group the same credit. Ask the game what each half adds.",
        ),
        Mistake(
            "never with the other half",
            _walk(contexts=("without",), halve=1.0),
            "You credit a half only with what it adds while the other half is absent. It may also come second.",
        ),
        Mistake(
            "only with the other half",
            _walk(contexts=("with",), halve=1.0),
            "You credit a half only with what it adds when the other half is there. It may also come first.",
        ),
        Mistake(
            "weights not halved",
            _walk(halve=1.0),
            "Each gain is handed down twice, once for each context, and each time in full. Each context weighs ½.",
        ),
        Mistake(
            "outer context forgotten",
            _walk(outer=False),
            "Within a group you asked the game as if nobody else were there. The groups that came before are there.",
        ),
        Mistake(
            "no tree",
            lambda value, tree: shapley_exact(value, len(_members(tree))),
            "Those are Shapley values over all orders. Here only orders count in which each group stays together.",
        ),
        Mistake(
            "one order",
            _first_come,
            "You let the players come once, in the order of the tree. Either half of every group may come first.",
        ),
    ),
    hints=(
        "Write an inner function that splits one gain: it is given a node, a context (who is there already), what the "
        "game is worth without and with the node, and a weight. At a player it adds to the result and stops.",
        "At a pair, ask the game for two coalitions: the context with the left half, and the context with the right "
        "half. Together with the two numbers you were given these are all four corners.",
        "Four gains go down, each with half the weight: the left half in the context, the left half in the context "
        "with the right half, and the same for the right half. Mind which two numbers belong to each.",
    ),
    axioms=(
        Axiom(
            "The shares add up to v(all) − v(nobody).",
            lambda answer, value, tree: _close(
                np.sum(answer(value, tree)), np.diff(_ends(build(value), len(_members(tree))))[0]
            ),
        ),
        Axiom("A group gets what it would get if it were one player.", _as_one_player),
    ),
    points=4,
    difficulty=5,
    minutes=15,
)

# Catch the bug


def test_kernel_shap(candidate):
    """A test of `kernel_shap`: true for a right function, false for a wrong one.

    candidate: a function of (masks, outputs, empty, full, weights=None). It may be right, or have any of the mistakes
    that people make, some of them in libraries that many use: no weights; both ends left free, or put right afterwards
    by multiplying or adding; ends among the data; the empty end taken for 0; rows counted as often as they stand there;
    given weights multiplied by the kernel. Try it where you know the answer: with all coalitions of a game,
    `shapley_exact` tells. Returns a bool.
    """
    bits = 2 ** np.arange(4)
    masks = np.arange(16)[:, None] & bits > 0
    worth = np.random.default_rng(0).normal(size=16)
    exact = shapley_exact(lambda coalitions: worth[coalitions @ bits], 4)
    again = np.concatenate([masks, masks[3:7]])
    kernel = np.array([shapley_kernel(4, size) for size in masks[1:-1].sum(axis=1)])
    found = candidate(again, worth[again @ bits], worth[0], worth[-1])
    given = candidate(masks[1:-1], worth[1:-1], worth[0], worth[-1], kernel)
    one_known = candidate(np.array([[True, False]]), np.array([5.0]), 1.0, 3.0)
    return bool(np.allclose(found, exact) and np.allclose(given, exact) and np.allclose(one_known, [4, -2]))


def _on_all_coalitions(worth, holds):
    def test(candidate):
        masks = _all_masks(4)
        found = candidate(masks, worth, worth[0], worth[-1])
        return bool(holds(found, shapley_exact(lambda coalitions: worth[coalitions @ 2 ** np.arange(4)], 4)))

    return test


RANDOM = np.random.default_rng(1).normal(size=16)

catch = catch_the_bug(
    test_kernel_shap,
    of=regression,
    mistakes=(
        Mistake(
            "sum only",
            _on_all_coalitions(RANDOM, lambda found, exact: np.isclose(found.sum(), exact.sum())),
            "Your test asks only whether the values add up. Functions that were made to add up get through.",
        ),
        Mistake(
            "additive game",
            _on_all_coalitions(_all_masks(4) @ [1.0, -2.0, 0.5, 3.0] + 1, np.allclose),
            "In an additive game every fit is perfect, whatever the weights: most bugs do not show.",
        ),
        Mistake(
            "each coalition once",
            _on_all_coalitions(RANDOM, np.allclose),
            "All coalitions, each once and without given weights: bugs in repeated rows, in given weights and in fits "
            "that are put right afterwards do not show.",
        ),
    ),
    hints=(
        "A random game of four players has 16 coalitions. With all of them the answer is that of `shapley_exact`; "
        "repeat some rows, and it must stay the same.",
        "Call it a second time with weights. If you give it the kernel's own, the answer is the exact one again, and a "
        "function that multiplies them by the kernel once more gives itself away.",
        "With all coalitions there, players look alike, and a sum put right by adding to everyone comes out right by "
        "luck. So take two players and one coalition: if player 0 alone has 4 more than nobody, and all have 2 more, "
        "what must both get?",
    ),
    points=2,
    difficulty=4,
    minutes=8,
)

EXERCISES = (exact, gap, permutations, kernel, regression, owen, catch)
