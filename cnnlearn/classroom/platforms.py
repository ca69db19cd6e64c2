"""How learning platforms name what they export: whose file it is, and which attempt."""

import re
from dataclasses import dataclass

MOODLE = re.compile(r"(?P<student>.+?)_(?P<id>\d+)_assignsubmission_(?:file|onlinetext)_?(?P<file>.*)", re.DOTALL)
CANVAS = re.compile(r"(?P<student>[^_\W]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<attempt>\d+)_(?P<file>.+)", re.DOTALL)
BLACKBOARD = re.compile(
    r"(?P<work>.+)_(?P<student>[^_]+)_attempt_(?P<attempt>\d{4}(?:-\d\d){5})(?:_(?P<file>.+)|\.txt)", re.DOTALL
)
RESUBMITTED = re.compile(r"-(\d+)(\.[^.]+)$")  # Canvas numbers the files of later attempts


@dataclass(frozen=True)
class Owner:
    """Whose entry of an export it is. attempt sorts; attempts of one student replace each other."""

    student: str
    id: str = ""
    attempt: tuple = ()
    late: bool = False


def owner(name: str) -> Owner | None:
    """What the name of a folder or file at the top of an export tells; None if it is no platform's."""
    if found := MOODLE.fullmatch(name):
        return Owner(found["student"], found["id"])
    if found := CANVAS.fullmatch(name):
        again = RESUBMITTED.search(found["file"])
        attempt = (int(again[1]) if again else 0,)
        return Owner(found["student"], found["id"], attempt, bool(found["late"]))
    if found := BLACKBOARD.fullmatch(name):
        return Owner(found["student"], "", (found["attempt"],))
    return None
