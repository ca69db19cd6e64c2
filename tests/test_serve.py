"""`cnnlearn serve`: the page and /explain; what is refused, what waits, what is seen in a browser."""

import base64
import gc
import io
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("gradio")
httpx = pytest.importorskip("httpx")

from test_pictures import bomb, encoded  # noqa: E402

from cnnlearn.exercises.fixtures.networks import small_network  # noqa: E402
from cnnlearn.explain import serve  # noqa: E402
from cnnlearn.explain.classifier import Subject, open_subject  # noqa: E402
from cnnlearn.explain.methods import chosen_methods  # noqa: E402
from cnnlearn.explain.run import explain  # noqa: E402
from cnnlearn.explainers.guided_backprop import GuidedBackprop  # noqa: E402
from cnnlearn.figures.over_image import drawn, layers  # noqa: E402
from cnnlearn.files import cifar10  # noqa: E402

README = Path(__file__).resolve().parents[1] / "README.md"
IMAGES, LABELS = cifar10.sample()[1]
NETWORK = dict(network="cifar10", methods=["gradcam"])


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """Talks to the page, which runs for all tests of this file."""
    folder = tmp_path_factory.mktemp("served")
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    blocks = serve.page(folder)
    address = serve.launch(blocks, "127.0.0.1", port)
    with httpx.Client(base_url=address, timeout=120, trust_env=False) as client:
        yield client
    blocks.close()
    os.environ.pop("GRADIO_TEMP_DIR") if before is None else os.environ.update(GRADIO_TEMP_DIR=before)


def upload(client, content, name="picture.png"):
    answer = client.post("gradio_api/upload", files={"files": (name, content)})
    return answer.json()[0]


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_the_commands_of_the_readme(client, tmp_path):
    blocks = re.findall(r"^```sh\n(.*?)^```$", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    (commands,) = (block for block in blocks if "curl" in block)
    Image.fromarray(IMAGES[0]).save(tmp_path / "cat.jpg")
    commands = commands.replace("http://127.0.0.1:7860", str(client.base_url).rstrip("/"))
    done = subprocess.run(["bash", "-c", commands], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "event: complete" in done.stdout and "Grad-CAM" in done.stdout, done


def ask(client, **named):
    """What /explain says: (event, data)."""
    event = client.post("gradio_api/call/v2/explain", json=named).json()["event_id"]
    lines = client.get(f"gradio_api/call/explain/{event}").text.strip().splitlines()
    return lines[-2].removeprefix("event: "), json.loads(lines[-1].removeprefix("data: "))


def refusal(client, **named):
    event, data = ask(client, **NETWORK | named)
    assert event == "error"
    sentence = data["error"]
    assert sentence.endswith(".") and "\n" not in sentence and len(sentence) < 400
    return sentence


# Over HTTP


def test_what_is_answered_is_what_the_command_finds(client):
    event, (found,) = ask(
        client, picture=upload(client, encoded(Image.fromarray(IMAGES[0]))), classes=["ship", "3"], **NETWORK
    )
    assert event == "complete"
    subject = open_subject("cifar10")
    (expected,) = explain(subject, {"picture.png": IMAGES[0] / 255}, ["gradcam"], [8, 3])
    assert [one["class"] for one in found["maps"]] == ["ship", "cat"] and not found["refused"]
    assert found["top"][0]["class"] == subject.classes[expected.top[0][0]]
    for one, explanation in zip(found["maps"], expected.found["gradcam"], strict=True):
        assert one["certificate"]["score_value"] == pytest.approx(explanation.certificate["score_value"], rel=1e-4)
        assert one["text"].startswith(f"Grad-CAM of picture.png for {one['class']}: ")
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(one["png"]))))[3::7, 3::7] / 255
        np.testing.assert_allclose(shown, drawn(explanation, expected.image), atol=0.02)


def test_a_method_that_refuses_a_network_does_not_stop_the_others(client, monkeypatch):
    def refuse(self, images, rows):
        raise ValueError("There is no ReLU.")

    monkeypatch.setattr(GuidedBackprop, "_explain", refuse)
    picture = upload(client, encoded(Image.fromarray(IMAGES[0])))
    _, (found,) = ask(client, picture=picture, network="cifar10", methods=["guided", "gradcam"])
    assert found["refused"] == {"guided": "There is no ReLU."} and len(found["maps"]) == 1


NOISE = Image.effect_noise((64, 64), 50)


