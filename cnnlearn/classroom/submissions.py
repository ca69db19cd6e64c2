"""Finding the submissions of a class in a folder or a zip: for each student a subfolder or a file.

Only regular files are opened, never a link, a pipe or a device. A zip is read where it lies; nothing is unpacked.
Whatever was handed in is somebody's: where there is nothing to grade in it, that is what the reports say.
"""

import os
import re
import stat
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from cnnlearn.classroom.member import Member
from cnnlearn.classroom.notebooks import LARGEST, Unreadable, cells
from cnnlearn.classroom.platforms import Owner, owner

ENDINGS = (".ipynb", ".py")
IGNORED = ("__MACOSX", "__pycache__", "node_modules")
WORK = r"(?:lesson|homework|hw|exercises?|ex|sheet|week|lab|assignment|notebook)"
EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
MOST_FILES, MOST_BYTES, DEEPEST, LARGEST_RATIO = 100_000, 16 * 2**30, 12, 200


class SubmissionsError(ValueError):
    """There is nothing that could be graded, or an archive that is not to be trusted; one sentence."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in, and when: code cells (label, source), or the reason why it cannot be read.

    nothing: why there is nothing to grade, if so. unused: names of files that did not count, and why. id: of the
    student, where a platform's export tells it. member: who it is in the roster.
    """

    student: str
    files: tuple[str, ...]
    cells: tuple[tuple[str, str], ...] = ()
    unreadable: str = ""
    modified: str = ""
    nothing: str = ""
    unused: tuple[str, ...] = ()
    id: str = ""
    late: bool = False
    member: Member | None = None


@dataclass(frozen=True)
class _File:
    """A file of a class by its path, in parts; `read` gives its bytes, and raises Unreadable.

    An empty folder is a file without a name in it.
    """

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    modified: datetime

    @property
    def wanted(self) -> bool:
        return self.parts[-1].lower().endswith(ENDINGS)


def find(place: Path, lesson: str, one: bool = False) -> list[Submission]:
    """The submissions in a folder or a zip file, by students' names.

    lesson: the name of the lesson, as "04_gradcam": where a student handed in several files, those named so count.
    one: the place holds the files of one student, whose name is its own.
    """
    files = list(_in_zip(place) if place.is_file() else _in_folder(place))
    if one:
        return [_submission(Owner(place.stem), place.stem, [(Owner(place.stem), file) for file in files], lesson)]
    if not any(file.wanted for file in files):
        raise SubmissionsError(f"There is no notebook and no Python file in {place}.")
    students = {}
    for file in _without_common_folder(files):
        top = file.parts[0]
        whose = owner(top) or Owner(top if len(file.parts) > 1 else os.path.splitext(top)[0])
        students.setdefault((whose.student, whose.id), []).append((whose, file))
    names = Counter(student for student, _ in students)
    found = []
    for (student, number), entries in sorted(students.items()):
        name = student if names[student] == 1 else f"{student} ({number})"
        found.append(_submission(entries[0][0], name, entries, lesson))
    return found


def _without_common_folder(files):
    """Platforms put all into one folder of the archive, which is no student."""
    while len({file.parts[0] for file in files}) == 1 and all(len(f.parts) > 2 for f in files if f.wanted):
        files = [_File(file.parts[1:], file.read, file.modified) for file in files if len(file.parts) > 1]
    return files


def _submission(whose, name, entries, lesson):
    unused, newest = {}, max(each.attempt for each, _ in entries)
    for each, file in entries:
        if not file.wanted:
            unused[file] = "an empty folder" if not file.parts[-1] else "no notebook and no Python file"
        elif each.attempt != newest:
            unused[file] = "there is a newer attempt"
    chosen, others = _of_lesson([file for _, file in entries if file not in unused], lesson)
    unused |= dict.fromkeys(others, "another is named after the lesson")
    names = tuple("/".join(file.parts) for file in chosen)
    found, several, unreadable = [], len(chosen) > 1, ""
    try:
        for number, file in enumerate(chosen, 1):
            for label, source in cells(file.parts[-1], file.read()):
                found.append((f"{label} of file {number}" if several else label, source))
    except Unreadable as error:
        found, unreadable = [], str(error)
    told = tuple(f"{'/'.join(file.parts)}: {why}" for file, why in unused.items())
    return Submission(
        name,
        names,
        tuple(found),
        unreadable,
        max((file.modified for file in chosen), default=EPOCH).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "" if chosen else "there is " + ("; ".join(told) or "no file in it"),
        told,
        whose.id,
        any(each.late for each, file in entries if file in chosen),
    )


