"""A batch file is read and never run; whatever is wrong with it, one sentence says so."""

import contextlib
import copyreg
import pickle
import struct
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official_format import random_batch, script

from cnnlearn.files.cifar10_batch import MAX_BYTES, BatchError, read_batch, read_entries
from cnnlearn.files.shipped import data_path

ROWS, LABELS, BATCH = random_batch(2)
ARRAY = script.array(ROWS)
EXTENSION = 0xA1  # a code of the pickle extension registry


def routes(folder):
    """Values that make the folder when a pickle holds them: each a way by which a pickle runs a command."""
    path = script.string(str(folder))
    text = b"X" + struct.pack("<I", len(str(folder))) + str(folder).encode()
    mapped = b"cbuiltins\nmap\ncos\nmkdir\n](" + text + b"e"
    return {
        "REDUCE": b"cos\nmkdir\n" + path + b"\x85R",
        "STACK_GLOBAL": b"\x8c\x02os\x8c\x05mkdir\x93" + path + b"\x85R",
        "INST": b"(" + path + b"ios\nmkdir\n",
        "OBJ": b"(cos\nmkdir\n" + path + b"o",
        "NEWOBJ": b"cbuiltins\nbytes\n" + mapped + b"\x86\x81\x85\x81",
        "NEWOBJ_EX": b"cbuiltins\nbytes\n" + mapped + b"\x86}\x92\x85}\x92",
        "EXT": b"\x82" + bytes([EXTENSION]) + path + b"\x85R",
        "BUILD": b"cargparse\nNamespace\n)R}U\x0c__setstate__cos\nmkdir\nsb" + path + b"b",
        "BUILD of a stand-in": b"cnumpy\ndtype\n)R}U\x0c__setstate__cos\nmkdir\nsb" + path + b"b",
        "a dotted name": b"\x8c\x05numpy\x8c\x18lib._datasource.os.mkdir\x93" + path + b"\x85R",
        "a dotted name, GLOBAL": b"cnumpy\nlib._datasource.os.mkdir\n" + path + b"\x85R",
        "a name of the same module": b"cnumpy.core.multiarray\n_reconstruct.__class__\n" + path + b"\x85R",
        "eval": b"cbuiltins\neval\n" + script.string(f"__import__('os').mkdir({str(folder)!r})") + b"\x85R",
    }


NOT_FOR_PLAIN_PICKLE = ("BUILD of a stand-in", "a name of the same module")
PLACES = {
    "the whole file": lambda value: b"\x80\x04" + value + b".",
    "the data": lambda value: script.dictionary(
        labels=script.sequence(map(script.integer, LABELS.tolist())), data=value
    ),
    "inside the array": lambda value: BATCH.replace(script.string(ROWS.tobytes()), value),
    "a label": lambda value: script.dictionary(labels=script.sequence([value]), data=script.array(ROWS[:1])),
    "a key": lambda value: b"\x80\x04}(" + value + script.integer(0) + b"u.",
}


@pytest.fixture(autouse=True)
def extension():
    copyreg.add_extension("os", "mkdir", EXTENSION)
    yield
    copyreg.remove_extension("os", "mkdir", EXTENSION)


def refusal(path, content):
    """The sentence with which a file of this content is refused."""
    path.write_bytes(content)
    with pytest.raises(BatchError) as raised:
        read_batch(path)
    sentence = str(raised.value)
    assert sentence.startswith(f"{path} is not a batch of CIFAR-10: ") and sentence.endswith("download() again.")
    assert sentence.isprintable() and len(sentence) < 300 + len(str(path))
    return sentence


def with_entries(**entries):
    labels = script.sequence(map(script.integer, LABELS.tolist()))
    return script.dictionary(**{"labels": labels, "data": ARRAY} | entries)


