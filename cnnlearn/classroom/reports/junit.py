"""junit.xml: a suite for each student, a case for each exercise. A grader's fault is an error, all else a failure."""

from pathlib import Path
from xml.etree import ElementTree

from cnnlearn.classroom.text import line
from cnnlearn.classroom.verdicts import Status
from cnnlearn.classroom.wording import output, verdict


def write(run, folder: Path) -> None:
    suites = ElementTree.Element("testsuites", name=f"lesson {run.lesson:02}", **_counts(run.grades))
    for grade in run.grades:
        suite = ElementTree.SubElement(suites, "testsuite", name=line(grade.student), **_counts([grade]))
        for result in grade.results:
            case = ElementTree.SubElement(suite, "testcase", classname=line(grade.student), name=result.exercise)
            if result.status is not Status.RIGHT:
                kind = "error" if result.status is Status.GRADERS_FAULT else "failure"
                found = ElementTree.SubElement(case, kind, message=verdict(result), type=result.status.value)
                found.text = output(result)
    ElementTree.indent(suites, " ")
    ElementTree.ElementTree(suites).write(folder / "junit.xml", encoding="utf-8", xml_declaration=True)


def _counts(grades):
    states = [result.status for grade in grades for result in grade.results]
    errors = states.count(Status.GRADERS_FAULT)
    failures = len(states) - errors - states.count(Status.RIGHT)
    return {"tests": str(len(states)), "failures": str(failures), "errors": str(errors)}
