"""How a game depends on three players at once, learned from pairs of coalitions, so that Kernel SHAP errs less.

Of a coalition and its rest the difference matters alone: single players, triples, fives. A regression on single players
takes triples for noise. Here they are fitted too, by a ridge whose inner products have a closed form: with z = ±1 for
players there and not there, and s = z·z', all C(n, 3) products of three are worth (s³ − (3n − 2) s) / 6 together. What
triples add to the Shapley values is known exactly, and the regression is left with what remains.
"""

import numpy as np

from cnnlearn.shapley import kernel_shap

PENALTIES = (0.03, 10.0)  # of a triple, as a share of the weight of all pairs: for smooth games, and for rough ones
ALONE = 1e3  # how much freer single players are than triples


def fit_triples(signs, differences, weights):
    """A fit of odd functions of ±1 by single players and triples; of two penalties, for each class, the one that
    predicts unseen pairs better.

    signs: ±1, (k, n), a row for one coalition of each pair; differences: half of what it is worth more than its rest,
    floats (k, T); weights: floats (k,). Returns the Shapley values of the fit (n, T), its value where all are there
    (T,), what it leaves of the differences (k, T), and what it would leave of each had that not been seen (k, T).
    """
    players = signs.shape[1]

    def alike(products):
        return ALONE * products + (products**3 - (3 * players - 2) * products) / 6

    def unseen_error(penalty):
        noise = penalty * len(signs) * weights.mean() / weights
        inverse = np.linalg.inv(products + np.diag(noise))
        pull = inverse @ differences
        unseen = pull / np.diag(inverse)[:, None]
        return weights @ unseen**2, pull, noise[:, None] * pull, unseen

    products = alike(signs @ signs.T)
    (error, *smooth), (other_error, *rough) = map(unseen_error, PENALTIES)
    # Each class chooses for itself: what is asked with it must not change its values.
    pull, left, unseen = (np.where(error <= other_error, one, two) for one, two in zip(smooth, rough, strict=True))
    others = signs.sum(axis=1, keepdims=True) - signs
    triples = signs * (others**2 - (players - 1)) / 2  # of each player: the sum of its products with two others
    values = (2 * ALONE * signs + 2 / 3 * triples).T @ pull
    return values, alike(signs.sum(axis=1)) @ pull, left, unseen


def kernel_shap_with_triples(masks, outputs, empty, full, weights):
    """Kernel SHAP of what single players and triples leave, and their Shapley values: (n, T), with both ends exact.

    masks, weights as `kernel_coalitions` gives them, the second half the rests of the first; outputs: floats (2k, T).
    Also returns what the fit would leave of each output's odd part had that pair not been seen, (2k, T).
    """
    half = len(masks) // 2
    differences = (outputs[:half] - outputs[half:]) / 2
    fitted, whole, left, unseen = fit_triples(2.0 * masks[:half] - 1, differences, weights[:half])
    rest = (full - empty) / 2 - whole
    values = fitted + kernel_shap(masks, np.concatenate([left, -left]), -rest, rest, weights)
    return values, np.concatenate([unseen, -unseen])
