"""Pictures of one's own, from a file or from the web, as arrays in [0, 1].

What comes from elsewhere is not trusted: only pictures are taken, only so many bytes and pixels, only for so long, and
nothing is asked of addresses inside one's own network.
"""

import contextlib
import http.client
import io
import ipaddress
import os
import socket
import ssl
import stat
import threading
import warnings
from pathlib import Path
from urllib.parse import quote, urljoin, urlsplit

import numpy as np

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
MOST_BYTES, MOST_PIXELS, MOST_REDIRECTS = 20 * 2**20, 40_000_000, 5
REDIRECTS = (301, 302, 303, 307, 308)
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # its last 32 bits are the older address that is reached through it
IN_ADDRESSES = "/?%:@!$&'()*+,;=-._~"  # characters that stand for themselves; all others are percent-quoted


class PictureError(ValueError):
    """A picture that cannot be had, in one sentence."""


def load(source, seconds: float = 20, private: bool = False, name: str | None = None) -> np.ndarray:
    """A picture from a file or the web: floats (H, W, 3) in [0, 1], upright, what is transparent on white.

    source: a path, or an address that begins with http:// or https://. JPEG, PNG, WebP, GIF (its first frame) and BMP
    are taken, up to 20 MB and 40 million pixels. seconds: how long the web may take in all. private: whether addresses
    of this machine or of a private network may be asked. name: what refusals call the picture, if not by its source.
    PictureError, in one sentence, for all that goes wrong.
    """
    name = name or str(source)
    if "://" in str(source):
        return _decode(_fetch(str(source), seconds, private), name)
    return _decode(_read(Path(source).expanduser(), name), name)


