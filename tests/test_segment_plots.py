"""The views: the right segments in the right colours, and nothing else touched."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from cnnlearn.explainers.explanation import Explanation
from cnnlearn.figures.segment_plots import AGAINST, FOR, PALE, for_and_against, outlined, rest_hidden, segment_views

SEGMENTS = np.arange(4).repeat(60)[None].repeat(240, axis=0)  # four bars, large enough to be drawn as they are
IMAGE = np.full((240, 240, 3), 0.5)
MIDDLES = [30, 90, 150, 210]


@pytest.fixture
def explanation():
    weights = np.array([2.0, -1.0, 0.5, 0.0])
    return Explanation(weights[SEGMENTS], 1, "LIME", IMAGE, segments=SEGMENTS, weights=weights)


def colours(picture):
    return picture[120, MIDDLES]


def test_for_and_against_have_two_colours_the_stronger_the_deeper(explanation):
    found = colours(for_and_against(IMAGE, explanation, 3))

    def away(i):
        return np.abs(found[i] - 0.5).sum()

    def direction(i, colour):
        return np.corrcoef(found[i] - 0.5, np.array(to_rgb(colour)) - 0.5)[0, 1]

    assert direction(0, FOR) > 0.99 and direction(2, FOR) > 0.99 and direction(1, AGAINST) > 0.99
    assert away(0) > away(2) > 0 and away(3) == 0


def test_only_as_many_segments_are_coloured_as_asked_for(explanation):
    found = colours(for_and_against(IMAGE, explanation, 1))
    assert (found[1:] == 0.5).all() and (found[0] != 0.5).any()


@pytest.mark.parametrize("positive_only, shown", [(True, [0, 2]), (False, [0, 1])])
def test_the_rest_is_hidden(positive_only, shown, explanation):
    found = colours(rest_hidden(IMAGE, explanation, 2, positive_only))
    assert [i for i in range(4) if (found[i] == 0.5).all()] == shown
    assert all((found[i] == PALE).all() for i in set(range(4)) - set(shown))


def test_every_segment_is_outlined_once():
    picture = outlined(IMAGE, SEGMENTS)
    white = (picture[120] == 1).all(axis=-1)
    assert np.flatnonzero(white).tolist() == [59, 60, 119, 120, 179, 180]


def test_small_images_are_enlarged_and_the_image_is_not_changed(explanation):
    small = np.random.default_rng(0).random((32, 32, 3))
    before = small.copy()
    assert outlined(small, np.zeros((32, 32), int)).shape == (224, 224, 3)
    assert (small == before).all()
    for_and_against(IMAGE, explanation, 4)
    assert (IMAGE == 0.5).all()


def test_three_pictures_an_explanation_with_the_name_of_the_class(explanation):
    figure = segment_views(IMAGE, [explanation, explanation], ["cat", "dog"])
    titles = [ax.get_title() for ax in figure.axes]
    assert len(titles) == 6 and sum("dog" in title for title in titles) == 4 and "4 segments" in titles[0]


def test_an_explanation_of_nothing_is_drawn_as_nothing():
    nothing = Explanation(
        np.zeros((240, 240)), 0, "LIME", np.zeros((240, 240, 3)), segments=SEGMENTS, weights=np.zeros(4)
    )
    assert (for_and_against(IMAGE, nothing, 4) == IMAGE).all()
    assert (rest_hidden(IMAGE, nothing, 4) == PALE).all()
