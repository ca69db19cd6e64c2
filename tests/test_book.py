"""The book of the lessons, built as `make book` does: nothing missing, nothing dead, nothing from elsewhere."""

import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from cnnlearn.exercises import LESSONS, exercises_of

ROOT = Path(__file__).resolve().parents[1]


class Page(HTMLParser):
    """What a page links to, takes in, shows and can be linked to at."""

    def __init__(self, path):
        super().__init__()
        self.links, self.resources, self.images, self.ids = [], [], [], set()
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.ids.add(found.get("id"))
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])
        if tag == "link" and found.get("rel") == "stylesheet":
            self.resources.append(found["href"])
        if tag in ("script", "img") and found.get("src"):
            self.resources.append(found["src"])
        if tag == "img":
            self.images.append(found.get("alt") or "")


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    """Path within the book -> page."""
    folder = tmp_path_factory.mktemp("book")
    command = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--fresh-env", ROOT / "docs", folder]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "superpixel" in (folder / "searchindex.js").read_text(encoding="utf-8")
    paths = [path for path in folder.rglob("*.html") if "_static" not in path.parts]
    return {path.relative_to(folder): Page(path) for path in paths}, folder


@pytest.mark.slow
def test_every_lesson_is_there_with_its_solutions_folded(book):
    pages, _ = book
    for number, module in LESSONS.items():
        page = pages[Path("lessons", module.removeprefix("lesson_") + ".html")]
        assert page.text.count("Show the solution") == len(exercises_of(number))
        assert page.text.count("<details") > len(exercises_of(number)), "the questions fold their answers too"
        assert "pip install" not in page.text, "the set-up cell is for notebooks"


@pytest.mark.slow
def test_no_link_is_dead_and_nothing_is_fetched_from_elsewhere(book):
    pages, folder = book
    for path, page in pages.items():
        for resource in page.resources:
            assert not urlsplit(resource).netloc, f"{path} takes {resource} from the network"
            if not resource.startswith("data:"):
                assert (folder / path.parent / urlsplit(resource).path).exists(), f"{path}: {resource}"
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (folder / path.parent / unquote(parts.path)).resolve().relative_to(folder) if parts.path else path
            assert (folder / target).exists(), f"{path}: {link}"
            if parts.fragment and target in pages:
                assert unquote(parts.fragment) in pages[target].ids, f"{path}: {link}"


@pytest.mark.slow
def test_every_figure_has_alternative_text(book):
    pages, _ = book
    shown = {path: page.images for path, page in pages.items() if page.images}
    assert len(shown) > len(LESSONS)
    for path, alts in shown.items():
        assert all(len(alt) > 20 for alt in alts), f"{path}: {alts}"


@pytest.mark.slow
def test_the_reference_tells_shapes(book):
    pages, _ = book
    text = re.sub(r"<[^>]+>", "", pages[Path("reference/maps.html")].text)
    assert "channel_weights" in text and "(H, W, K)" in text and "Returns" in text
