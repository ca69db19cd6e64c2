"""The bank of mistakes tests the judge: for each exercise of each lesson, what must be told apart is told apart."""

import ast
import inspect
import itertools
import os
import re
import secrets
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnlearn.exercises import LESSONS, exercises_of, find
from cnnlearn.exercises.exercise import Fixture, Mistake
from cnnlearn.exercises.judge import judge
from cnnlearn.exercises.outputs import run, same
from cnnlearn.exercises.verdict import Kind

ALL = [exercise for lesson in LESSONS for exercise in exercises_of(lesson)]
EXERCISES = [pytest.param(e, id=e.name) for e in ALL]


def seeds(exercise):
    """One is enough where each case takes a network."""
    return [0] if exercise.tensorflow else [0, 1, 2]


def effort(exercise, seed=0):
    """The mark of what `make quick` leaves out: mistakes that run networks, and further seeds."""
    return pytest.mark.slow if exercise.tensorflow or seed else ()


# How many fresh seeds the bank of the NumPy exercises is tried at; CNNLEARN_SEEDS=300 is a slower job.
FRESH = int(os.environ.get("CNNLEARN_SEEDS", 25))
NUMPY = [e for e in ALL if not e.tensorflow and not e.name.startswith("test_")]

REFERENCES = [pytest.param(e, seed, id=f"{e.name}-{seed}") for e in ALL for seed in seeds(e)]
MISTAKES = [
    pytest.param(e, m, seed, id=f"{e.name}-{m.name}-{seed}", marks=effort(e, seed))
    for e in ALL
    for m in e.mistakes
    for seed in seeds(e)
]
each_exercise = pytest.mark.parametrize("exercise", EXERCISES)


@pytest.mark.parametrize("exercise, seed", REFERENCES)
def test_the_reference_is_right(exercise, seed):
    verdict = judge(exercise, exercise.reference, seed)
    assert verdict.right, verdict


CATCHES = [e for e in ALL if e.name.startswith("test_")]  # the learner writes a test


@pytest.mark.parametrize("exercise", [pytest.param(e, id=e.name) for e in CATCHES])
def test_a_test_for_learners_to_write_accepts_the_right_function_alone(exercise):
    for (candidate,) in exercise.cases(np.random.default_rng(0)):
        right = dict(candidate.parameters)["mistake"] == ""
        assert run(exercise, exercise.reference, (candidate,)).value == right, candidate


def test_every_lesson_of_a_method_has_a_bug_to_catch():
    assert len(CATCHES) == 7


@each_exercise
def test_the_stub_is_not_started(exercise):
    def stub(*arguments):
        raise NotImplementedError()

    assert judge(exercise, stub).kind is Kind.NOT_STARTED


@pytest.mark.parametrize("exercise, mistake, seed", MISTAKES)
def test_every_mistake_is_rejected_and_named(exercise, mistake, seed):
    verdict = judge(exercise, mistake.function, seed)
    assert not verdict.right
    assert verdict.mistake == mistake.name, verdict
    assert mistake.message.split()[0] in repr(verdict)


def in_float32(value):
    if isinstance(value, (tuple, list)):
        return type(value)(in_float32(item) for item in value)
    floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return value.astype(np.float32) if floats else value


