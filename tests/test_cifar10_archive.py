"""An archive is unpacked as a whole or not at all; whatever is wrong with it, one sentence says so."""

import errno
import gzip
import random
import tarfile
import zlib
from pathlib import Path

import pytest
from official_format import GOOD, NAMES, TOP, FullDisk, contents, header, piece, pieces, tar

from cnnlearn.files.cifar10_archive import ArchiveError, unpack
from cnnlearn.files.cifar10_batch import MAX_BYTES


def pax(key, value):
    """An extended header, which says something about the member after it."""
    record = b" " + key + b"=" + value + b"\n"
    record = str(len(record) + 2).encode() + record
    assert 10 <= len(record) < 100
    return piece("pax", record, kind=tarfile.XHDTYPE)


def zeros(gigabytes):
    """So many zeros, compressed: a few hundred small pieces that gzip reads as one file."""
    return gzip.compress(bytes(2**24), 9) * (gigabytes * 64)


@pytest.fixture
def earlier(tmp_path):
    """A folder with earlier data; a test ends with it unchanged, and with nothing new beside it or around it."""
    (tmp_path / "data" / TOP).mkdir(parents=True)
    (tmp_path / "data" / TOP / "data_batch_1").write_text("earlier")
    (tmp_path / "data" / "notes").write_text("mine")
    return tmp_path / "data"


def refusal(archive, folder, error=ArchiveError):
    """The sentence with which the archive is refused; everything around it stays as it was."""
    before = contents(folder.parent)
    with pytest.raises(error) as raised:
        unpack(archive, folder)
    sentence = str(raised.value)
    assert contents(folder.parent) == before
    assert sentence.isprintable() and str(archive) in sentence and len(sentence) < 300 + 2 * len(str(archive))
    return sentence


def written(path, content):
    path.write_bytes(content)
    return path


def test_the_known_files_come_out(tmp_path):
    members = [(TOP, {"kind": tarfile.DIRTYPE}), *reversed(GOOD)]
    folder = unpack(written(tmp_path / "a.tar.gz", gzip.compress(tar(*members))), tmp_path / "new" / "data")
    assert folder == tmp_path / "new" / "data" / TOP
    assert contents(folder) == {Path(name): name.encode() * 100 for name in NAMES}
    assert list(folder.parent.iterdir()) == [folder]


def test_earlier_data_is_replaced_as_a_whole(tmp_path, earlier):
    (earlier / TOP / "of earlier").touch()
    unpack(written(tmp_path / "a.tar.gz", gzip.compress(tar(*GOOD))), earlier)
    assert set(contents(earlier)) == {Path("notes"), Path(TOP)} | {Path(TOP) / name for name in NAMES}


HOSTILE = {
    "a path upwards": ("../evil", {}),
    "a path upwards inside": (f"{TOP}/../../evil", {}),
    "a known name by a detour": (f"{TOP}/../{TOP}/data_batch_1", {}),
    "an absolute path": ("/tmp/cnnlearn_evil", {}),
    "an absolute path to a known name": (f"/{TOP}/data_batch_1", {}),
    "an unknown name": (f"{TOP}/data_batch_6", {}),
    "another folder": ("evil", {"kind": tarfile.DIRTYPE}),
    "a folder for a file": (f"{TOP}/readme.html", {"kind": tarfile.DIRTYPE}),
    "a link": (f"{TOP}/readme.html", {"kind": tarfile.SYMTYPE, "link": "/etc/hostname"}),
    "a link for the folder": (TOP, {"kind": tarfile.SYMTYPE, "link": ".."}),
    "a hard link": (f"{TOP}/readme.html", {"kind": tarfile.LNKTYPE, "link": "../notes"}),
    "a hard link to a known name": (f"{TOP}/readme.html", {"kind": tarfile.LNKTYPE, "link": f"{TOP}/data_batch_1"}),
    "a character device": (f"{TOP}/readme.html", {"kind": tarfile.CHRTYPE}),
    "a block device": (f"{TOP}/readme.html", {"kind": tarfile.BLKTYPE}),
    "a pipe": (f"{TOP}/readme.html", {"kind": tarfile.FIFOTYPE}),
    "a file with holes": (f"{TOP}/readme.html", {"kind": tarfile.GNUTYPE_SPARSE}),
    "an unknown kind": (f"{TOP}/readme.html", {"kind": b"V"}),
    "a name with a line break": (f"{TOP}/a\nb", {}),
    "a long name": ("a" * 5000, {}),
}


