"""LIME by its oracles: additive models, closed forms, scikit-learn, lime's own regression, and the class's promises."""

import sys

import keras
import numpy as np
import pytest

from cnnlearn.engine import forward
from cnnlearn.exercises.fixtures.networks import small_network
from cnnlearn.explainers import lime
from cnnlearn.explainers.lime import Lime

SEGMENTS = np.arange(64).reshape(8, 8) // 11  # six segments


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.fixture
def image():
    return np.random.default_rng(1).random((8, 8, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def model():
    return small_network("gap softmax", 0)


@pytest.fixture(scope="module")
def explainer(model):
    return Lime(model, segments=SEGMENTS, max_evals=40, seed=3)


@pytest.fixture
def regression(rng):
    """Masks, outputs of two models and weights, nothing special about them."""
    masks = lime.sample_masks(200, 12, rng)
    outputs = masks @ rng.normal(size=(12, 2)) + (masks[:, :2] * masks[:, 1:3]) + rng.normal(size=(200, 2))
    return masks, outputs, lime.closeness(lime.cosine_distance(masks), 0.25)


# The functions


def test_distance_and_closeness_by_hand():
    masks = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]])
    distances = lime.cosine_distance(masks)
    assert np.allclose(distances, [0, 0.5, 1])
    assert np.allclose(lime.closeness(distances, 0.5), [1, np.exp(-0.5), np.exp(-2)])


def test_distances_are_those_of_scikit_learn(rng):
    metrics = pytest.importorskip("sklearn.metrics")
    masks = lime.sample_masks(100, 30, rng)
    expected = metrics.pairwise_distances(masks, masks[:1], metric="cosine").ravel()
    assert np.allclose(lime.cosine_distance(masks), expected, atol=1e-12)


def test_an_additive_model_is_recovered(rng):
    masks = lime.sample_masks(300, 20, rng)
    truth = rng.normal(size=20)
    outputs, weights = masks @ truth - 3, lime.closeness(lime.cosine_distance(masks), 0.25)
    coefficients, intercept = lime.weighted_ridge(masks, outputs, weights, 1e-10)
    assert np.allclose(coefficients, truth, rtol=0, atol=1e-8) and abs(intercept + 3) < 1e-8
    assert lime.weighted_r2(outputs, masks @ coefficients + intercept, weights) == pytest.approx(1, abs=1e-12)


def test_the_penalty_shrinks_as_the_closed_form_says(rng):
    """All 2^m masks, weights 1: columns are orthogonal, each with a sum of squares of n/4 around its mean."""
    masks = (np.arange(2**6)[:, None] >> np.arange(6)) % 2
    truth = rng.normal(size=6)
    coefficients, _ = lime.weighted_ridge(masks, masks @ truth + 1, np.ones(64), 1.0)
    assert np.allclose(coefficients, truth * 16 / (16 + 1), atol=1e-12)


def test_ridge_and_r2_are_those_of_scikit_learn(regression):
    linear_model = pytest.importorskip("sklearn.linear_model")
    metrics = pytest.importorskip("sklearn.metrics")
    masks, outputs, weights = regression
    ridge = linear_model.Ridge(alpha=1).fit(masks, outputs, sample_weight=weights)
    coefficients, intercept = lime.weighted_ridge(masks, outputs, weights, 1.0)
    assert np.allclose(coefficients, ridge.coef_.T, rtol=0, atol=1e-8)
    assert np.allclose(intercept, ridge.intercept_, rtol=0, atol=1e-8)
    predicted = masks @ coefficients[:, 0] + intercept[0]
    expected = metrics.r2_score(outputs[:, 0], predicted, sample_weight=weights)
    assert lime.weighted_r2(outputs[:, 0], predicted, weights) == pytest.approx(expected, abs=1e-10)


def test_weights_are_those_of_limes_own_regression(regression):
    lime_base = pytest.importorskip("lime.lime_base")
    masks, outputs, weights = regression
    peer = lime_base.LimeBase(lambda d: np.sqrt(np.exp(-(d**2) / 0.25**2)), random_state=np.random.RandomState(0))
    intercept, pairs, score, _ = peer.explain_instance_with_data(
        masks, outputs, lime.cosine_distance(masks), 1, num_features=12, feature_selection="none"
    )
    coefficients, own_intercept = lime.weighted_ridge(masks, outputs[:, 1], weights, 1.0)
    assert np.allclose(coefficients, [weight for _, weight in sorted(pairs)], rtol=0, atol=1e-6)
    assert own_intercept == pytest.approx(intercept, abs=1e-6)
    assert lime.weighted_r2(outputs[:, 1], masks @ coefficients + own_intercept, weights) == pytest.approx(score)


