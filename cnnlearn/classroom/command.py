"""What `cnnlearn grade` does: find, grade, report, and say so in a few lines."""

import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from cnnlearn.classroom import reports, roster
from cnnlearn.classroom.reports import FORMATS
from cnnlearn.classroom.run import grade_class
from cnnlearn.classroom.sandbox import UNSAFE, Limits, SandboxError
from cnnlearn.classroom.submissions import SubmissionsError, find
from cnnlearn.classroom.text import line
from cnnlearn.classroom.verdicts import Status
from cnnlearn.classroom.wording import verdict
from cnnlearn.exercises import LESSONS, exercises_of


@dataclass(frozen=True)
class Settings:
    """What to grade and how; `cnnlearn grade --help` explains each."""

    submissions: Path
    lesson: int
    out: Path | None = None
    workers: int | None = None
    scheduler: str | None = None
    seed: int | None = None
    formats: tuple[str, ...] = tuple(FORMATS)
    seconds: float | None = None
    one: bool = False
    roster: Path | None = None
    no_sandbox: bool = False


def grade(settings: Settings) -> None:
    """Grades and writes the reports. What goes wrong ends the command with one sentence."""
    out = settings.out or Path("grades", f"{settings.lesson:02}")
    try:
        run = _graded(settings, out)
    except (ValueError, SandboxError, OSError) as error:
        raise SystemExit(str(error)) from None
    except KeyboardInterrupt:
        raise SystemExit("Stopped. The same command goes on where this one was.") from None
    reports.write(run, out, settings.formats)
    _summary(run, out)


def _graded(settings, out):
    exercises_of(settings.lesson)
    if out.resolve().is_relative_to(settings.submissions.resolve()):
        raise SubmissionsError(f"{out} lies among the submissions: put the reports elsewhere with --out.")
    for unknown in set(settings.formats) - set(FORMATS):
        raise ValueError(f"There is no format {unknown!r}; there are {', '.join(FORMATS)}.")
    if settings.no_sandbox:
        print(UNSAFE, file=sys.stderr)
    members = roster.read(settings.roster) if settings.roster else None
    found = find(settings.submissions, LESSONS[settings.lesson].removeprefix("lesson_"), settings.one)
    found = found if members is None else roster.join(found, members)
    limits = replace(Limits(), seconds=settings.seconds) if settings.seconds else Limits()
    parallel = {"workers": settings.workers, "scheduler": settings.scheduler}
    return grade_class(
        found, settings.lesson, out, settings.seed, **parallel, limits=limits, unsafe=settings.no_sandbox
    )


def _summary(run, out):
    points = sorted(grade.points for grade in run.grades)
    possible = run.grades[0].possible
    print(f"{len(points)} submissions, {points[0]:g} to {points[-1]:g} of {possible} points. Reports: {out}")
    nothing = [grade for grade in run.grades if grade.results[0].status is Status.NOTHING]
    for grade in nothing:
        print(f"  {line(grade.student)}: {line(grade.results[0].lines[0])}")
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
