"""The judge names what kind of wrong an answer is. The exercise here is small: the mean over positions."""

from dataclasses import replace

import numpy as np
import pytest

from cnnlearn.exercises.exercise import Axiom, Exercise, Mistake
from cnnlearn.exercises.judge import explain, judge
from cnnlearn.exercises.outputs import run
from cnnlearn.exercises.verdict import LINES, Kind


def pooled(features):
    """(H, W, K) -> (K,), the mean over positions."""
    if features.ndim != 3:
        raise ValueError("Features have three axes.")
    return features.mean(axis=(0, 1))


EXERCISE = Exercise(
    reference=pooled,
    cases=lambda rng: [(rng.normal(size=(8, 8, 3)),), (rng.normal(size=(5, 2, 4)),), (rng.normal(size=(5, 2)),)],
    mistakes=(
        Mistake("sum", lambda features: pooled(features) * features[..., 0].size, "You summed over the positions."),
    ),
    axioms=(Axiom("a constant map keeps its value", lambda answer, x: np.allclose(answer(np.ones((2, 2, 1))), 1)),),
    hints=("", "", ""),
    points=1,
    difficulty=1,
    minutes=1,
)


def verdict(answer):
    return judge(EXERCISE, answer)


def guarded(function):
    def answer(features):
        if features.ndim != 3:
            raise ValueError
        return function(features)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        lambda x: np.einsum("ijk->k", x) / (x.shape[0] * x.shape[1]),
        lambda x: (
            np.array([sum(x[i, j, k] for i in range(len(x)) for j in range(x.shape[1])) for k in range(x.shape[2])])
            / (x.shape[0] * x.shape[1])
        ),
        lambda x: x.astype(np.float32).mean((0, 1)),
    ],
    ids=["einsum", "loops", "float32"],
)
def test_right_answers_in_other_styles(answer):
    assert verdict(guarded(answer)).right


def test_a_tensor_is_taken_as_an_array():
    class Tensor:  # stands for TensorFlow's: anything with .numpy()
        def __init__(self, value):
            self.value = value

        def numpy(self):
            return self.value

    assert verdict(guarded(lambda x: Tensor(x.mean((0, 1))))).right


def test_not_started():
    def stub(features):
        raise NotImplementedError

    assert verdict(stub).kind is Kind.NOT_STARTED


def test_the_mistake_and_its_factor_are_named():
    v = verdict(guarded(lambda x: x.sum((0, 1))))
    assert v.kind is Kind.WRONG_VALUE and v.mistake == "sum"
    assert "You summed over the positions." in repr(v) and "64 times" in repr(v)


def test_an_error_shows_its_type_and_the_own_line():
    def answer(features):
        return features.no_such_thing

    v = verdict(answer)
    assert v.kind is Kind.RAISED and "AttributeError" in repr(v) and "return features.no_such_thing" in repr(v)


def test_of_an_error_its_first_paragraph_is_shown_without_colours():
    message = "\x1b[1mNo such argument.\x1b[0m\n\nWhat came in: a page of it"

    def answer(features):
        raise TypeError(message)

    v = verdict(answer)
    assert "TypeError: No such argument." in repr(v)
    assert "\x1b" not in repr(v) and "came in" not in repr(v)


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_subclass_of_arrays_is_no_array():
    v = verdict(guarded(lambda x: np.asmatrix(x.mean((0, 1)))))
    assert v.kind is Kind.WRONG_TYPE and "a matrix" in repr(v)


def test_an_axiom_that_cannot_work_with_what_it_gets_is_broken():
    v = verdict(guarded(lambda x: x.mean((0, 1)) if x.shape != (2, 2, 1) else [None]))
    assert v.kind is Kind.WRONG_VALUE and "a constant map keeps its value" in repr(v)