@pytest.mark.parametrize("content, reason", [
    (b"hello", "is no picture"),
    (b"", "is no picture"),
    (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG"),
    (b"<!DOCTYPE html><html></html>", "is a web page"),
    (encoded(NOISE)[:-200], "damaged or cut short"),
    (encoded(NOISE.convert("RGB"), "JPEG")[:-200], "damaged or cut short"),
    (encoded(NOISE, "TIFF"), "is no picture"),
    (bomb(7000, 7000), "pixels"),
    (bomb(100_000, 100_000), "pixels"),
])  # fmt: skip
def test_files_that_are_refused(client, content, reason):
    sentence = refusal(client, picture=upload(client, content, "cat.png"))
    assert reason in sentence and sentence.startswith("'cat.png'"), "the refusal does not call the file by its name"


@pytest.mark.parametrize("picture, reason", [
    ("file:///etc/passwd", "only http:// and https://"),
    ("ftp://example.com/a.png", "only http:// and https://"),
    ("http://127.0.0.1/a.png", "private network"),
    ("http://localhost:7860/a.png", "private network"),
    ("http://169.254.169.254/latest/", "private network"),
    ("http://[64:ff9b::7f00:1]/a.png", "private network"),
    ("/etc/passwd", "Upload a picture"),
    ("../../etc/passwd", "Upload a picture"),
    ("file:/etc/passwd", "Upload a picture"),
    ("", "Upload a picture"),
    ("a\0b", "Upload a picture"),
    ("http://example.com/" + "a" * 2000, "2000 characters"),
    ({"path": "http://example.com/a.png", "meta": {"_type": "gradio.FileData"}}, "fetches nothing"),
])  # fmt: skip
def test_addresses_and_paths_that_are_refused(client, picture, reason):
    assert reason in refusal(client, picture=picture)


def test_a_file_of_this_machine_is_not_taken_for_an_upload(client):
    file = {"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}
    assert ask(client, picture=file, **NETWORK)[0] == "error"


@pytest.mark.parametrize("named, reason", [
    ({"network": "ResNet5"}, "There is no network 'ResNet5'"),
    ({"network": "/tmp/network.keras"}, "There is no network"),
    ({"methods": ["magic"]}, "no method 'magic'"),
    ({"methods": "gradcam"}, "lists of strings"),
    ({"classes": ["zebra"]}, "no class 'zebra'"),
    ({"classes": list("01234")}, "Up to 4 classes"),
    ({"classes": [3]}, "lists of strings"),
    ({"evaluations": 10**6}, "20 to 2000"),
    ({"evaluations": "many"}, "a whole number"),
])  # fmt: skip
def test_questions_that_are_refused(client, named, reason):
    assert reason in refusal(client, picture=upload(client, encoded(NOISE.convert("RGB"))), **named)


def test_large_requests_are_not_read(client):
    answer = client.post("gradio_api/upload", files={"files": ("a.png", bytes(serve.MOST_BYTES + 1))})
    assert answer.status_code == 413
    endless = (bytes(2**20) for _ in range(100))
    assert client.post("gradio_api/upload", content=endless).status_code in (400, 413)
    answer = client.post("gradio_api/call/v2/explain", json={"picture": "a" * 2**20})
    assert answer.status_code == 413 and "up to one" in answer.text


def test_nothing_goes_past_the_queue(client):
    assert client.post("gradio_api/run/explain", json={"data": ["http://example.com/a.png"]}).status_code == 404


@pytest.mark.slow
def test_ten_requests_at_once_wait_for_each_other_and_none_is_lost(client, monkeypatch):
    busy, most = threading.Semaphore(0), []

    def one_by_one(*arguments, **options):
        busy.release()
        most.append(busy._value)
        time.sleep(0.05)
        try:
            return explain(*arguments, **options)
        finally:
            busy.acquire()

    monkeypatch.setattr(serve, "explain", one_by_one)
    first = [int(np.flatnonzero(label == LABELS)[0]) for label in range(10)]
    paths = [upload(client, encoded(Image.fromarray(IMAGES[index]))) for index in first]
    with ThreadPoolExecutor(10) as pool:
        found = list(pool.map(lambda path: ask(client, picture=path, **NETWORK), paths))
    probabilities = open_subject("cifar10").probabilities(np.array(IMAGES[first] / 255, np.float32))
    assert [event for event, _ in found] == ["complete"] * 10 and most == [1] * 10
    for (_, (one,)), row in zip(found, probabilities, strict=True):
        assert one["top"][0]["class"] == cifar10.CLASSES[row.argmax()]
        assert one["top"][0]["probability"] == pytest.approx(row.max(), abs=1e-4)


@pytest.mark.slow
def test_no_more_than_two_networks_stay_in_memory(monkeypatch):
    opened = []

    def open_small(name):
        subject = Subject(name, small_network("gap softmax", 1), ("a", "b", "c", "d"))
        opened.append(weakref.ref(subject.model))
        return subject

    serve._network.cache_clear()
    monkeypatch.setattr(serve, "open_subject", open_small)
    monkeypatch.setattr(serve, "_opened", lambda picture: ("a", np.full((8, 8, 3), 0.5)))
    for name in ("ResNet50", "VGG16", "VGG16", "MobileNet"):
        serve.explained("a", name, ["gradcam", "lime"], [], 20)
    gc.collect()
    assert [model() is not None for model in opened] == [False, True, True]
    serve._network.cache_clear()


# The maps in layers


def test_layers_laid_on_each_other_are_the_drawn_picture():
    """As a browser composes them: opacity of the image times its own, over the ground."""
    subject = Subject("fruit", small_network("gap softmax", 1), ("a", "b", "c", "d"))
    rng = np.random.default_rng(0)
    (result,) = explain(subject, {"a": rng.random((8, 8, 3))}, chosen_methods("gradcam,gradient,guided"))
    for method, (explanation,) in result.found.items():
        ground, cover, gain = layers(explanation, result.image)
        for share in (0, 0.3, 0.9):
            opacity = np.clip(gain * share, 0, 1) * cover[..., 3:]
            expected = cover[..., :3] * opacity + ground * (1 - opacity)
            np.testing.assert_allclose(drawn(explanation, result.image, share), expected, atol=1e-6)
        if method == "gradcam":
            np.testing.assert_array_equal(drawn(explanation, result.image, 0), result.image)


# In a browser


@pytest.fixture
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("There is no Chromium here.")
    quiet = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
    with playwright.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=chromium, args=quiet)
        yield opened
        opened.close()


@pytest.mark.slow
def test_upload_choose_explain_and_see_the_picture_change(client, browser, tmp_path, monkeypatch):
    wanted = "https://example.com/{{value}}/${1+1}/<i>.png"
    horse = IMAGES[cifar10.CLASSES.index("horse") == LABELS][0] / 255
    real = serve.load
    monkeypatch.setattr(serve, "load", lambda source, **more: horse if source == wanted else real(source, **more))
    Image.fromarray(IMAGES[0]).save(tmp_path / "mine.png")

    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(120_000)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(str(client.base_url))
    page.get_by_label("Network").click()
    page.get_by_role("option", name="cifar10", exact=True).click()
    page.get_by_label("Classes").click()
    page.get_by_role("option", name="frog", exact=True).click()
    page.keyboard.press("Escape")
    page.get_by_label("guided-gradcam", exact=True).uncheck()
    page.set_input_files("input[type=file]", tmp_path / "mine.png")
    page.get_by_text("mine.png").first.wait_for()
    page.get_by_role("button", name="Explain").click()
    page.locator("#maps figure").nth(1).wait_for()
    alts = page.locator("#maps img").evaluate_all("images => images.map(image => image.alt)")
    assert alts[0] == "The picture mine.png." and alts[2].startswith("Grad-CAM of mine.png for frog: ")
    assert "logit" in page.locator("#maps figcaption").nth(1).inner_text()

    # The slider redraws without a question to the server.
    questions = len(asked)
    cover = page.locator("#maps .cover").first
    opacity = "image => Number(getComputedStyle(image).opacity)"
    assert cover.evaluate(opacity) == pytest.approx(serve.SHARE)
    before = page.locator("#maps .layers").first.screenshot()
    page.get_by_role("spinbutton", name="How much of the colours").fill("0.1")
    page.wait_for_function("getComputedStyle(document.querySelector('#maps .cover')).opacity < 0.2")
    assert page.locator("#maps .layers").first.screenshot() != before
    assert [url for url in asked[questions:] if not url.startswith("data:")] == []

    # An address: its name is shown as it is.
    page.get_by_label("or its address").fill(wanted)
    page.get_by_role("button", name="Explain").click()
    page.get_by_role("heading", name=wanted, exact=True).wait_for()
    page.get_by_label("or its address").fill("file:///etc/passwd")
    page.get_by_role("button", name="Explain").click()
    page.get_by_text("only http:// and https:// are asked").first.wait_for()

    # An example takes the place of both, and a narrow window shows all.
    page.locator(".gallery-item, .gallery button").last.click()
    page.wait_for_function("document.querySelector('input[placeholder^=https], textarea').value === ''")
    page.get_by_role("button", name="Explain").click()
    page.get_by_role("heading", name="ship.png").wait_for()
    page.set_viewport_size({"width": 400, "height": 900})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400

    outside = [url for url in asked if not url.startswith((str(client.base_url).rstrip("/"), "data:", "blob:"))]
    assert outside == []
