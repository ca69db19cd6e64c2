"""Trees of players for Owen values: halved grids of pixels, halved sets of superpixels, and the walk down a tree.

A tree is a player's number, or a pair of trees, as `owen_values` takes it.
"""

from dataclasses import dataclass

import numpy as np

FEW = 32  # gains are split in any round, or all if fewer wait: a handful of questions wastes a call of the network
MANY = 128  # at most: it bounds the masks that are held at once


def halving_tree(height: int, width: int, first: int = 0, row: int | None = None):
    """A grid cut in half again and again across its longer side (rows, if equal), down to the single cells.

    The cells are players, numbered in reading order: cell (i, j) of the whole grid is i · width + j. SHAP's partition
    explainer splits images in the same way. `first` and `row` are the number of the upper left cell and the numbers
    that a row takes, for a part of a larger grid.
    """
    row = row or width
    if height == width == 1:
        return first
    if height >= width:
        half = height // 2
        return halving_tree(half, width, first, row), halving_tree(height - half, width, first + half * row, row)
    half = width // 2
    return halving_tree(height, half, first, row), halving_tree(height, width - half, first + half, row)


def superpixel_tree(segments):
    """Superpixels halved again and again across the longer side of where their centres lie.

    segments: integers (H, W), the ids 0 … n − 1. Both halves hold equally many, or one more on the right or below, so
    the tree is as flat as a tree can be and neighbours stay together.
    """
    sizes = np.bincount(segments.ravel())
    places = np.indices(segments.shape).reshape(2, -1)
    centres = np.stack([np.bincount(segments.ravel(), weights=axis) / sizes for axis in places], axis=1)

    def halve(ids):
        if len(ids) == 1:
            return int(ids[0])
        longer = np.argmax(np.ptp(centres[ids], axis=0))
        ordered = ids[np.argsort(centres[ids, longer], kind="stable")]
        return halve(ordered[: len(ids) // 2]), halve(ordered[len(ids) // 2 :])

    return halve(np.arange(len(sizes)))


class Groups:
    """The groups of players of a tree, numbered from 0, the whole: a group, then all of its left half, then its right.

    order: the players from left to right, where each group lies side by side; sizes: how many players are in a group.
    """

    def __init__(self, tree):
        order, sizes, self._starts = [], [], []

        def add(tree):
            number = len(sizes)
            sizes.append(1)
            self._starts.append(len(order))
            if isinstance(tree, int):
                order.append(tree)
            else:
                left, right = tree
                sizes[number] = add(left) + add(right)
            return sizes[number]

        add(tree)
        self.order, self.sizes = np.array(order), np.array(sizes)
        self._rank = np.argsort(self.order)  # of each player from the left

    def halves(self, groups):
        """The numbers of the left and the right half, integers (k, 2), of groups (k,) that have them."""
        left = groups + 1
        return np.stack([left, left + 2 * self.sizes[left] - 1], axis=1)  # a group of s players holds 2 s − 1 groups

    def masks(self, unions):
        """Booleans (k, n): the players of k unions, each some groups that do not overlap."""
        masks = np.zeros((len(unions), len(self.order)), bool)
        for mask, union in zip(masks, unions, strict=True):
            for group in union:
                mask[self._places(group)] = True
        return np.take(masks, self._rank, axis=1)  # three times as fast as a scatter by the order

    def share(self, totals):
        """What each player gets, floats (n, C), if each group shares its total, floats (groups, C), evenly."""
        shares = np.zeros((len(self.order), totals.shape[1]))
        for group in np.flatnonzero(totals.any(axis=1)):
            shares[self._places(group)] += totals[group] / self.sizes[group]
        return shares[self._rank]

    def _places(self, group):
        return slice(self._starts[group], self._starts[group] + self.sizes[group])


@dataclass(frozen=True)
class Gains:
    """What groups of players add to contexts, `after` − `before`, and how that weighs in the whole; a row for each.

    group: integers (k,); context: integers (k,), each the number of a union of groups that are there already; before,
    after: floats (k, C); weight: floats (k,).
    """

    group: np.ndarray
    context: np.ndarray
    before: np.ndarray
    after: np.ndarray
    weight: np.ndarray

    @property
    def weighed(self):
        return self.weight[:, None] * (self.after - self.before)

    def __getitem__(self, rows):
        return Gains(*(column[rows] for column in vars(self).values()))

    def __add__(self, other):
        return Gains(*map(np.concatenate, zip(vars(self).values(), vars(other).values(), strict=True)))


def owen_walk(value, tree, budget: int, empty, full):
    """Owen values with a bounded number of questions: the largest gains are split first.

    value: a game, booleans (k, n) -> floats (k, C); empty, full: what nobody and all are worth, floats (C,); budget:
    how many coalitions may be asked. In each round half of the gains that wait are split, the largest first; but at
    least FEW and at most MANY. When the budget is spent, the players of each group that waits share its gain evenly:
    the values add up to full − empty whatever the budget is, and with enough of it they are the Owen values. Nothing is
    random. Returns floats (n, C).
    """
    groups = Groups(tree)
    totals = np.zeros((len(groups.sizes), len(empty)))
    unions: list[tuple[int, ...]] = [()]
    waiting = Gains(np.zeros(1, int), np.zeros(1, int), empty[None], full[None], np.ones(1))
    while True:
        single = groups.sizes[waiting.group] == 1
        np.add.at(totals, waiting.group[single], waiting.weighed[single])
        waiting = waiting[~single]
        count = min(max(len(waiting.group) // 2, FEW), MANY, len(waiting.group), budget // 2)
        if not count:
            break
        budget -= 2 * count
        waiting = waiting[np.argsort(-np.abs(waiting.weighed).max(axis=1), kind="stable")]  # equals: as they came
        split, waiting = waiting[:count], waiting[count:]
        halves = groups.halves(split.group)
        asked = len(unions) + np.arange(2 * count).reshape(count, 2)
        unions += [(*unions[i], half) for i, pair in zip(split.context, halves.tolist(), strict=True) for half in pair]
        outputs = value(groups.masks(unions[-2 * count :])).reshape(count, 2, -1)
        for half, other in ((0, 1), (1, 0)):
            part, alone, besides, weight = halves[:, half], outputs[:, half], outputs[:, other], split.weight / 2
            waiting += Gains(part, split.context, split.before, alone, weight)
            waiting += Gains(part, asked[:, other], besides, split.after, weight)
    np.add.at(totals, waiting.group, waiting.weighed)
    return groups.share(totals)
