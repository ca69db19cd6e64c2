"""The judge: tries an answer on the cases of its exercise and says what kind of right or wrong it is."""

from collections.abc import Callable
from functools import partial

import numpy as np

from cnnlearn.exercises.exercise import Exercise, Fixture, Mistake
from cnnlearn.exercises.outputs import Output, Raised, finite, kind, run, same, same_type, shape
from cnnlearn.exercises.relations import count_differing, describe_shape, find_relation, first_difference
from cnnlearn.exercises.verdict import Kind, Verdict

BROKEN = "A law that every right answer obeys is broken: "


def judge(exercise: Exercise, answer: Callable, seed: int = 0) -> Verdict:
    """The verdict on `answer`, tried on the cases that `seed` gives."""
    cases = exercise.cases(np.random.default_rng(seed))
    expected = [run(exercise, exercise.reference, case) for case in cases]
    got = []
    for case in cases:
        got.append(run(exercise, answer, case))
        if isinstance(got[-1].value, Raised) and got[-1].value.type == "NotImplementedError":
            lines = ("The function is still a stub. Until you write it, the course lends you its own.",)
            return Verdict(exercise.name, Kind.NOT_STARTED, lines, cases=(0, len(cases)))
    return explain(exercise, cases, expected, got, partial(run, exercise, answer))


def explain(
    exercise: Exercise,
    cases: list[tuple],
    expected: list[Output],
    got: list[Output],
    ask: Callable[[tuple], Output],
    outputs_of: Callable[[Mistake], list[Output]] | None = None,
    hidden: bool = False,
) -> Verdict:
    """The verdict on outputs that are there already.

    ask: runs the answer on other arguments, for axioms. outputs_of: what a mistake makes of the cases, where that is
    known already. hidden: whether the lines may not tell inputs or values, only shapes, counts and relations.
    """
    outputs_of = outputs_of or (lambda mistake: [run(exercise, mistake.function, case) for case in cases])
    fine = [_fault(exercise, e, g) is None for e, g in zip(expected, got, strict=True)]
    count = (sum(fine), len(fine))
    if all(fine):
        broken = _broken_axiom(exercise, cases, ask)
        if not broken:
            return Verdict(exercise.name, Kind.RIGHT, (f"All {len(cases)} cases agree.",), cases=count)
        by_outputs = exercise.compared
        mistake = _named_mistake(exercise, outputs_of, got) if by_outputs else _broken_like(exercise, cases, broken)
        lines = ([mistake.message] if mistake else []) + [BROKEN + broken]
        named = mistake.name if mistake else ""
        return Verdict(exercise.name, Kind.WRONG_VALUE, tuple(lines), named, (0, len(fine)))

    first = fine.index(False)
    verdict_kind, fact = _fault(exercise, expected[first], got[first])
    if hidden and verdict_kind is Kind.WRONG_VALUE and not isinstance(expected[first].value, Raised):
        fact = _without_values(exercise, expected[first].value, got[first].value)
    mistake = _named_mistake(exercise, outputs_of, got)
    relation = ""
    if verdict_kind in (Kind.WRONG_VALUE, Kind.WRONG_SHAPE):
        pairs = [(e.value, g.value) for e, g in zip(expected, got, strict=True) if not isinstance(e.value, Raised)]
        if all(not isinstance(g, (Raised, tuple)) for _, g in pairs):
            relation = find_relation(pairs, exercise.tolerance)
    if mistake:
        lines = [mistake.message, relation or fact]
    elif verdict_kind is Kind.WRONG_VALUE:
        if exercise.describe and not (hidden and _has_data(cases[first])):
            lines = [exercise.describe(cases[first], expected[first].value, got[first].value)]
        else:
            broken = _broken_axiom(exercise, cases, ask)
            lines = [broken and BROKEN + broken, relation, fact]
    else:
        lines = [fact, relation]
    if not hidden:
        lines.append(f"Case {first + 1} of {len(cases)}: {_call(exercise, cases[first])}")
    return Verdict(exercise.name, verdict_kind, tuple(filter(None, lines)), mistake.name if mistake else "", count)