@pytest.mark.parametrize(
    "on_constants, kind, words",
    [
        (lambda x: np.full(x.shape[-1], np.nan), Kind.NOT_FINITE, "gives NaN or infinity on pooled([[[1.0], [1.0]]"),
        (lambda x: 1 / 0, Kind.RAISED, "raises ZeroDivisionError on pooled([[[1.0], [1.0]]"),
    ],
)
def test_an_error_is_told_as_one_where_a_law_asks(on_constants, kind, words):
    v = verdict(guarded(lambda x: x.mean((0, 1)) if np.ptp(x) else on_constants(x)))
    assert v.kind is kind and words in " ".join(repr(v).split())
    assert kind is Kind.NOT_FINITE or "A law" not in repr(v)


def test_a_law_is_not_called_broken_because_of_an_error():
    v = verdict(guarded(lambda x: x[0, 0] ** 3 if np.ptp(x) else 1 / 0))
    assert v.kind is Kind.WRONG_VALUE and "first at [0]" in repr(v) and "law" not in repr(v)


def test_a_mistake_is_named_only_if_it_breaks_the_same_laws_on_the_same_cases():
    positive = Axiom("nothing is negative", lambda answer, x: (np.asarray(answer(x)) >= 0).all())
    judged_by_laws = replace(
        EXERCISE,
        cases=lambda rng: [(np.ones((2, 2, 1)),), (-np.ones((2, 2, 1)),)],
        compared=False,
        axioms=(positive,),
        mistakes=(Mistake("all negative", lambda x: -np.ones(1), "All is negative."),),
    )
    assert judge(judged_by_laws, lambda x: -np.ones(1)).mistake == "all negative"
    other = judge(judged_by_laws, lambda x: x[0, 0])
    assert other.mistake == "" and "nothing is negative" in repr(other) and "case 2 of 2" in repr(other)


def test_a_second_slip_does_not_hide_the_first():
    five = replace(
        EXERCISE, cases=lambda rng: [(rng.normal(size=(3, 3, 2)),) for _ in range(4)] + [(np.zeros((2, 2, 2)),)]
    )
    v = judge(five, lambda x: x.sum((0, 1)) if x.any() else np.full(2, np.nan))
    assert v.mistake == "sum" and "second thing (case 5" in repr(v) and "NaN" in repr(v)


def test_a_difference_near_zero_is_measured_by_the_inputs():
    gap = replace(
        EXERCISE, reference=lambda a: float(a.sum()), cases=lambda rng: [(np.array([0.1, 0.2, -0.3]),)], axioms=()
    )
    assert judge(gap, lambda a: float(a[::-1].sum())).right
    assert not judge(gap, lambda a: float(a.sum()) + 1e-4).right


@pytest.mark.parametrize("error", [TypeError, AssertionError])
def test_which_error_refuses_an_input_teaches_nothing(error):
    def answer(features):
        if features.ndim != 3:
            raise error("Three axes, please.")
        return features.mean((0, 1))

    assert verdict(answer).right


def test_a_slip_is_no_refusal():
    assert verdict(lambda x: x.mean((0, 1)) if x.ndim == 3 else x.no_such).kind is Kind.RAISED


@pytest.mark.parametrize("mask", [lambda x: (x > 0).astype(int), lambda x: (x > 0).astype(float)])
def test_a_mask_may_be_of_any_numbers(mask):
    masks = replace(EXERCISE, reference=lambda x: x > 0, cases=lambda rng: [(rng.normal(size=(3, 3)),)], axioms=())
    assert judge(masks, mask).right
    assert not judge(masks, lambda x: mask(-x)).right


def test_no_warning_stands_before_a_verdict(recwarn):
    verdict(guarded(lambda x: x.mean((0, 1)) / np.zeros(1)))
    assert not recwarn.list


@pytest.mark.parametrize("wrong", [lambda x: x.mean((0, 1)) ** 3, lambda x: x.sum((0, 1)), lambda x: x[0, 0]])
def test_hidden_inputs_and_values_are_not_told(wrong):
    answer, cases = guarded(wrong), [(np.full((3, 2, 3), 0.123456),), (np.full((5, 2), 0.123456),)]
    outputs = [[run(EXERCISE, function, case) for case in cases] for function in (pooled, answer)]
    asked = []

    def ask(arguments):
        asked.append(arguments)
        return run(EXERCISE, answer, arguments)

    told = explain(EXERCISE, cases, *outputs, ask, hidden=True)
    assert not told.right or asked
    assert "0.12" not in repr(told) and "0.0018" not in repr(told) and "Case" not in repr(told)


