"""Segments have ids without gaps, whoever cut them."""

import numpy as np
import pytest

from cnnlearn.perturbation.superpixels import METHODS, contiguous, superpixels


def picture(height=24, width=30):
    """Four plain quarters of different colours."""
    image = np.zeros((height, width, 3))
    image[: height // 2, : width // 2] = 1, 0, 0
    image[: height // 2, width // 2 :] = 0, 1, 0
    image[height // 2 :, : width // 2] = 0, 0, 1
    return image


def test_ids_keep_their_order_and_lose_their_gaps():
    labels = np.array([[7, 7, -2], [900, 3, 7]])
    assert contiguous(labels).tolist() == [[2, 2, 0], [3, 1, 2]]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_ids_from_zero_and_keeps_to_edges(method):
    found = superpixels(picture(), method)
    assert found.shape == (24, 30)
    assert np.unique(found).tolist() == list(range(found.max() + 1))
    assert found[2, 2] != found[2, 28] and found[2, 2] != found[22, 2]


@pytest.mark.parametrize("method", METHODS)
def test_the_same_image_is_cut_the_same_way_twice(method):
    image = np.random.default_rng(0).random((20, 20, 3))
    assert (superpixels(image, method) == superpixels(image, method)).all()


def test_an_image_in_another_range_is_cut_as_well():
    assert (superpixels(2 * picture() - 1) == superpixels(picture())).all()


def test_own_labels_may_have_any_ids():
    labels = np.full((24, 30), 40)
    labels[:, 5:] = 11
    assert np.unique(superpixels(picture(), labels)).tolist() == [0, 1]
    assert superpixels(picture(), labels == 40)[0].tolist() == [1] * 5 + [0] * 25


def test_settings_reach_scikit_image():
    assert superpixels(picture(), "slic", n_segments=4).max() < superpixels(picture(), "slic", n_segments=60).max()


@pytest.mark.parametrize("wrong", ["watershed", np.zeros((3, 3), int), np.zeros((24, 30))])
def test_what_are_no_segments_is_refused(wrong):
    with pytest.raises(ValueError, match="watershed|shape"):
        superpixels(picture(), wrong)
