"""From the texts of the lessons to their notebooks: lessons/ with stubs, solutions/ solved and executed."""

from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from cnnlearn.course.assemble import assemble, serialize
from cnnlearn.course.execute import execute, faults
from cnnlearn.course.leaks import find_leak
from cnnlearn.course.text import Lesson, LessonError, read
from cnnlearn.exercises import LESSONS, exercises_of


def build(folder: Path, lessons: Sequence[int] | None = None) -> list[Path]:
    """Writes both notebooks of the lessons with these numbers (None: all), and returns their paths.

    `folder` holds lessons/text/, lessons/ and solutions/. LessonError, in one sentence, if a lesson breaks the form,
    gives a solution away, or has a solution that fails or shows what a reader cannot use.
    """
    written = []
    for lesson in read_lessons(folder, lessons):
        notebooks = both_notebooks(lesson)
        paths = notebook_paths(folder, lesson)
        print(f"{lesson.name}: running the solution", flush=True)
        _run(lesson, notebooks[1], paths[1].parent)
        for notebook, path in zip(notebooks, paths, strict=True):
            path.write_text(serialize(notebook), encoding="utf-8")
            written.append(path)
    return written


def out_of_date(folder: Path, lessons: Sequence[int] | None = None) -> list[Path]:
    """The notebooks that differ from what `build` would write now, outputs aside. Runs no cell."""
    stale = []
    for lesson in read_lessons(folder, lessons):
        unsolved, solved = both_notebooks(lesson)
        unsolved_path, solved_path = notebook_paths(folder, lesson)
        if not unsolved_path.exists() or unsolved_path.read_text(encoding="utf-8") != serialize(unsolved):
            stale.append(unsolved_path)
        if not solved_path.exists() or _without_outputs(solved_path) != serialize(solved):
            stale.append(solved_path)
    return stale


def read_lessons(folder: Path, lessons: Sequence[int] | None = None) -> list[Lesson]:
    """The texts with these numbers (None: all), in order. LessonError for a number without a text."""
    texts = {int(path.name[:2]): path for path in sorted((folder / "lessons" / "text").glob("[0-9][0-9]_*.md"))}
    if not texts:
        raise LessonError(f"There is no text in {folder / 'lessons' / 'text'}; name the folder that holds lessons/.")
    for number in lessons or ():
        if number not in texts:
            there = ", ".join(f"{n:02}" for n in texts)
            raise LessonError(f"There is no text for a lesson {number:02} in lessons/text; there are {there}.")
    return [read(texts[number]) for number in lessons or texts]


def both_notebooks(lesson: Lesson) -> tuple[NotebookNode, NotebookNode]:
    """The notebook with stubs and the solved one, not executed. LessonError if the first gives a solution away."""
    exercises = exercises_of(lesson.number)
    unsolved, solved = (assemble(lesson, exercises, solved) for solved in (False, True))
    texts = [cell.source for cell in unsolved.cells] + [hint for exercise in exercises for hint in exercise.hints]
    leak = find_leak([exercise.reference for number in LESSONS for exercise in exercises_of(number)], texts)
    if leak:
        raise lesson.error("a line of the solution of {} stands in the lesson or its hints: {!r}".format(*leak))
    return unsolved, solved


def notebook_paths(folder: Path, lesson: Lesson) -> tuple[Path, Path]:
    return folder / "lessons" / f"{lesson.name}.ipynb", folder / "solutions" / f"{lesson.name}.ipynb"


def _run(lesson, notebook, folder):
    try:
        execute(notebook, folder)
    except ValueError as error:
        raise lesson.error(str(error)) from None
    for fault in faults(notebook):
        raise lesson.error(fault)


def _without_outputs(path):
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return serialize(notebook)
