"""Integrated and expected gradients: functions by hand-worked numbers, whole networks by their oracles."""

import keras
import numpy as np
import pytest

from cnnlearn import networks
from cnnlearn.engine import forward
from cnnlearn.engine.forward import logits_of
from cnnlearn.exercises.fixtures.networks import small_network
from cnnlearn.explainers.expected_gradients import ExpectedGradients
from cnnlearn.explainers.integrated_gradients import IntegratedGradients
from cnnlearn.explainers.saliency import Saliency
from cnnlearn.explainers.smooth_grad import SmoothGrad
from cnnlearn.files.cifar10 import sample
from cnnlearn.gradients import (
    completeness_gap,
    expected_gradients,
    integrated_gradients,
    path_points,
    split_at,
    standard_error,
    sum_channels,
)

RNG = np.random.default_rng(8)
IMAGES = RNG.random((4, 8, 8, 3)).astype(np.float32)
BACKGROUND = RNG.random((5, 8, 8, 3)).astype(np.float32)
IMAGE, BASELINE = RNG.random((2, 4, 5, 3))
HEADS = ("gap softmax", "gap fused", "gap logits", "nested")


def network(head="gap softmax"):
    return small_network(head, seed=3)


def logits(model, images):
    return logits_of(model, keras.ops.convert_to_tensor(images)).numpy().astype(np.float64)


def power(degree):
    """f(x) = Σ x^degree, and its gradient."""
    return lambda batch: (batch**degree).sum(axis=(1, 2, 3)), lambda batch: degree * batch ** (degree - 1)


# The functions


def test_two_nodes_by_hand():
    """The Gauss–Legendre nodes for n = 2 are ±1/√3 on [−1, 1], with weight 1 each."""
    points, weights = path_points(np.full((1, 1, 3), 3.0), np.ones((1, 1, 3)), 2)
    np.testing.assert_allclose(points[:, 0, 0, 0], [2 - 1 / np.sqrt(3), 2 + 1 / np.sqrt(3)])
    np.testing.assert_allclose(weights, [0.5, 0.5])


def test_saturation_by_hand():
    """min(x, 1) is flat at x = 2: the gradient there says nothing, and half of the path from 0 has slope 1."""
    gradient = lambda batch: (batch < 1).astype(float)  # noqa: E731
    image, black = np.full((1, 1, 3), 2.0), np.zeros((1, 1, 3))
    assert not gradient(image[None]).any()
    np.testing.assert_allclose(integrated_gradients(gradient, image, black, 100), 1, atol=1e-12)


@pytest.mark.parametrize("nodes", [1, 2, 3, 4])
def test_gauss_legendre_is_exact_for_degree_2n(nodes):
    """A score of degree d has a gradient of degree d − 1 along the path: n = ⌈d/2⌉ nodes do; one degree more is off."""
    for degree in (2 * nodes - 1, 2 * nodes, 2 * nodes + 1):
        score, gradient = power(degree)
        found = integrated_gradients(gradient, IMAGE, BASELINE, nodes)
        exact = np.allclose(found, IMAGE**degree - BASELINE**degree, rtol=1e-9, atol=1e-12)
        assert exact == (degree <= 2 * nodes)
        gap = completeness_gap(found, score(IMAGE[None])[0], score(BASELINE[None])[0])
        assert (abs(gap) < 1e-9) == exact


def test_a_linear_score_is_exact_in_one_step():
    weights = RNG.normal(size=IMAGE.shape)
    found = integrated_gradients(lambda batch: np.tile(weights, (len(batch), 1, 1, 1)), IMAGE, BASELINE, 1)
    np.testing.assert_allclose(found, weights * (IMAGE - BASELINE), atol=1e-12)


def test_a_gap_has_a_sign():
    assert completeness_gap(np.array([[1.0, 2.0], [-0.5, 1.0]]), 5.0, 2.0) == pytest.approx(0.5)
    assert completeness_gap(np.array([1.0]), 5.0, 2.0) == pytest.approx(-2)


