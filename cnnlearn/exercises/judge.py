"""The judge: tries an answer on the cases of its exercise and says what kind of right or wrong it is."""

from collections.abc import Callable

import numpy as np

from cnnlearn.exercises.exercise import Exercise, Ingredient
from cnnlearn.exercises.outputs import Output, Raised, finite, kind, run, same, same_type, shape
from cnnlearn.exercises.relations import describe_shape, find_relation, first_difference
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
    return explain(exercise, cases, expected, got, answer)


def explain(exercise: Exercise, cases, expected: list[Output], got: list[Output], answer: Callable) -> Verdict:
    """The verdict on outputs that are there already. `answer` is called again only for axioms and relations."""
    fine = [_fault(exercise, e, g) is None for e, g in zip(expected, got, strict=True)]
    count = (sum(fine), len(fine))
    if all(fine):
        broken = _broken_axiom(exercise, cases, answer)
        if not broken:
            return Verdict(exercise.name, Kind.RIGHT, (f"All {len(cases)} cases agree.",), cases=count)
        mistake = _named_mistake(exercise, cases, got) if exercise.compared else _broken_like(exercise, cases, broken)
        lines = ([mistake.message] if mistake else []) + [BROKEN + broken]
        named = mistake.name if mistake else ""
        return Verdict(exercise.name, Kind.WRONG_VALUE, tuple(lines), named, (0, len(fine)))

    first = fine.index(False)
    verdict_kind, fact = _fault(exercise, expected[first], got[first])
    mistake = _named_mistake(exercise, cases, got)
    relation = ""
    if verdict_kind in (Kind.WRONG_VALUE, Kind.WRONG_SHAPE):
        pairs = [(e.value, g.value) for e, g in zip(expected, got, strict=True) if not isinstance(e.value, Raised)]
        if all(not isinstance(g, (Raised, tuple)) for _, g in pairs):
            relation = find_relation(pairs, exercise.tolerance)
    if mistake:
        lines = [mistake.message, relation or fact]
    elif verdict_kind is Kind.WRONG_VALUE:
        if exercise.describe:
            lines = [exercise.describe(cases[first], expected[first].value, got[first].value)]
        else:
            broken = _broken_axiom(exercise, cases, answer)
            lines = [broken and BROKEN + broken, relation, fact]
    else:
        lines = [fact, relation]
    lines.append(f"Case {first + 1} of {len(cases)}: {_call(exercise, cases[first])}")
    return Verdict(exercise.name, verdict_kind, tuple(filter(None, lines)), mistake.name if mistake else "", count)


def _fault(exercise, expected, got):
    """The kind of fault and a sentence of fact; None if there is none."""
    e, g = expected.value, got.value
    if isinstance(g, Raised) and not (isinstance(e, Raised) and e.type == g.type):
        where = f"In your line: {g.where}\n" if g.where else ""
        return Kind.RAISED, f"{where}{g.type}: {g.message}"
    if isinstance(e, Raised):
        if isinstance(g, Raised):
            return None
        return Kind.WRONG_VALUE, f"This input is bad and must be refused with {e.type}; yours returned {kind(g)}."
    if got.changed_input and not expected.changed_input:
        return Kind.CHANGED_INPUT, "The function changed what it was given. Work on a copy."
    if not same_type(e, g):
        return Kind.WRONG_TYPE, f"Yours returns {kind(g)}; expected is {kind(e)}."
    if shape(e) != shape(g):
        return Kind.WRONG_SHAPE, f"Yours has {describe_shape(g)}; expected is {describe_shape(e)}."
    if finite(e) and not finite(g):
        return Kind.NOT_FINITE, "There is NaN or infinity in the result, where the expected is finite."
    if exercise.compared and not same(e, g, exercise.tolerance):
        return Kind.WRONG_VALUE, first_difference(e, g, exercise.tolerance)
    return None


def _named_mistake(exercise, cases, got):
    """The mistake of the bank that gives the same outputs on all cases."""
    for mistake in exercise.mistakes:
        if all(_alike(exercise, run(exercise, mistake.function, c), g) for c, g in zip(cases, got, strict=True)):
            return mistake
    return None


def _alike(exercise, output, got):
    return output.changed_input == got.changed_input and same(output.value, got.value, exercise.tolerance)


def _broken_axiom(exercise, cases, answer):
    """The statement of the first axiom that does not hold, "" if all do. An answer that fails on the way breaks it."""

    def outcome(*arguments):
        value = run(exercise, answer, arguments).value
        if isinstance(value, Raised):
            raise _Unanswered
        return value

    for axiom in exercise.axioms:
        for case in cases:
            try:
                holds = axiom.holds(outcome, *case)
            except _Unanswered:
                holds = False
            if not holds:
                return axiom.statement
    return ""


class _Unanswered(Exception):
    """The answer raised an error where an axiom asked it."""


def _broken_like(exercise, cases, statement):
    """Where outputs are random: the mistake that breaks the same axiom first."""
    return next((m for m in exercise.mistakes if _broken_axiom(exercise, cases, m.function) == statement), None)


def _call(exercise, case):
    return f"{exercise.name}({', '.join(_argument(a) for a in case)})"


def _argument(argument):
    if isinstance(argument, np.ndarray):
        return f"{argument.dtype} {argument.shape}" if argument.size > 6 else str(argument.tolist())
    if isinstance(argument, Ingredient):
        return f"<{argument.name}: {', '.join(str(v) for _, v in argument.parameters)}>"
    if isinstance(argument, list):
        return f"[{', '.join(_argument(a) for a in argument)}]"
    return repr(argument)
