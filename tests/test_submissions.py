"""Finding and reading what a class handed in, without trusting any of it."""

import io
import json
import os
import stat
import sys
import zipfile

import pytest

from cnnlearn.classroom.inside import definitions
from cnnlearn.classroom.notebooks import MOST_CODE, Unreadable, cells
from cnnlearn.classroom.submissions import SubmissionsError, find


def book(*sources):
    return json.dumps({"cells": [{"cell_type": "code", "source": s} for s in sources], "nbformat": 4})


def write(path, text="f = 1"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text if path.suffix == ".py" else book(text), encoding="utf-8")


def students(place, **options):
    return {s.student: [source for _, source in s.cells] for s in find(place, "04_gradcam", **options)}


def test_a_subfolder_or_a_file_for_each_student(tmp_path):
    write(tmp_path / "ada" / "deep" / "04_gradcam.ipynb", "a = 1")
    write(tmp_path / "Turing, Alan_1234_assignsubmission_file_" / "x.py", "b = 2")
    write(tmp_path / "grace.ipynb", "c = 3")
    (tmp_path / "notes.txt").write_text("not a submission")
    assert students(tmp_path) == {
        "Turing, Alan": ["b = 2"],
        "ada": ["a = 1"],
        "grace": ["c = 3"],
        "notes": [],
    }


def test_of_several_files_those_named_after_the_lesson_count(tmp_path):
    for name in ("03_cam.ipynb", "04_gradcam.ipynb", "04_gradcam (1).ipynb"):
        write(tmp_path / "ada" / name, name)
    write(tmp_path / "bob" / "homework 3.ipynb", "three")
    write(tmp_path / "bob" / "homework 04.ipynb", "four")
    write(tmp_path / "eve" / "a.ipynb", "a")
    write(tmp_path / "eve" / "b.ipynb", "b")
    write(tmp_path / "eve" / ".ipynb_checkpoints" / "a-checkpoint.ipynb", "old")
    found = students(tmp_path)
    assert found == {"ada": ["04_gradcam.ipynb", "04_gradcam (1).ipynb"], "bob": ["four"], "eve": ["a", "b"]}


def test_nobody_vanishes(tmp_path):
    write(tmp_path / "ada" / "x.ipynb")
    (tmp_path / "empty").mkdir()
    (tmp_path / "pictures" / "deep").mkdir(parents=True)
    for name in ("pdf/solution.pdf", "text/x.ipynb.txt", "inner/all.zip", "page/onlinetext.html", "loose.docx"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "linked").symlink_to(tmp_path / "ada", target_is_directory=True)
    found = {s.student: s for s in find(tmp_path, "04_gradcam")}
    assert set(found) == {"ada", "empty", "pictures", "pdf", "text", "inner", "page", "loose", "linked"}
    assert not found["ada"].nothing and found["empty"].nothing == "there is empty/: an empty folder"
    assert all("no notebook and no Python file" in found[name].nothing for name in ("pdf", "text", "inner", "linked"))
    assert "text/x.ipynb.txt" in found["text"].nothing


def test_nobody_vanishes_from_a_zip(tmp_path):
    files = {"C/ada/x.py": "f = 1", "C/bob/": "", "C/eve/x.pdf": "", "C/dan\\x.py": "f = 2", "__MACOSX/C/x": ""}
    found = {s.student: s for s in find(zipped(tmp_path / "class.zip", files), "04_gradcam")}
    assert set(found) == {"ada", "bob", "eve", "dan"} and found["bob"].nothing and found["eve"].nothing
    assert found["dan"].cells == (("cell 1", "f = 2"),)


def test_exports_of_platforms(tmp_path):
    for name in (
        "turingalan_12_901_04_gradcam.ipynb",
        "turingalan_LATE_12_907_04_gradcam-2.ipynb",
        "HW4_glove_attempt_2026-01-30-10-00-00_x.ipynb",
        "HW4_glove_attempt_2026-02-01-10-00-00_x.ipynb",
        "Ada King_7_assignsubmission_file_x.ipynb",
        "Ada King_8_assignsubmission_file_/x.ipynb",
    ):
        write(tmp_path / name, name)
    (tmp_path / "Ada King_7_assignsubmission_onlinetext_").mkdir()
    (tmp_path / "HW4_glove_attempt_2026-02-01-10-00-00.txt").write_text("Name: Glove")
    found = {s.student: s for s in find(tmp_path, "04_gradcam")}
    assert set(found) == {"turingalan", "glove", "Ada King (7)", "Ada King (8)"}
    turing, glove = found["turingalan"], found["glove"]
    assert turing.cells[0][1] == "turingalan_LATE_12_907_04_gradcam-2.ipynb" and turing.late and turing.id == "12"
    assert turing.unused == ("turingalan_12_901_04_gradcam.ipynb: there is a newer attempt",)
    assert "02-01" in glove.cells[0][1] and len(glove.unused) == 2


