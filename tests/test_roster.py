"""The roster: names are joined however a platform writes them, and who handed in nothing is found."""

import pytest

from cnnlearn.classroom.roster import RosterError, join, read
from cnnlearn.classroom.submissions import Submission


def roster(tmp_path, text):
    path = tmp_path / "students.csv"
    path.write_text(text, encoding="utf-8-sig")
    return read(path)


@pytest.mark.parametrize("student", ["Turing, Alan", "alan_turing", "turingalan", "ALAN TURING", "aturing", "12"])
def test_names_are_joined_however_they_are_written(tmp_path, student):
    members = roster(tmp_path, "Student,ID,SIS Login ID\n    Points Possible,,\nAlan Turing,12,aturing\n")
    (found,) = join([Submission(student, ("x.py",))], members)
    assert found.student == "Alan Turing" and found.member.login == "aturing" and not found.nothing


def test_who_handed_in_nothing_is_found_and_strangers_stay(tmp_path):
    members = roster(tmp_path, "First name,Last name\nZo\u00eb,King\nAda,Byron\n")
    found = {s.student: s for s in join([Submission("zoe king", ("x.py",)), Submission("guest", ())], members)}
    assert set(found) == {"Ada Byron", "Zo\u00eb King", "guest"}
    assert found["Ada Byron"].nothing == "nothing was handed in" and found["guest"].member is None


def test_two_of_one_name_are_not_taken_for_each_other(tmp_path):
    members = roster(tmp_path, "name,id\nAda King,7\nAda King,8\n")
    found = join([Submission("Ada King (8)", ("x.py",), id="8"), Submission("Ada King", ("y.py",))], members)
    assert [(s.student, s.member and s.member.id, bool(s.files)) for s in found] == [
        ("Ada King", "8", True),
        ("Ada King (2)", None, True),
        ("Ada King (3)", "7", False),
    ]


def test_a_roster_without_names_is_refused(tmp_path):
    with pytest.raises(RosterError, match="needs a column"):
        roster(tmp_path, "points\n3\n")