def _of_lesson(files, lesson):
    """The files of this lesson, oldest first, and the others. If none is named after the lesson, all are."""
    files = sorted(files, key=lambda file: (file.modified, file.parts))
    number, _, topic = lesson.partition("_")
    # A date or any other number is no lesson.
    numbered = rf"(?:^|{WORK})[ _-]*{int(number):02}(?!\d)(?![-.]\d)|{WORK}[ _-]*{int(number)}(?!\d)(?![-.]\d)"
    for fits in (lesson, numbered, rf"(?<![a-z]){topic}(?![a-z])"):
        chosen = [file for file in files if re.search(fits, file.parts[-1], re.IGNORECASE)]
        if chosen:
            return chosen, [file for file in files if file not in chosen]
    return files, []


def _noticed(parts):
    """Whether a student put it there, and not a program."""
    return not any(part.startswith(".") or part in IGNORED for part in parts)


def _in_folder(place, parts=()) -> Iterator[_File]:
    try:
        entries = sorted(os.scandir(place.joinpath(*parts)), key=lambda entry: entry.name)
    except OSError as error:
        if not parts:
            raise SubmissionsError(f"{place} cannot be read: {error.strerror}.") from None
        return
    entries = [entry for entry in entries if _noticed([entry.name])]
    if parts and not entries:
        yield _File((*parts, ""), _nothing, EPOCH)
    for entry in entries:
        path = (*parts, entry.name)
        if entry.is_dir(follow_symlinks=False) and len(path) <= DEEPEST:
            yield from _in_folder(place, path)
        else:
            modified = datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
            yield _File(path, partial(_bytes_of, entry.path), modified)


def _nothing():
    return b""


def _bytes_of(path):
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise Unreadable("it is a link, a pipe or a device, which are never opened")
        end = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(end, "rb") as file:
            if not stat.S_ISREG(os.fstat(end).st_mode):
                raise Unreadable("it is a link, a pipe or a device, which are never opened")
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise Unreadable(error.strerror or "it cannot be opened") from None
    return _of_bounded_size(data)


def _of_bounded_size(data):
    if len(data) > LARGEST:
        raise Unreadable(f"it is larger than {LARGEST // 2**20} MB")
    return data


def _in_zip(place) -> Iterator[_File]:
    try:
        archive = zipfile.ZipFile(place)
    except (OSError, ValueError, zipfile.BadZipFile):
        raise SubmissionsError(f"{place} is neither a folder nor a zip file that can be read.") from None
    entries = archive.infolist()
    _check_archive(place, entries)
    folders = {name.rpartition("/")[0] for name in map(_name, entries)}
    for entry in entries:
        parts = tuple(_name(entry).split("/"))
        if not _noticed(parts):
            continue
        if not entry.is_dir():
            yield _File(parts, partial(_bytes_in, archive, entry), _date_of(entry))
        elif "/".join(parts) not in folders:
            yield _File((*parts, ""), _nothing, EPOCH)


def _name(entry):
    """Without the backslashes that some programs on Windows put between folders."""
    return entry.filename.replace("\\", "/").rstrip("/")


def _check_archive(place, entries):
    """An archive that climbs out of its folder, holds a name twice, or a bomb, is refused as a whole."""
    if len(entries) > MOST_FILES:
        raise SubmissionsError(f"{place} is refused: it holds more than {MOST_FILES:,} files.")
    for entry in entries:
        name = _name(entry)
        # `orig_filename`: zipfile cuts names at a NUL.
        climbs = ".." in name.split("/") or name.startswith("/") or ":" in name.split("/")[0]
        if climbs or "\0" in entry.orig_filename or "" in name.split("/"):
            raise SubmissionsError(f"{place} is refused: its file {name!r} would lie outside its folder.")
        if entry.file_size > LARGEST_RATIO * max(entry.compress_size, 2**10) and entry.file_size > 2**20:
            raise SubmissionsError(f"{place} is refused: its file {name!r} is a bomb.")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise SubmissionsError(f"{place} is refused: its files are a bomb.")
    names = Counter(map(_name, entries))
    folders = {name.rpartition("/")[0] for name in names} - {""}
    files = {_name(entry) for entry in entries if not entry.is_dir()}
    for name, count in names.items():
        if count > 1 or name in folders & files:
            raise SubmissionsError(f"{place} is refused: it holds {name!r} twice.")


def _date_of(entry):
    try:
        return datetime(*entry.date_time, tzinfo=UTC)
    except ValueError:
        return EPOCH


def _bytes_in(archive, entry):
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise Unreadable("it is a link, a pipe or a device, which are never opened")
    try:
        with archive.open(entry) as file:
            return _of_bounded_size(file.read(LARGEST + 1))
    except (OSError, ValueError, RuntimeError, NotImplementedError, zipfile.BadZipFile, EOFError):
        raise Unreadable("the archive is damaged there, or encrypted") from None
    except Exception:  # zlib, lzma and bz2 have errors of their own
        raise Unreadable("the archive is damaged there") from None
