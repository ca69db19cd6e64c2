"""What hidden parts are replaced by: colours worked out by hand, and nothing blackened on the way."""

import importlib.util
import sys

import numpy as np
import pytest

from cnnlearn.perturbation.fills import FILLS, fill_for

SEGMENTS = np.repeat(np.arange(4), 3)[None].repeat(10, axis=0)  # four bars of three columns


@pytest.fixture
def ramp():
    """Brighter from left to right, in [0, 1]; the channels differ."""
    column = np.linspace(0.2, 0.8, 12)
    return np.stack([column, 1 - column, column / 2], axis=-1)[None].repeat(10, axis=0)


def test_plain_colours(ramp):
    assert (fill_for("grey", ramp, SEGMENTS) == 0.5).all()
    assert np.allclose(fill_for("image mean", ramp, SEGMENTS), [0.5, 0.5, 0.25])
    assert np.allclose(fill_for((1, 0, 0.5), ramp, SEGMENTS), [1, 0, 0.5])
    assert np.allclose(fill_for(0, ramp, SEGMENTS), np.zeros_like(ramp))
    assert np.array_equal(fill_for(1 - ramp, ramp, SEGMENTS), 1 - ramp)


def test_the_mean_of_each_segment(ramp):
    filled = fill_for("segment mean", ramp, SEGMENTS)
    for segment in range(4):
        here = segment == SEGMENTS
        assert np.allclose(filled[here], ramp[here].mean(axis=0))


def test_a_blur_keeps_the_mean_of_a_plain_image_and_loses_detail():
    plain = np.full((20, 20, 3), 0.3)
    assert np.allclose(fill_for("blur", plain, None), plain)
    noise = np.random.default_rng(0).random((20, 20, 3))
    assert fill_for("blur", noise, None).std() < 0.3 * noise.std()


@pytest.mark.parametrize("name", ["inpaint", "telea"])
def test_inpainting_continues_what_is_shown_in_any_range(name, ramp):
    if name == "telea" and not importlib.util.find_spec("cv2"):
        pytest.skip("OpenCV is not installed")
    hidden = SEGMENTS == 1
    filled = fill_for(name, ramp, SEGMENTS)(hidden)
    assert np.allclose(filled[~hidden], ramp[~hidden], atol=1e-6)
    assert np.abs(filled - ramp)[hidden].max() < 0.12
    assert np.allclose(fill_for(name, 2 * ramp - 1, SEGMENTS)(hidden), 2 * filled - 1, atol=1e-3)


@pytest.mark.parametrize("name", ["inpaint", "telea"])
def test_nothing_and_everything_hidden(name, ramp):
    if name == "telea" and not importlib.util.find_spec("cv2"):
        pytest.skip("OpenCV is not installed")
    fill = fill_for(name, ramp, SEGMENTS)
    assert np.allclose(fill(SEGMENTS < 0), ramp)
    assert np.allclose(fill(SEGMENTS >= 0), ramp.mean(axis=(0, 1)))


@pytest.mark.parametrize("name", [name for name in FILLS if name not in ("inpaint", "telea")])
def test_float32_images_stay_float32_and_unchanged(name, ramp):
    image = ramp.astype(np.float32)
    before = image.copy()
    assert fill_for(name, image, SEGMENTS).dtype == np.float32
    assert (image == before).all()


def test_a_function_of_the_hidden_pixels_is_taken_as_it_is(ramp):
    assert fill_for(len, ramp, SEGMENTS) is len


@pytest.mark.parametrize("wrong", ["gray hole", (1, 2), np.zeros((3, 3, 3)), ["a", "b", "c"]])
def test_what_is_no_fill_is_refused(wrong, ramp):
    with pytest.raises(ValueError, match="fill"):
        fill_for(wrong, ramp, SEGMENTS)


def test_without_opencv_telea_says_what_to_do(ramp, monkeypatch):
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(OSError, match="OpenCV"):
        fill_for("telea", ramp, SEGMENTS)