def test_pixels_and_labels_are_those_written(tmp_path):
    path = tmp_path / "batch"
    path.write_bytes(BATCH)
    rows, labels = read_batch(path)
    np.testing.assert_array_equal(rows, ROWS)
    np.testing.assert_array_equal(labels, LABELS)
    assert rows.dtype == np.uint8 and labels.dtype.kind == "i"


def test_the_handmade_format_is_what_pickle_reads(tmp_path):
    """Python's own reader, with the real NumPy, finds the same in it."""
    entries = pickle.loads(BATCH, encoding="bytes")
    np.testing.assert_array_equal(entries[b"data"], ROWS)
    assert entries[b"labels"] == LABELS.tolist() and entries[b"filenames"] == [b"0.png", b"1.png"]


def test_entries_of_the_meta_file():
    entries = read_entries(data_path("cifar-10-sample") / "batches.meta")
    assert entries[b"num_vis"] == 3072 and entries[b"label_names"][:2] == [b"airplane", b"automobile"]


@pytest.mark.parametrize("protocol", [3, 4])
def test_files_that_python_3_wrote_again(protocol, tmp_path):
    """NumPy 1 wrote such arrays; its names are put in by hand, in a pickle without the frames that count bytes."""
    entries = {b"batch_label": b"again", b"labels": LABELS.tolist(), b"data": ROWS, b"filenames": [b"a", b"b"]}
    content = pickle._dumps(entries, protocol)
    if protocol == 4:  # STACK_GLOBAL takes its names from strings that know their length
        content = content.replace(b"\x8c\x16numpy._core.multiarray", b"\x8c\x15numpy.core.multiarray")
        assert content[2:3] == b"\x95"
        content = content[:2] + content[11:]
    content = content.replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n")
    (tmp_path / "batch").write_bytes(content)
    rows, labels = read_batch(tmp_path / "batch")
    np.testing.assert_array_equal(rows, ROWS)
    np.testing.assert_array_equal(labels, LABELS)


def test_python_2_numbers_what_it_wrote(tmp_path):
    """The official files come with BINPUT after each string; here each is numbered and one is used again."""
    content = script.dictionary(
        batch_label=b"U\x01xq\x01", labels=script.sequence([b"K\x03"]), data=script.array(ROWS[:1])
    )
    content = content[:-2] + script.string("filenames") + b"](h\x01r\x01\x01\x00\x00j\x01\x01\x00\x00eu."
    (tmp_path / "batch").write_bytes(content)
    assert read_entries(tmp_path / "batch")[b"filenames"] == [b"x", b"x"]
    assert read_batch(tmp_path / "batch")[1].tolist() == [3]


@pytest.mark.parametrize("route", [route for route in routes("x") if route not in NOT_FOR_PLAIN_PICKLE])
def test_the_plain_reader_would_run_the_command(route, tmp_path):
    """So the next test is about something."""
    with contextlib.suppress(TypeError):  # bytes cannot be made of what mkdir returns
        pickle.loads(PLACES["the whole file"](routes(tmp_path / "ran")[route]))
    assert (tmp_path / "ran").exists()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("route", routes("x"))
def test_no_command_is_run(route, place, tmp_path):
    sentence = refusal(tmp_path / "batch", PLACES[place](routes(tmp_path / "ran")[route]))
    assert any(words in sentence for words in ("it asks for '", "which no batch needs", "EMPTY_DICT more often"))
    assert not (tmp_path / "ran").exists()


def test_the_forbidden_name_is_told(tmp_path):
    assert "it asks for 'os.mkdir'." in refusal(
        tmp_path / "batch", PLACES["the data"](routes(tmp_path / "ran")["REDUCE"])
    )


def _tuples(depth, width):
    """A tuple of `width` numbers, then `depth` times a tuple that holds the last one `width` times."""
    program = b"(" + b"K\x01" * width + b"tq\x00"
    return program + (b"(" + b"h\x00" * width + b"tq\x00") * depth


