"""`check` and `hint`, and the progress they keep."""

import functools
import json
import types

import numpy as np
import pytest
from rich.console import Console

from cnnlearn import cam
from cnnlearn.course.overview import overview
from cnnlearn.exercises import check, find, hint, progress
from cnnlearn.exercises.checking import CheckFailed
from cnnlearn.exercises.verdict import WIDTH


def global_average_pool(features):
    return features.sum(axis=(0, 1))


def right(features):
    return np.mean(features, axis=(0, 1))


right.__name__ = "global_average_pool"


def test_a_right_answer_is_returned(capsys):
    assert check(right) is right
    assert "✓ global_average_pool: right" in capsys.readouterr().out


def test_a_wrong_answer_is_explained_and_the_reference_lent(capsys):
    assert check(global_average_pool) is cam.global_average_pool
    printed = capsys.readouterr().out
    assert "wrong value" in printed and "64 times" in printed


def copied(function):
    return types.FunctionType(function.__code__, function.__globals__, "global_average_pool")


def wrapped(function):
    return functools.wraps(function)(lambda features: function(features))


@pytest.mark.parametrize("lent", [check, copied, wrapped])
def test_what_was_lent_is_not_judged_as_the_learners(lent, capsys):
    function = check(global_average_pool) if lent is check else lent(cam.global_average_pool)
    tries = progress.read().get("global_average_pool")
    capsys.readouterr()
    check(function)
    printed = capsys.readouterr().out
    assert "the course's own, lent to you" in printed and "✓" not in printed
    assert progress.read().get("global_average_pool") == tries


def test_in_a_graded_run_what_was_lent_is_refused(monkeypatch):
    monkeypatch.setenv("CNNLEARN_GRADED", "1")
    with pytest.raises(CheckFailed, match="lent"):
        check(cam.global_average_pool)


def test_the_failing_case_can_be_run_again_and_is_small(capsys):
    check(global_average_pool)
    (features,) = check.case
    assert "check.case" in capsys.readouterr().out
    assert not np.allclose(global_average_pool(features), cam.global_average_pool(features))
    assert features.shape[0] * features.shape[1] <= 2 and (features == np.round(features, 2)).all()
    check(right)
    assert check.case is None


@pytest.mark.parametrize("variable, value", [("CNNLEARN_GRADED", "1"), ("NBGRADER_EXECUTION", "autograde")])
def test_a_graded_run_lends_nothing(variable, value, monkeypatch, capsys):
    monkeypatch.setenv(variable, value)
    with pytest.raises(CheckFailed, match="64 times"):
        check(global_average_pool)
    assert check(right) is right
    assert capsys.readouterr().err == ""


def test_an_unknown_name_is_refused():
    with pytest.raises(LookupError, match="'no_such'"):
        find("no_such")


def test_hints_open_one_at_a_time(capsys):
    hints = find("global_average_pool").hints
    for opened in (1, 2, 3, 3):
        hint("global_average_pool")
        assert capsys.readouterr().out.count("Hint ") == opened
    hint(right)
    lines = capsys.readouterr().out.splitlines()
    assert hints[2] in " ".join(lines) and max(map(len, lines)) <= WIDTH


def test_progress_counts_tries_and_keeps_what_was_right(capsys):
    check(global_average_pool)
    check(right)
    check(global_average_pool)
    assert progress.read()["global_average_pool"] == {"verdict": "right", "tries": 3, "hints": 0}
    console = Console(width=120, record=True)
    overview(console)
    assert "✓ right" in console.export_text()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"exercises": 3}', '{"exercises": {"a": null}}', "\x00"])
def test_a_damaged_progress_file_stops_nothing(content):
    progress.path().write_text(content)
    assert progress.read() == {}
    check(right)
    assert json.loads(progress.path().read_text())["exercises"]["global_average_pool"]["verdict"] == "right"


def test_a_read_only_home_stops_nothing(monkeypatch, capsys):
    monkeypatch.setenv("CNNLEARN_PROGRESS", "/proc/no/progress.json")
    assert check(right) is right
