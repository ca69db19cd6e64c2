"""`cnnlearn report`: a wrong answer and its verdict, and nothing else of the notebook."""

import re
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from typer.testing import CliRunner

from cnnlearn.classroom.unrecognised import FORM, form
from cnnlearn.cli import app

ROOT = Path(__file__).resolve().parents[1]
ANSWER = """\
def half(x):  # I am Ada
    return x / 2

def global_average_pool(features):
    return half(features[0, 0] + features[-1, -1]) ** 3
"""
CHECK = "global_average_pool = check(global_average_pool)"


def written(folder, *codes):
    path = folder / "mine.ipynb"
    cells = [new_markdown_cell("Ada Lovelace, 3b"), *map(new_code_cell, codes)]
    nbformat.write(new_notebook(cells=cells), path)
    return path


def ask(path, name="global_average_pool"):
    result = CliRunner().invoke(app, ["report", str(path), name])
    return result, result.stdout if result.exit_code == 0 else str(result.exception)


def test_it_holds_the_answer_and_the_verdict_and_nothing_else(tmp_path):
    notebook = written(tmp_path, "from cnnlearn.exercises import check", "secret = 7", "1/0", ANSWER, CHECK)
    result, text = ask(notebook)
    assert "return half(features[0, 0] + features[-1, -1]) ** 3" in text and "def half(x):" in text
    assert "✗ global_average_pool: wrong value" in text and re.search(r"\d of \d cases right", text)
    for private in ("Ada", "secret", "check", str(tmp_path)):
        assert private not in text
    assert form() in result.stderr and "Read it before you send it" in result.stderr


@pytest.mark.parametrize(
    ("codes", "name", "sentence"),
    [
        ([ANSWER.replace("half(features[0, 0] + features[-1, -1]) ** 3", "features.mean((0, 1))")], None, "is right."),
        (["def global_average_pool(features):\n    raise NotImplementedError()"], None, "is not started."),
        (["x = 1"], None, "no cell defines it"),
        ([ANSWER], "global_avrage_pool", "Is it spelled as in the lesson?"),
    ],
)
def test_there_is_nothing_to_report(tmp_path, codes, name, sentence):
    result, text = ask(written(tmp_path, *codes), name or "global_average_pool")
    assert result.exit_code == 1 and sentence in text


@pytest.mark.parametrize(("content", "sentence"), [(None, "cannot be read: No such file"), ("x", "it is not JSON")])
def test_no_notebook(tmp_path, content, sentence):
    path = tmp_path / "mine.ipynb"
    if content:
        path.write_text(content)
    result, text = ask(path)
    assert result.exit_code == 1 and sentence in text


def test_the_form_is_there_and_asks_for_the_report():
    fields = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / FORM).read_text())["body"]
    assert "cnnlearn report" in next(field for field in fields if field.get("id") == "report")["attributes"]["label"]