@pytest.mark.parametrize("name", ["2026-04-12.ipynb", "answers 104.ipynb", "4 pictures.ipynb", "v0.04.1.ipynb"])
def test_a_date_or_another_number_is_no_lesson(tmp_path, name):
    write(tmp_path / "ada" / name, "wrong")
    write(tmp_path / "ada" / "gradcam.ipynb", "right")
    (found,) = find(tmp_path, "04_gradcam")
    assert found.cells == (("cell 1", "right"),) and found.unused == (f"ada/{name}: another is named after the lesson",)


def test_the_files_of_one(tmp_path):
    write(tmp_path / "submission" / "04_gradcam.ipynb", "a = 1")
    assert students(tmp_path / "submission", one=True) == {"submission": ["a = 1"]}


def test_names_in_other_cases_and_forms_are_others(tmp_path):
    for name in ("Zo\u00eb", "Zoe\u0308", "zo\u00eb"):
        write(tmp_path / name / "x.py", ascii(name))
    assert len(students(tmp_path)) == 3


def zipped(path, files, **attributes):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = attributes.get("mode", stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, data)
    return path


def test_a_zip_is_read_like_a_folder(tmp_path):
    files = {"Class 1/ada/x.ipynb": book("a = 1"), "Class 1/bob/x.py": "b = 2", "__MACOSX/ada/._x.py": "junk"}
    assert students(zipped(tmp_path / "class.zip", files)) == {"ada": ["a = 1"], "bob": ["b = 2"]}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["class.zip"]


@pytest.mark.parametrize(
    "name", ["../x.py", "a/../../x.py", "/etc/x.py", "C:/x.py", "a\\..\\x.py", "a//x.py", "..", "a/b\0.py"]
)
def test_an_archive_that_climbs_is_refused(tmp_path, name):
    path = zipped(tmp_path / "class.zip", {"ada/x.py": "", name.replace("\0", "N"): ""})
    path.write_bytes(path.read_bytes().replace(b"a/bN.py", b"a/b\0.py"))
    with pytest.raises(SubmissionsError, match="is refused"):
        find(path, "04_gradcam")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [["a/x.py", "a/x.py"], ["a", "a/x.py"], ["a/x.py", "a/x.py/y.py"]])
def test_an_archive_that_collides_is_refused(tmp_path, names):
    path = tmp_path / "class.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, "f = 1")
    with pytest.raises(SubmissionsError, match="twice"):
        find(path, "04_gradcam")


def test_a_bomb_is_refused(tmp_path):
    path = zipped(tmp_path / "class.zip", {"ada/x.py": b"0" * 2**24})
    with pytest.raises(SubmissionsError, match="bomb"):
        find(path, "04_gradcam")


def test_an_archive_that_lies_about_sizes_costs_only_its_student(tmp_path):
    path = zipped(tmp_path / "class.zip", {"ada/x.py": b"f = 1\n" * 10, "bob/x.py": b"g = 1"})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")  # the first entry of the directory
    data[at + 24 : at + 28] = (3).to_bytes(4, "little")  # says: three bytes
    path.write_bytes(data)
    ada, bob = find(path, "04_gradcam")
    assert (ada.unreadable or ada.cells) and bob.cells == (("cell 1", "g = 1"),)


def test_a_link_in_an_archive_is_not_followed(tmp_path):
    path = zipped(tmp_path / "class.zip", {"ada/x.py": "/etc/passwd"}, mode=stat.S_IFLNK | 0o777)
    (ada,) = find(path, "04_gradcam")
    assert "link" in ada.unreadable and not ada.cells


def test_links_pipes_and_devices_are_never_opened(tmp_path):
    write(tmp_path / "secret.py", "secret = 1")
    (tmp_path / "class" / "folder").mkdir(parents=True)
    (tmp_path / "class" / "link.py").symlink_to(tmp_path / "secret.py")
    os.mkfifo(tmp_path / "class" / "pipe.py")  # reading it would wait for ever
    (tmp_path / "class" / "folder" / "linked").symlink_to(tmp_path, target_is_directory=True)
    write(tmp_path / "class" / "folder" / "x.py", "f = 1")
    found = {s.student: s for s in find(tmp_path / "class", "04_gradcam")}
    assert set(found) == {"link", "pipe", "folder"}
    assert "never opened" in found["link"].unreadable and "never opened" in found["pipe"].unreadable
    assert [source for _, source in found["folder"].cells] == ["f = 1"]


def test_nothing_there_is_told_in_a_sentence(tmp_path):
    with pytest.raises(SubmissionsError, match="no notebook"):
        find(tmp_path, "04_gradcam")
    with pytest.raises(SubmissionsError, match="cannot be read"):
        find(tmp_path / "nowhere", "04_gradcam")
    (tmp_path / "x.rar").write_bytes(b"Rar!")
    with pytest.raises(SubmissionsError, match="neither a folder nor a zip"):
        find(tmp_path / "x.rar", "04_gradcam")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'{"cells": 3}',
        b'{"worksheets": {}}',
        b"\xff\xfe\x00",
        b"[" * 10**6,
        json.dumps({"cells": [{"cell_type": "code", "source": "x" * (MOST_CODE + 1)}]}).encode(),
    ],
)
def test_files_that_are_no_notebook(data):
    with pytest.raises(Unreadable):
        cells("x.ipynb", data)


