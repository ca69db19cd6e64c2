"""The search: each edit is tried on the failing case, then on all cases, then proved on fresh seeds and all laws."""

import ast
import inspect
import secrets
import sys
import textwrap
import time
import types
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnlearn.exercises.exercise import Exercise
from cnnlearn.exercises.judge import judge
from cnnlearn.exercises.outputs import Output, floor, run, same
from cnnlearn.exercises.repair.edits import Edit, edits

SECONDS, SECONDS_OF_ONE = 1.5, 0.1
FILE = "<one change>"


@dataclass(frozen=True)
class Change:
    """A change that makes an answer right. kind: in words; line: the learner's own; before, after: code."""

    kind: str
    number: int
    line: str
    start: int
    end: int
    before: str
    after: str

    def __str__(self):
        marks = " " * self.start + "^" * (self.end - self.start)
        return f"One change in your line {self.number} makes it right:\n    {self.line}\n    {marks}".rstrip()

    def told(self, opened: int) -> str:
        """The kind alone, or, opened twice, the change."""
        if opened < 2:
            return f"In line {self.number} it is about {self.kind}."
        return f"In line {self.number}: {self.before}\nbecomes: {self.after}"


class _TimeUpError(BaseException):
    """No Exception, so that neither the answer nor `run` catches it."""


def find_change(
    exercise: Exercise, answer: Callable, case: tuple | None, source: str | None = None, seconds: float = SECONDS
) -> Change | None:
    """The first edit of the catalogue that makes the answer right; None if none does, or in the time none is found.

    case: the arguments on which it fails. source: the text of the answer, if not where Python looks for it. Exercises
    that need TensorFlow are left alone.
    """
    until = time.perf_counter() + seconds
    try:
        source = textwrap.dedent(source or inspect.getsource(answer))
        tree = ast.parse(source)
    except (OSError, TypeError, SyntaxError):
        return None
    function = next((n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == answer.__name__), None)
    if function is None or exercise.tensorflow:
        return None
    function.decorator_list = []
    module = ast.Module([function], [])
    names = dict(answer.__globals__)
    names |= dict(
        zip(answer.__code__.co_freevars, (cell.cell_contents for cell in answer.__closure__ or ()), strict=True)
    )
    numpy = next((name for name, value in names.items() if value is np), None)
    trial = _Trial(exercise, case, until)
    for edit in edits(function, numpy):
        if time.perf_counter() > until:
            return None
        changed = _applied(edit, module, names, answer)
        if changed and trial.right(changed):
            return _change(edit, source)
    return None


def _applied(edit, module, names, answer):
    """The function that the edit makes; None if it is none."""
    edit.apply()
    try:
        code = compile(ast.fix_missing_locations(module), FILE, "exec")
    except (SyntaxError, ValueError, TypeError):
        return None
    finally:
        edit.undo()
    body = next(c for c in code.co_consts if isinstance(c, types.CodeType) and c.co_name == answer.__name__)
    namespace = dict(names)
    changed = types.FunctionType(body, namespace, answer.__name__, answer.__defaults__)
    changed.__kwdefaults__ = answer.__kwdefaults__
    namespace[answer.__name__] = changed  # it may call itself
    return changed


class _Trial:
    """Whether a changed answer is right, in bounded time."""

    def __init__(self, exercise: Exercise, case: tuple | None, until: float):
        self.exercise, self.case, self.until = exercise, case, until
        self.expected = None
        if exercise.compared and case is not None:
            self.expected = run(exercise, exercise.reference, case)

    def right(self, changed: Callable) -> bool:
        limit = min(self.until, time.perf_counter() + SECONDS_OF_ONE)
        try:
            if self.expected is not None and not _bounded(limit, self._agrees, changed):
                return False
            return all(_bounded(self.until, self._judged, changed, seed) for seed in self._seeds())
        except _TimeUpError:
            return False

    def _seeds(self):
        return 0, secrets.randbelow(2**31), secrets.randbelow(2**31)

    def _judged(self, changed, seed):
        return judge(self.exercise, changed, seed).right

    def _agrees(self, changed):
        got: Output = run(self.exercise, changed, self.case)
        least = floor(self.case, self.exercise.tolerance)
        same_input = got.changed_input == self.expected.changed_input
        return same_input and same(self.expected.value, got.value, self.exercise.tolerance, least)


def _bounded(until, function, *arguments):
    """The function's result; _TimeUpError where the changed code runs past the time, as in a loop without an end."""

    def trace(frame, event, argument):
        if frame.f_code.co_filename != FILE:
            return None
        if time.perf_counter() > until:
            raise _TimeUpError
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return function(*arguments)
    finally:
        sys.settrace(before)


def _change(edit: Edit, source: str) -> Change:
    lines = source.splitlines()
    old: Any = edit.old  # a node or a list of statements, as is the new one
    new: Any = edit.new
    if isinstance(old, list):  # statements: the first that is not there afterwards, or stands elsewhere
        pairs = zip(old, [*new, None], strict=False)
        node = next((a for a, b in pairs if a is not b), old[-1])
        place = next((i for i, (a, b) in enumerate(zip(old, new, strict=False)) if a is not b), len(old))
        before, after = ast.unparse(node), ast.unparse(new[place]) if place < len(new) else "(nothing)"
        if len(new) < len(old):
            after = "(nothing)"
    else:
        node, before, after = old, ast.unparse(old), ast.unparse(new)
    line = lines[node.lineno - 1]
    indent = len(line) - len(line.lstrip())
    end = node.end_col_offset if node.end_lineno == node.lineno else len(line.encode())
    start, end = (len(line.encode()[:at].decode()) - indent for at in (node.col_offset, end))
    return Change(edit.kind, node.lineno, line.strip(), start, end, before, after)
