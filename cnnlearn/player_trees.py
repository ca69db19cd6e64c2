"""Trees of players for Owen values: halved grids of pixels, halved sets of superpixels, and the walk down a tree.

A tree is a player's number, or a pair of trees, as `owen_values` takes it.
"""

from dataclasses import dataclass

import numpy as np

SHARE_SPLIT = 2  # of the gains that wait, one in so many is split in a round


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


@dataclass(frozen=True)
class Gain:
    """What a group of players adds to a context, `after` − `before`, floats (C,), and how that weighs in the whole.

    group: its number in the tree; context: the numbers of the groups that are there already.
    """

    group: int
    context: tuple[int, ...]
    before: np.ndarray
    after: np.ndarray
    weight: float

    @property
    def size(self):
        return self.weight * np.abs(self.after - self.before).max()


def owen_walk(value, tree, budget: int, empty, full):
    """Owen values with a bounded number of questions: the largest gains are split first.

    value: a game, booleans (k, n) -> floats (k, C); empty, full: what nobody and all are worth, floats (C,); budget:
    how many coalitions may be asked. In each round half of the gains that wait are split, the largest first. When the
    budget is spent, the players of each group that waits share its gain evenly: the values add up to full − empty
    whatever the budget is, and with enough of it they are the Owen values. Nothing is random. Returns floats (n, C).
    """
    order, groups = _groups(tree)
    values, asked = np.zeros((len(order), len(empty))), 0
    waiting = [Gain(0, (), empty, full, 1.0)]
    while waiting and len(order) > 1:
        waiting.sort(key=lambda gain: -gain.size)  # stable: equals keep the order of the tree
        count = min(-(-len(waiting) // SHARE_SPLIT), (budget - asked) // 2)
        split, waiting = waiting[:count], waiting[count:]
        if not split:
            break
        masks = np.zeros((count, 2, len(order)), bool)  # in the order of the leaves, where groups are slices
        for coalitions, gain in zip(masks, split, strict=True):
            for there in gain.context:
                coalitions[:, groups[there].places] = True
            for coalition, half in zip(coalitions, groups[gain.group].halves, strict=True):
                coalition[groups[half].places] = True
        asking = np.empty((2 * count, len(order)), bool)
        asking[:, order] = masks.reshape(2 * count, -1)
        outputs = value(asking).reshape(count, 2, -1)
        asked += 2 * count
        for gain, alone in zip(split, outputs, strict=True):
            halves, weight = groups[gain.group].halves, gain.weight / 2
            for half, other, first, second in zip(halves, halves[::-1], alone, alone[::-1], strict=True):
                new = [
                    Gain(half, gain.context, gain.before, first, weight),
                    Gain(half, (*gain.context, other), second, gain.after, weight),
                ]
                if groups[half].halves:
                    waiting += new
                else:
                    values[groups[half].places] += sum(one.weight * (one.after - one.before) for one in new)
    for gain in waiting:
        players = groups[gain.group].places
        values[players] += gain.weight * (gain.after - gain.before) / (players.stop - players.start)
    by_player = np.empty_like(values)
    by_player[order] = values
    return by_player


@dataclass(frozen=True)
class Group:
    """Players that lie side by side in the order of the leaves, and the numbers of their halves, if there are any."""

    places: slice
    halves: tuple[int, ...]


def _groups(tree):
    """The players from left to right, and the groups of a tree, the whole first."""
    order, groups = [], []

    def add(tree):
        number, start = len(groups), len(order)
        groups.append(None)
        if isinstance(tree, int):
            order.append(tree)
            halves = ()
        else:
            halves = tuple(add(half) for half in tree)
        groups[number] = Group(slice(start, len(order)), halves)
        return number

    add(tree)
    return np.array(order), groups