def test_the_spread_is_that_over_seeds(rng):
    """The jackknife's standard error, its mean over repeats, beside the standard deviation of the repeats."""
    truth = rng.normal(size=15)
    found, reported = [], []
    for seed in range(120):
        masks = lime.sample_masks(500, 15, np.random.default_rng(seed))
        outputs = (masks @ truth + 4 * masks[:, 0] * masks[:, 3] - 3 * masks[:, 5] * masks[:, 6])[:, None]
        weights = lime.closeness(lime.cosine_distance(masks), 0.25)
        found.append(lime.weighted_ridge(masks, outputs, weights, 1.0)[0][:, 0])
        reported.append(lime._jackknife_error(masks, outputs, weights, 1.0)[:, 0])
    ratios = np.mean(reported, axis=0) / np.std(found, axis=0, ddof=1)
    assert 0.8 < ratios.mean() < 1.25 and (ratios > 0.7).all() and (ratios < 1.4).all()


def test_the_spread_is_that_of_regressions_from_the_start(regression):
    masks, outputs, weights = (array[:81] for array in regression)
    groups = np.array_split(np.arange(1, 81), lime.GROUPS)
    left_out = [
        lime.weighted_ridge(*(np.delete(array, group, axis=0) for array in (masks, outputs, weights)), 1.0)[0]
        for group in groups
    ]
    errors = np.array(left_out) - np.mean(left_out, axis=0)
    expected = np.sqrt((len(groups) - 1) / len(groups) * (errors**2).sum(axis=0))
    assert np.allclose(lime._jackknife_error(masks, outputs, weights, 1.0), expected, atol=1e-9)


# The class


def linear_network():
    """Two logits, each a weighted sum of all pixels."""
    network = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(2)])
    network.layers[-1].set_weights([np.random.default_rng(4).normal(size=(192, 2)), np.array([0.5, -1.0])])
    return network


@pytest.mark.parametrize("samples, complete", [(64, True), (50, False)])
def test_a_linear_network_is_explained_exactly(samples, complete, image):
    network = linear_network()
    by_pixel = network.layers[-1].get_weights()[0].reshape(8, 8, 3, 2)
    found = Lime(network, segments=SEGMENTS, fill=0, max_evals=samples, penalty=1e-6).explain(image, [0, 1])
    for c in (0, 1):
        adds = (image * by_pixel[..., c]).sum(axis=-1)
        expected = [adds[s == SEGMENTS].sum() for s in range(6)]
        assert np.allclose(found[c].weights, expected, atol=1e-3)
        assert np.allclose(found[c].values, found[c].weights[SEGMENTS])
        assert found[c].certificate["r2"] == pytest.approx(1, abs=1e-6)
        assert (
            (found[c].certificate["std_error"] == 0).all()
            if complete
            else found[c].certificate["std_error"].max() < 1e-3
        )


def test_the_penalty_of_one_shrinks_a_linear_network(image):
    free, held = (
        Lime(linear_network(), segments=SEGMENTS, fill=0, max_evals=64, kernel_width=1e6, penalty=penalty).explain(
            image, 0
        )[0]
        for penalty in (1e-9, 1.0)
    )
    assert np.allclose(held.weights, free.weights * 16 / 17, rtol=1e-4)


def test_any_labels_for_the_same_segments_give_the_same_answer(model, image):
    plain = Lime(model, segments=SEGMENTS, max_evals=30).explain(image)[0]
    for labels in ([3, 1, 4, 0, 5, 2], [-7, 900, 12, 13, 2, 1], [1, 2, 3, 4, 5, 6]):
        other = Lime(model, segments=np.array(labels)[SEGMENTS], max_evals=30).explain(image)[0]
        assert np.allclose(other.values, plain.values, atol=1e-5)
        assert other.segments.max() == 5


def test_the_seed_decides_and_the_batch_size_does_not(model, image, monkeypatch):
    def weights(**settings):
        return Lime(model, segments=SEGMENTS, max_evals=40, **settings).explain(image, 1)[0].weights

    one = weights(seed=1)
    monkeypatch.setattr(forward, "LARGEST_BATCH", 7)
    assert np.allclose(one, weights(seed=1), atol=1e-5)
    assert not np.allclose(one, weights(seed=2), atol=1e-3)


def test_the_global_generator_is_neither_used_nor_touched(explainer, image):
    np.random.seed(0)
    state = np.random.get_state()[1].copy()
    one = explainer.explain(image, 0)[0]
    assert (np.random.get_state()[1] == state).all()
    np.random.seed(1)
    assert np.array_equal(explainer.explain(image, 0)[0].weights, one.weights)


