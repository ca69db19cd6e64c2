"""Simple relations between the expected array and the one that came out: what a learner may have mixed up."""

from itertools import permutations

import numpy as np

from cnnlearn.exercises.outputs import close, shape


def find_relation(pairs, tolerance: float) -> str:
    """A sentence on the first relation of the catalogue that holds for every pair (expected, got) that differs, or "".

    Of tuples each value is looked at alone, and of several cases those in which all numbers are finite. Numbers in the
    sentence are those of the first such pair. Where the outputs are single numbers, which are always a multiple of one
    another, they must be the same in all pairs.
    """
    lengths = {len(value) if isinstance(value, tuple) else 0 for pair in pairs for value in pair}
    if len(lengths) == 1 and (length := lengths.pop()):
        found = [_relation([(e[i], g[i]) for e, g in pairs], tolerance) for i in range(length)]
        return " ".join(f"Value {i} of {length}: {sentence}" for i, sentence in enumerate(found, 1) if sentence)
    return _relation(pairs, tolerance)


def _relation(pairs, tolerance):
    pairs = [(np.asarray(e), np.asarray(g)) for e, g in pairs if _numeric(e) and _numeric(g)]
    pairs = [(e, g) for e, g in pairs if e.size and g.size]
    finite = [pair for pair in pairs if all(np.isfinite(array).all() for array in pair)]
    where = "Where all is finite: " if len(finite) < len(pairs) else ""
    pairs = [(expected, got) for expected, got in finite if not _equal(expected, got, tolerance)]
    if pairs and all(_bytes(expected, got) for expected, got in pairs):
        return where + "Yours are bytes from 0 to 255 where numbers in [0, 1] are expected."
    pairs = [(expected.astype(float), got.astype(float)) for expected, got in pairs]
    if not any(np.ptp(expected) > 0 for expected, _ in pairs if expected.ndim) and not _single_numbers(pairs):
        return ""  # constants stand in every relation to each other
    for relation in CATALOGUE:
        sentences = [relation(expected, got, tolerance) for expected, got in pairs]
        if all(sentences) and (len(set(sentences)) == 1 or not _single_numbers(pairs)):
            return where + sentences[0]
    return ""


def _bytes(expected, got):
    alike = expected.dtype.kind == "f" and got.dtype.kind in "iu" and expected.shape == got.shape
    return bool(alike and got.max() > 1 and (np.abs(255 * expected - got) <= 1).all())


def _single_numbers(pairs):
    return len(pairs) > 1 and all(expected.ndim == 0 for expected, _ in pairs)


def _numeric(value):
    return isinstance(value, (np.ndarray, int, float)) and np.asarray(value).dtype.kind in "biuf"


def _equal(a, b, tolerance):
    return a.shape == b.shape and bool(close(a, b, tolerance).all())


def _sign(expected, got, tolerance):
    return "The sign is turned round: yours is −1 times the expected." if _equal(-expected, got, tolerance) else ""


def _factor(expected, got, tolerance):
    if expected.shape != got.shape or not (expected * got).any():
        return ""
    factor = float((expected * got).sum() / (expected * expected).sum())
    if not _equal(factor * expected, got, tolerance):
        return ""
    inverse = f", that is 1/{1 / factor:.4g}" if abs(factor) < 1 else ""
    return f"Yours is {factor:.4g} times the expected everywhere{inverse}."


def _offset(expected, got, tolerance):
    if expected.shape != got.shape or expected.size < 2:
        return ""
    offset = float((got - expected).mean())
    same = _equal(expected + offset, got, tolerance)
    return f"Yours is the expected plus {offset:.4g} everywhere." if same else ""


def _axes(expected, got, tolerance):
    if expected.ndim < 2 or sorted(expected.shape) != sorted(got.shape):
        return ""
    for order in permutations(range(expected.ndim)):
        if order != tuple(range(expected.ndim)) and _equal(expected.transpose(order), got, tolerance):
            return (
                "Rows and columns are swapped: yours is the transpose of the expected."
                if expected.ndim == 2
                else f"The axes are in another order: yours is the expected transposed by {order}."
            )
    return ""


def _flip(expected, got, tolerance):
    names = {(2, 0): "upside down", (2, 1): "left and right exchanged", (3, 0): "upside down"}
    names |= {(3, 1): "left and right exchanged", (3, 2): "channels in reverse order (RGB for BGR)"}
    for axis in range(expected.ndim):
        if _equal(np.flip(expected, axis), got, tolerance):
            return f"It is reversed: {names.get((expected.ndim, axis), f'axis {axis} runs backwards')}."
    return ""


def _shuffled(expected, got, tolerance):
    same = expected.shape == got.shape and expected.size > 1
    same = same and _equal(np.sort(expected, axis=None), np.sort(got, axis=None), tolerance)
    return "All the right values are there: they are in the wrong places." if same else ""


def _entrywise(sentence, function):
    def relation(expected, got, tolerance):
        with np.errstate(all="ignore"):
            wanted = function(expected)
        return sentence if np.isfinite(wanted).all() and _equal(wanted, got, tolerance) else ""

    return relation


def _inverse(sentence, function):
    def relation(expected, got, tolerance):
        with np.errstate(all="ignore"):
            wanted = function(got)
        return sentence if np.isfinite(wanted).all() and _equal(expected, wanted, tolerance) else ""

    return relation


def _unit_range(x):
    return (x - x.min()) / (x.max() - x.min())


CATALOGUE = (
    _sign,
    _factor,
    _offset,
    _axes,
    _flip,
    _shuffled,
    _entrywise(
        "A ReLU too many: yours is the expected with its negative part set to zero.", lambda x: np.maximum(x, 0)
    ),
    _inverse("A ReLU is missing: yours is right once its negative part is set to zero.", lambda x: np.maximum(x, 0)),
    _entrywise("The sign is lost: yours is the absolute value of the expected.", np.abs),
    _entrywise("A square too many: yours is the square of the expected.", np.square),
    _inverse("A square is missing: yours is the square root of the expected.", np.square),
    _entrywise("Normalised without need: yours is the expected, min–max normalised to [0, 1].", _unit_range),
    _inverse("Not normalised: min–max normalisation makes yours right.", _unit_range),
)


def first_difference(expected, got, tolerance: float, least: float = 0.0) -> str:
    """The first differing entry in reading order, yours beside the expected."""
    if isinstance(expected, (tuple, list)):
        for i, (e, g) in enumerate(zip(expected, got, strict=True)):
            sentence = first_difference(e, g, tolerance, least)
            if sentence:
                return f"Value {i + 1} of {len(expected)}: {sentence}"
        return ""
    if not isinstance(expected, np.ndarray):
        return "" if expected == got else f"yours is {_show(got)}, expected {_show(expected)}."
    wrong = ~close(expected, got, tolerance, least)
    if not wrong.any():
        return ""
    place = tuple(int(i) for i in np.argwhere(wrong)[0])
    share = count_differing(expected, got, tolerance, least)
    return f"{share}; first at {list(place)}: yours {_show(got[place])}, expected {_show(expected[place])}."


def count_differing(expected, got, tolerance: float, least: float = 0.0) -> str:
    """How many entries of an array differ, in words."""
    wrong = ~close(expected, got, tolerance, least)
    return f"{int(wrong.sum())} of {wrong.size} entries differ" if wrong.size > 1 else "it differs"


def _show(value):
    return f"{value:.6g}" if isinstance(value, (float, np.floating)) else str(value)


def describe_shape(value) -> str:
    s = shape(value)
    return "a single number" if s == () else f"shape {s}"
