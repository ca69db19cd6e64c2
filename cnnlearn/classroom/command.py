"""What `cnnlearn grade` does: find, grade, report, and say so in a few lines."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from cnnlearn.classroom import reports
from cnnlearn.classroom.run import grade_class
from cnnlearn.classroom.sandbox import UNSAFE, Limits, SandboxError
from cnnlearn.classroom.submissions import SubmissionsError, find
from cnnlearn.classroom.text import line
from cnnlearn.classroom.verdicts import Status
from cnnlearn.classroom.wording import verdict
from cnnlearn.exercises import LESSONS, exercises_of


def grade(submissions, lesson, out, workers, scheduler, seed, formats, seconds, one, no_sandbox) -> None:
    """Grades and writes the reports. What goes wrong ends the command with one sentence."""
    try:
        exercises_of(lesson)
        name = LESSONS[lesson].removeprefix("lesson_")
        out = out or Path("grades", f"{lesson:02}")
        if out.resolve().is_relative_to(submissions.resolve()):
            raise SubmissionsError(f"{out} lies among the submissions: put the reports elsewhere with --out.")
        for unknown in set(formats or ()) - set(reports.FORMATS):
            raise ValueError(f"There is no format {unknown!r}; there are {', '.join(reports.FORMATS)}.")
        if no_sandbox:
            print(UNSAFE, file=sys.stderr)
        limits = replace(Limits(), seconds=seconds) if seconds else Limits()
        found = find(submissions, name, one)
        run = grade_class(found, lesson, out, seed, workers, scheduler, limits, unsafe=no_sandbox)
    except (ValueError, SandboxError, OSError) as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit("Stopped. The same command goes on where this one was.") from None
    reports.write(run, out, formats or tuple(reports.FORMATS))
    _summary(run, out)


def _summary(run, out):
    points = sorted(grade.points for grade in run.grades)
    possible = run.grades[0].possible
    print(f"{len(points)} submissions, {points[0]:g} to {points[-1]:g} of {possible} points. Reports: {out}")
    wrong = Counter(
        f"{result.exercise}: {verdict(result)}"
        for grade in run.grades
        for result in grade.results
        if result.status is Status.WRONG
    )
    for what, count in wrong.most_common(5):
        print(f"  {count:3} × {line(what)}")
    faults = sum(result.status is Status.GRADERS_FAULT for grade in run.grades for result in grade.results)
    if faults:
        print(f"{faults} answers were not judged by the grader's fault; the same command tries them again.")
