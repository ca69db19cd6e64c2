"""Loading pictures: from files, and from a server on this machine; each refusal is one sentence."""

import io
import os
import socket
import struct
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from PIL import Image

from cnnlearn.files import pictures
from cnnlearn.files.pictures import PictureError

PIXELS = np.array([[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]], [[0, 0, 0], [51, 102, 153]]], np.uint8)


def encoded(image, kind="PNG", **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


PNG = encoded(Image.fromarray(PIXELS))


class Handler(BaseHTTPRequestHandler):
    """Answers by path."""

    def do_GET(self):
        Handler.asked, Handler.host = self.path, self.headers["Host"]
        content, status, headers = PNG, 200, {}
        route = self.path.partition("?")[0]
        if route == "/missing":
            content, status = b"no", 404
        elif route == "/page":
            content = b"\n<!DOCTYPE html><html><body>hello</body></html>"
        elif route == "/hop":
            status, headers = 302, {"Location": "/picture.png"}
        elif route == "/umzug":
            status, headers = 302, {"Location": "/tür.png".encode().decode("latin-1")}  # as it stands on the wire
        elif route == "/loop":
            status, headers = 302, {"Location": "/loop"}
        elif route == "/to-file":
            status, headers = 302, {"Location": "file:///etc/passwd"}
        elif route == "/to-private":
            status, headers = 302, {"Location": "http://169.254.169.254/latest/"}
        elif route == "/announced":
            headers = {"Content-Length": str(pictures.MOST_BYTES + 1)}
        elif route == "/cut":
            headers = {"Content-Length": str(len(PNG) + 10)}
        elif route == "/drip":
            self.wfile.write(b"HTTP/1.0 200 OK\r\n")
            for _ in range(100):
                time.sleep(0.1)
                try:
                    self.wfile.write(b"X: y\r\n")
                except OSError:
                    return
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if route == "/endless":
            for _ in range(40):
                try:
                    self.wfile.write(bytes(2**20))
                except OSError:
                    return
            return
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def server():
    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_port}"
    running.shutdown()
    running.server_close()


def refusal(source, **options):
    with pytest.raises(PictureError) as caught:
        pictures.load(source, **options)
    sentence = str(caught.value)
    assert "\n" not in sentence and sentence.endswith(".") and len(sentence) < 300
    return sentence


def test_a_file_becomes_floats(tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)
    np.testing.assert_allclose(pictures.load(path), PIXELS / 255, atol=1e-12)
    np.testing.assert_allclose(pictures.load(str(path)), PIXELS / 255, atol=1e-12)


@pytest.mark.parametrize("kind", pictures.FORMATS)
def test_each_format_is_read(kind, tmp_path):
    path = tmp_path / "picture"
    path.write_bytes(encoded(Image.new("RGB", (9, 5), (204, 51, 102)), kind))
    np.testing.assert_allclose(pictures.load(path), np.broadcast_to([0.8, 0.2, 0.4], (5, 9, 3)), atol=0.02)


@pytest.mark.parametrize("mode, value, expected", [("L", 51, [0.2] * 3), ("1", 1, [1] * 3), ("I;16", 13107, [0.2] * 3),
    ("P", 0, [0, 0, 0]), ("RGBA", (255, 0, 0, 0), [1, 1, 1]), ("LA", (0, 127), [0.502] * 3)])  # fmt: skip
def test_all_kinds_of_pixels_become_red_green_and_blue(mode, value, expected, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(Image.new(mode, (4, 3), value)))
    np.testing.assert_allclose(pictures.load(path), np.broadcast_to(expected, (3, 4, 3)), atol=1e-3)


def test_a_photograph_that_was_taken_sideways_is_turned_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90° clockwise to see it upright
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(Image.fromarray(PIXELS), exif=exif))
    np.testing.assert_allclose(pictures.load(path), np.rot90(PIXELS, -1) / 255, atol=1e-12)


def test_files_that_are_no_pictures_are_refused(tmp_path):
    assert "There is no file" in refusal(tmp_path / "nothing.png")
    assert "is not a file" in refusal(tmp_path) or "directory" in refusal(tmp_path)
    for name, content, reason in [
        ("text", b"hello", "is no picture"),
        ("empty", b"", "is no picture"),
        ("drawing.svg", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "is an SVG"),
        ("cut.png", encoded(Image.effect_noise((64, 64), 50))[:-200], "damaged or cut short"),
        ("cut.jpg", encoded(Image.effect_noise((64, 64), 50).convert("RGB"), "JPEG")[:-200], "damaged or cut short"),
        ("numbers.tif", encoded(Image.fromarray(PIXELS), "TIFF"), "is no picture"),
    ]:
        (tmp_path / name).write_bytes(content)
        assert reason in refusal(tmp_path / name), name


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_or_device_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert "is not a file" in refusal(tmp_path / "pipe")
    assert "is not a file" in refusal("/dev/zero")