def _other_type(expected, got):
    """The types in words; where as many values came back as were expected, those of the first that is of another."""
    if type(expected) is type(got) and isinstance(expected, (tuple, list)) and len(expected) == len(got):
        i = next(i for i, (e, g) in enumerate(zip(expected, got, strict=True)) if not same_type(e, g))
        return f"Value {i + 1} of yours is {kind(got[i])}; expected is {kind(expected[i])}."
    return f"Yours returns {kind(got)}; expected is {kind(expected)}."


def _fault(exercise, expected, got):
    """The kind of fault and a sentence of fact; None if there is none."""
    e, g = expected.value, got.value
    if isinstance(g, Raised) and not (isinstance(e, Raised) and e.type == g.type):
        where = f"In your line: {g.where}\n" if g.where else ""
        return Kind.RAISED, where + (f"{g.type}: {g.message}" if g.message else g.type)
    if isinstance(e, Raised):
        if isinstance(g, Raised):
            return None
        return Kind.WRONG_VALUE, f"This input is bad and must be refused with {e.type}; yours returned {kind(g)}."
    if got.changed_input and not expected.changed_input:
        return Kind.CHANGED_INPUT, "The function changed what it was given. Work on a copy."
    if not same_type(e, g):
        return Kind.WRONG_TYPE, _other_type(e, g)
    if shape(e) != shape(g):
        return Kind.WRONG_SHAPE, f"Yours has {describe_shape(g)}; expected is {describe_shape(e)}."
    if finite(e) and not finite(g):
        return Kind.NOT_FINITE, "There is NaN or infinity in the result, where the expected is finite."
    if exercise.compared and not same(e, g, exercise.tolerance):
        return Kind.WRONG_VALUE, first_difference(e, g, exercise.tolerance)
    return None


def _without_values(exercise, expected, got):
    if isinstance(expected, np.ndarray) and isinstance(got, np.ndarray):
        return f"{count_differing(expected, got, exercise.tolerance).capitalize()}."
    return "The value is another than expected."


def _has_data(case):
    return not all(isinstance(argument, Fixture) for argument in case)


def _named_mistake(exercise, outputs_of, got):
    """The mistake of the bank that gives the same outputs on all cases."""
    for mistake in exercise.mistakes:
        if all(_alike(exercise, output, g) for output, g in zip(outputs_of(mistake), got, strict=True)):
            return mistake
    return None


def _alike(exercise, output, got):
    return output.changed_input == got.changed_input and same(output.value, got.value, exercise.tolerance)


def _broken_axiom(exercise, cases, ask):
    """The statement of the first axiom that does not hold, and why if that is not plain; "" if all hold. An answer that
    fails on the way breaks an axiom, and so does one that gives what it cannot work with."""
    trouble = ""

    def outcome(*arguments):
        nonlocal trouble
        value = ask(arguments).value
        if isinstance(value, Raised):
            trouble = f" Yours raises {value.type} there."
            raise _Unanswered
        if not finite(value):
            trouble = " Yours gives NaN or infinity there."
        return value

    for axiom in exercise.axioms:
        for case in cases:
            trouble = ""
            try:
                holds = axiom.holds(outcome, *case)
            except Exception:
                holds = False
            if not holds:
                return axiom.statement + trouble
    return ""


class _Unanswered(Exception):
    """The answer raised an error where an axiom asked it."""


def _broken_like(exercise, cases, statement):
    """Where outputs are random: the mistake that breaks the same axiom first."""
    for mistake in exercise.mistakes:
        if _broken_axiom(exercise, cases, partial(run, exercise, mistake.function)) == statement:
            return mistake
    return None


def _call(exercise, case):
    return f"{exercise.name}({', '.join(_argument(a) for a in case)})"


def _argument(argument):
    if isinstance(argument, np.ndarray):
        return f"{argument.dtype} {argument.shape}" if argument.size > 6 else str(argument.tolist())
    if isinstance(argument, Fixture):
        told = ", ".join(str(value) for _, value in argument.parameters if value != "")
        return f"<{argument.name.rpartition('.')[2]}: {told}>"
    if isinstance(argument, list):
        return f"[{', '.join(_argument(a) for a in argument)}]"
    return repr(argument)
