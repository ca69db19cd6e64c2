"""classroom50/: for each student a result.json as Classroom 50 reads it (classroom50/result/v1).

Its scores are whole numbers, so they are in hundredths of a point: partial credit would be lost otherwise.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from cnnlearn.classroom.text import file_names, line
from cnnlearn.classroom.verdicts import Status

HUNDREDTHS = 100


def write(run, folder: Path) -> None:
    place = folder / "classroom50"
    place.mkdir(exist_ok=True)
    names = file_names([grade.student for grade in run.grades])
    for grade in run.grades:
        text = json.dumps(contents(run.lesson, grade), indent=1)
        (place / f"{names[grade.student]}.json").write_text(text, encoding="utf-8")


def contents(lesson: int, grade) -> dict:
    """What GitHub's environment tells of the commit is taken from there."""
    told = os.environ.get
    return {
        "schema": "classroom50/result/v1",
        "classroom": told("CLASSROOM50_CLASSROOM", ""),
        "assignment": told("CLASSROOM50_ASSIGNMENT", f"lesson-{lesson:02}"),
        "assignment_type": told("CLASSROOM50_ASSIGNMENT_TYPE", "individual"),
        "owner": told("GITHUB_REPOSITORY_OWNER", line(grade.student)),
        "submission": told("GITHUB_REPOSITORY", line(grade.student)),
        "commit": told("GITHUB_SHA", ""),
        "release": told("CLASSROOM50_RELEASE", ""),
        "review": told("CLASSROOM50_REVIEW", ""),
        "datetime": grade.modified,
        "score": round(grade.points * HUNDREDTHS),
        "max-score": grade.possible * HUNDREDTHS,
        "tests": [
            {
                "test-name": result.exercise,
                "passed": result.status is Status.RIGHT,
                "score": round(result.points * HUNDREDTHS),
                "max-score": result.possible * HUNDREDTHS,
            }
            for result in grade.results
        ],
    }
