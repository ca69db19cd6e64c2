"""Verdicts in words, the same in all reports."""

from cnnlearn.classroom.text import line
from cnnlearn.classroom.verdicts import Result, Status
from cnnlearn.exercises import exercises_of


def verdict(result: Result) -> str:
    """As "wrong: sum" (a mistake of the bank), "wrong: wrong shape" (the judge's word) or "timed out"."""
    detail = result.mistake or result.kind
    return f"{result.status.value}: {detail}" if detail else result.status.value


def cases(result: Result) -> str:
    right, tried = result.cases
    return f"{right} of {tried} cases" if tried else ""


def explanation(result: Result) -> list[str]:
    """What a student is told, line by line, the hint left out. Lines of the student's own code are cut and cleaned."""
    return [line(part) for text in result.lines for part in text.splitlines()]


def output(result: Result) -> str:
    """All that a student is told, as plain text."""
    told = explanation(result)
    if result.hint and result.status is not Status.RIGHT:
        told.append(f"Hint: {line(result.hint)}")
    return "\n".join(told)


def messages(lesson: int) -> dict[tuple[str, str], str]:
    """(exercise, mistake) -> the sentence that explains it."""
    return {(e.name, mistake.name): mistake.message for e in exercises_of(lesson) for mistake in e.mistakes}
