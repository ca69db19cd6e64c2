"""What the README shows is true: its commands run, its verdict is the judge's, its links lead somewhere."""

import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
import skimage.data
import yaml
from PIL import Image

from cnnlearn.course.build import read_lessons
from cnnlearn.exercises import exercises_of, find
from cnnlearn.exercises.judge import judge
from cnnlearn.files.repository import address

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def commands():
    """All of the README's, in blocks and in sentences; those with curl talk to the page, in tests/test_serve.py."""
    found = [line for kind, text in BLOCKS if kind == "sh" and "curl" not in text for line in text.splitlines()]
    for inline in re.findall(r"`([^`]+)`", re.sub(r"^```.*?^```$", "", README, flags=re.MULTILINE | re.DOTALL)):
        words = " ".join(inline.split())
        if words.startswith("python -m benchmarks."):
            continue  # they take minutes; that they exist is tested below
        if re.match(r"(\.venv\\Scripts\\)?(cnnlearn|make|pip|conda|nbgrader|python|py) ", words):
            found += [part.strip() for part in words.split(";")]
    return sorted(set(found))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where a reader might be: two pictures, a class, and the course."""
    folder = tmp_path_factory.mktemp("reader")
    for name, picture in (("cat", skimage.data.chelsea()), ("dog", skimage.data.coffee())):
        Image.fromarray(picture).save(folder / f"{name}.jpg")
    with zipfile.ZipFile(folder / "submissions.zip", "w") as archive:
        archive.write(ROOT / "solutions" / "04_gradcam.ipynb", "ada/04_gradcam.ipynb")
    (folder / "lessons").symlink_to(ROOT / "lessons")
    return folder


def run(arguments, folder, code=0):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        arguments, cwd=folder, env=os.environ | {"PATH": path}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == code, done.stderr
    return done.stdout if code == 0 else done.stderr


def runs(command, folder):
    run(shlex.split(command), folder)


def clones(command, folder):
    assert shlex.split(command)[2:] == [address()]
    run(["git", "clone", "--quiet", ROOT, "cnnlearn"], folder)
    assert (folder / "cnnlearn" / "Makefile").exists()


def would_make(command, folder):
    assert run([*shlex.split(command), "--dry-run", "--always-make"], ROOT).strip()


def installs(command, folder):
    known = metadata.metadata("cnnlearn").get_all("Provides-Extra")
    assert set(re.findall(r"\[(\w+)\]", command)) <= set(known)
    assert ("git+" in command) == (f"cnnlearn @ git+{address()}" in command)


def explains(command, folder):
    assert "Egyptian cat" in run(shlex.split(command), folder)
    assert "Grad-CAM" in (folder / "explained.html").read_text(encoding="utf-8")


def grades(command, folder):
    if shutil.which("bwrap") is None:
        pytest.skip("the sandbox needs bubblewrap")
    points = sum(exercise.points for exercise in exercises_of(4))
    assert f"{points} to {points} of {points} points" in run(shlex.split(command), folder)


def finds_nothing_to_report(command, folder):
    assert "channel_weights is not started" in run(shlex.split(command), folder, code=1)


def is_run_elsewhere(command, folder):
    """By another test, or on a system that is not at hand."""


HOW = {
    "git clone": clones,
    "cd cnnlearn": is_run_elsewhere,
    "make": would_make,  # each target is run by CI, or by a test
    "pip install": installs,
    "py": is_run_elsewhere,  # Windows
    r".venv\Scripts\pip install": installs,
    r".venv\Scripts\cnnlearn learn": is_run_elsewhere,
    "conda": is_run_elsewhere,  # its environment.yml is read below
    "nbgrader": is_run_elsewhere,  # test_notebooks.py
    "cnnlearn learn": is_run_elsewhere,  # test_learn.py
    "cnnlearn serve": is_run_elsewhere,  # test_serve.py
    "cnnlearn explain --help": runs,
    "cnnlearn explain": explains,
    "cnnlearn grade": grades,
    "cnnlearn progress": runs,
    "cnnlearn report": finds_nothing_to_report,
    "cnnlearn doctor": runs,
}


@pytest.mark.slow
@pytest.mark.parametrize("command", commands())
def test_a_command(command, folder):
    beginning = next((beginning for beginning in HOW if f"{command} ".startswith(f"{beginning} ")), None)
    assert beginning, f"say in HOW how {command!r} is tried"
    HOW[beginning](command, folder)


def test_the_python_runs(capsys):
    (code,) = (text for kind, text in BLOCKS if kind == "python")
    exec(compile(code, "README.md", "exec"), {})
    assert "(32, 32) {'score': 'logit'" in capsys.readouterr().out


def test_the_verdict_is_the_judges():
    verdict = next(text for kind, text in BLOCKS if text.startswith("✗"))
    name = re.match(r"✗ (\w+):", verdict)[1]
    assert repr(judge(find(name), lambda gradients: gradients.sum(axis=(0, 1)))) == verdict.strip()


def test_the_table_of_lessons_is_that_of_the_texts():
    rows = re.findall(r"^\| <img src=\"(.+?)\" .*alt=\"(.+?)\"> \| \[(.+?)\]\((.+?)\) \| .+ \| (\d+) \|$", README, re.M)
    lessons = read_lessons(ROOT)
    assert [title for _, _, title, _, _ in rows] == [f"{lesson.number:02} {lesson.title}" for lesson in lessons]
    assert [int(minutes) for *_, minutes in rows] == [lesson.minutes for lesson in lessons]
    for picture, alt, _, notebook, _ in rows:
        assert (ROOT / picture).exists() and (ROOT / notebook).exists() and len(alt) > 20


TEXTS = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "lessons/TEACHING.md", "data/README.md")


@pytest.mark.parametrize("name", TEXTS)
def test_links_lead_somewhere(name):
    path = ROOT / name
    text = path.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    headings = {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith("#"):
            assert link[1:] in headings, link
        elif "://" not in link:
            assert (path.parent / link.partition("#")[0]).exists(), link


def test_every_address_of_the_repository_is_the_same():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert citation["repository-code"] == address() and citation["version"] == metadata.version("cnnlearn")
    for text in (README, (ROOT / "docs" / "index.md").read_text(encoding="utf-8")):
        assert f"git clone {address()}\n" in text
    for badge in ("colab.research.google.com/github/", "mybinder.org/v2/gh/", "codespaces.new/"):
        assert badge + address().removeprefix("https://github.com/") in README


def test_benchmarks_that_are_named_exist():
    named = re.findall(r"python -m (benchmarks\.\w+)", README)
    assert len(named) >= 5
    for name in named:
        assert callable(importlib.import_module(name).main)


def test_what_other_places_read():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    (pip,) = (entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    assert pip == ["--constraint constraints.txt", "--editable .[test]"]
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    assert container["postCreateCommand"] == "make env"
    assert (ROOT / container["customizations"]["codespaces"]["openFiles"][0]).exists()
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    assert {"ruff-check", "ruff-format", "mypy"} <= {hook["id"] for hook in hooks}
