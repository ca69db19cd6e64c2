"""Reading the text of a lesson, lessons/text/NN_topic.md, and holding it to the form that all lessons share."""

import ast
import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
from nbformat import NotebookNode

MOST_LINES = 10  # of a code cell: a learner should take it in at a glance
FEWEST_QUESTIONS, MOST_QUESTIONS = 8, 12


class LessonError(ValueError):
    """A lesson that cannot be built: one sentence that names the lesson, the cell, and what to do."""


@dataclass(frozen=True)
class Lesson:
    """The text of a lesson. `cells` are Markdown and code; an exercise is a code cell tagged `exercise`."""

    number: int
    name: str
    title: str
    minutes: int
    requires: tuple[int, ...]
    cells: tuple[NotebookNode, ...]

    def error(self, sentence: str, cell: NotebookNode | None = None) -> LessonError:
        """The error to raise about this lesson, or about one cell of it, which is told by its first line."""
        where = f"Lesson {self.name}"
        if cell is not None:
            where += f", cell {self.cells.index(cell) + 1} ({_first_line(cell.source)!r})"
        return LessonError(f"{where}: {sentence}")


def read(path: Path) -> Lesson:
    """The lesson in a MyST file named NN_topic.md. LessonError if it breaks the form."""
    name = path.stem
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", name):
        raise LessonError(f"The lesson {path.name} must be named like 03_cam.md: two digits, then its topic.")
    try:
        notebook = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst")
    except Exception as error:  # jupytext and its YAML reader have no common error
        raise LessonError(f"Lesson {name} is not MyST that jupytext can read: {' '.join(str(error).split())}") from None
    facts = notebook.metadata.get("cnnlearn", {})
    wanted = {"title": str, "minutes": int, "requires": list}
    if any(not isinstance(facts.get(key), kind) for key, kind in wanted.items()):
        raise LessonError(f"Lesson {name}: its front matter needs cnnlearn: title, minutes and requires (a list).")
    lesson = Lesson(int(name[:2]), name, facts.title, facts.minutes, tuple(facts.requires), tuple(notebook.cells))
    _check_opening(lesson)
    _check_code(lesson)
    _check_ending(lesson)
    return lesson


def is_exercise(cell: NotebookNode) -> bool:
    return cell.cell_type == "code" and "exercise" in cell.metadata.get("tags", ())


def _first_line(source):
    line = source.strip().partition("\n")[0]
    return line if len(line) <= 60 else line[:59] + "…"


def _check_opening(lesson):
    """The first cell says what the front matter says: title, minutes, lessons that come before."""
    if any(not isinstance(number, int) or number >= lesson.number for number in lesson.requires):
        raise lesson.error("it can require only the numbers of earlier lessons.")
    numbers = [f"{number:02}" for number in lesson.requires]
    after = " and ".join(filter(None, [", ".join(numbers[:-1]), *numbers[-1:]]))
    time = f"{lesson.minutes} minutes" + (f" · after lesson{'s' * (len(numbers) > 1)} {after}" if numbers else "")
    heading = f"# {lesson.number:02} · {lesson.title}"
    opening = lesson.cells[0].source.splitlines() if lesson.cells else []
    if heading not in opening[:1]:
        raise lesson.error(f"its first line must agree with the front matter: {heading!r}.")
    if not any(line.startswith(time) for line in opening):
        raise lesson.error(f"its first cell needs a line that agrees with the front matter: {time!r}.")


def _check_code(lesson):
    for cell in lesson.cells:
        if cell.cell_type != "code":
            continue
        lines = cell.source.count("\n") + 1
        if lines > MOST_LINES:
            raise lesson.error(f"{lines} lines of code are too many; at most {MOST_LINES}. Split it.", cell)
        try:
            ast.parse(cell.source)
        except SyntaxError as error:
            raise lesson.error(f"this is not Python: {error.msg}, line {error.lineno}.", cell) from None
        if is_exercise(cell) and not cell.source.isidentifier():
            raise lesson.error("an exercise is one line, the name of the function.", cell)


def _check_ending(lesson):
    """A questionnaire of folded answers, and sources."""
    text = "\n\n".join(cell.source for cell in lesson.cells if cell.cell_type == "markdown")
    sections = dict(re.findall(r"^## (.+?)\s*$(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL))
    for title in ("Questions", "Sources"):
        if not sections.get(title, "").strip():
            raise lesson.error(f"the section '## {title}' is missing or empty.")
    folded = re.findall(r"<details>\s*<summary>(.+?)</summary>(.*?)</details>", sections["Questions"], flags=re.DOTALL)
    answered = [question for question, answer in folded if question.strip() and answer.strip()]
    if not FEWEST_QUESTIONS <= len(answered) <= MOST_QUESTIONS or len(folded) > len(answered):
        wanted = f"{FEWEST_QUESTIONS} to {MOST_QUESTIONS}"
        raise lesson.error(f"'## Questions' has {len(answered)} questions with a folded answer; {wanted} are wanted.")
