"""The cells of an exercise, with the metadata by which nbgrader knows them (its schema 3)."""

import ast
import builtins
import inspect
import symtable
import textwrap
from collections.abc import Callable

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from cnnlearn.exercises.exercise import Exercise

DIFFICULTY = {1: "very easy", 2: "easy", 3: "medium", 4: "hard", 5: "very hard"}


def exercise_cells(exercise: Exercise, lesson: str, solved: bool) -> list[NotebookNode]:
    """Heading, answer (the solution or a stub) and check of an exercise."""
    heading, answer, check = (f"{lesson}-{exercise.name}-{part}" for part in ("heading", "answer", "check"))
    source = (solution if solved else stub)(exercise.reference)
    grading = _mark(check, grade=True, locked=True, points=exercise.points)
    return [
        new_markdown_cell(_heading(exercise), id=heading),
        new_code_cell(source, id=answer, metadata=_mark(answer, solution=True)),
        new_code_cell(f"{exercise.name} = check({exercise.name})", id=check, metadata=grading),
    ]


def stub(function: Callable) -> str:
    """Signature and docstring, and below them what nbgrader puts in place of a solution."""
    asked, _ = _halves(function)
    return f"{asked}\n    # YOUR CODE HERE\n    raise NotImplementedError()"


def solution(function: Callable) -> str:
    """The source, its body between the marks by which nbgrader knows a solution."""
    asked, body = _halves(function)
    asked += "\n" * body.lstrip().startswith(("def ", "@"))  # as ruff formats it
    return f"{asked}\n    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"


def body_lines(function: Callable) -> list[str]:
    """The lines of a function below its docstring."""
    return _halves(function)[1].splitlines()


def free_names(function: Callable) -> set[str]:
    """The names that a function takes from the module around it, builtins aside."""
    module = _symbols(inspect.getsource(function))

    def used(table):
        names = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (table is module or s.is_global())}
        return names.union(*map(used, table.get_children()))

    return used(module) - {function.__name__} - set(dir(builtins))


def defined_names(source: str) -> set[str]:
    """The names that a cell binds: imports, assignments, functions."""
    return {s.get_name() for s in _symbols(source).get_symbols() if s.is_assigned() or s.is_imported()}


def _symbols(source):
    return symtable.symtable(textwrap.dedent(source), "<cell>", "exec")


def _halves(function):
    """The source of a function, split below its docstring."""
    source = textwrap.dedent(inspect.getsource(function)).rstrip()
    definition = ast.parse(source).body[0]
    if ast.get_docstring(definition) is None or len(definition.body) < 2:
        raise ValueError(f"{function.__name__} needs a docstring, which becomes the stub, and a body below it.")
    lines = source.splitlines()
    end = definition.body[0].end_lineno
    return "\n".join(lines[:end]), "\n".join(lines[end:]).strip("\n")


def _heading(exercise):
    points = f"{exercise.points} point{'s' * (exercise.points > 1)}"
    minutes = f"{exercise.minutes} minute{'s' * (exercise.minutes > 1)}"
    return (
        f"### Exercise: `{exercise.name}`\n\n"
        f"*{DIFFICULTY[exercise.difficulty].capitalize()} · {points} · about {minutes}*\n\n"
        f'Write the function, run its cell, then the check below it. Stuck? `hint("{exercise.name}")` opens a hint; '
        "each further call opens the next."
    )


def _mark(grade_id, **differing):
    mark = {"schema_version": 3, "grade": False, "solution": False, "locked": False, "task": False}
    return {"nbgrader": {**mark, "grade_id": grade_id, **differing}}