def test_expected_gradients_is_the_mean_of_integrated_gradients():
    backgrounds = RNG.random((4, *IMAGE.shape))
    _, gradient = power(3)
    wanted = np.mean([integrated_gradients(gradient, IMAGE, b, 2) for b in backgrounds], axis=0)
    found = expected_gradients(gradient, IMAGE, backgrounds, 40_000, np.random.default_rng(0), 0)
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    # Sum f(x) − mean f(b).
    assert found.sum() == pytest.approx((IMAGE**3).sum() - (backgrounds**3).sum(axis=(1, 2, 3)).mean(), abs=1e-2)


def test_each_part_of_the_path_is_drawn_from_once():
    asked = []

    def gradient(batch):
        asked.extend(batch[:, 0, 0, 0])
        return np.ones_like(batch)

    expected_gradients(gradient, np.ones((1, 1, 3)), np.zeros((1, 1, 1, 3)), 14, np.random.default_rng(0), 0)
    np.testing.assert_array_equal(np.sort(np.floor(14 * np.array(asked))), np.arange(14))


def test_backgrounds_are_used_equally_often():
    """With gradient 1 the result is x − the mean of the backgrounds used: each twice, or one of them three times."""
    backgrounds = np.array([0.0, 1, 10]).reshape(3, 1, 1, 1) * np.ones((1, 1, 1, 3))

    def total(samples, seed):
        found = expected_gradients(
            np.ones_like, np.zeros((1, 1, 3)), backgrounds, samples, np.random.default_rng(seed), 0
        )
        return -found[0, 0, 0] * samples

    assert {round(total(6, seed)) for seed in range(20)} == {22}
    assert {round(total(7, seed)) for seed in range(40)} == {22, 23, 32}


def test_with_smoothing_the_sum_tends_to_the_expected_score():
    """f = Σ x²: E f(x + σε) = f(x) + σ² for each number of the image."""
    score, gradient = power(2)
    found = expected_gradients(gradient, IMAGE, BASELINE[None], 40_000, np.random.default_rng(1), 0.5)
    wanted = score(IMAGE[None])[0] + 0.25 * IMAGE.size - score(BASELINE[None])[0]
    assert found.sum() == pytest.approx(wanted, rel=2e-3)


def test_stratified_draws_scatter_less_than_independent_ones():
    """The same number of gradients of a curved score; RMSE over 200 runs against the exact answer."""
    backgrounds = RNG.random((10, *IMAGE.shape))
    mix = RNG.normal(0, 0.3, (IMAGE.size, 6))

    def gradient(batch):  # of Σ tanh(mix · x)
        slopes = 1 - np.tanh(batch.reshape(len(batch), -1) @ mix) ** 2
        return (slopes @ mix.T).reshape(batch.shape)

    def independent(rng):
        t, baselines = rng.random((200, 1, 1, 1)), backgrounds[rng.integers(10, size=200)]
        return ((IMAGE - baselines) * gradient(baselines + t * (IMAGE - baselines))).mean(axis=0)

    exact = np.mean([integrated_gradients(gradient, IMAGE, b, 60) for b in backgrounds], axis=0)

    def error(estimate):
        found = [estimate(np.random.default_rng(seed)) - exact for seed in range(200)]
        return np.sqrt(np.square(found).mean())

    ours = error(lambda rng: expected_gradients(gradient, IMAGE, backgrounds, 200, rng, 0))
    assert error(independent) / ours > 3


def test_the_standard_error_by_hand():
    """1, 2, 6: mean 3, squares 4 + 1 + 9 = 14, variance 7, so √(7/3)."""
    assert standard_error(np.array([1.0, 2.0, 6.0])) == pytest.approx(np.sqrt(7 / 3))
    assert np.isnan(standard_error(np.ones((1, 2, 2)))).all()
    assert standard_error(RNG.random((6, 2, 3))).shape == (2, 3)


def test_channels_add_up():
    np.testing.assert_allclose(sum_channels(np.array([[[1.0, -2, 4], [0, 0, -1]]])), [[3, -1]])


# Splitting


@pytest.mark.parametrize("head", HEADS)
def test_the_parts_make_the_whole(head):
    model = network(head)
    for layer in model.layers:
        front, back = split_at(model, layer.name)
        np.testing.assert_allclose(back(front(IMAGES)), model(IMAGES), atol=1e-6)


