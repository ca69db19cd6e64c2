"""Relations between two arrays are recognised, and none is claimed where there is none."""

import numpy as np
import pytest

from cnnlearn.exercises.outputs import floor, same
from cnnlearn.exercises.relations import find_relation, first_difference

RNG = np.random.default_rng(5)
X = RNG.normal(size=(4, 6))
SQUARE = RNG.normal(size=(5, 5))
IMAGE = RNG.random((4, 6, 3))


@pytest.mark.parametrize(
    "expected, got, words",
    [
        (X, -X, "sign is turned"),
        (X, 64 * X, "64 times"),
        (X, X / 64, "1/64"),
        (X, X + 0.5, "plus 0.5"),
        (X, X.T, "transpose"),
        (SQUARE, SQUARE.T, "transpose"),
        (IMAGE, IMAGE.transpose(1, 0, 2), "(1, 0, 2)"),
        (X, X[::-1], "upside down"),
        (X, X[:, ::-1], "left and right"),
        (IMAGE, IMAGE[..., ::-1], "RGB"),
        (X, RNG.permutation(X.ravel()).reshape(X.shape), "wrong places"),
        (X, np.maximum(X, 0), "ReLU too many"),
        (np.maximum(X, 0), X, "ReLU is missing"),
        (X, np.abs(X), "absolute value"),
        (X, X**2, "square of the expected"),
        (X**2, np.abs(X), "square root"),
        (X, (X - X.min()) / np.ptp(X), "min–max normalised"),
        ((X - X.min()) / np.ptp(X), X**3 * 0 + 3 * X + 1, "Not normalised"),
    ],
)
def test_relation_is_named(expected, got, words):
    assert words in find_relation([(expected, got)], 1e-6)


def test_a_relation_must_hold_on_every_case():
    assert find_relation([(X, 2 * X), (SQUARE, SQUARE + 1)], 1e-6) == ""


def test_what_is_infinite_stands_in_no_relation():
    with np.errstate(all="raise"):
        assert find_relation([(2.0, 4.0), (np.inf, 0.0)], 1e-6) == find_relation([(np.inf, np.inf)], 1e-6) == ""


def test_cases_that_are_right_do_not_hide_a_relation():
    assert "3 times" in find_relation([(SQUARE, SQUARE), (X, 3 * X)], 1e-6)
    assert find_relation([(X, X)], 1e-6) == ""


def test_single_numbers_must_have_the_factor_in_common():
    assert "2 times" in find_relation([(1.5, 3.0), (0.2, 0.4)], 1e-6)
    assert find_relation([(1.5, 3.0), (0.2, 0.5)], 1e-6) == ""


def test_cases_of_zeros_do_not_hide_a_relation():
    assert "3 times" in find_relation([(X, 3 * X), (np.zeros(4), np.zeros(4))], 1e-6)


@pytest.mark.parametrize("got", [X + RNG.normal(size=X.shape), np.full(X.shape, np.nan), RNG.normal(size=(3, 3))])
def test_no_relation_is_claimed_where_there_is_none(got):
    assert find_relation([(X, got)], 1e-6) == ""


def test_constants_stand_in_no_relation():
    assert find_relation([(np.ones((3, 3)), np.full((3, 3), 2.0))], 1e-6) == ""


def test_first_difference_names_place_and_both_values():
    got = X.copy()
    got[2, 1] = 7
    sentence = first_difference(X, got, 1e-6)
    assert "1 of 24 entries" in sentence and "[2, 1]" in sentence and "yours 7" in sentence


@pytest.mark.parametrize("expected, got", [([1, 2, 3], []), ([], [1, 2])])
def test_nothing_stands_in_no_relation_to_anything(expected, got):
    pairs = [(np.array([3, 1]), np.array([3, 1])), (np.array(expected), np.array(got))]
    assert find_relation(pairs, 1e-6) == ""


def test_rounding_near_zero_is_no_difference():
    """A mean of 17 numbers that cancel, in float32 and in float64."""
    curve = np.array([2.5, -2.4, *[0.0] * 15])
    assert same(0.00288765, 0.00288761, 1e-5, floor((curve,), 1e-5))
    assert not same(0.00288765, 0.00288, 1e-5, floor((curve,), 1e-5))