def test_notebooks_of_all_kinds():
    def sources(**notebook):
        return [source for _, source in cells("x.ipynb", json.dumps(notebook).encode())]

    code = {"cell_type": "code", "source": ["a = 1\n", "b = 2"]}
    assert sources(cells=[code, {"cell_type": "markdown", "source": "c"}, {}, 7, None]) == ["a = 1\nb = 2"]
    assert sources(worksheets=[{"cells": [{"cell_type": "code", "input": "a = 1"}]}, 3]) == ["a = 1"]
    assert sources(cells=[{"cell_type": "code", "source": {"not": "text"}}]) == [""]
    assert sources(cells=[{"cell_type": "code", "source": "\ud800"}]) == ["?"]
    assert cells("x.ipynb", b"\xef\xbb\xbf" + book("a = 1").encode()) == [("cell 1", "a = 1")]


def test_python_files_are_split_where_editors_split_them():
    text = "a = 1\n# %% two\nb = 2\n# In[3]:\nc = 3"
    assert [source.strip() for _, source in cells("x.py", text.encode())] == ["a = 1", "b = 2", "c = 3"]
    assert cells("x.py", "# coding: latin-1\na = 'é'".encode("latin-1"))[0][1].endswith("'é'")
    with pytest.raises(Unreadable):
        cells("x.py", b"# coding: no-such\n")


def defined(name, *sources):
    return definitions.find(name, [(f"cell {i}", s) for i, s in enumerate(sources, 1)], {"__name__": "__main__"})


@pytest.mark.parametrize(
    "sources",
    [
        ["def f(): return 0", "def f(): return 42"],
        ["f = lambda: 42"],
        ["from functools import partial\ndef g(x): return x", "f = partial(g, 42)"],
        ["class F:\n    def __call__(self): return 42\nf = F()"],
        ["if True:\n    def f(): return 42\nelse:\n    def f(): return 0"],
        ["try:\n    import no_such\nexcept ImportError:\n    def f(): return 42"],
        ["%matplotlib inline\n%time x = 3\ndef f():\n    !ls\n    return 42\nf?"],
        ["%%time\ndef f(): return 42"],
        ["%%bash\nexit 1", "def broken(:", "1 / 0\ndef f(): return 42\nraise SystemExit"],
        ["import no_such_module", "x = 1 / 0", "def f(): return 42"],
        ["def f(): return later", "later = 42"],
        ["table = {}", "table['a'] = 42", "table['b'] = 1 / 0", "def f(): return table['a']"],
        ["n = 40", "n += 2", "def f(): return n"],
        ["from math import *", "def f(): return int(floor(42.5))"],
        ["def f(): return 42", "f = no_such(f)"],
        ["def check(f): return f", "def f(): return 42", "f = check(f)"],
        ["def f(x=6 * 7): return x", "import time", "slow = time.sleep(1000)", "slow()"],
        ["@staticmethod\ndef f(): return 42"],
        ["async def g(): pass\nwith open('/dev/null') as file:\n    f = lambda: 42"],
        ["def f():\n    global counter\n    counter = 42\n    return counter"],
        ["match 3:\n    case 3:\n        def f(): return 42"],
    ],
)
def test_the_last_definition_is_found(sources):
    assert defined("f", *sources)() == 42


@pytest.mark.parametrize(
    "sources, reason",
    [
        ([], "no cell defines it"),
        (["def g(): pass"], "no cell defines it"),
        (["f = 3"], "not a function"),
        (["f = no_such()"], "cell 1 failed: NameError"),
        (["# def f(): pass"], "no cell defines it"),
        (["'''\ndef f(): pass\n'''"], "no cell defines it"),
        (["def f(x): return ("], "no cell defines it"),
        (["from no_such import f"], "cell 1 failed: ModuleNotFoundError"),
    ],
)
def test_why_it_is_missing(sources, reason):
    with pytest.raises(definitions.Missing, match=reason):
        defined("f", *sources)


@pytest.mark.parametrize("source", ["(" * 10**5, "-" * 10**5 + "1", "[" * 90 + "]" * 90, "x" + "+x" * 10**5, "a\0b"])
def test_source_that_hurts_a_parser_is_a_broken_cell(source):
    if sys.version_info < (3, 11) and len(source) > 1000:
        pytest.skip("older Pythons end there, which the sandbox is for")
    assert defined("f", source, "def f(): return 42")() == 42


def test_what_is_not_needed_is_not_run():
    out = io.StringIO()
    namespace = {"out": out}
    cells = [("cell 1", "out.write('a')\nx = out.write('b')\nfor i in range(3): y = out.write('c')\ndef f(): return 1")]
    assert definitions.find("f", cells, namespace)() == 1 and not out.getvalue()
