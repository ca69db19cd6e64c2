"""feedback/: for each student a Markdown file: what was right, what was wrong, a hint. Never a hidden input."""

from pathlib import Path

from cnnlearn.classroom.text import file_names, line, markdown
from cnnlearn.classroom.verdicts import Grade, Status
from cnnlearn.classroom.wording import cases, explanation, verdict

MARKS = {Status.RIGHT: "✓", Status.NOT_STARTED: "○", Status.MISSING: "○"}


def write(run, folder: Path) -> None:
    place = folder / "feedback"
    place.mkdir(exist_ok=True)
    names = file_names([grade.student for grade in run.grades])
    for grade in run.grades:
        (place / f"{names[grade.student]}.md").write_text(contents(run.lesson, grade), encoding="utf-8")


def contents(lesson: int, grade: Grade) -> str:
    right = sum(result.status is Status.RIGHT for result in grade.results)
    parts = [
        f"# Lesson {lesson:02}: {markdown(grade.student)}",
        f"**{grade.points:g} of {grade.possible} points.** {right} of {len(grade.results)} functions are right.",
    ]
    if grade.files:
        parts.append("Read from: " + ", ".join(markdown(name) for name in grade.files))
    if grade.unused:
        parts.append("Not used: " + "; ".join(markdown(name) for name in grade.unused))
    for result in grade.results:
        parts.append(f"## {MARKS.get(result.status, '✗')} `{result.exercise}`: {verdict(result)}")
        told = ", ".join(filter(None, [f"{result.points:g} of {result.possible} points", cases(result)]))
        parts.append(f"*{told}*")
        if result.status is not Status.RIGHT:
            parts.append("\n".join(f"    {text}" for text in explanation(result)))  # a block of code: taken literally
            if result.hint:
                parts.append(f"**Hint.** {line(result.hint)}")
    return "\n\n".join(parts) + "\n"