@pytest.mark.parametrize("where", ["first", "last"])
@pytest.mark.parametrize("member", HOSTILE)
def test_what_does_not_belong_is_refused(member, where, tmp_path, earlier):
    others = [good for good in GOOD if good[0] != HOSTILE[member][0]]
    members = [HOSTILE[member], *others] if where == "first" else [*others, HOSTILE[member]]
    archive = written(tmp_path / "a.tar.gz", gzip.compress(tar(*members)))
    assert "does not belong in it. Delete it and run" in refusal(archive, earlier)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_comes_twice_is_refused(name, tmp_path, earlier):
    archive = written(tmp_path / "a.tar.gz", gzip.compress(tar(*GOOD, (f"{TOP}/{name}", {"content": b"again"}))))
    assert f"holds '{TOP}/{name}' twice" in refusal(archive, earlier)


@pytest.mark.parametrize("name", [name for name in NAMES if "batch_" in name or "_batch" in name])
def test_a_missing_batch_is_named(name, tmp_path, earlier):
    archive = written(tmp_path / "a.tar.gz", gzip.compress(tar(*(good for good in GOOD if good[0] != f"{TOP}/{name}"))))
    assert f"it lacks '{TOP}/{name}'" in refusal(archive, earlier)


@pytest.fixture
def unpacked_bytes(monkeypatch):
    """How many bytes come out of gzip, by list: the sum is what an archive cost."""
    sizes, read = [], gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda file, size: sizes.append(size) or read(file, size))
    return sizes


