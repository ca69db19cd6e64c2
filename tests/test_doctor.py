"""`cnnlearn doctor` names what is missing and what to do."""

import sys
from collections import namedtuple

import pytest
from typer.testing import CliRunner

from cnnlearn.cli import app
from cnnlearn.course import doctor


def texts(fine):
    return " ".join(finding.text for finding in doctor.examine() if finding.fine is fine)


def test_this_machine_is_fine():
    assert texts(False) == ""
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 0


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "PACKAGES", ("numpy", "no_such_package"))
    assert "no_such_package is missing. Run `make env`" in texts(False)
    assert CliRunner().invoke(app, ["doctor"]).exit_code == 1


def test_a_missing_file_is_named(monkeypatch):
    monkeypatch.setattr(doctor, "SHIPPED", ("no_such_weights.h5",))
    assert "'no_such_weights.h5' is missing" in texts(False)


@pytest.mark.parametrize("version", [(3, 9, 1), (3, 14, 0)])
def test_a_wrong_python_is_named(version, monkeypatch):
    monkeypatch.setattr(sys, "version_info", version)
    assert f"Python {version[0]}.{version[1]}" in texts(False)


def test_a_full_disk_is_named(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: usage(1e9, 9e8, 1e8))
    assert "make room" in texts(False)
