"""report.json: everything, the seed by which it can be repeated included."""

from __future__ import annotations

import json
from pathlib import Path

from cnnlearn.classroom.run import grader_digest
from cnnlearn.classroom.text import clean, line
from cnnlearn.classroom.wording import explanation


def write(run, folder: Path) -> None:
    text = json.dumps(contents(run), indent=1, ensure_ascii=False)
    (folder / "report.json").write_text(text + "\n", encoding="utf-8")


def contents(run) -> dict:
    """The report as plain data. `said` and `printed` are the student's own words: for the teacher, not for students."""
    return {
        "schema": "cnnlearn/report/v1",
        "lesson": run.lesson,
        "seed": str(run.seed),  # as text: programs that read numbers as floats would round it
        "sandboxed": run.sandboxed,
        "grader": grader_digest(),
        "students": [_student(grade) for grade in run.grades],
    }


def _student(grade):
    return {
        "student": line(grade.student),
        "files": [line(name) for name in grade.files],
        "unused": [line(name) for name in grade.unused],
        "modified": grade.modified,
        "late": grade.late,
        "points": grade.points,
        "possible": grade.possible,
        "exercises": [_exercise(result) for result in grade.results],
    }


def _exercise(result):
    return {
        "name": result.exercise,
        "status": result.status.value,
        "kind": result.kind,
        "mistake": result.mistake,
        "points": result.points,
        "possible": result.possible,
        "cases": list(result.cases),
        "explanation": explanation(result),
        "said": clean(result.said),
        "printed": clean(result.printed),
    }
