"""What catches the eye: each step by hand or by SciPy, the whole by displays on which the answer is known."""

import itertools

import numpy as np
import pytest
import skimage.data
from scipy import ndimage
from skimage.transform import resize

from cnnlearn import saliency
from cnnlearn.exercises import find
from cnnlearn.exercises.judge import judge
from cnnlearn.explainers.itti_koch import IttiKoch
from cnnlearn.figures.search_displays import conjunction, odd_one, three_odd_ones
from cnnlearn.image_filters import answers, gabor, halved, pyramid

GREY = (0.8, 0.8, 0.8)
ANGLES = 0, 45, 90, 135


@pytest.fixture
def rng():
    return np.random.default_rng(0)


# The steps.


@pytest.mark.parametrize(
    "colour, wanted",
    [
        ((1, 0, 0), (1 / 3, 3, 0)),  # divided by I = 1/3 it is (3, 0, 0): R = 3, G = B = Y = 0
        ((0, 1, 0), (1 / 3, -3, 0)),
        ((0, 0, 1), (1 / 3, 0, 3)),
        ((1, 1, 0), (2 / 3, 0, -1.5)),  # (1.5, 1.5, 0): R = G = 0.75, Y = 1.5
        ((0.2, 0, 0), (0.2 / 3, 3, 0)),  # the same red in the shade
        ((0.8, 0.4, 0), (0.4, 1.5, -1)),  # (2, 1, 0): R = 2 − 0.5, G = 1 − 1, Y = 1.5 − 0.5; B = −1.5 becomes 0
        ((0.5, 0.5, 0.5), (0.5, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
    ],
)
def test_opponency_by_hand(colour, wanted):
    found = saliency.opponency(np.broadcast_to(np.array(colour, float), (2, 3, 3)))
    for plane, value in zip(found, wanted, strict=True):
        np.testing.assert_allclose(plane, np.full((2, 3), value), atol=1e-12)


def test_in_the_dark_there_is_no_hue():
    image = np.zeros((1, 3, 3))
    image[0, :, 0] = 1.0, 0.1, 0.11  # of the largest intensity, a tenth is not enough
    _, red_green, _ = saliency.opponency(image)
    np.testing.assert_allclose(red_green, [[3, 0, 3]], atol=1e-12)


def test_a_pyramid_is_smoothed_and_halved_as_scipy_does_it(rng):
    plane, weights = rng.random((24, 40)), np.array([1, 4, 6, 4, 1]) / 16
    levels = pyramid(plane, 3)
    for level, smaller in itertools.pairwise(levels):
        smooth = ndimage.correlate1d(ndimage.correlate1d(level, weights, 0, mode="nearest"), weights, 1, mode="nearest")
        blocks = smooth.reshape(smooth.shape[0] // 2, 2, smooth.shape[1] // 2, 2)
        np.testing.assert_allclose(smaller, blocks.mean(axis=(1, 3)), atol=1e-12)


def test_every_size_has_nine_levels():
    assert [level.shape for level in pyramid(np.ones((5, 300)))] == [
        *((5, 300), (3, 150), (2, 75), (1, 38), (1, 19), (1, 10), (1, 5), (1, 3), (1, 2)),
    ]
    np.testing.assert_allclose(halved(np.array([[0.0, 6.0, 12.0]])), [[1.5, 10.5]])  # places 0.25 and 1.75


def test_filters_answer_as_scipy_does_it(rng):
    plane, filters = rng.random((11, 17)), np.stack([gabor(angle) for angle in ANGLES])
    for found, kernel in zip(answers(plane, filters), filters, strict=True):
        even, odd = (ndimage.correlate(plane, part, mode="nearest") for part in (kernel.real, kernel.imag))
        np.testing.assert_allclose(found, np.hypot(even, odd), atol=1e-12)


@pytest.mark.parametrize("angle", ANGLES)
def test_a_filter_answers_most_to_bars_of_its_angle(angle):
    turned = answers(
        pyramid(odd_one((1, 1), (angle, GREY), (angle, GREY))[..., 0])[2], np.stack(list(map(gabor, ANGLES)))
    )
    assert ANGLES[turned.max(axis=(1, 2)).argmax()] == angle


def test_filters_are_turned_copies_and_do_not_see_plain_surfaces():
    lying, rising, upright, falling = map(gabor, ANGLES)
    np.testing.assert_allclose(np.abs(np.rot90(lying)), np.abs(upright), atol=1e-15)
    np.testing.assert_allclose(np.abs(np.rot90(rising)), np.abs(falling), atol=1e-15)
    for kernel in (lying, rising, upright, falling):
        assert abs(kernel.sum()) < 1e-15


def test_center_surround_by_another_bilinear_resize(rng):
    levels = [rng.normal(size=(16, 24)), rng.normal(size=(8, 12)), rng.normal(size=(4, 6))]
    surround = resize(levels[2], (8, 12), order=1, mode="edge", anti_aliasing=False, clip=False)
    np.testing.assert_allclose(saliency.center_surround(levels, 1, 2), np.abs(levels[1] - surround), atol=1e-9)


def test_peaks_by_hand():
    one = np.array([[0.0, 0.0, 0.0], [0.0, 4.0, 0.0], [0.0, 0.0, 2.0]])  # the 2 has a larger neighbour
    np.testing.assert_allclose(saliency.promote_peaks(one), one / 4)
    two = np.array([[5.0, 1.0, 3.0]])  # scaled (1, 0, ½); the other maximum is ½, so times ¼
    np.testing.assert_allclose(saliency.promote_peaks(two), [[0.25, 0, 0.125]])
    tied = np.array([[5.0, 1.0, 5.0]])  # one of the two counts as an other
    np.testing.assert_allclose(saliency.promote_peaks(tied), np.zeros((1, 3)))
    plateau = np.array([[5.0, 5.0, 1.0, 3.0]])  # no strict maximum but the 3
    np.testing.assert_allclose(saliency.promote_peaks(plateau), [[0.25, 0.25, 0, 0.125]])
    assert not saliency.promote_peaks(np.full((4, 4), 7.0)).any()


def test_peaks_do_not_depend_on_scale_and_doing_it_twice_changes_nothing(rng):
    found = saliency.promote_peaks(rng.random((9, 12)))
    np.testing.assert_allclose(saliency.promote_peaks(3 * found + 5), found, atol=1e-12)


def test_the_winner_is_the_first_of_equals():
    assert saliency.winner_take_all(np.array([[1.0, 2.0, 7.0], [7.0, 0.0, 1.0]])) == (0, 2)
    assert saliency.winner_take_all(-np.eye(2)) == (0, 1)


def test_inhibition_is_a_disc_and_changes_a_copy():
    given = np.ones((7, 8))
    left = saliency.inhibit(given, (2, 5), 2)
    assert given.all() and left.sum() == 56 - 13  # a disc of radius 2 covers 13 cells
    assert left[4, 5] == 0 and left[3, 6] == 0 and left[3, 7] == 1 and left[5, 2] == 1


def test_fixations_keep_the_radius_apart_and_fall(rng):
    found = rng.random((20, 30))
    path = saliency.scanpath(found, 8, 4.5)
    assert path.shape == (8, 2)
    assert all(np.hypot(*(one - other)) > 4.5 for one, other in itertools.combinations(path, 2))
    pull = found[tuple(path.T)]
    assert (np.diff(pull) < 0).all() and pull[0] == found.max()


def test_a_scanpath_ends_when_nothing_is_left():
    two = np.zeros((5, 9))
    two[1, 1], two[3, 7] = 1, 2
    np.testing.assert_array_equal(saliency.scanpath(two, 10, 2), [[3, 7], [1, 1]])
    assert saliency.scanpath(np.zeros((3, 3)), 5, 1).shape == (0, 2)
    assert saliency.scanpath(two, 0, 1).shape == (0, 2)


def test_gains_by_hand():
    maps = np.zeros((1, 3, 3))
    maps[0, :, 0] = 6, 1, 3  # 6 over 2
    maps[0, :, 1] = 2, 2, 2  # 2 over 2
    target = np.array([[True, False, False]])
    np.testing.assert_allclose(saliency.task_gains(maps, target), [3 / 4, 1 / 4, 0])
    maps[0, :, 2] = 1, 0, 0  # answers to nothing but the target
    np.testing.assert_allclose(saliency.task_gains(maps, target), [0, 0, 1], atol=1e-9)


def peaks_in_loops(feature_map):
    """N(.) as a beginner may write it, in float32."""
    feature_map = feature_map.astype(np.float32)
    low, high = feature_map.min(), feature_map.max()
    if low == high:
        return feature_map * 0
    scaled, peaks = (feature_map - low) / (high - low), []
    for i, j in np.ndindex(scaled.shape):
        around = scaled[max(i - 1, 0) : i + 2, max(j - 1, 0) : j + 2]
        if scaled[i, j] == around.max() and (around == scaled[i, j]).sum() == 1:
            peaks.append(scaled[i, j])
    if 1 in peaks:
        peaks.remove(1)
    return scaled * (1 - np.mean(peaks or [0])) ** 2


def disc_in_loops(saliency, point, radius):
    left = [
        [0 if np.hypot(i - point[0], j - point[1]) <= radius else x for j, x in enumerate(row)]
        for i, row in enumerate(saliency)
    ]
    return np.array(left)


def gains_by_einsum(feature_maps, target_mask):
    inside = np.einsum("hwk,hw->k", feature_maps, target_mask) / target_mask.sum()
    outside = np.einsum("hwk,hw->k", feature_maps, ~target_mask) / (~target_mask).sum()
    return (gains := inside / outside.clip(1e-12)) / gains.sum()


@pytest.mark.parametrize(
    "exercise, answer", [("promote_peaks", peaks_in_loops), ("inhibit", disc_in_loops), ("task_gains", gains_by_einsum)]
)
def test_answers_written_in_other_ways_are_right(exercise, answer):
    for seed in range(3):
        verdict = judge(find(exercise), answer, seed)
        assert verdict.right, verdict


# The whole.


def winner(model, image):
    """(row, column) of the bar on which the eye rests first, of a display of 4 × 4."""
    row, column = model.scanpath(image, 1)[0]
    return row // 128, column // 128


@pytest.mark.parametrize("colour", [(0, 0, 0), (0.3, 0.3, 0.3), (0.1, 0.7, 0.2), (1, 1, 1)])
@pytest.mark.parametrize("shape", [(64, 96), (131, 77)])
def test_a_picture_of_one_colour_is_zero_everywhere(colour, shape):
    image = np.broadcast_to(np.array(colour, float), (*shape, 3))
    assert not IttiKoch().saliency(image).any()
    assert not IttiKoch().saliency(image.astype(np.float32)).any()
    assert not IttiKoch().channels(image).any()


def test_the_odd_orientation_wins_at_every_pair_of_angles():
    for place, (usual, odd) in zip(
        itertools.product(range(4), range(3)), itertools.permutations(ANGLES, 2), strict=True
    ):
        assert winner(IttiKoch(), odd_one(place, (usual, GREY), (odd, GREY))) == place, (usual, odd)


def test_without_the_filters_for_135_degrees_a_bar_at_135_is_missed():
    display = odd_one((2, 1), (45, GREY), (135, GREY))
    assert winner(IttiKoch(), display) == (2, 1)
    assert winner(IttiKoch(angles=(0, 45, 90)), display) != (2, 1)


RED, GREEN, BLUE, YELLOW, DIM = (0.8, 0, 0), (0, 0.8, 0), (0, 0, 0.8), (0.8, 0.8, 0), (0.4, 0.4, 0.4)


@pytest.mark.parametrize("usual, odd", [(GREEN, RED), (RED, GREEN), (YELLOW, BLUE), (GREY, RED), (DIM, GREY)])
def test_the_odd_colour_and_the_brighter_one_win_however_the_picture_is_turned(usual, odd):
    for turns, angle in enumerate(ANGLES):
        display = np.rot90(odd_one((0, 2), (angle, usual), (angle, odd)), turns)
        assert winner(IttiKoch(), display) == [(0, 2), (1, 0), (3, 1), (2, 3)][turns]


def test_a_conjunction_of_colour_and_orientation_does_not_pop_out(rng):
    ranks = []
    for _ in range(4):
        display, place = conjunction(rng)
        visited = [(row // 128, column // 128) for row, column in IttiKoch().scanpath(display, 16)]
        ranks.append(visited.index(place))
    assert min(ranks) > 0 and np.mean(ranks) > 4, "found by chance it would be the ninth of sixteen"


@pytest.mark.parametrize("shape", [(128, 256), (131, 77)])
@pytest.mark.parametrize("turn", [np.rot90, np.fliplr, np.flipud])
def test_a_turned_picture_gives_the_turned_map(rng, shape, turn):
    image = rng.random((*shape, 3))
    upright = IttiKoch().saliency(image)
    assert upright.max() > 0.01
    np.testing.assert_allclose(IttiKoch().saliency(turn(image)), turn(upright), atol=1e-9)


def test_every_other_pixel_would_not_do(rng, monkeypatch):
    monkeypatch.setattr("cnnlearn.image_filters.halved", lambda plane: plane[::2, ::2])
    image = rng.random((128, 256, 3))
    assert np.abs(IttiKoch().saliency(np.rot90(image)) - np.rot90(IttiKoch().saliency(image))).max() > 1e-3


@pytest.mark.parametrize("wanted, channel", [(0, "0°"), (1, "red–green")])
def test_gains_learned_from_one_display_find_the_target_in_others(wanted, channel):
    mask = np.zeros((512, 512), bool)
    mask[128:256, 256:384] = True  # the place (1, 2)
    places = [(0, 1), (3, 0), (3, 3)]
    places[wanted] = (1, 2)
    gains = IttiKoch().learn(three_odd_ones(*places), mask)
    assert gains.sum() == pytest.approx(1) and IttiKoch().names[gains.argmax()] == channel
    for places in ([(2, 2), (0, 3), (1, 0)], [(3, 0), (1, 1), (0, 2)]):
        display = three_odd_ones(*places)
        assert winner(IttiKoch(), display) == places[1], "in free viewing the red one wins"
        assert winner(IttiKoch(gains), display) == places[wanted]


def test_a_photograph():
    image = resize(skimage.data.coffee(), (200, 300), anti_aliasing=True)
    before, model = image.copy(), IttiKoch()
    path, found = model.scanpath(image, 5), model.saliency(image)
    np.testing.assert_array_equal(image, before)
    assert found.shape == (13, 19) and (found >= 0).all() and np.isfinite(found).all()
    assert list(model.conspicuity(image)) == ["intensity", "colour", "orientation"]
    assert path.shape == (5, 2) and (path >= 0).all() and (path < image.shape[:2]).all()
    cells = saliency.scanpath(found, 5, 13 / 6)
    np.testing.assert_allclose(path, (cells + 0.5) * (200 / 13, 300 / 19) - 0.5, atol=0.5)


@pytest.mark.parametrize(
    "image", [np.zeros((9, 9)), np.zeros((9, 9, 3), np.uint8), np.full((9, 9, 3), np.nan), np.full((9, 9, 3), 2.0)]
)
def test_other_images_are_refused(image):
    with pytest.raises(ValueError, match="floats in \\[0, 1\\]"):
        IttiKoch().saliency(image)


def test_gains_and_masks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="7 channels"):
        IttiKoch(np.ones(3))
    for mask in (np.zeros((32, 32), bool), np.ones((32, 32), bool), np.ones((2, 2), bool)):
        with pytest.raises(ValueError, match="mask"):
            IttiKoch().learn(np.zeros((32, 32, 3)), mask)
