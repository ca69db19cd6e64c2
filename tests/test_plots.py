"""Figures: alternative text, size, limits and colours."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from cnnlearn.explainers.explanation import Explanation
from cnnlearn.figures import plots

RNG = np.random.default_rng(2)
IMAGE = RNG.random((32, 32, 3))


@pytest.fixture
def displayed(monkeypatch):
    """What `show` hands to the notebook: (data, metadata)."""
    import IPython.display

    calls = []
    monkeypatch.setattr(IPython.display, "display", lambda data, metadata, raw: calls.append((data, metadata)))
    return calls


def test_show_gives_a_small_png_with_alternative_text(displayed):
    plots.show(plots.pictures([IMAGE, IMAGE]), alt="Two pictures of noise.")
    ((data, metadata),) = displayed
    assert metadata["image/png"]["alt"] == "Two pictures of noise." and "Two pictures of noise." in data["text/plain"]
    picture = Image.open(io.BytesIO(data["image/png"]))
    assert picture.format == "PNG" and picture.width > 300 and len(data["image/png"]) < 150_000
    base64.b64encode(data["image/png"])  # bytes, as Jupyter wants them


def test_signed_maps_have_zero_in_the_middle():
    figure = plots.heatmaps([np.array([[-1.0, 3.0]])], ["a map"], signed=True)
    drawn = figure.axes[0].images[0]
    assert drawn.get_clim() == (-3, 3) and drawn.cmap.name == plots.SIGNED
    assert figure.axes[0].get_title() == "a map"
    middle = drawn.cmap(drawn.norm(0.0))[:3]
    assert min(middle) > 0.95, "zero is not white"


def test_unsigned_maps_start_at_zero_and_a_flat_map_is_drawn():
    figure = plots.heatmaps([np.array([[1.0, 3.0]]), np.zeros((2, 2))])
    limits = [ax.images[0].get_clim() for ax in figure.axes if ax.images]
    assert limits[0] == (0, 3) and limits[1][0] < limits[1][1]


def test_bytes_and_floats_are_drawn_alike():
    pixels = RNG.integers(0, 256, (4, 4), np.uint8)
    axes = plots.pictures([pixels, pixels / 255]).axes
    one, two = (np.asarray(ax.images[0].to_rgba(ax.images[0].get_array(), bytes=True), int) for ax in axes)
    assert np.abs(one - two).max() <= 1  # 256 grey levels, rounded


def test_explanations_are_named_by_method_and_class():
    found = [
        Explanation(RNG.normal(size=(8, 8)), 1, "CAM", IMAGE),
        Explanation(RNG.normal(size=(8, 8, 3)), 0, "Other", IMAGE),
    ]
    figure = plots.explanations(IMAGE, found, ("cat", "dog"))
    assert [ax.get_title() for ax in figure.axes] == ["image", "CAM: dog", "Other: cat"]
    assert plots.explanations(IMAGE, found).axes[1].get_title() == "CAM: class 1"


def test_a_grid_has_as_many_axes_as_pictures():
    figure, axes = plots.row_of_axes(5, columns=3)
    assert len(axes) == 5 == len(figure.axes)
    assert len({ax.get_position().y0 for ax in axes}) > 1


def test_every_cell_of_a_matrix_is_written():
    figure = plots.matrix(np.array([[5, 0], [2, 7]]), ("a", "b"), "predicted", "true")
    assert [text.get_text() for text in figure.axes[0].texts] == ["5", "0", "2", "7"]


def test_curves_count_from_their_start():
    figure = plots.curves({"training": [3, 2], "test": [4, 3]}, "epoch", "loss", start=1)
    lines = figure.axes[0].lines
    assert [list(line.get_xdata()) for line in lines] == [[1, 2], [1, 2]]
    assert lines[0].get_linestyle() != lines[1].get_linestyle()


def test_gaze_numbers_the_places_in_order_with_columns_to_the_right():
    axes = plots.gaze([IMAGE, IMAGE], [np.array([[2, 30], [20, 5]]), np.empty((0, 2), int)], ["path", "none"]).axes
    assert [(text.get_text(), text.get_position()) for text in axes[0].texts] == [("1", (30, 2)), ("2", (5, 20))]
    np.testing.assert_array_equal(axes[0].lines[-1].get_xydata(), [[30, 2], [5, 20]])
    assert not axes[1].texts and axes[1].get_title() == "none"
