"""The judge: tries an answer on the cases of its exercise and says what kind of right or wrong it is."""

from collections.abc import Callable
from functools import partial

import numpy as np

from cnnlearn.exercises.exercise import Exercise, Fixture, Mistake
from cnnlearn.exercises.laws import Breach, breaches, breaks_alike
from cnnlearn.exercises.outputs import Output, Raised, finite, floor, kind, refused_alike, run, same, same_type, shape
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
    least = [floor(case, exercise.tolerance) for case in cases]
    faults = [_fault(exercise, e, g, room) for e, g, room in zip(expected, got, least, strict=True)]
    count = (faults.count(None), len(faults))
    if count[0] == count[1]:
        return _by_laws(exercise, cases, got, ask, outputs_of, hidden)

    first = next(i for i, fault in enumerate(faults) if fault)
    verdict_kind, fact = faults[first]
    if hidden and verdict_kind is Kind.WRONG_VALUE and not isinstance(expected[first].value, Raised):
        fact = _without_values(exercise, expected[first].value, got[first].value)
    mistake = _named_mistake(exercise, outputs_of, got, least)
    relation = ""
    if verdict_kind in (Kind.WRONG_VALUE, Kind.WRONG_SHAPE):
        pairs = [(e.value, g.value) for e, g in zip(expected, got, strict=True) if not isinstance(e.value, Raised)]
        if all(not isinstance(g, Raised) for _, g in pairs):
            relation = find_relation(pairs, exercise.tolerance)
    if mistake:
        lines = [mistake.message, relation or fact]
    elif nearly := _nearly_a_mistake(exercise, outputs_of, got, least, faults):
        mistake, slip = nearly
        where = "" if hidden else f" (case {slip + 1}: {_call(exercise, cases[slip])})"
        lines = [mistake.message, f"And a second thing{where}: {_second(faults[slip], hidden)}"]
    elif verdict_kind is Kind.WRONG_VALUE:
        if exercise.describe and not (hidden and _has_data(cases[first])):
            lines = [exercise.describe(cases[first], expected[first].value, got[first].value)]
        else:
            breach = next(breaches(exercise, [cases[first]], ask), None)
            law = BROKEN + breach.axiom.statement if breach and breach.output is None else ""
            lines = [relation, law, fact]
    else:
        lines = [fact, relation]
    if not hidden:
        lines.append(f"Case {first + 1} of {len(cases)}: {_call(exercise, cases[first])}")
    named = mistake.name if mistake else ""
    return Verdict(exercise.name, verdict_kind, tuple(filter(None, lines)), named, count, cases[first])


def _by_laws(exercise, cases, got, ask, outputs_of, hidden):
    """The verdict where every case agrees, or where nothing is compared: that of the laws."""
    broken = list(breaches(exercise, cases, ask))
    if not broken:
        return Verdict(exercise.name, Kind.RIGHT, (f"All {len(cases)} cases agree.",), cases=(len(cases), len(cases)))
    if exercise.compared:
        least = [floor(case, exercise.tolerance) for case in cases]
        mistake = _named_mistake(exercise, outputs_of, got, least)
    else:
        mistake = breaks_alike(exercise, cases, broken)
    breach = next((breach for breach in broken if breach.output is None), broken[0])
    verdict_kind, line = _told(exercise, breach, hidden)
    lines = [mistake.message if mistake else "", line]
    case = breach.asked or cases[breach.case]
    if not hidden and not breach.asked:
        lines.append(f"It is broken on case {breach.case + 1} of {len(cases)}: {_call(exercise, case)}")
    named = mistake.name if mistake else ""
    return Verdict(exercise.name, verdict_kind, tuple(filter(None, lines)), named, (0, len(cases)), case)


def _told(exercise: Exercise, breach: Breach, hidden: bool):
    """The kind of fault and its sentence: an error is told as one, with the call that raised it."""
    on = "" if hidden or not breach.asked else f" on {_call(exercise, breach.asked)}"
    if breach.raised:
        where = f"In your line: {breach.raised.where}\n" if breach.raised.where and not hidden else ""
        message = "" if hidden else f": {breach.raised.message}"
        return Kind.RAISED, f"{where}Yours raises {breach.raised.type}{on}{message}"
    if breach.asked:
        return Kind.NOT_FINITE, f"{BROKEN}{breach.axiom.statement} Yours gives NaN or infinity{on}."
    return Kind.WRONG_VALUE, BROKEN + breach.axiom.statement


def _nearly_a_mistake(exercise, outputs_of, got, least, faults):
    """The one mistake that gives the same as the answer on all cases but one, which is wrong otherwise; and that case.

    On two wrong cases at least they must agree, or the likeness is chance.
    """
    found = []
    for mistake in exercise.mistakes if len(got) > 3 else ():
        outputs = zip(outputs_of(mistake), got, least, strict=True)
        alike = [_alike(exercise, output, g, room) for output, g, room in outputs]
        common = sum(1 for same_there, fault in zip(alike, faults, strict=True) if same_there and fault)
        if alike.count(False) == 1 and faults[alike.index(False)] and common >= 2:
            found.append((mistake, alike.index(False)))
    return found[0] if len(found) == 1 else None


def _second(fault, hidden):
    return f"{fault[0].value}." if hidden else fault[1]


def _other_type(expected, got):
    """The types in words; where as many values came back as were expected, those of the first that is of another."""
    if type(expected) is type(got) and isinstance(expected, (tuple, list)) and len(expected) == len(got):
        i = next(i for i, (e, g) in enumerate(zip(expected, got, strict=True)) if not same_type(e, g))
        return f"Value {i + 1} of yours is {kind(got[i])}; expected is {kind(expected[i])}."
    return f"Yours returns {kind(got)}; expected is {kind(expected)}."


def _fault(exercise, expected, got, least):
    """The kind of fault and a sentence of fact; None if there is none."""
    e, g = expected.value, got.value
    if isinstance(g, Raised) and not (isinstance(e, Raised) and refused_alike(e, g)):
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
    if exercise.compared and not same(e, g, exercise.tolerance, least):
        return Kind.WRONG_VALUE, first_difference(e, g, exercise.tolerance, least)
    return None


def _without_values(exercise, expected, got):
    if isinstance(expected, np.ndarray) and isinstance(got, np.ndarray):
        return f"{count_differing(expected, got, exercise.tolerance).capitalize()}."
    return "The value is another than expected."


def _has_data(case):
    return not all(isinstance(argument, Fixture) for argument in case)


def _named_mistake(exercise, outputs_of, got, least):
    """The mistake of the bank that gives the same outputs on all cases."""
    for mistake in exercise.mistakes:
        outputs = zip(outputs_of(mistake), got, least, strict=True)
        if all(_alike(exercise, output, g, room) for output, g, room in outputs):
            return mistake
    return None


def _alike(exercise, output, got, least):
    return output.changed_input == got.changed_input and same(output.value, got.value, exercise.tolerance, least)


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
