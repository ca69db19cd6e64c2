"""`cnnlearn learn`: a self-check, then JupyterLab on loopback until it is interrupted."""

import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from cnnlearn.cli import app
from cnnlearn.course.self_check import explain_one_image

ROOT = Path(__file__).resolve().parents[1]


def test_away_from_the_lessons_it_says_where_to_go(tmp_path):
    result = CliRunner().invoke(app, ["learn", "--folder", str(tmp_path)])
    assert result.exit_code == 1 and "Go to the folder of the course" in str(result.exception)


def test_the_self_check_draws_the_image_and_its_explanation(tmp_path):
    explain_one_image(tmp_path / "new" / "picture.png")
    picture = Image.open(tmp_path / "new" / "picture.png").convert("RGB")
    assert picture.width > 1.5 * picture.height, "two pictures stand side by side"
    assert len(picture.getcolors(maxcolors=picture.width * picture.height)) > 1000, "it is not blank"


def answer_of(url: str, patience: float = 60) -> str:
    """What the server answers, once it does: JupyterLab prints its address before it listens there."""
    give_up = time.monotonic() + patience
    while True:
        try:
            with urllib.request.urlopen(url, timeout=patience) as answer:
                return answer.read().decode()
        except urllib.error.URLError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.2)


@pytest.mark.slow
def test_it_serves_the_lessons_on_loopback_until_interrupted(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "lessons").symlink_to(ROOT / "lessons")
    command = [sys.executable, "-m", "cnnlearn.cli", "learn", "--port", str(port), "--folder", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        give_up = threading.Timer(120, server.kill)
        give_up.start()
        try:
            output = ""
            for line in server.stdout:
                output += line
                if address := re.search(rf"http://(127\.0\.0\.1|localhost):{port}/lab/tree/(\S+)\?token=(\w+)", line):
                    break
            assert address, output
            assert address[2] == "lessons/00_images.ipynb"
            assert str(tmp_path / "runs" / "self-check.png") in output and (tmp_path / "runs/self-check.png").exists()
            url = f"http://127.0.0.1:{port}/api/contents/lessons?token={address[3]}"
            assert "00_images.ipynb" in answer_of(url)
            assert server.poll() is None, "it stopped by itself"
            server.send_signal(signal.SIGTERM)
            server.stdout.read()
            assert server.wait(60) == 0
        finally:
            give_up.cancel()
            server.kill()
