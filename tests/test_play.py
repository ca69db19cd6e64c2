"""The interactive figures: their data is the course's own, their numbers are the reference's, and they need nothing."""

import json
import shutil

import numpy as np
import pytest

from cnnlearn import play
from cnnlearn.cam import cam_logit, class_activation_map
from cnnlearn.files.shipped import data_path
from cnnlearn.play import data
from cnnlearn.play.page import MODULES
from cnnlearn.shapley import shapley_exact

NAMES = sorted(data.LESSONS)


@pytest.mark.parametrize("name", NAMES)
def test_what_ships_is_small(name):
    assert data_path(f"play/{name}.json.gz").stat().st_size + data_path(f"play/{name}.png").stat().st_size < 300_000


@pytest.mark.parametrize("module", sorted(MODULES.glob("*.js")), ids=lambda module: module.name)
def test_modules_are_short_and_ask_nothing_of_the_network(module):
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    assert not any(word in text for word in ("://", "fetch(", "XMLHttpRequest", "WebSocket", "import("))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_data_comes_out_again(name):
    shipped, again = data.read(name), data.compute(name)
    assert shipped.keys() == again.keys()
    for key, value in again.items():
        if isinstance(value, str) or key in ("names", "classes"):
            assert shipped[key] == value
        else:
            np.testing.assert_allclose(shipped[key], value, atol=2e-3)


def test_a_map_of_the_shipped_data_gives_the_logit():
    shipped = data.read("cam")
    features, weights = np.array(shipped["features"]), np.array(shipped["weights"])
    for maps, logits in zip(features, shipped["logits"], strict=True):
        for index, bias in enumerate(shipped["biases"]):
            logit = cam_logit(class_activation_map(maps, weights, index), bias)
            assert logit == pytest.approx(logits[index], abs=2e-3)


def test_the_exact_values_are_those_of_the_shipped_game():
    shipped = data.read("shapley")
    logits = np.array(shipped["logits"])
    exact = shapley_exact(lambda masks: logits[masks @ (1, 2, 4, 8)], 4)
    np.testing.assert_allclose(shipped["exact"], exact, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_gets_a_picture_with_text_and_a_script(name):
    shown = getattr(play, name)()._repr_html_()
    assert 'alt="' in shown and "data:image/png" in shown
    assert "import {" not in shown and "\nexport " not in shown


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=chromium, args=arguments)
        yield opened
        opened.close()


@pytest.fixture
def shown(browser, tmp_path):
    """Opens a figure 360 pixels wide; at the end, nothing has failed, left the page or run over its edge."""
    tab = browser.new_page(viewport={"width": 360, "height": 900})
    wrong = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on(
        "request", lambda request: wrong.append(request.url) if not request.url.startswith(("file:", "data:")) else 0
    )

    def open_figure(name):
        path = tmp_path / f"{name}.html"
        path.write_text(play.page([name]), encoding="utf-8")
        tab.goto(path.as_uri())
        return tab

    yield open_figure
    assert wrong == []
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    tab.close()


def press(tab, text):
    """Presses a button as the keyboard does."""
    tab.get_by_role("button", name=text).first.press("Enter")


@pytest.mark.slow
def test_the_map_grows_to_the_logit_in_the_browser(shown):
    tab, shipped = shown("cam"), data.read("cam")
    assert not tab.get_by_role("button", name="All 72 on").is_visible()  # first the guess
    tab.locator(".guess button").first.press("Enter")
    logit = tab.locator("[data-logit]")
    assert float(logit.get_attribute("data-logit")) == pytest.approx(shipped["biases"][7])
    press(tab, "All 72 on")
    assert float(logit.get_attribute("data-logit")) == pytest.approx(shipped["logits"][0][7], abs=2e-3)
    tab.get_by_label("Picture").select_option(index=1)
    tab.get_by_label("Class").select_option("deer")
    press(tab, "All 72 on")
    assert float(logit.get_attribute("data-logit")) == pytest.approx(shipped["logits"][1][4], abs=2e-3)


@pytest.mark.slow
def test_all_orders_average_to_the_shapley_values_in_the_browser(shown):
    tab, shipped = shown("shapley"), data.read("shapley")
    tab.locator(".guess button").last.press("Enter")
    average = tab.locator("[data-average]")
    gains = np.diff([shipped["logits"][coalition] for coalition in (0, 1, 3, 7, 15)])
    np.testing.assert_allclose(json.loads(average.get_attribute("data-average")), gains)
    press(tab, "A later")
    assert "Order B A C D" in average.inner_text()
    press(tab, "All 24 orders")
    np.testing.assert_allclose(json.loads(average.get_attribute("data-average")), shipped["exact"], atol=1e-4)
