"""Finding the submissions of a class in a folder or a zip: for each student a subfolder or a file.

Only regular files are opened, never a link, a pipe or a device. A zip is read where it lies; nothing is unpacked.
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

from cnnlearn.classroom.notebooks import LARGEST, Unreadable, cells

ENDINGS = (".ipynb", ".py")
IGNORED = ("__MACOSX", "__pycache__", "node_modules")
EPOCH = datetime(1980, 1, 1, tzinfo=UTC)
MOST_FILES, MOST_BYTES, DEEPEST, LARGEST_RATIO = 100_000, 16 * 2**30, 12, 200


class SubmissionsError(ValueError):
    """There is nothing that could be graded, or an archive that is not to be trusted; one sentence."""


@dataclass(frozen=True)
class Submission:
    """What one student handed in, and when: code cells (label, source), or the reason why it cannot be read."""

    student: str
    files: tuple[str, ...]
    cells: tuple[tuple[str, str], ...] = ()
    unreadable: str = ""
    modified: str = ""


@dataclass(frozen=True)
class _File:
    """A file of a class by its path, in parts; `read` gives its bytes, and raises Unreadable."""

    parts: tuple[str, ...]
    read: Callable[[], bytes]
    modified: datetime


def find(place: Path, lesson: str, one: bool = False) -> list[Submission]:
    """The submissions in a folder or a zip file, by students' names.

    lesson: the name of the lesson, as "04_gradcam": where a student handed in several files, those named so count.
    one: the place holds the files of one student, whose name is its own.
    """
    files = list(_in_zip(place) if place.is_file() else _in_folder(place))
    if one:
        return [_submission(place.stem, files, lesson)]
    students = {}
    for file in _without_common_folder(files):
        name = file.parts[0] if len(file.parts) > 1 else os.path.splitext(file.parts[0])[0]
        students.setdefault(name, []).append(file)
    if not students:
        raise SubmissionsError(f"There is no notebook and no Python file in {place}.")
    return [_submission(name, students[name], lesson) for name in sorted(students)]


def _without_common_folder(files):
    """Platforms put all into one folder of the archive, which is no student."""
    while files and all(len(file.parts) > 2 for file in files) and len({file.parts[0] for file in files}) == 1:
        files = [_File(file.parts[1:], file.read, file.modified) for file in files]
    return files


def _submission(student, files, lesson):
    files = sorted(files, key=lambda file: file.parts)
    number = lesson.partition("_")[0]
    for fits in (lesson, rf"(?<!\d){number}(?!\d)", ""):
        chosen = [file for file in files if re.search(fits, file.parts[-1])]
        if chosen:
            break
    names = tuple("/".join(file.parts) for file in chosen)
    modified = max((file.modified for file in chosen), default=EPOCH).strftime("%Y-%m-%dT%H:%M:%SZ")
    found, several = [], len(chosen) > 1
    try:
        for number, file in enumerate(chosen, 1):
            for label, source in cells(file.parts[-1], file.read()):
                found.append((f"{label} of file {number}" if several else label, source))
    except Unreadable as error:
        return Submission(student, names, (), str(error), modified)
    return Submission(student, names, tuple(found), "" if names else "there is no file in it", modified)


def _wanted(parts):
    return parts[-1].lower().endswith(ENDINGS) and not any(p.startswith(".") or p in IGNORED for p in parts)


def _in_folder(place, parts=()) -> Iterator[_File]:
    try:
        entries = sorted(os.scandir(place.joinpath(*parts)), key=lambda entry: entry.name)
    except OSError as error:
        if not parts:
            raise SubmissionsError(f"{place} cannot be read: {error.strerror}.") from None
        return
    for entry in entries:
        path = (*parts, entry.name)
        if entry.is_dir(follow_symlinks=False):
            if len(path) <= DEEPEST and not entry.name.startswith(".") and entry.name not in IGNORED:
                yield from _in_folder(place, path)
        elif _wanted(path):
            modified = datetime.fromtimestamp(entry.stat(follow_symlinks=False).st_mtime, UTC)
            yield _File(path, partial(_bytes_of, entry.path), modified)


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
    for entry in entries:
        parts = tuple(entry.filename.rstrip("/").split("/"))
        if not entry.is_dir() and _wanted(parts):
            yield _File(parts, partial(_bytes_in, archive, entry), _date_of(entry))


def _check_archive(place, entries):
    """An archive that climbs out of its folder, holds a name twice, or a bomb, is refused as a whole."""
    if len(entries) > MOST_FILES:
        raise SubmissionsError(f"{place} is refused: it holds more than {MOST_FILES:,} files.")
    for entry in entries:
        name = entry.filename
        # `orig_filename`: zipfile cuts names at a NUL.
        climbs = ".." in name.split("/") or name.startswith("/") or "\\" in name or ":" in name.split("/")[0]
        if climbs or "\0" in entry.orig_filename or "" in name.rstrip("/").split("/"):
            raise SubmissionsError(f"{place} is refused: its file {name!r} would lie outside its folder.")
        if entry.file_size > LARGEST_RATIO * max(entry.compress_size, 2**10) and entry.file_size > 2**20:
            raise SubmissionsError(f"{place} is refused: its file {name!r} is a bomb.")
    if sum(entry.file_size for entry in entries) > MOST_BYTES:
        raise SubmissionsError(f"{place} is refused: its files are a bomb.")
    names = Counter(entry.filename.rstrip("/") for entry in entries)
    folders = {name.rpartition("/")[0] for name in names} - {""}
    files = {entry.filename for entry in entries if not entry.is_dir()}
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
