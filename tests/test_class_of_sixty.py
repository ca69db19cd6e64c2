"""A class of sixty, planted by a script, is graded to exactly the verdicts that were planted; nothing else happens."""

import csv
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import class_of_sixty
import jsonschema
import pytest
import report_schemas

from cnnlearn.classroom import reports
from cnnlearn.classroom.run import grade_class
from cnnlearn.classroom.sandbox import Limits, Sandbox, SandboxError
from cnnlearn.classroom.submissions import find
from cnnlearn.classroom.verdicts import Status

try:
    Sandbox().close()
except SandboxError as error:
    pytest.skip(str(error), allow_module_level=True)
pytestmark = pytest.mark.slow

LIMITS = Limits(seconds=15, resident=2**30, processes=32)


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The planted verdicts, the run, the folder with its reports, and what lay beside it before."""
    place = tmp_path_factory.mktemp("class")
    out = place / "grades"
    planted = class_of_sixty.write(place / "submissions", str(out / "report.json"))
    before = state_of(place / "submissions")
    run = grade_class(find(place / "submissions", "03_cam"), class_of_sixty.LESSON, out, 1, 2, limits=LIMITS)
    reports.write(run, out)
    assert state_of(place / "submissions") == before
    yield planted, run, out
    shutil.rmtree(place)


def state_of(folder):
    states = {path: os.lstat(path) for path in sorted(folder.rglob("*"))}
    return {path: (s.st_mode, s.st_ino, s.st_size, s.st_mtime_ns) for path, s in states.items()}


def test_there_are_sixty_and_each_has_the_planted_verdicts(graded):
    planted, run, _ = graded
    assert len(planted) == 60 and {grade.student for grade in run.grades} == set(planted)
    wrong = []
    for grade in run.grades:
        for result in grade.results:
            status, word = planted[grade.student].get(result.exercise, ("right", "right"))
            got = result.status.value, result.mistake or result.kind
            if got[0] != status or (status == "wrong" and word not in (result.mistake, result.kind)):
                wrong.append((grade.student, result.exercise, (status, word), got, result.lines, result.said))
    assert not wrong


def test_every_mistake_of_the_bank_and_every_attack_is_planted(graded):
    planted, _, _ = graded
    named = {(name, word) for verdicts in planted.values() for name, (status, word) in verdicts.items()}
    for exercise in class_of_sixty.EXERCISES.values():
        assert all((exercise.name, mistake.name) in named for mistake in exercise.mistakes)
    assert all(any(attack in student for student in planted) for attack in class_of_sixty.ATTACKS)


def test_points_follow_the_rules(graded):
    _, run, _ = graded
    for grade in run.grades:
        for result in grade.results:
            if result.status is Status.RIGHT:
                assert result.points == result.possible
            elif result.status is Status.WRONG:
                assert 0 <= result.points < result.possible
            else:
                assert result.points == 0
    by_name = {grade.student: grade for grade in run.grades}
    assert by_name["Ada"].points == by_name["Ada"].possible == sum(e.points for e in class_of_sixty.EXERCISES.values())
    shares = {result.points / result.possible for g in run.grades for result in g.results}
    assert any(0 < share < 1 for share in shares), "nobody has partial credit"


def student_texts(out):
    """All that students are given."""
    folders = [*out.glob("feedback/*"), *out.glob("gradescope/*"), *out.glob("classroom50/*"), out / "junit.xml"]
    return {path: path.read_text(encoding="utf-8") for path in folders}


def test_hidden_inputs_and_students_errors_reach_no_student(graded):
    _, run, out = graded
    said = [result.said for grade in run.grades for result in grade.results if "SECRET" in result.said]
    assert len(said) >= 2  # the teacher may read them
    for path, text in student_texts(out).items():
        assert "SECRET [" not in text and "SECRET-" not in text and "SECRET0" not in text, path
    digits = re.findall(r"\d\.\d{6,}", said[0])
    assert digits and not any(number in text for number in digits for text in student_texts(out).values())


def test_no_text_of_a_student_is_alive(graded):
    _, _, out = graded
    every = [path for path in out.rglob("*") if path.is_file() and ".grading" not in path.parts]
    assert len(every) > 180
    for path in every:
        data = path.read_bytes()
        assert b"\x1b" not in data and "\u202e".encode() not in data, path
    assert "<script" not in (out / "index.html").read_text(encoding="utf-8")
    for row in csv.reader((out / "scores.csv").read_text(encoding="utf-8-sig").splitlines()):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
    for path in out.glob("feedback/*.md"):
        assert "<script" not in path.read_text(encoding="utf-8")


def test_names_that_look_alike_stay_apart(graded):
    _, run, out = graded
    students = [grade.student for grade in run.grades if "zo" in grade.student.casefold()]
    assert len(students) == 3
    names = [path.name.casefold() for path in out.glob("feedback/*.md")]
    assert len(set(names)) == 60


def test_the_formats_are_as_their_readers_want_them(graded):
    _, run, out = graded
    for folder, schema in (("gradescope", report_schemas.GRADESCOPE), ("classroom50", report_schemas.CLASSROOM50)):
        files = list((out / folder).glob("*.json"))
        assert len(files) == 60
        for path in files:
            contents = json.loads(path.read_text())
            jsonschema.validate(contents, schema)
    for path in (out / "classroom50").glob("*.json"):
        contents = json.loads(path.read_text())
        assert contents["score"] == sum(test["score"] for test in contents["tests"])
    jsonschema.validate(json.loads((out / "report.json").read_text(encoding="utf-8")), report_schemas.REPORT)
    suites = ElementTree.parse(out / "junit.xml").getroot()
    assert suites.tag == "testsuites" and len(suites) == 60
    assert int(suites.get("tests")) == len(suites.findall("*/testcase")) == 420
    assert int(suites.get("failures")) == len(suites.findall("*/testcase/failure"))
    rows = list(csv.DictReader((out / "scores.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 60 and {float(row["points"]) for row in rows} == {grade.points for grade in run.grades}


def test_feedback_says_what_was_wrong_and_gives_a_hint(graded):
    _, run, out = graded
    texts = "\n".join(path.read_text(encoding="utf-8") for path in out.glob("feedback/*.md"))
    for exercise in class_of_sixty.EXERCISES.values():
        assert exercise.hints[0] in texts and exercise.hints[1] not in texts
        for mistake in exercise.mistakes:
            if exercise.describe is None:
                assert " ".join(mistake.message.split())[:80] in texts


def test_the_page_needs_nothing_else_and_counts_the_mistakes(graded):
    _, run, out = graded
    page = (out / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=|url\(|@import|http", page.replace("http-equiv", ""))
    for exercise in class_of_sixty.EXERCISES.values():
        for mistake in exercise.mistakes:
            assert f"wrong: {mistake.name}".replace(">", "&gt;") in page
    assert page.count("<svg") == page.count('role="img" aria-label="') == 1 + len(class_of_sixty.EXERCISES)


@pytest.mark.skipif(not shutil.which("chromium"), reason="there is no Chromium here to draw the page")
def test_a_browser_draws_the_page(graded, tmp_path):
    _, _, out = graded
    picture = tmp_path / "page.png"
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1200,1600"]
    command += [f"--user-data-dir={tmp_path}", f"--screenshot={picture}", (out / "index.html").as_uri()]
    subprocess.run(command, capture_output=True, timeout=100, check=True)
    from PIL import Image

    drawn = Image.open(picture).convert("RGB")
    colours = {colour for count, colour in drawn.getcolors(2**24) if count > 200}
    assert {(0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00), (0xE6, 0x9F, 0x00)} <= colours  # right, of the bank, other


def test_the_same_again_comes_from_what_was_kept_and_is_the_same(graded, monkeypatch):
    planted, run, out = graded
    monkeypatch.setattr("cnnlearn.classroom.run.grade_one", None)  # nobody is graded again
    submissions = find(out.parent / "submissions", "03_cam")
    again = grade_class(submissions, class_of_sixty.LESSON, out, 1, 2, limits=LIMITS)
    assert again == run


def test_nothing_is_left_behind(graded):
    time_out = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert "cnnlearn.classroom.inside.worker" not in time_out.replace("help", "")
    assert not Path("/tmp/x").exists()
