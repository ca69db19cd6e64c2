"""The list of a class, as CSV: who should hand in, and by what names platforms know them."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from cnnlearn.classroom.member import Member, words
from cnnlearn.classroom.submissions import Submission

# What platforms call the columns, in small letters.
COLUMNS = {
    "name": ("name", "student", "full name", "student name"),
    "first": ("first name", "firstname", "given name"),
    "last": ("last name", "lastname", "surname", "family name"),
    "id": ("id", "student id", "id number", "identifier", "participant"),
    "sis": ("sis user id", "sis id"),
    "login": ("login", "username", "sis login id", "login id"),
    "email": ("email", "email address", "e-mail"),
    "section": ("section", "group"),
}


class RosterError(ValueError):
    """A roster that cannot be read; one sentence."""


def read(path: Path) -> list[Member]:
    """The members of a class. RosterError if there is no column with names."""
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        raise RosterError(f"The roster {path} cannot be read as CSV in UTF-8.") from None
    head = [cell.strip().casefold() for cell in rows[0]] if rows else []
    places = {field: next((head.index(n) for n in names if n in head), None) for field, names in COLUMNS.items()}
    if places["name"] is None and places["last"] is None:
        raise RosterError(f"The roster {path} needs a column named name, or two named first name and last name.")
    members = []
    for row in rows[1:]:
        told = {field: row[at].strip() for field, at in places.items() if at is not None and at < len(row)}
        name = told.get("name") or f"{told.get('first', '')} {told.get('last', '')}".strip()
        if name and name.casefold() != "points possible":  # which Canvas writes below the head
            members.append(Member(**told | {"name": name}))
    return members


def join(submissions: Sequence[Submission], members: Sequence[Member]) -> list[Submission]:
    """The submissions under the names of the roster, and beside them those of members who handed in nothing.

    A submission that fits no member, or several, keeps its own name.
    """
    found, joined = [], set()
    for submission in submissions:
        keys = {"".join(words(submission.student)), "".join(words(submission.id))} - {""}
        fitting = [member for member in members if member.keys & keys]
        if len(fitting) == 1 and fitting[0] not in joined:
            joined.add(fitting[0])
            submission = replace(submission, student=fitting[0].name, member=fitting[0])
        found.append(submission)
    nothing = [member for member in members if member not in joined]
    found += [Submission(member.name, (), nothing="nothing was handed in", member=member) for member in nothing]
    return _apart(sorted(found, key=lambda submission: submission.student))


def _apart(submissions):
    """Students of the same name get a number each."""
    seen, apart = {}, []
    for submission in submissions:
        count = seen[submission.student] = seen.get(submission.student, 0) + 1
        apart.append(submission if count == 1 else replace(submission, student=f"{submission.student} ({count})"))
    return apart