def test_several_classes_are_what_each_is_alone(explainer, image):
    together = explainer.explain(image, [2, 0, 3])
    assert [found.target for found in together] == [2, 0, 3]
    for found in together:
        assert np.allclose(found.weights, explainer.explain(image, found.target)[0].weights, atol=1e-5)


def test_without_targets_the_classes_with_the_largest_logits_are_taken(explainer, model, image):
    images = np.stack([image, image[::-1], 1 - image])
    best = np.argsort(-model.predict(images, verbose=0), axis=1)[:, :2]
    assert [found.target for found in explainer.explain(images, top=2)] == best.ravel().tolist()


def test_a_batch_is_what_its_images_are_alone(explainer, image):
    images = np.stack([image, image[::-1]])
    alone = [found for one in images for found in explainer.explain(one, 1)]
    for found, expected in zip(explainer.explain(images, 1), alone, strict=True):
        assert np.allclose(found.values, expected.values, atol=1e-5)


@pytest.mark.parametrize("segments, samples", [(SEGMENTS // 2, 7), (SEGMENTS // 2, 8), (SEGMENTS, 45), (SEGMENTS, 64)])
def test_no_version_is_evaluated_twice_and_all_are_counted(segments, samples, model, image):
    seen = []

    def fill(hidden):
        seen.append(hidden.tobytes())
        return np.zeros_like(image)

    found = Lime(model, segments=segments, fill=fill, max_evals=samples).explain(image, [0, 1, 2])
    assert len(seen) == len(set(seen)) == found[0].certificate["evaluations"] <= samples
    all_masks = 2 ** len(found[0].weights)
    assert samples < all_masks or len(seen) == all_masks


def test_with_few_segments_nothing_is_left_to_chance(model, image):
    one, two = (Lime(model, segments=SEGMENTS, max_evals=64, seed=seed).explain(image)[0] for seed in (1, 2))
    assert np.array_equal(one.weights, two.weights) and (one.certificate["std_error"] == 0).all()


def test_logits_are_explained_whatever_the_head(image):
    softmax, logits = (small_network(head, 7) for head in ("gap fused", "gap logits"))
    one, two = (Lime(network, segments=SEGMENTS, max_evals=40).explain(image, 2)[0] for network in (softmax, logits))
    assert np.allclose(one.weights, two.weights, atol=1e-5)


def test_the_model_is_unchanged_whatever_happens(image):
    model = small_network("nested", 2)
    weights, before = model.get_weights(), model.predict(image[None], verbose=0)
    Lime(model, segments=SEGMENTS, max_evals=20).explain(image)

    def broken(hidden):
        raise RuntimeError("no fill")

    with pytest.raises(RuntimeError, match="no fill"):
        Lime(model, segments=SEGMENTS, fill=broken, max_evals=20).explain(image)
    assert all((a == b).all() for a, b in zip(weights, model.get_weights(), strict=True))
    assert (model.predict(image[None], verbose=0) == before).all()


def test_the_certificate_can_be_read_again(explainer, image):
    certificate = explainer.explain(image, 0)[0].certificate
    assert certificate["seed"] == 3 and certificate["r2"] <= 1 and certificate["std_error"].shape == (6,)


def test_segments_may_come_from_scikit_image_or_a_function(model, image):
    assert Lime(model, segments="slic", max_evals=20).explain(image)[0].segments.shape == (8, 8)
    halves = Lime(model, segments=lambda image: image[..., 0] * 0 > 1, max_evals=20).explain(image)[0]
    assert len(halves.weights) == 1 and halves.certificate["evaluations"] == 2


@pytest.mark.parametrize(
    "settings", [{"max_evals": 1}, {"kernel_width": 0}, {"penalty": -1}, {"fill": "pink"}, {"segments": "voronoi"}]
)
def test_settings_that_make_no_sense_are_refused(settings, model, image):
    with pytest.raises(ValueError, match="LIME needs|no fill named|no way to cut"):
        Lime(model, **settings).explain(image)


@pytest.mark.parametrize("targets, top", [(4, 1), (None, 0), (None, 5)])
def test_classes_that_are_not_there_are_refused(targets, top, explainer, image):
    with pytest.raises(ValueError, match="classes"):
        explainer.explain(image, targets, top=top)


def test_the_functions_need_no_tensorflow():
    import subprocess

    code = "import sys, cnnlearn.lime, cnnlearn.figures.segment_plots; assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