@pytest.mark.parametrize(
    "function, kind, words",
    [
        (lambda x: list(x.mean((0, 1))), Kind.WRONG_TYPE, "a list"),
        (lambda x: None, Kind.WRONG_TYPE, "nothing (None)"),
        (lambda x: x.mean((0, 1)) + 0j, Kind.WRONG_TYPE, "complex"),
        (lambda x: x.mean((0, 1), keepdims=True), Kind.WRONG_SHAPE, "(1, 1, 3)"),
        (lambda x: x.mean((0, 1)) * np.nan, Kind.NOT_FINITE, "NaN"),
        (lambda x: x.mean((0, 1)) + 1, Kind.WRONG_VALUE, "a constant map keeps its value"),
        (lambda x: x.mean((0, 1))[::-1], Kind.WRONG_VALUE, "reversed"),
        (lambda x: x.mean((0, 1)) ** 3, Kind.WRONG_VALUE, "first at [0]"),
    ],
)
def test_kinds_of_wrong(function, kind, words):
    v = verdict(guarded(function))
    assert v.kind is kind and words in repr(v), v


def test_a_changed_input_is_noticed():
    def answer(features):
        features -= 1
        return features.mean(axis=(0, 1)) + 1

    assert verdict(guarded(answer)).kind is Kind.CHANGED_INPUT


LISTS = Exercise(
    reference=lambda arrays: [array * 2 for array in arrays],
    cases=lambda rng: [([rng.random((2, 3)), rng.random(4)],), ([],)],
    mistakes=(),
    hints=("", "", ""),
    points=1,
    difficulty=1,
    minutes=1,
)


def _doubled_in_place(arrays):
    for array in arrays:
        array *= 2
    return [array.copy() for array in arrays]


@pytest.mark.parametrize(
    "answer, kind",
    [
        (lambda arrays: [array + array for array in arrays], Kind.RIGHT),
        (_doubled_in_place, Kind.CHANGED_INPUT),
        (lambda arrays: tuple(2 * array for array in arrays), Kind.WRONG_TYPE),
        (lambda arrays: [2 * array for array in arrays[:1]], Kind.WRONG_TYPE),
        (lambda arrays: [2 * array[:1] for array in arrays], Kind.WRONG_SHAPE),
        (lambda arrays: [3 * array for array in arrays], Kind.WRONG_VALUE),
        (lambda arrays: [array / 0 for array in arrays], Kind.NOT_FINITE),
    ],
)
def test_lists_of_arrays_come_and_go(answer, kind):
    assert judge(LISTS, answer).kind is kind


def test_the_value_of_another_type_is_told():
    two = replace(LISTS, reference=lambda arrays: (len(arrays), 2.0))
    assert "Value 1 of yours is an array of integers; expected is an integer." in repr(
        judge(two, lambda arrays: (np.array([len(arrays)]), 2.0))
    )


def test_bad_input_must_be_refused():
    v = verdict(lambda x: x.mean((0, 1)))
    assert v.kind is Kind.WRONG_VALUE and "refused with ValueError" in repr(v) and v.cases == (2, 3)


def test_the_global_generator_is_not_touched():
    state = np.random.get_state()[1].copy()
    verdict(pooled)
    assert (np.random.get_state()[1] == state).all()


def test_a_verdict_has_twelve_lines_at_most():
    def answer(features):
        raise RuntimeError("\n".join(f"line {i} " + "x" * 200 for i in range(50)))

    assert len(repr(verdict(answer)).splitlines()) <= LINES


def test_html_is_escaped_and_says_the_same():
    def answer(features):
        raise RuntimeError("<script>alert(1)</script>")

    page = verdict(answer)._repr_html_()
    assert "<script>" not in page and "&lt;script&gt;" in page and "raised an error" in page