@pytest.mark.slow
@pytest.mark.parametrize("exercise", [pytest.param(e, id=e.name) for e in NUMPY])
def test_right_stays_right_and_wrong_wrong_at_fresh_seeds(exercise):
    def single(*arguments):
        return exercise.reference(*in_float32(arguments))

    first = secrets.randbelow(2**31)
    # Laws with many draws take long, and draw anew within one seed.
    for seed in range(first, first + (FRESH if exercise.compared else max(1, FRESH // 10))):
        for right in (exercise.reference, single):
            verdict = judge(exercise, right, seed)
            assert verdict.right, f"seed {seed}: {verdict}"
        for mistake in exercise.mistakes:
            verdict = judge(exercise, mistake.function, seed)
            assert verdict.mistake == mistake.name, f"seed {seed}, {mistake.name}: {verdict}"


@pytest.mark.parametrize("exercise", [pytest.param(e, id=e.name, marks=effort(e)) for e in ALL])
def test_no_two_mistakes_are_confused(exercise):
    cases = exercise.cases(np.random.default_rng(0))
    outputs = {m.name: [run(exercise, m.function, case) for case in cases] for m in exercise.mistakes}
    assert len(outputs) == len(exercise.mistakes), "two mistakes have one name"
    for (name, one), (other, two) in itertools.combinations(outputs.items(), 2):
        alike = [
            a.changed_input == b.changed_input and same(a.value, b.value, exercise.tolerance)
            for a, b in zip(one, two, strict=True)
        ]
        assert not exercise.compared or not all(alike), f"{name} and {other} give the same outputs"


@each_exercise
def test_the_form_is_complete(exercise):
    assert len(exercise.mistakes) >= 3
    assert len(exercise.hints) == 3 and len(set(exercise.hints)) == 3 and all(len(hint) > 20 for hint in exercise.hints)
    assert exercise.points >= 1 and 1 <= exercise.difficulty <= 5 and exercise.minutes >= 1
    assert inspect.getdoc(exercise.reference), "the docstring is the learner's task"
    assert all(mistake.message.rstrip().endswith((".", "?", "!")) for mistake in exercise.mistakes)


def solution_lines(exercise):
    """The code of the reference's body, a line each, without white space."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(exercise.reference))).body[0]
    body = [node for node in tree.body[1:] if not isinstance(node, (ast.Import, ast.ImportFrom))]
    lines = [line for node in body for line in ast.unparse(node).splitlines()]
    return ["".join(line.removeprefix("return ").split()) for line in lines]


@each_exercise
def test_hints_and_docstring_do_not_contain_the_solution(exercise):
    told = "".join(" ".join([*exercise.hints, inspect.getdoc(exercise.reference)]).split())
    for line in solution_lines(exercise):
        assert len(line) < 12 or line not in told, line


@each_exercise
def test_float32_answers_pass(exercise):
    if not exercise.compared:
        pytest.skip("judged by its properties")

    def rounded(value):
        if isinstance(value, tuple):
            return tuple(rounded(item) for item in value)
        floats = isinstance(value, np.ndarray) and value.dtype.kind == "f"
        return value.astype(np.float32) if floats else value

    def answer(*arguments):
        return rounded(exercise.reference(*arguments))

    if exercise.observe is None:
        assert judge(exercise, answer).right


@each_exercise
def test_inputs_are_plain_data(exercise):
    def plain(value):
        if isinstance(value, (list, tuple)):
            return all(plain(item) for item in value)
        return value is None or isinstance(value, (np.ndarray, bool, int, float, str, Fixture))

    for case in exercise.cases(np.random.default_rng(0)):
        assert isinstance(case, tuple) and all(plain(argument) for argument in case)


@each_exercise
def test_cases_come_from_the_seed_alone(exercise):
    state = np.random.get_state()[1].copy()
    one, two = (exercise.cases(np.random.default_rng(7)) for _ in range(2))
    assert repr(one) == repr(two)
    assert (np.random.get_state()[1] == state).all(), "the global generator was touched"


def test_names_are_unique_over_the_course():
    names = [parameter.values[0].name for parameter in EXERCISES]
    assert len(names) == len(set(names))


def test_the_mistake_shown_to_contributors_is_rejected_and_named():
    guide = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
    snippet = re.search(r"```python\n(Mistake\(.*?)```", guide, re.DOTALL).group(1)
    mistake = eval(snippet, {"Mistake": Mistake})
    exercise = replace(find("global_average_pool"), mistakes=(mistake,))
    assert judge(exercise, mistake.function).mistake == mistake.name == "over rows only"