def test_a_cut_lies_in_this_models_graph():
    """A layer used in another model before has an output there, too."""
    shared = keras.layers.Dense(4, name="shared")
    other, inputs = keras.Input((6,)), keras.Input((6,))
    shared(keras.layers.Dense(6)(other))
    model = keras.Model(inputs, keras.layers.Dense(2)(shared(inputs)))
    front, back = split_at(model, "shared")
    x = RNG.random((3, 6)).astype(np.float32)
    np.testing.assert_allclose(front(x), shared(x), atol=1e-6)
    np.testing.assert_allclose(back(front(x)), model(x), atol=1e-6)


def test_impossible_cuts_are_refused():
    inputs = keras.Input((8, 8, 3))
    same = keras.layers.Conv2D(3, 3, padding="same", name="twice")
    around = keras.layers.Conv2D(3, 1, name="around")(same(same(inputs)))
    model = keras.Model(inputs, keras.layers.Add()([around, inputs]))
    for layer, words in (("around", "goes around"), ("twice", "2 times"), ("none", "0 times")):
        with pytest.raises(ValueError, match=words):
            split_at(model, layer)


# Whole networks


def in_double(head="gap softmax"):
    """The same network in float64, for finite differences; 1e-5 is too short to move many ReLUs over their edge."""
    keras.config.set_dtype_policy("float64")
    try:
        return small_network(head, seed=3)
    finally:
        keras.config.set_dtype_policy("float32")


def rms(error):
    """The root mean square of the standard errors of all values."""
    return np.sqrt(np.square(error).mean())


def finite_differences(function, x, step=1e-5):
    """Central differences of a function of a batch (n, ...) at one x, in its shape."""
    steps = step * np.eye(x.size).reshape(-1, *x.shape)
    return ((function(x + steps) - function(x - steps)) / (2 * step)).reshape(x.shape)


def test_saliency_agrees_with_finite_differences():
    model = in_double()
    (explanation,) = Saliency(network()).explain(IMAGES[0], 1)
    wanted = finite_differences(lambda x: logits(model, x)[:, 1], IMAGES[0].astype(float))
    np.testing.assert_allclose(explanation.values, wanted, atol=1e-4)


def test_smoothgrad_without_noise_is_the_gradient():
    (plain,), (smooth,) = (m.explain(IMAGES[0], 1) for m in (Saliency(network()), SmoothGrad(network(), smoothing=0)))
    np.testing.assert_allclose(smooth.values, plain.values, atol=1e-5)
    assert rms(smooth.certificate["std_error"]) < 1e-6


@pytest.mark.slow
def test_smoothgrad_is_the_gradient_of_the_expected_score():
    """∇ E f(x + σε) by finite differences, with the same noise on both sides."""
    model, noise = in_double(), 0.3 * np.random.default_rng(0).normal(size=(100, 8, 8, 3))

    def expected(batch):
        return logits(model, (batch[:, None] + noise).reshape(-1, 8, 8, 3))[:, 2].reshape(len(batch), 100).mean(axis=1)

    wanted = finite_differences(expected, IMAGES[0].astype(float))
    (found,) = SmoothGrad(network(), smoothing=0.3, max_evals=3000).explain(IMAGES[0], 2)
    error = rms(found.certificate["std_error"]) * np.sqrt(1 + 3000 / 100)
    assert np.sqrt(np.square(found.values - wanted).mean()) == pytest.approx(error, rel=0.3)


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_integrated_gradients_agree_with_finite_differences_along_the_path(head):
    model = in_double(head)
    points, weights = path_points(IMAGES[0].astype(float), BACKGROUND[0].astype(float), 5)
    gradients = [finite_differences(lambda x: logits(model, x)[:, 1], point) for point in points]
    wanted = (IMAGES[0] - BACKGROUND[0]) * np.tensordot(weights, gradients, 1)
    (found,) = IntegratedGradients(network(head), baseline=BACKGROUND[0], max_evals=5).explain(IMAGES[0], 1)
    np.testing.assert_allclose(found.values, wanted, atol=1e-4)


