"""The data of the course: loading, the shipped sample, and the download."""

import errno
import gzip
import hashlib
import http.server
import subprocess
import sys
import threading

import numpy as np
import pooch
import pytest
import requests
from official_format import GOOD, TOP, FullDisk, contents, random_batch, script, tar

from cnnlearn.cifar10 import decode_rows
from cnnlearn.files import cifar10
from cnnlearn.files.cifar10_batch import BatchError, read_batch, read_entries
from cnnlearn.files.shipped import data_path

NAMES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


@pytest.fixture(scope="module")
def full(tmp_path_factory):
    """A folder in the form of the full set: the n-th file holds images of one colour, whose red is n, and labels n."""
    folder = tmp_path_factory.mktemp("full") / TOP
    folder.mkdir()
    for number, name in enumerate(NAMES):
        row = np.repeat(np.array([number, 100, 255], np.uint8), 1024)
        labels = np.full(10_000, number)
        (folder / name).write_bytes(script.batch(name, np.tile(row, (10_000, 1)), labels, []))
    return folder


def linked(full, folder):
    """A copy of the full set, which takes no room, to be spoiled."""
    folder.mkdir()
    for path in full.iterdir():
        (folder / path.name).hardlink_to(path)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("where", ["the folder", "the folder above"])
def test_the_full_set(where, full):
    (images, labels), (test_images, test_labels) = cifar10.load(full if where == "the folder" else str(full.parent))
    assert images.shape == (50_000, 32, 32, 3) and test_images.shape == (10_000, 32, 32, 3)
    assert images.dtype == np.uint8 and labels.dtype.kind == "i"
    for number in range(5):  # the batches in their order
        part = slice(10_000 * number, 10_000 * (number + 1))
        assert (images[part] == [number, 100, 255]).all() and (labels[part] == number).all()
    assert (test_images == [5, 100, 255]).all() and (test_labels == 5).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_missing_batch_is_named(name, full, tmp_path):
    (linked(full, tmp_path / "set") / name).unlink()
    with pytest.raises(FileNotFoundError, match=f"{name} is missing. Get the whole of CIFAR-10"):
        cifar10.load(tmp_path / "set")


def test_a_folder_without_any_batch(tmp_path):
    with pytest.raises(FileNotFoundError, match="data_batch_1 is missing"):
        cifar10.load(tmp_path)


@pytest.mark.parametrize("name", ["data_batch_1", "data_batch_5", "test_batch"])
def test_a_batch_of_another_size_is_refused(name, full, tmp_path):
    path = linked(full, tmp_path / "set") / name
    path.unlink()
    path.write_bytes(random_batch(9)[2])
    with pytest.raises(BatchError, match=f"{name} holds 9 images where 10,000 belong"):
        cifar10.load(tmp_path / "set")


def test_numbers_from_0_to_1():
    pixels, numbers = cifar10.sample(), cifar10.sample(np.float32)
    for (images, labels), (floats, same_labels) in zip(pixels, numbers, strict=True):
        assert floats.dtype == np.float32 and floats.min() == 0 and floats.max() == 1
        np.testing.assert_allclose(floats * 255, images, atol=1e-4)
        np.testing.assert_array_equal(labels, same_labels)


@pytest.mark.parametrize("dtype", [np.float64, int, "text"])
def test_other_numbers_are_refused(dtype):
    with pytest.raises(ValueError, match="images come as np.uint8 or np.float32"):
        cifar10.sample(dtype)


def test_the_sample_is_balanced():
    for images, labels in cifar10.sample():
        assert images.shape == (500, 32, 32, 3) and images.dtype == np.uint8
        assert np.bincount(labels).tolist() == [50] * 10


def test_the_halves_of_the_sample_share_no_image():
    digests = [hashlib.sha256(image.tobytes()).digest() for images, _ in cifar10.sample() for image in images]
    assert len(set(digests)) == 1000


def test_images_stand_upright_with_red_first():
    """Photographs: neighbouring pixels are alike both ways, and skies (above aeroplanes and ships) are blue."""
    (images, labels), _ = cifar10.sample(np.float32)
    assert np.abs(np.diff(images, axis=1)).mean() < 0.07 and np.abs(np.diff(images, axis=2)).mean() < 0.07
    skies = images[(labels == 0) | (labels == 8)][:, :5].mean(axis=(0, 1, 2))
    assert skies[2] > skies[1] > skies[0]


def test_the_files_of_the_sample_are_those_described():
    description = data_path("README.md").read_text(encoding="utf-8")
    for path in data_path("cifar-10-sample").iterdir():
        assert f"`{path.name}` | {path.stat().st_size:,} |" in description
        assert hashlib.sha256(path.read_bytes()).hexdigest() in description


def test_the_names_of_the_classes():
    names = read_entries(data_path("cifar-10-sample") / "batches.meta")[b"label_names"]
    assert tuple(name.decode() for name in names) == cifar10.CLASSES


