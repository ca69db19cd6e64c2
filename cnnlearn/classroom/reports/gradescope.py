"""gradescope/: for each student what Gradescope reads from /autograder/results/results.json."""

from __future__ import annotations

import json
from pathlib import Path

from cnnlearn.classroom.text import file_names
from cnnlearn.classroom.verdicts import Grade, Status
from cnnlearn.classroom.wording import cases, output, verdict


def write(run, folder: Path) -> None:
    place = folder / "gradescope"
    place.mkdir(exist_ok=True)
    names = file_names([grade.student for grade in run.grades])
    for grade in run.grades:
        (place / f"{names[grade.student]}.json").write_text(json.dumps(contents(grade), indent=1), encoding="utf-8")


def contents(grade: Grade) -> dict:
    """The results of one student. Students see all of it: it holds no hidden input."""
    right = sum(result.status is Status.RIGHT for result in grade.results)
    return {
        "score": grade.points,
        "output": f"{right} of {len(grade.results)} functions are right.",
        "output_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": [_test(number, result) for number, result in enumerate(grade.results, 1)],
    }


def _test(number, result):
    return {
        "score": result.points,
        "max_score": result.possible,
        "status": "passed" if result.status is Status.RIGHT else "failed",
        "name": result.exercise,
        "number": str(number),
        "output": "\n".join(filter(None, [verdict(result), cases(result), output(result)])),
        "output_format": "text",
        "visibility": "visible",
    }
