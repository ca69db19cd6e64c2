"""The notebooks that are committed: built from the texts as they stand, without solutions, gradable by nbgrader."""

import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
import pytest
from IPython.core.interactiveshell import InteractiveShell

from cnnlearn.course.build import out_of_date, read_lessons
from cnnlearn.exercises import LESSONS, exercises_of

ROOT = Path(__file__).resolve().parents[1]


def test_nothing_is_out_of_date():
    assert out_of_date(ROOT) == [], "run `make build` and commit what it writes"


def test_every_lesson_has_its_text_exercises_and_notebooks():
    lessons = read_lessons(ROOT)
    assert [lesson.number for lesson in lessons] == sorted(LESSONS)
    names = sorted(f"{lesson.name}.ipynb" for lesson in lessons)
    for folder in ("lessons", "solutions"):
        assert sorted(path.name for path in (ROOT / folder).glob("*.ipynb")) == names


@pytest.mark.parametrize("missing", [True, False])
def test_the_first_cell_fetches_the_course_where_it_is_missing(missing, monkeypatch):
    fetched = []
    shell = InteractiveShell()
    shell.register_magic_function(fetched.append, magic_name="pip")
    if missing:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for path in (*(ROOT / "lessons").glob("*.ipynb"), *(ROOT / "solutions").glob("*.ipynb")):
        cell = next(cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
        shell.run_cell(cell.source).raise_error()
    address = re.search(r'^Repository = "(.+)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)[1]
    assert fetched == [f'install --quiet "cnnlearn @ git+{address}"'] * (2 * len(LESSONS) * missing)


def test_a_lesson_takes_longer_than_its_exercises():
    for lesson in read_lessons(ROOT):
        writing = sum(exercise.minutes for exercise in exercises_of(lesson.number))
        assert writing < lesson.minutes, f"{lesson.name}: {writing} of {lesson.minutes} minutes are exercises"


def test_every_figure_has_alternative_text():
    for path in (ROOT / "solutions").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            for output in cell.get("outputs", ()):
                if "image/png" in output.get("data", {}):
                    assert len(output.metadata["image/png"]["alt"]) > 20, f"{path.name}: {cell.source}"


LESSON = "01_saliency"  # it needs no TensorFlow, so it is quick
SOLVED = ("winner_take_all", "inhibit")  # by the student who solves some


@pytest.mark.slow
def test_nbgrader_grades_solution_stub_and_what_lies_between(tmp_path, monkeypatch):
    """`nbgrader generate_assignment`, then `autograde`: full marks, none, and those of the exercises that are right."""
    from nbgrader.api import Gradebook
    from nbgrader.apps import NbGraderAPI
    from traitlets.config import Config

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")  # it calls alembic
    config = Config()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.db_url = f"sqlite:///{tmp_path}/gradebook.db"
    config.ExecutePreprocessor.timeout = 300
    source = tmp_path / "source" / "week"
    source.mkdir(parents=True)
    shutil.copy(ROOT / "solutions" / f"{LESSON}.ipynb", source)
    api = NbGraderAPI(config=config)
    assert api.generate_assignment("week")["success"]
    released = tmp_path / "release" / "week" / f"{LESSON}.ipynb"
    assert "BEGIN SOLUTION" not in released.read_text()
    solutions = {cell.id: cell.source for cell in nbformat.read(source / f"{LESSON}.ipynb", as_version=4).cells}

    answers = [f"{LESSON}-{exercise.name}-answer" for exercise in exercises_of(1)]
    some = [f"{LESSON}-{name}-answer" for name in SOLVED]
    for student, filled in (("all", answers), ("none", []), ("some", some)):
        notebook = nbformat.read(released, as_version=4)
        for cell in notebook.cells:
            if cell.id in filled:
                cell.source = solutions[cell.id]
        folder = tmp_path / "submitted" / student / "week"
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{LESSON}.ipynb")
        assert api.autograde("week", student)["success"]

    points = {exercise.name: exercise.points for exercise in exercises_of(1)}
    with Gradebook(config.CourseDirectory.db_url) as book:
        scores = {student: book.find_submission("week", student).score for student in ("all", "none", "some")}
    assert scores == {"all": sum(points.values()), "none": 0, "some": sum(points[name] for name in SOLVED)}