def test_integrated_gradients_are_complete():
    model = network()
    for explanation, scores in zip(
        IntegratedGradients(model, max_evals=500).explain(IMAGES, 1), logits(model, IMAGES), strict=True
    ):
        difference = scores[1] - logits(model, np.zeros((1, 8, 8, 3), np.float32))[0, 1]
        assert explanation.certificate["score_value"] == pytest.approx(scores[1], abs=1e-4)
        assert explanation.certificate["completeness_gap"] == pytest.approx(
            explanation.values.sum() - difference, abs=1e-3
        )
        assert abs(explanation.certificate["completeness_gap"]) < 0.01 * abs(difference)
        assert explanation.certificate["evaluations"] == 500


def test_a_linear_network_is_exact_in_one_step():
    inputs = keras.Input((8, 8, 3))
    model = keras.Sequential([inputs, keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(3)])
    wanted = finite_differences(lambda x: logits(model, x.astype(np.float32))[:, 1], IMAGES[0].astype(float), 1.0)
    methods = (
        IntegratedGradients(model, max_evals=1),
        ExpectedGradients(model, background=np.zeros((1, 8, 8, 3)), max_evals=10),
    )
    for method in methods:
        (found,) = method.explain(IMAGES[0], 1)
        np.testing.assert_allclose(found.values, IMAGES[0] * wanted, atol=1e-4)
        assert found.certificate["completeness_gap"] == pytest.approx(0, abs=1e-4)
        assert rms(found.certificate.get("std_error", 0)) < 1e-5


@pytest.mark.slow
def test_two_networks_with_the_same_function_agree():
    """Splitting each channel of a ReLU into two halves, 0.3 and 0.7 of it, changes the network and not what it does."""
    model = network("gap logits")
    kernel, bias, *others = model.get_weights()
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(10, 3, padding="same", activation="relu")(inputs)
    x = keras.layers.Conv2D(6, 3, padding="same", activation="relu")(keras.layers.MaxPooling2D()(x))
    twin = keras.Model(inputs, keras.layers.Dense(4)(keras.layers.GlobalAveragePooling2D()(x)))
    halves = [np.concatenate([0.3 * w, 0.7 * w], axis=-1) for w in (kernel, bias)]
    twin.set_weights([*halves, np.concatenate([others[0], others[0]], axis=2), *others[1:]])
    np.testing.assert_allclose(logits(twin, IMAGES), logits(model, IMAGES), atol=1e-5)
    for method in (IntegratedGradients, lambda model: ExpectedGradients(model, background=BACKGROUND, max_evals=50)):
        one, two = (method(m).explain(IMAGES, 2) for m in (model, twin))
        for a, b in zip(one, two, strict=True):
            np.testing.assert_allclose(a.values, b.values, atol=1e-4)


@pytest.mark.slow
def test_expected_gradients_are_the_mean_of_integrated_gradients():
    model = network()
    exact = [IntegratedGradients(model, baseline=baseline, max_evals=100).explain(IMAGES, 1) for baseline in BACKGROUND]
    found = ExpectedGradients(model, background=BACKGROUND, max_evals=500).explain(IMAGES, 1)
    for i, explanation in enumerate(found):
        wanted = np.mean([row[i].values for row in exact], axis=0)
        error = np.sqrt(np.square(explanation.values - wanted).mean())
        assert error == pytest.approx(rms(explanation.certificate["std_error"]), rel=0.5)
        assert error < 0.02 * np.abs(wanted).max()
        mean = logits(model, BACKGROUND)[:, 1].mean()
        difference = explanation.certificate["score_value"] - mean
        assert explanation.values.sum() - explanation.certificate["completeness_gap"] == pytest.approx(
            difference, abs=1e-3
        )


@pytest.mark.slow
def test_smoothing_changes_what_the_sum_tends_to():
    model, sigma = network(), 1.0
    noise = sigma * np.random.default_rng(5).normal(size=(20_000, 8, 8, 3)).astype(np.float32)
    smoothed = logits(model, IMAGES[0] + noise)[:, 1].mean()
    mean = logits(model, BACKGROUND)[:, 1].mean()
    (found,) = ExpectedGradients(model, background=BACKGROUND, max_evals=20_000, smoothing=sigma).explain(IMAGES[0], 1)
    assert found.values.sum() == pytest.approx(smoothed - mean, abs=0.05)
    assert found.certificate["smoothed_score_value"] == pytest.approx(smoothed, abs=0.05)
    assert abs(found.certificate["completeness_gap"]) < 0.05
    assert abs(found.certificate["score_value"] - smoothed) > 0.5  # so it is not f(x)