def fit(picture, height: int, width: int) -> np.ndarray:
    """The middle of a picture (H, W, 3), as large as its shape allows, resized to (height, width, 3) and smoothed."""
    from skimage.transform import resize

    scale = min(picture.shape[0] / height, picture.shape[1] / width)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    top, left = (picture.shape[0] - rows) // 2, (picture.shape[1] - columns) // 2
    middle = picture[top : top + rows, left : left + columns]
    side = int(scale // 4)
    if side < 2:
        return resize(middle, (height, width), anti_aliasing=True)
    # A large photograph: to smooth all of it takes minutes, so means of small squares come first.
    down, across = rows // side, columns // side
    squares = middle[: down * side, : across * side].reshape(down, side, across, side, -1)
    sigma = (scale - 1) / 2 / side  # what `resize` would take for the whole, in squares
    return resize(squares.mean(axis=(1, 3)), (height, width), anti_aliasing=True, anti_aliasing_sigma=(sigma, sigma, 0))


def _quoted(name):
    return repr(name if len(name) <= 100 else name[:99] + "…")


def _read(path, name):
    try:
        with open(path, "rb", opener=lambda file, flags: os.open(file, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise PictureError(f"{_quoted(name)} is not a file of a picture.")
            return _bounded(file.read(MOST_BYTES + 1), name)
    except FileNotFoundError:
        raise PictureError(f"There is no file {_quoted(name)} in {Path.cwd()}.") from None
    except OSError as error:
        raise PictureError(f"The file {_quoted(name)} cannot be read: {error.strerror}.") from None


def _bounded(content, name):
    if len(content) > MOST_BYTES:
        raise PictureError(f"{_quoted(name)} is larger than {MOST_BYTES // 2**20} MB: make the picture smaller first.")
    return content


def _decode(content, name):
    from PIL import Image, ImageOps, UnidentifiedImageError

    start = content[:1000].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if b"<svg" in start:
        raise PictureError(f"{_quoted(name)} is an SVG, a drawing in lines and not in pixels: export it as PNG.")
    if start.startswith((b"<!doctype", b"<html")):
        raise PictureError(
            f"{_quoted(name)} is a web page: copy the address of the picture itself (right click on it)."
        )
    try:
        with warnings.catch_warnings(), Image.open(io.BytesIO(content), formats=FORMATS) as image:
            warnings.simplefilter("ignore")
            if image.width * image.height > MOST_PIXELS:
                raise PictureError(
                    f"{_quoted(name)} has {image.width} × {image.height} pixels, more than "
                    f"{MOST_PIXELS // 10**6} million: make it smaller first."
                )
            image.load()
            return _to_floats(ImageOps.exif_transpose(image))
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise PictureError(
            f"{_quoted(name)} has more than {MOST_PIXELS // 10**6} million pixels: make it smaller."
        ) from None
    except UnidentifiedImageError:
        raise PictureError(
            f"{_quoted(name)} is no picture that can be read; these can: {', '.join(FORMATS)}."
        ) from None
    except Exception as error:  # a damaged file can fail anywhere in Pillow
        raise PictureError(f"{_quoted(name)} is damaged or cut short ({error}).") from None


def _to_floats(image):
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits a pixel, grey: Pillow would cut values off at 255
        grey = np.clip(np.asarray(image, float) / 65535, 0, 1)
        return np.repeat(grey[..., None], 3, axis=2)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("RGB")) / 255


def _fetch(address, seconds, private):
    """The bytes behind an address, redirects followed and checked."""
    sockets, late = [], threading.Event()

    def hang_up():
        late.set()
        for open_socket in sockets:
            with contextlib.suppress(OSError):
                open_socket.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, hang_up)
    timer.daemon = True
    timer.start()
    try:
        for _ in range(MOST_REDIRECTS + 1):
            content, address = _ask(address, seconds, private, sockets)
            if late.is_set():
                break
            if content is not None:
                return content
        else:
            raise PictureError(f"{_quoted(address)}: the server sent us on more than {MOST_REDIRECTS} times.")
    except (OSError, http.client.HTTPException, ValueError) as error:
        if not late.is_set() and not isinstance(error, TimeoutError):
            if isinstance(error, PictureError):
                raise
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise PictureError(
                f"{_quoted(address)} could not be reached ({reason}): check the address and the connection, or save "
                "the picture with your browser and load the file."
            ) from None
    finally:
        timer.cancel()
        for open_socket in sockets:
            open_socket.close()
    raise PictureError(f"{_quoted(address)} took longer than {seconds:g} seconds: save the picture and load the file.")


def _ask(address, seconds, private, sockets):
    """One request: (bytes, address), or (None, the address to go on to)."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PictureError(f"{_quoted(address)} is no address of the web: only http:// and https:// are asked.")
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    # The connection is made to the very number that was checked, so that a name cannot point elsewhere in between.
    number = _checked_number(parts.hostname, port, address, private)
    host = parts.hostname.encode("idna").decode()
    connection = http.client.HTTPConnection(host, port)
    connection.sock = socket.create_connection((number, port), timeout=seconds)
    sockets.append(connection.sock)
    if secure:
        connection.sock = ssl.create_default_context().wrap_socket(connection.sock, server_hostname=host)
        sockets[-1] = connection.sock
    host = f"[{host}]" if ":" in host else host
    headers = {"Host": host + (f":{port}" if parts.port else ""), "User-Agent": "cnnlearn", "Accept": "image/*"}
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("GET", quote(target, safe=IN_ADDRESSES), headers=headers | {"Accept-Encoding": "identity"})
    answer = connection.getresponse()
    if answer.status in REDIRECTS and answer.getheader("Location"):
        location = (
            answer.getheader("Location").encode("latin-1").decode("utf-8", "replace")
        )  # headers arrive as Latin-1
        return None, urljoin(address, location)
    if answer.status != 200:
        raise PictureError(f"{_quoted(address)} answered {answer.status} ({answer.reason}): check the address.")
    announced = answer.getheader("Content-Length", "")
    if announced.isdigit() and int(announced) > MOST_BYTES:
        raise PictureError(
            f"{_quoted(address)} is larger than {MOST_BYTES // 2**20} MB: make the picture smaller first."
        )
    content = _bounded(answer.read(MOST_BYTES + 1), address)
    if announced.isdigit() and len(content) < int(announced):
        raise PictureError(f"{_quoted(address)} broke off after {len(content)} of {announced} bytes: try again.")
    return content, address


def _checked_number(host, port, address, private):
    """The IP address of a host. All that it has must be public, unless private ones are allowed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise PictureError(
            f"There is no host {_quoted(host)}: check the address, and whether you are online."
        ) from None
    numbers = [entry[4][0] for entry in found]
    for number in numbers:
        if not private and not _is_public(number):
            raise PictureError(
                f"{_quoted(address)} lies on this machine or in a private network, where nothing is asked: save the "
                "picture and load the file."
            )
    return numbers[0]


def _is_public(number):
    found = ipaddress.ip_address(number.partition("%")[0])
    # An older address in a newer one is what is asked in the end.
    inside = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if found in NAT64:
        inside = ipaddress.ip_address(int(found) & 0xFFFFFFFF)
    return found.is_global and not found.is_multicast and (inside is None or inside.is_global)
