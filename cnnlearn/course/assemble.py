"""Putting the notebook of a lesson together from its text and its exercises."""

import hashlib
from collections.abc import Sequence

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from cnnlearn.course.cells import defined_names, exercise_cells, free_names
from cnnlearn.course.setup_cell import setup_cell
from cnnlearn.course.text import Lesson, is_exercise
from cnnlearn.exercises.exercise import Exercise

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def assemble(lesson: Lesson, exercises: Sequence[Exercise], solved: bool) -> NotebookNode:
    """The notebook, not executed: every placeholder of the text replaced by the cells of its exercise.

    LessonError unless the text asks for exactly these exercises, in this order, and defines what they need before it.
    """
    _check_order(lesson, exercises)
    _check_names(lesson, exercises)
    by_name = {exercise.name: exercise for exercise in exercises}
    cells = []
    for cell in lesson.cells:
        if is_exercise(cell):
            cells += exercise_cells(by_name[cell.source], lesson.name, solved)
        else:
            new = new_code_cell if cell.cell_type == "code" else new_markdown_cell
            cells.append(new(cell.source, id=_identity(cell, cells), metadata=cell.metadata))
    cells.insert(1, setup_cell())  # below the title
    return new_notebook(cells=cells, metadata={"kernelspec": KERNEL, "language_info": {"name": "python"}})


def serialize(notebook: NotebookNode) -> str:
    """The text of an .ipynb file: equal notebooks give equal bytes."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook, indent=1, sort_keys=True) + "\n"


def _identity(cell, before):
    """A cell id from the content, so that it survives a cell added above; twins are told apart by what precedes."""
    content = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
    return content if all(other.id != content for other in before) else f"{content}-{len(before)}"


def _check_order(lesson, exercises):
    placed = [cell for cell in lesson.cells if is_exercise(cell)]
    for cell, exercise in zip(placed, exercises, strict=False):
        if cell.source != exercise.name:
            raise lesson.error(f"the exercise {exercise.name!r} should come here, as in the lesson's EXERCISES.", cell)
    for cell in placed[len(exercises) :]:
        raise lesson.error("the lesson's EXERCISES has no such exercise at this place.", cell)
    for exercise in exercises[len(placed) :]:
        raise lesson.error(f"the exercise {exercise.name!r} has no place in the text.")


def _check_names(lesson, exercises):
    """A solution stands in a notebook, not in its module: what it needs must be defined above it there."""
    references = {exercise.name: exercise.reference for exercise in exercises}
    defined = set()
    for cell in lesson.cells:
        if is_exercise(cell):
            missing = free_names(references[cell.source]) - defined
            if missing:
                raise lesson.error(f"the solution needs {', '.join(sorted(missing))}; import it in a cell above.", cell)
            defined.add(cell.source)
        elif cell.cell_type == "code":
            defined |= defined_names(cell.source)