@pytest.mark.slow
@pytest.mark.parametrize("head", ("gap softmax", "nested"))
def test_at_a_layer_they_are_those_of_the_tail(head):
    """The same draws through `expected_gradients`, told only the tail: equal within both errors."""
    model = network(head)
    layer = "bottom" if head == "nested" else "first"
    front, back = split_at(model, layer)

    def gradient(batch):
        import tensorflow as tf

        batch = tf.constant(batch, tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(batch)
            score = logits_of(back, batch)[:, 1]
        return tape.gradient(score, batch).numpy()

    image, background = front(IMAGES[:1]).numpy()[0], front(BACKGROUND).numpy()
    wanted = expected_gradients(gradient, image, background, 4000, np.random.default_rng(0), 0)
    (found,) = ExpectedGradients(model, background=BACKGROUND, layer=layer, max_evals=4000).explain(IMAGES[0], 1)
    assert found.values.shape == image.shape
    assert np.sqrt(np.square(found.values - wanted).mean()) < 3 * rms(found.certificate["std_error"]) + 1e-6
    (exact,) = IntegratedGradients(model, baseline=BACKGROUND[0], layer=layer).explain(IMAGES[0], 1)
    np.testing.assert_allclose(
        exact.values, integrated_gradients(gradient, image, background[0], 50), atol=1e-4 * np.abs(exact.values).max()
    )


@pytest.mark.slow
@pytest.mark.parametrize("smoothing", [0, 0.5])
def test_the_reported_variance_is_right(smoothing):
    """200 runs of 10 repeats, made in one go: mean of the squared standard errors / variance of the 200 answers."""
    method = ExpectedGradients(network(), background=BACKGROUND, max_evals=20_000, repeats=2000, smoothing=smoothing)
    runs = method.estimates(IMAGES[0], 1).reshape(200, 10, -1).astype(float)
    reported = np.mean([standard_error(run) ** 2 for run in runs])
    empirical = runs.mean(axis=1).var(axis=0, ddof=1).mean()
    assert 0.8 <= reported / empirical <= 1.25


@pytest.mark.slow
def test_the_certificate_reports_that_error():
    method = ExpectedGradients(network(), background=BACKGROUND, max_evals=50)
    (explanation,) = method.explain(IMAGES[0], 1)
    estimates = method.estimates(IMAGES[0], 1)[0, 0]
    assert estimates.shape == (10, 8, 8, 3)
    np.testing.assert_allclose(explanation.values, estimates.mean(axis=0), atol=1e-6)
    wanted = np.sqrt(np.square(estimates.std(axis=0, ddof=1)).mean() / 10)
    assert rms(explanation.certificate["std_error"]) == pytest.approx(wanted, rel=1e-4)
    assert explanation.certificate["seed"] == 0 and explanation.certificate["evaluations"] == 50
    (single,) = ExpectedGradients(network(), background=BACKGROUND, max_evals=50, repeats=1).explain(IMAGES[0], 1)
    assert "std_error" not in single.certificate


# Batches, targets, seeds, and a model that stays as it was

METHODS = {
    "saliency": Saliency,
    "SmoothGrad": lambda model: SmoothGrad(model, max_evals=20),
    "integrated": lambda model: IntegratedGradients(model, max_evals=7),
    "expected": lambda model: ExpectedGradients(model, background=BACKGROUND, max_evals=20, smoothing=0.2),
    "layer": lambda model: ExpectedGradients(model, background=BACKGROUND, layer="features", max_evals=20),
}
each_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


@pytest.mark.slow
@each_method
def test_batches_and_targets_change_nothing(method, monkeypatch):
    explainer, rows = method(network()), np.array([[0, 3], [1, 1], [2, 0], [3, 2]])
    together = explainer.explain(IMAGES, rows)
    assert [e.target for e in together] == rows.ravel().tolist()
    apart = [explainer.explain(image, row) for image, row in zip(IMAGES, rows, strict=True)]
    one_target = [explainer.explain(IMAGES, rows[:, t : t + 1]) for t in (0, 1)]
    monkeypatch.setattr(forward, "LARGEST_BATCH", 3)
    small = explainer.explain(IMAGES, rows)
    for k, explanation in enumerate(together):
        for other in (apart[k // 2][k % 2], one_target[k % 2][k // 2], small[k]):
            np.testing.assert_allclose(other.values, explanation.values, atol=1e-5)
            assert other.certificate.keys() == explanation.certificate.keys()
            for fact, value in explanation.certificate.items():
                if not isinstance(value, str):
                    np.testing.assert_allclose(other.certificate[fact], value, atol=1e-4)


@pytest.mark.slow
@each_method
def test_without_a_target_the_top_class_of_the_image_is_explained(method):
    top = logits(network(), IMAGES).argmax(axis=1)
    assert [e.target for e in method(network()).explain(IMAGES)] == top.tolist()


@pytest.mark.slow
@each_method
def test_the_same_seed_gives_the_same_answer_and_the_global_generator_is_not_touched(method):
    before = np.random.get_state()[1].copy()
    one, two = (method(network()).explain(IMAGES[0], 1)[0].values for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (np.random.get_state()[1] == before).all()
    seeds = [ExpectedGradients(network(), background=BACKGROUND, max_evals=20, seed=seed) for seed in (0, 1)]
    assert not np.array_equal(*(explainer.explain(IMAGES[0], 1)[0].values for explainer in seeds))


@pytest.mark.slow
@each_method
def test_the_model_is_not_changed_and_new_weights_count(method):
    def state(model):
        nodes = [len(layer._inbound_nodes) for layer in model.layers]
        return [*map(np.ndarray.tobytes, model.get_weights()), str(model.get_config()), nodes]

    model = network()
    before = state(model)
    explainer = method(model)
    explainer.explain(IMAGES)
    with pytest.raises(ValueError):
        explainer.explain(IMAGES, 4)
    assert state(model) == before
    model.set_weights([2 * w for w in model.get_weights()])
    np.testing.assert_allclose(
        explainer.explain(IMAGES[0], 1)[0].values, method(model).explain(IMAGES[0], 1)[0].values, atol=1e-5
    )


def test_bad_arguments_get_one_sentence():
    for make, words in (
        (lambda: ExpectedGradients(network(), background=BACKGROUND, max_evals=25), "ask for a multiple"),
        (lambda: ExpectedGradients(network(), background=BACKGROUND, layer="none"), "'none'"),
        (lambda: ExpectedGradients(network(), background=BACKGROUND, layer="softmax"), "nothing is left"),
        (lambda: ExpectedGradients(network(), background=BACKGROUND[..., 0]), "channels last"),
        (lambda: IntegratedGradients(network(), baseline=np.zeros((8, 8, 3), np.uint8)).explain(IMAGES), "to_float"),
    ):
        with pytest.raises(ValueError) as refusal:
            make()
        assert words in str(refusal.value) and "\n" not in str(refusal.value)


# A peer


@pytest.mark.slow
def test_it_agrees_with_shap():
    """On the trained network: the difference of the two answers is what their two errors lead to expect."""
    shap = pytest.importorskip("shap", reason="shap is not installed: pip install -e .[peers]")
    (training, _), (images, _) = sample(np.float32)
    model, background, image = networks.load(), training[::25], images[:1]
    explainer = shap.GradientExplainer(keras.Model(model.input, model.get_layer("logits").output), background)
    arguments = dict(ranked_outputs=np.array([[4]]), output_rank_order="custom")
    runs = np.array([explainer.shap_values(image, 60, rseed=seed, **arguments)[0][0, ..., 0] for seed in range(8)])
    (ours,) = ExpectedGradients(model, background=background, max_evals=400).explain(image, 4)
    error = np.hypot(rms(ours.certificate["std_error"]), np.sqrt(np.square(standard_error(runs)).mean()))
    difference = np.sqrt(np.square(runs.mean(axis=0) - ours.values).mean())
    assert 0.6 < difference / error < 1.6