BOMBS = {  # what stands before two gigabytes of zeros
    "a known name": header(f"{TOP}/data_batch_1", size=2**31),
    "a known name after the others": pieces(*GOOD[:-1]) + header(f"{TOP}/test_batch", size=2**31),
    "an unknown name": header("zeros", size=2**31),
    "a long name": header("././@LongLink", tarfile.GNUTYPE_LONGNAME, 2**31),
    "a long link": header("././@LongLink", tarfile.GNUTYPE_LONGLINK, 2**31),
    "an extended header": header("pax", tarfile.XHDTYPE, 2**31),
    "a global header": header("pax", tarfile.XGLTYPE, 2**31),
    "one byte more than allowed": header(f"{TOP}/data_batch_1", size=MAX_BYTES + 1),
    "a size from an extended header": pax(b"size", b"2147483648") + header(f"{TOP}/data_batch_1"),
    "less than nothing": header(f"{TOP}/data_batch_1", size=-1024),
    "an extended header of less than nothing": header("pax", tarfile.XHDTYPE, -1024),
    "a long name of less than nothing": header("././@LongLink", tarfile.GNUTYPE_LONGNAME, -1024),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_two_gigabytes_are_refused_unread(bomb, tmp_path, earlier, unpacked_bytes):
    refusal(written(tmp_path / "a.tar.gz", gzip.compress(BOMBS[bomb]) + zeros(2)), earlier)
    assert sum(unpacked_bytes) < 200_000


def test_two_gigabytes_after_the_archive_are_refused(tmp_path, earlier, unpacked_bytes):
    refusal(written(tmp_path / "a.tar.gz", gzip.compress(tar(*GOOD)) + zeros(2)), earlier)
    assert sum(unpacked_bytes) < 1_000_000


def _headers(name):
    return header(name, tarfile.XHDTYPE) + header(name, tarfile.XGLTYPE)


CROWDS = {
    "unknown names": b"".join(header(f"{TOP}/{number}") for number in range(50_000)),
    "one name again and again": header(f"{TOP}/data_batch_1") * 50_000,
    "the folder again and again": header(TOP, tarfile.DIRTYPE) * 50_000,
    "headers of nothing": _headers("pax") * 50_000,
    "long names of nothing": header("././@LongLink", tarfile.GNUTYPE_LONGNAME) * 50_000,
}


@pytest.mark.parametrize("crowd", CROWDS)
def test_50_000_files_are_refused(crowd, tmp_path, earlier, unpacked_bytes):
    refusal(written(tmp_path / "a.tar.gz", gzip.compress(CROWDS[crowd] + tar(*GOOD), 1)), earlier)
    assert sum(unpacked_bytes) < 200_000


def _damaged():
    whole = gzip.compress(tar(*GOOD))
    yield "empty", b""
    yield "a web page", b"<html>Not found</html>"
    yield "no gzip", tar(*GOOD)
    yield "no tar", gzip.compress(b"text" * 1000)
    yield "a tar of nothing", gzip.compress(bytes(10_240))
    yield "nothing in gzip", gzip.compress(b"")
    for part in (5, 15, len(whole) // 2, len(whole) - 4):
        yield f"cut after {part}", whole[:part]
    for members in (1, 3, 7):
        yield f"cut after {members} members", gzip.compress(pieces(*GOOD[:members]))
    yield "cut inside a member", gzip.compress(tar(*GOOD)[:5000])
    yield "a wrong sum", whole[:-8] + bytes(8)
    yield "a damaged header", gzip.compress(tar(*GOOD).replace(b"data_batch_3\0", b"data_batch_9\0"))
    yield "wrong bytes", whole[:60] + bytes(20) + whole[80:]
    noise = random.Random(0).randbytes(100_000)
    yield "wrong bytes in a large file", gzip.compress(tar((f"{TOP}/readme.html", {"content": noise})), 1)[:50_000] * 3
    yield "a header of nonsense", gzip.compress(pax(b"GNU.sparse.size", b"many") + tar(*GOOD))
    yield "another way to compress", zlib.compress(tar(*GOOD))


DAMAGED = dict(_damaged())


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_archives_are_refused(damage, tmp_path, earlier):
    refusal(written(tmp_path / "a.tar.gz", DAMAGED[damage]), earlier)


def test_a_time_far_away_does_no_harm(tmp_path):
    members = pax(b"mtime", b"1e300") + tar(*GOOD)
    assert unpack(written(tmp_path / "a.tar.gz", gzip.compress(members)), tmp_path).is_dir()


def test_a_missing_archive_is_named(tmp_path, earlier):
    assert "is missing. Get it with" in refusal(tmp_path / "none.tar.gz", earlier, FileNotFoundError)


def test_a_full_disk(tmp_path, earlier, monkeypatch):
    archive = written(tmp_path / "a.tar.gz", gzip.compress(tar(*GOOD)))
    monkeypatch.setattr(tarfile, "bltn_open", FullDisk)
    sentence = refusal(archive, earlier, OSError)
    assert f"could not be unpacked into {earlier}: No space left on device. Make 200 MB of room" in sentence


def test_no_room_for_a_folder(tmp_path, earlier, monkeypatch):
    def mkdir(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    archive = written(tmp_path / "a.tar.gz", gzip.compress(tar(*GOOD)))
    monkeypatch.setattr("os.mkdir", mkdir)
    assert "No space left" in refusal(archive, earlier, OSError)


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "Permission denied"), KeyboardInterrupt()])
@pytest.mark.parametrize("time", [1, 2])
def test_earlier_data_comes_back_if_the_new_cannot_be_moved(error, time, tmp_path, earlier, monkeypatch):
    times, rename = [], Path.rename

    def failing(path, target):
        times.append(path)
        if len(times) == time:
            raise error
        return rename(path, target)

    archive = written(tmp_path / "a.tar.gz", gzip.compress(tar(*GOOD)))
    monkeypatch.setattr(Path, "rename", failing)
    before = contents(earlier)
    with pytest.raises(type(error)):
        unpack(archive, earlier)
    assert contents(earlier) == before