def bomb(width, height):
    """A PNG of a few hundred bytes that claims any size."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [7000, 100_000])
def test_bombs_are_refused_before_they_are_unpacked(side, tmp_path):
    (tmp_path / "bomb.png").write_bytes(bomb(side, side))
    assert "pixels" in refusal(tmp_path / "bomb.png")


def test_large_files_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MOST_BYTES", 2**20)
    (tmp_path / "large.png").write_bytes(PNG + bytes(2**20))
    assert "larger than 1 MB" in refusal(tmp_path / "large.png")


def test_a_picture_comes_from_a_server(server):
    for path in ("/picture.png", "/hop", "/picture.png?size=3"):
        np.testing.assert_allclose(pictures.load(server + path, private=True), PIXELS / 255, atol=1e-12)


@pytest.mark.parametrize("path, reason", [
    ("/missing", "answered 404"),
    ("/page", "is a web page"),
    ("/loop", "more than 5 times"),
    ("/to-file", "only http:// and https://"),
    ("/announced", "larger than 20 MB"),
    ("/endless", "larger than 20 MB"),
    ("/cut", "broke off"),
])  # fmt: skip
def test_what_a_server_may_do_is_refused_in_a_sentence(server, path, reason):
    assert reason in refusal(server + path, private=True)


def test_time_is_limited_however_slowly_a_server_drips(server):
    before = time.monotonic()
    assert "took longer than 0.5 seconds" in refusal(server + "/drip", private=True, seconds=0.5)
    assert time.monotonic() - before < 5


def test_a_server_that_says_nothing_is_left(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert "took longer than 0.3 seconds" in refusal(address, private=True, seconds=0.3)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "10.1.2.3", "192.168.0.1", "169.254.169.254",
    "0.0.0.0", "[::ffff:127.0.0.1]", "[fe80::1]", "2130706433", "224.0.0.1"])  # fmt: skip
def test_private_addresses_are_not_asked(host):
    assert "private network" in refusal(f"http://{host}/picture.png")


def test_a_redirect_into_a_private_network_is_not_followed(server, monkeypatch):
    real = pictures._is_public
    monkeypatch.setattr(pictures, "_is_public", lambda number: number == "127.0.0.1" or real(number))
    assert "private network" in refusal(server + "/to-private")


def test_one_private_address_among_public_ones_is_enough_to_refuse(monkeypatch):
    def resolve(host, port, **options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (n, port)) for n in ("93.184.216.34", "10.0.0.1")]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert "private network" in refusal("http://example.com/picture.png")


def test_the_connection_goes_to_the_address_that_was_checked(monkeypatch):
    asked = []

    def connect(place, timeout):
        asked.append(place)
        raise ConnectionRefusedError(111, "Connection refused")

    answers = iter(["93.184.216.34", "127.0.0.1"])  # a name that points elsewhere when asked again

    def resolve(host, port, **options):
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(socket, "create_connection", connect)
    assert "could not be reached" in refusal("http://example.com/picture.png")
    assert asked == [("93.184.216.34", 80)]


@pytest.mark.parametrize("address", ["ftp://example.com/a.png", "file:///etc/passwd", "gopher://example.com/",
    "http://", "http:///a.png"])  # fmt: skip
def test_only_the_web_is_asked(address):
    assert "only http:// and https://" in refusal(address)


def test_odd_addresses_give_a_sentence_too():
    for address in (
        "http://exa mple.com/",
        "http://example.com:99999/a.png",
        "http://[::1/a.png",
        "http://" + "a" * 300,
    ):
        refusal(address)


def test_a_name_that_does_not_exist(monkeypatch):
    def resolve(*arguments, **options):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert "There is no host" in refusal("https://nowhere.invalid/a.png")


def test_fit_takes_the_middle_and_keeps_proportions():
    picture = np.zeros((40, 100, 3))
    picture[:, 30:70] = 1
    fitted = pictures.fit(picture, 20, 20)
    assert fitted.shape == (20, 20, 3)
    np.testing.assert_allclose(fitted, 1, atol=1e-6)
    assert pictures.fit(picture, 50, 25).shape == (50, 25, 3)


def test_fit_of_a_large_photograph_is_quick_and_nearly_what_smoothing_all_of_it_gives():
    from skimage.data import astronaut
    from skimage.transform import resize

    picture = astronaut() / 255
    np.testing.assert_allclose(pictures.fit(picture, 32, 32), resize(picture, (32, 32), anti_aliasing=True), atol=0.03)
    start = time.process_time()
    fitted = pictures.fit(np.broadcast_to(np.linspace(0, 1, 4000)[:, None, None], (4000, 4000, 3)), 32, 32)
    assert time.process_time() - start < 5
    np.testing.assert_allclose(fitted[:, 16, 0], (np.arange(32) + 0.5) / 32, atol=0.02)


@pytest.mark.parametrize("number, public", [("64:ff9b::7f00:1", False), ("64:ff9b::a01:203", False),
    ("64:ff9b::c0a8:1", False), ("64:ff9b::5db8:d822", True), ("2606:4700::1111", True)])  # fmt: skip
def test_an_older_address_behind_a_gateway_is_judged_by_itself(number, public):
    """64:ff9b::/96 leads on to the IPv4 address in its last 32 bits."""
    assert pictures._is_public(number) is public


@pytest.mark.parametrize("path, asked", [
    ("/Küche und Bad.png", "/K%C3%BCche%20und%20Bad.png"),
    ("/a.png?wort=süß & gut", "/a.png?wort=s%C3%BC%C3%9F%20&%20gut"),
    ("/schon%20so.png?a=b%26c&d=~e", "/schon%20so.png?a=b%26c&d=~e"),
    ("/umzug", "/t%C3%BCr.png"),
])  # fmt: skip
def test_addresses_are_quoted_as_browsers_do(server, path, asked):
    np.testing.assert_allclose(pictures.load(server + path, private=True), PIXELS / 255, atol=1e-12)
    assert Handler.asked == asked


def test_names_of_hosts_may_have_letters_beyond_ascii(server, monkeypatch):
    real = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **options: real("127.0.0.1", *more, **options))
    pictures.load(server.replace("127.0.0.1", "bücher.example") + "/a.png", private=True)
    assert Handler.host.startswith("xn--bcher-kva.example:")


def test_a_picture_can_have_another_name_than_its_file(tmp_path):
    (tmp_path / "4f5e").write_text("nothing")
    sentence = refusal(tmp_path / "4f5e", name="cat.png")
    assert sentence.startswith("'cat.png' is no picture")
