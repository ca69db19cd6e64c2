"""From text to notebooks: what is built, and what is refused with which sentence."""

from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from cnnlearn.course import build as building
from cnnlearn.course.assemble import assemble, serialize
from cnnlearn.course.cells import defined_names, free_names, solution, stub
from cnnlearn.course.execute import execute, faults
from cnnlearn.course.leaks import find_leak
from cnnlearn.course.text import LessonError, read
from cnnlearn.exercises.exercise import Exercise


def brightest(image):
    """Where the largest value lies.

    image: (H, W). Returns (row, column).
    """
    flat_index = np.argmax(image)

    return tuple(int(i) for i in np.unravel_index(flat_index, image.shape))


def twice_brightest(image):
    """The place of `brightest`, and the same again."""
    return brightest(image) * 2


def exercise(function, hints=("Look.", "Look again.", "Look at argmax."), points=2):
    return Exercise(function, lambda rng: [], (), hints, points=points, difficulty=2, minutes=5)


EXERCISES = (exercise(brightest), exercise(twice_brightest, points=1))
FRONT = """\
---
kernelspec: {name: python3, display_name: Python 3, language: python}
cnnlearn: {title: Bright pixels, minutes: 20, requires: [0, 2]}
---
"""
QUESTION = "<details><summary>Why {}?</summary>\n\nBecause.\n\n</details>\n\n"
TEXT = (
    FRONT
    + """
# 03 · Bright pixels

Why it matters.

20 minutes · after lessons 00 and 02

```{code-cell}
import numpy as np
from cnnlearn.exercises import check, hint
```

```{code-cell}
:tags: [exercise]
brightest
```

```{code-cell}
:tags: [exercise]
twice_brightest
```

## Questions

"""
    + "".join(QUESTION.format(n) for n in range(8))
    + "## Sources\n\nNobody, 1900.\n"
)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course of one lesson, with the two exercises above."""
    monkeypatch.setattr(building, "LESSONS", {3: "lesson_03_bright"})
    monkeypatch.setattr(building, "exercises_of", lambda number: EXERCISES)
    (tmp_path / "lessons" / "text").mkdir(parents=True)
    (tmp_path / "solutions").mkdir()
    write(tmp_path, TEXT)
    return tmp_path


def write(folder, text):
    (folder / "lessons" / "text" / "03_bright.md").write_text(text, encoding="utf-8")


def lesson_of(tmp_path, text=TEXT, name="03_bright.md"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read(tmp_path / name)


# The text


def test_read_front_matter(tmp_path):
    lesson = lesson_of(tmp_path)
    assert (lesson.number, lesson.name, lesson.title) == (3, "03_bright", "Bright pixels")
    assert (lesson.minutes, lesson.requires) == (20, (0, 2))


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (FRONT, "", "front matter needs"),
        ("minutes: 20, ", "", "front matter needs"),
        ("cnnlearn: {", "cnnlearn: [", "not MyST"),
        ("# 03 · Bright", "# 03 · Dark", "'# 03 · Bright pixels'"),
        ("20 minutes ·", "25 minutes ·", "'20 minutes · after lessons 00 and 02'"),
        ("lessons 00 and 02\n", "lesson 00\n", "'20 minutes · after lessons 00 and 02'"),
        ("[0, 2]", "[0, 3]", "earlier lessons"),
        ("import numpy as np\n", "import numpy as np\n" * 10, "cell 2 ('import numpy as np'): 11 lines"),
        ("import numpy as np\n", "import numpy as\n", "not Python"),
        ("\nbrightest\n", "\nbrightest()\n", "one line, the name"),
        (QUESTION.format(3), "", "7 questions"),
        ("Because.", "", "0 questions"),
        (QUESTION.format(3), QUESTION.format(3) * 6, "13 questions"),
        ("## Questions", "## Quiz", "'## Questions'"),
        ("Nobody, 1900.", "", "'## Sources'"),
    ],
)
def test_read_refuses(tmp_path, old, new, sentence):
    assert old in TEXT
    with pytest.raises(LessonError) as refusal:
        lesson_of(tmp_path, TEXT.replace(old, new))
    assert sentence in str(refusal.value)
    assert "03_bright" in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_read_lesson_without_predecessors(tmp_path):
    text = TEXT.replace("[0, 2]", "[]").replace(" · after lessons 00 and 02", " · for a start")
    assert lesson_of(tmp_path, text).requires == ()


def test_read_refuses_name_without_number(tmp_path):
    with pytest.raises(LessonError, match="two digits"):
        lesson_of(tmp_path, name="bright.md")


# The cells of an exercise


def test_stub_and_solution():
    assert stub(brightest) == (
        "def brightest(image):\n"
        '    """Where the largest value lies.\n\n    image: (H, W). Returns (row, column).\n    """\n'
        "    # YOUR CODE HERE\n"
        "    raise NotImplementedError()"
    )
    assert solution(brightest) == (
        "def brightest(image):\n"
        '    """Where the largest value lies.\n\n    image: (H, W). Returns (row, column).\n    """\n'
        "    ### BEGIN SOLUTION\n"
        "    flat_index = np.argmax(image)\n\n"
        "    return tuple(int(i) for i in np.unravel_index(flat_index, image.shape))\n"
        "    ### END SOLUTION"
    )


def test_stub_needs_docstring():
    def bare(image):
        return image

    with pytest.raises(ValueError, match="bare needs a docstring"):
        stub(bare)


def test_free_names_see_into_signature_and_inner_functions():
    width = 3

    def nested(image: np.ndarray, size=(width, 3)):
        import math

        def inner(x):
            return brightest(x) + math.ceil(len(size)) + local

        local = 3
        return [inner(row) for row in image]

    assert free_names(nested) == {"np", "brightest", "width"}


def test_defined_names():
    imports = "import numpy as np, os.path\nfrom a import b as c\n"
    cell = imports + "x, (y, *z) = f()\nfor i in x:\n    w = i\ndef g(q): p = 1"
    assert defined_names(cell) == {"np", "os", "c", "x", "y", "z", "i", "w", "g"}


# The notebooks


def test_assemble(tmp_path):
    unsolved, solved = (assemble(lesson_of(tmp_path), EXERCISES, solved) for solved in (False, True))
    assert [cell.id for cell in unsolved.cells] == [cell.id for cell in solved.cells]
    sources = [cell.source for cell in unsolved.cells]
    assert sources[4] == stub(brightest)
    assert sources[5] == "brightest = check(brightest)"
    assert sources[7] == stub(twice_brightest)
    assert solved.cells[4].source == solution(brightest)
    assert "Easy · 2 points · about 5 minutes" in sources[3]
    assert 'hint("brightest")' in sources[3]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in unsolved.cells if "outputs" in cell)

    marks = [cell.metadata["nbgrader"] for cell in solved.cells if "nbgrader" in cell.metadata]
    assert [mark.schema_version for mark in marks] == [3, 3, 3, 3]
    assert [mark.get("points") for mark in marks] == [None, 2, None, 1]
    roles = [(mark.grade, mark.solution, mark.locked) for mark in marks[:2]]
    assert roles == [(False, True, False), (True, False, True)]
    assert len({mark.grade_id for mark in marks}) == 4


def test_cells_that_read_alike_have_different_ids(tmp_path):
    text = TEXT.replace("## Questions", "```{code-cell}\n1\n```\n\n```{code-cell}\n1\n```\n\n## Questions")
    ids = [cell.id for cell in assemble(lesson_of(tmp_path, text), EXERCISES, False).cells]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize(
    ("exercises", "sentence"),
    [
        (EXERCISES[::-1], "'twice_brightest' should come here"),
        (EXERCISES[:1], "no such exercise"),
        ((*EXERCISES, exercise(test_stub_and_solution)), "'test_stub_and_solution' has no place"),
    ],
)
def test_assemble_refuses_other_exercises(tmp_path, exercises, sentence):
    with pytest.raises(LessonError, match=sentence):
        assemble(lesson_of(tmp_path), exercises, solved=False)


def test_assemble_refuses_solution_with_undefined_names(tmp_path):
    text = TEXT.replace("import numpy as np\n", "")
    with pytest.raises(LessonError, match="the solution needs np; import it"):
        assemble(lesson_of(tmp_path, text), EXERCISES, solved=False)


def test_serialize_is_the_same_every_time(tmp_path):
    first, second = (serialize(assemble(lesson_of(tmp_path), EXERCISES, solved=True)) for _ in range(2))
    assert first == second


# Leaks


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Try\n`flat_index = np.argmax( image )`.", "flat_index = np.argmax(image)"),
        (
            "print(tuple(int(i) for i in np.unravel_index(flat_index,\n    image.shape)))",
            "return tuple(int(i) for i in np.unravel_index(flat_index, image.shape))",
        ),
    ],
)
def test_find_leak(text, line):
    assert find_leak([brightest], ["Nothing here.", text]) == ("brightest", line)


def test_no_leak_in_stub():
    assert find_leak([brightest, twice_brightest], [stub(brightest), stub(twice_brightest), "np.argmax(image)"]) is None


def test_imports_give_nothing_away():
    def timed():
        """Now."""
        import datetime as clock

        return clock.datetime.now().timestamp()

    assert find_leak([timed], ["import datetime as clock"]) is None
    assert find_leak([timed], ["clock.datetime.now().timestamp()"])


def test_the_opening_of_a_tape_gives_nothing_away():
    def slope(x):
        """The slope of x²."""
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(x)
            y = x**2
        return tape.gradient(y, x)

    assert find_leak([slope], ["with tf.GradientTape() as tape:"]) is None
    assert find_leak([slope], ["g = tape.gradient(y, x)"]) == ("slope", "return tape.gradient(y, x)")


def test_build_refuses_leaks_in_lesson_and_hints(folder, monkeypatch):
    (lesson,) = building.read_lessons(folder)
    building.both_notebooks(lesson)
    told = (*EXERCISES[:1], replace(EXERCISES[1], hints=("Look.", "Look.", "Say brightest(image) * 2.")))
    monkeypatch.setattr(building, "exercises_of", lambda number: told)
    with pytest.raises(LessonError, match="solution of twice_brightest stands in the lesson or its hints"):
        building.both_notebooks(lesson)


# Running


def run(tmp_path, *sources):
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    execute(notebook, tmp_path)
    return notebook


FIGURE = """\
from IPython.display import Image, display
import os
png = b"\\x89PNG\\r\\n\\x1a\\n\\0\\0\\0\\rIHDR\\0\\0\\0\\x01\\0\\0\\0\\x01"
"""


@pytest.mark.slow
def test_execute_and_faults(tmp_path):
    notebook = run(
        tmp_path,
        "print(sum([1, 2]))",
        "import sys; print('careful', file=sys.stderr)",
        FIGURE + "display(Image(png), metadata={'image/png': {'alt': 'A dot.'}})",
        "display(Image(png))",
        "display(Image(png + os.urandom(200_000)), metadata={'image/png': {'alt': 'Noise.'}})",
        "check = print\nf = 1",
        "f = check(f)",
    )
    assert notebook.cells[0].outputs[0].text == "3\n"
    found = list(faults(notebook))
    assert [name for name in ("stderr", "alt text", "200 kB", "solution right") if any(name in f for f in found)] == [
        "stderr",
        "alt text",
        "200 kB",
        "solution right",
    ]
    assert len(found) == 4
    assert notebook.metadata == {"language_info": {"name": "python"}}
    assert all("execution" not in cell.metadata for cell in notebook.cells)


def test_faults_see_a_cell_that_was_not_run():
    assert "was not run" in next(faults(new_notebook(cells=[new_code_cell("1")])))


@pytest.mark.slow
def test_execute_tells_the_failing_cell(tmp_path):
    with pytest.raises(ValueError, match=r"the cell that begins '1 / 0' raised ZeroDivisionError"):
        run(tmp_path, "1", "1 / 0")


# The whole

STAND_IN = """\
from IPython.display import display

def check(function):
    display({"text/plain": f"✓ {function.__name__}: right"}, raw=True)
    return function
"""


@pytest.mark.slow
def test_build_writes_what_out_of_date_accepts(folder, monkeypatch):
    (folder / "solutions" / "stand_in.py").write_text(STAND_IN, encoding="utf-8")
    write(folder, TEXT.replace("cnnlearn.exercises import check, hint", "stand_in import check"))
    assert len(building.out_of_date(folder)) == 2
    unsolved, solved = building.build(folder)
    assert building.out_of_date(folder) == []

    unsolved.write_text(unsolved.read_text().replace('"outputs": []', '"outputs": [ ]', 1))
    assert building.out_of_date(folder) == [unsolved]
    building.build(folder, [3])
    notebook = nbformat.read(solved, as_version=4)
    notebook.cells[3].source += " "
    nbformat.write(notebook, solved)
    assert building.out_of_date(folder) == [solved]


def test_build_tells_which_lessons_there_are(folder):
    with pytest.raises(LessonError, match="no text for a lesson 07 in lessons/text; there are 03"):
        building.build(folder, [7])
    with pytest.raises(LessonError, match="name the folder that holds lessons"):
        building.build(Path(folder / "solutions"))