def test_the_script_keeps_images_labels_and_halves_together(tmp_path, monkeypatch):
    """Fed with a set of 50 images a class, it must draw all of them."""
    given = cifar10.sample()
    monkeypatch.setattr(cifar10, "load", lambda folder: given)
    monkeypatch.setattr(script, "__file__", str(tmp_path / "script.py"))
    script.main("anywhere")
    for name, (images, labels) in zip(["data_batch_1", "test_batch"], given, strict=True):
        rows, drawn = read_batch(tmp_path / "cifar-10-sample" / name)
        written = {(image.tobytes(), label) for image, label in zip(decode_rows(rows), drawn, strict=True)}
        assert written == {(image.tobytes(), label) for image, label in zip(images, labels, strict=True)}


def test_data_without_tensorflow():
    program = "import sys; from cnnlearn.files import cifar10; cifar10.sample(); sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


ARCHIVE = gzip.compress(tar(*GOOD))


class Server:
    """A server on this machine: what it sends, and how much of that it sends before it hangs up."""

    def __init__(self):
        self.body, self.sent, self.status, self.requests = ARCHIVE, None, 200, 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests += 1
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body[: outer.sent])

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/cifar-10-python.tar.gz"


@pytest.fixture
def server(monkeypatch):
    server = Server()
    threading.Thread(target=server.server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setattr(pooch.get_logger(), "handlers", [])  # it holds the stderr of an earlier test
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(cifar10, "URL", server.url)
    monkeypatch.setattr(cifar10, "MD5", hashlib.md5(ARCHIVE).hexdigest())
    yield server
    server.server.shutdown()
    server.server.server_close()


def test_the_official_archive_is_asked_for():
    assert cifar10.URL == "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
    assert cifar10.MD5 == "c58f30108f718f92721af3b95e74349a"


def test_download(server, tmp_path, capsys):
    folder = cifar10.download(tmp_path / "new")
    assert {path.name for path in folder.iterdir()} == {name.removeprefix(f"{TOP}/") for name, _ in GOOD}
    assert list((tmp_path / "new").iterdir()) == [folder]
    assert "100%" in capsys.readouterr().err  # the progress bar
    assert cifar10.download(tmp_path / "new") == folder and server.requests == 1


def test_the_environment_names_the_folder(server, tmp_path, monkeypatch):
    monkeypatch.setenv("CNNLEARN_DATA", str(tmp_path / "mine"))
    assert cifar10.download() == tmp_path / "mine" / TOP


def test_the_cache_is_the_default(server, tmp_path, monkeypatch):
    monkeypatch.delenv("CNNLEARN_DATA", raising=False)
    monkeypatch.setattr("pooch.os_cache", lambda name: tmp_path / name)
    assert cifar10.download() == tmp_path / "cnnlearn" / TOP


FAILURES = {
    "wrong bytes": ({"body": ARCHIVE[:-1] + b"x"}, ValueError, "wrong checksum"),
    "a web page": ({"body": b"<html>Log in first</html>"}, ValueError, "wrong checksum"),
    "an interruption": ({"sent": 100}, OSError, "could not be downloaded"),
    "not found": ({"status": 404}, OSError, "could not be downloaded"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_failed_download_changes_nothing(failure, server, tmp_path):
    (tmp_path / TOP).mkdir()
    (tmp_path / TOP / "data_batch_1").write_text("earlier")
    before = contents(tmp_path)
    fields, error, words = FAILURES[failure]
    vars(server).update(fields)
    with pytest.raises(error, match=words) as raised:
        cifar10.download(tmp_path)
    assert str(raised.value).isprintable() and server.url in str(raised.value)
    assert contents(tmp_path) == before
    vars(server).update(body=ARCHIVE, sent=None, status=200)
    assert (cifar10.download(tmp_path) / "data_batch_1").read_bytes() != b"earlier"


def test_no_server(tmp_path, monkeypatch):
    monkeypatch.setattr(cifar10, "URL", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(OSError, match="could not be downloaded into .*: ConnectionError. Check the connection"):
        cifar10.download(tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_download_stopped_by_hand(server, tmp_path, monkeypatch):
    def chunks(response, chunk_size):
        yield ARCHIVE[:100]
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(requests.Response, "iter_content", chunks)
        cifar10.download(tmp_path)
    assert not any(tmp_path.iterdir())
    assert cifar10.download(tmp_path).is_dir()


def test_nothing_is_unpacked_before_the_checksum(server, tmp_path, monkeypatch):
    unpacked = []
    monkeypatch.setattr(cifar10, "unpack", lambda *arguments: unpacked.append(arguments))
    server.body = ARCHIVE + b"x"
    with pytest.raises(ValueError):
        cifar10.download(tmp_path)
    assert not unpacked


def test_a_full_disk_while_downloading(server, tmp_path, monkeypatch):
    def chunks(response, chunk_size):
        yield ARCHIVE[:100]
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(requests.Response, "iter_content", chunks)
    with pytest.raises(OSError, match="could not be downloaded into .*: No space left on device. Check"):
        cifar10.download(tmp_path)
    assert not any(tmp_path.iterdir())


def test_a_full_disk_while_unpacking_spares_the_download(server, tmp_path, monkeypatch):
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space left"):
        patch.setattr("tarfile.bltn_open", FullDisk)
        cifar10.download(tmp_path)
    assert list(contents(tmp_path).values()) == [ARCHIVE]
    assert cifar10.download(tmp_path).is_dir() and server.requests == 1