def _colliding(value):
    """Keys that a dictionary puts in the same place."""
    return b"".join(b"J" + struct.pack("<i", number << 16) + value for number in range(10_000))


BOMBS = {  # and what the refusal says
    "nested tuples as a key": (
        b"\x80\x02}(K\x00q\x00" + b"h\x00h\x00\x86q\x00" * 60 + b"Nu.",
        "TUPLE2 more often",
    ),
    "broad tuples as a key": (b"\x80\x02}(" + _tuples(4, 4000) + b"Nu.", "no dictionary with a few short names"),
    "colliding keys": (b"\x80\x02}(" + _colliding(b"N") + b"u.", "NONE more often"),
    "colliding keys and values": (b"\x80\x02}(" + _colliding(b"K\x00") + b"u.", "a few short names"),
    "a large memo": (b"\x80\x02]r" + struct.pack("<I", 2**31 - 1) + b".", "remember 2,147,483,647 things"),
    "deep nesting": (b"\x80\x02" + b"](" * 100_000 + b"e" * 100_000 + b".", "EMPTY_LIST more often"),
    "deep nesting of marks": (b"\x80\x02" + b"(" * 1_000_000 + b"t" * 1_000_000 + b".", "MARK more often"),
    "many numbers": (b"\x80\x02](" + b"K\x00" * 10_000_000 + b"e.", "BININT1 more often"),
    "a long number": (b"\x80\x02L" + b"9" * 30_000_000 + b"L\n.", "not a batch"),
    "a string longer than the file": (b"\x80\x02}(U\x04dataT\xff\xff\xff\x7fabc", "only 3 remain"),
    "a string of negative length": (b"\x80\x02}(U\x04dataT\xff\xff\xff\xffabc", "not a batch"),
    "a frame longer than the file": (b"\x80\x04\x95" + struct.pack("<Q", 2**62) + b"}.", "not a batch"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_are_refused(bomb, tmp_path):
    """In another process, which can be stopped if the bomb goes off."""
    content, words = BOMBS[bomb]
    (tmp_path / "batch").write_bytes(content)
    program = "import sys; from cnnlearn.files.cifar10_batch import read_batch; read_batch(sys.argv[1])"
    command = [sys.executable, "-c", program, str(tmp_path / "batch")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert "BatchError" in done.stderr.splitlines()[-1] and words in done.stderr.splitlines()[-1]


def test_every_truncation_is_refused(tmp_path):
    """Every place but inside the pixels, where a few stand for all."""
    pixels = range(BATCH.index(ROWS.tobytes()) + 5, BATCH.index(ROWS.tobytes()) + ROWS.size - 5)
    for length in set(range(len(BATCH))) - set(pixels) | set(pixels[::500]):
        refusal(tmp_path / "batch", BATCH[:length])


ARRAYS = {
    "a row less than said": ARRAY.replace(b"K\x02J", b"K\x03J"),
    "too few bytes": ARRAY.replace(script.string(ROWS.tobytes()), script.string(ROWS.tobytes()[:-1])),
    "too many bytes": ARRAY.replace(script.string(ROWS.tobytes()), script.string(ROWS.tobytes() + b"x")),
    "no rows": script.array(ROWS[:0]),
    "short rows": script.array(np.ascontiguousarray(ROWS[:, 1:])),
    "rows said to be short": ARRAY.replace(script.integer(3072), script.integer(3071)),
    "columns first": ARRAY.replace(b"\x89", b"\x88", 1),
    "another type": ARRAY.replace(b"U\x02u1", b"U\x02i1"),
    "objects": ARRAY.replace(b"U\x02u1", b"U\x02O8"),
    "a list": b"](K\x01K\x02e",
    "nothing": b"N",
    "only the name of an array": b"cnumpy\nndarray\n",
    "an array that was not filled": b"cnumpy.core.multiarray\n_reconstruct\n(tR",
}


@pytest.mark.parametrize("array", ARRAYS)
def test_wrong_pixels(array, tmp_path):
    assert ARRAYS[array] != ARRAY
    refusal(tmp_path / "batch", with_entries(data=ARRAYS[array]))


LABEL_LISTS = {
    "one too few": [b"K\x01"],
    "one too many": [b"K\x01"] * 3,
    "10": [b"K\x01", b"K\x0a"],
    "-1": [b"K\x01", script.integer(-1)],
    "true": [b"K\x01", b"\x88"],
    "text": [b"K\x01", script.string("1")],
    "a list": [b"K\x01", b"]"],
}


@pytest.mark.parametrize("labels", LABEL_LISTS)
def test_wrong_labels(labels, tmp_path):
    assert "labels" in refusal(tmp_path / "batch", with_entries(labels=script.sequence(LABEL_LISTS[labels])))


CONTENTS = {
    "empty": b"",
    "a web page": b"<!DOCTYPE html>\n<html>Not found</html>\n",
    "zeros": bytes(1000),
    "no dictionary": b"\x80\x02K\x01.",
    "a dictionary without entries": b"\x80\x02}(u.",
    "a key without a value": b"\x80\x02}(U\x04datau.",
    "a number as a key": b"\x80\x02}(K\x01K\x01u.",
    "a long key": with_entries(**{"k" * 100: b"K\x01"}),
    "no rows and no labels": with_entries(data=script.array(ROWS[:0]), labels=b"]"),
    "many keys": script.dictionary(
        **{f"key{number}": b"N" for number in range(6)} | {f"k{n}": b"K\x00" for n in range(6)}
    ),
    "a call of bytes": b"\x80\x02}(" + script.string("data") + b"U\x01x)Ru.",
    "text of zeros, compressed by nobody": b"\x80\x02U",
    "a name that is no name": b"\x80\x04\x8c\x02os" + b"K\x01\x93.",
    "a name with a line in it": b"\x80\x04\x8c\x06os\nsys\x8c\x02os\x93.",
}


@pytest.mark.parametrize("content", CONTENTS)
def test_files_that_are_something_else(content, tmp_path):
    refusal(tmp_path / "batch", CONTENTS[content])


def test_a_huge_file_is_not_read_to_its_end(tmp_path):
    with (tmp_path / "batch").open("wb") as file:
        file.write(BATCH)
        file.truncate(2**40)
    with pytest.raises(BatchError, match=f"more than {MAX_BYTES:,} bytes"):
        read_batch(tmp_path / "batch")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="no_batch is missing. Get the whole of CIFAR-10"):
        read_batch(tmp_path / "no_batch")
    with pytest.raises(FileNotFoundError):
        read_batch(tmp_path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("edited")


_places = st.one_of(st.integers(0, 160), st.integers(0, len(BATCH)), st.integers(len(BATCH) - 60, len(BATCH)))
_pieces = st.one_of(st.binary(max_size=3), st.sampled_from(list(routes("ran").values())))


@pytest.mark.filterwarnings("ignore:.*invalid.*escape")  # of Python, about an instruction that is refused next
@settings(max_examples=300, deadline=None)
@given(edits=st.lists(st.tuples(_places, st.integers(0, 4), _pieces), min_size=1, max_size=4))
def test_an_edited_batch_loads_or_is_refused(edits, folder, monkeypatch_module):
    """Bytes cut out and put in, hostile values among them."""
    content = BATCH
    for place, cut, piece in edits:
        content = content[:place] + piece + content[place + cut :]
    (folder / "batch").write_bytes(content)
    try:
        rows, labels = read_batch(folder / "batch")
        assert rows.shape == (len(labels), 3072) and set(labels.tolist()) <= set(range(10))
    except BatchError as error:
        assert str(error).isprintable()
    assert not (folder / "ran").exists()


@pytest.fixture(scope="module")
def monkeypatch_module(folder):
    """The hostile values name a relative path: it is one in this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield
