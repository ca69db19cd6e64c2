"""Guided ReLU: its rules, its copies, an implementation in NumPy, and a network that stays as it was."""

from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.lib.stride_tricks import sliding_window_view

from cnnlearn import guided
from cnnlearn.engine import forward as engine_forward
from cnnlearn.engine import input_gradients
from cnnlearn.exercises.fixtures.networks import small_network
from cnnlearn.exercises.fixtures.relu_networks import relu_network
from cnnlearn.explainers.deconvnet import Deconvnet
from cnnlearn.explainers.grad_cam import GradCAM
from cnnlearn.explainers.guided_backprop import GuidedBackprop
from cnnlearn.explainers.guided_grad_cam import GuidedGradCAM
from cnnlearn.explainers.saliency import Saliency
from cnnlearn.guided import guided_backprop, guided_relu, with_guided_relus

RNG = np.random.default_rng(5)
IMAGES = RNG.random((5, 8, 8, 3)).astype(np.float32)
LAYOUTS = ("fused", "activation", "layers", "relu6", "nested", "function")
METHODS = (GuidedBackprop, Deconvnet, GuidedGradCAM)


def gentle(layout, scale=0.3):
    """The network of this layout with small weights, so that nothing in it comes near 6."""
    model = relu_network(layout, seed=2)
    model.set_weights([scale * weight for weight in model.get_weights()])
    return model


def pictures(method, model, images=IMAGES, targets=1):
    return np.stack([explanation.values for explanation in method(model).explain(images, targets)])


@cache
def pictures_of_fused(method):
    return pictures(method, gentle("fused"))


# The rules

X, DY = np.array([2.0, 2, -2, -2, 0, 0, 2]), np.array([3.0, -3, 3, -3, 3, -3, 0])
TABLE = {
    guided.relu_backward: [3, -3, 0, 0, 0, 0, 0],
    guided.deconvnet_backward: [3, 0, 3, 0, 3, 0, 0],
    guided.guided_backward: [3, 0, 0, 0, 0, 0, 0],
}


@pytest.mark.parametrize("rule, wanted", TABLE.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_the_table_of_signs(rule, wanted):
    np.testing.assert_array_equal(rule(X, DY), wanted)


def test_guided_relu_goes_forward_as_a_relu_bit_by_bit_and_back_by_the_table():
    numbers = np.concatenate([X, RNG.normal(size=1000), [1e-45, -1e-45, 1e38, np.inf]]).astype(np.float32)
    assert guided_relu(tf.constant(numbers)).numpy().tobytes() == tf.nn.relu(numbers).numpy().tobytes()
    x = tf.constant(X)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = guided_relu(x)
    np.testing.assert_array_equal(tape.gradient(y, x, tf.constant(DY)), TABLE[guided.guided_backward])


# An implementation in NumPy, in float64, from the definition


def convolve(x, kernel, bias):
    return np.einsum("hwcij,ijck->hwk", sliding_window_view(x, kernel.shape[:2], axis=(0, 1)), kernel) + bias


def convolve_back(dy, kernel):
    (height, width, _), (rows, columns, channels, _) = dy.shape, kernel.shape
    dx = np.zeros((height + rows - 1, width + columns - 1, channels))
    for i, j in np.ndindex(rows, columns):
        dx[i : i + height, j : j + width] += dy @ kernel[i, j].T
    return dx


def forward(weights, image):
    kernel1, bias1, kernel2, bias2, dense, bias = weights
    first = convolve(image, kernel1, bias1)
    second = convolve(np.clip(first, 0, None), kernel2, bias2)
    return first, second, np.clip(second, 0, None).mean(axis=(0, 1)) @ dense + bias


def backward(weights, image, index, rule):
    kernel1, _, kernel2, _, dense, _ = weights
    first, second, _ = forward(weights, image)
    dy = np.broadcast_to(dense[:, index] / second[..., 0].size, second.shape)
    return convolve_back(rule(first, convolve_back(rule(second, dy), kernel2)), kernel1)


def two_convolutions():
    layers = keras.layers
    images = keras.Input((8, 8, 3))
    x = layers.Conv2D(4, 3, activation="relu")(images)
    x = layers.Conv2D(5, 3, activation="relu")(x)
    model = keras.Model(images, layers.Dense(3)(layers.GlobalAveragePooling2D()(x)))
    rng = np.random.default_rng(6)
    model.set_weights([rng.normal(0, 0.3, w.shape) for w in model.get_weights()])
    return model, [weight.astype(float) for weight in model.get_weights()]


@pytest.mark.parametrize(
    "explain, rule",
    [
        (
            lambda model, image, c: Saliency(model).explain(image, c)[0].values,
            lambda x, dy: (x > 0) * dy,
        ),
        (lambda model, image, c: Deconvnet(model).explain(image, c)[0].values, lambda x, dy: (dy > 0) * dy),
        (
            lambda model, image, c: GuidedBackprop(model).explain(image, c)[0].values,
            lambda x, dy: (x > 0) * (dy > 0) * dy,
        ),
        (guided_backprop, lambda x, dy: (x > 0) * (dy > 0) * dy),
    ],
    ids=["plain", "deconvnet", "guided", "guided_backprop"],
)
def test_agreement_with_numpy(explain, rule):
    model, weights = two_convolutions()
    for image, index in zip(IMAGES[:3], (0, 1, 2), strict=True):
        wanted = backward(weights, image.astype(float), index, rule)
        assert np.abs(wanted).max() > 0.01
        np.testing.assert_allclose(explain(model, image, index), wanted, atol=1e-6)


def test_the_plain_gradient_agrees_with_finite_differences():
    """Of the logits in float64: a network of ReLUs is linear within a small step."""
    model, weights = two_convolutions()
    image, step = IMAGES[0].astype(float), 1e-6
    (found,) = Saliency(model).explain(IMAGES[0], 2)
    for place in np.ndindex(4, 8, 3):
        nudge = np.zeros(image.shape)
        nudge[place] = step
        up, down = (forward(weights, image + sign * nudge)[-1][2] for sign in (1, -1))
        assert found.values[place] == pytest.approx((up - down) / (2 * step), abs=1e-6)


# Copies


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS[1:])
def test_every_layout_gives_the_same_pictures_for_the_same_weights(layout):
    for method in (GuidedBackprop, Deconvnet):
        wanted = pictures_of_fused(method)
        assert np.abs(wanted).max() > 1e-3
        np.testing.assert_allclose(pictures(method, gentle(layout)), wanted, atol=1e-6)


def test_the_three_rules_give_different_pictures():
    found = [pictures_of_fused(method) for method in (GuidedBackprop, Deconvnet)]
    found.append(np.stack([e.values for e in Saliency(gentle("fused")).explain(IMAGES, 1)]))
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert np.abs(found[i] - found[j]).max() > 0.1 * np.abs(found[j]).max()


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_copy_computes_the_same_bit_by_bit_and_shares_no_weight(layout):
    model = relu_network(layout, seed=2)
    copy = with_guided_relus(model)
    assert copy(IMAGES).numpy().tobytes() == model(IMAGES).numpy().tobytes()
    assert not {id(weight) for weight in copy.weights} & {id(weight) for weight in model.weights}


@pytest.mark.parametrize(
    "relu6",
    [keras.layers.ReLU(6), keras.layers.Activation("relu6"), keras.ops.relu6],
    ids=["layer", "fused", "function"],
)
def test_the_gate_of_relu6_is_shut_from_six_on(relu6):
    inputs = keras.Input((5,))
    x = tf.constant([[-1.0, 0, 5.9, 6, 7]])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = with_guided_relus(keras.Model(inputs, relu6(inputs)))(x)
    np.testing.assert_array_equal(y, [[0, 0, np.float32(5.9), 6, 6]])
    np.testing.assert_array_equal(tape.gradient(y, x), [[0, 0, 1, 0, 0]])


def test_the_logit_below_any_softmax_is_explained():
    wanted = guided_backprop(small_network("gap logits", 3), IMAGES[0], 2)
    for head in ("gap softmax", "gap fused", "nested"):
        np.testing.assert_allclose(guided_backprop(small_network(head, 3), IMAGES[0], 2), wanted, atol=1e-6)


def test_an_adapted_normalization_and_a_loss_of_ones_own_come_along():
    normalization = keras.layers.Normalization()
    normalization.adapt(3 * IMAGES)
    model = keras.Sequential([keras.Input((8, 8, 3)), normalization, gentle("layers")])
    model.compile("adam", loss=lambda wanted, found: keras.ops.mean((wanted - found) ** 2))
    np.testing.assert_array_equal(with_guided_relus(model)(IMAGES), model(IMAGES))


@pytest.mark.slow
def test_mixed_precision_gives_roughly_the_same_picture():
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        rough = gentle("layers")
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    (found,), (wanted,) = (pictures(GuidedBackprop, model, IMAGES[:1]) for model in (rough, gentle("layers")))
    assert found.dtype == np.float32
    assert np.corrcoef(found.ravel(), wanted.ravel())[0, 1] > 0.99


# The network stays as it was


def state(model):
    flat = model._flatten_layers()
    images = tf.constant(IMAGES)
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = engine_forward.logits_of(model, images)
    return [
        [weight.tobytes() for weight in model.get_weights()],
        [(layer.name, id(getattr(layer, "activation", None)), len(layer._inbound_nodes)) for layer in flat],
        str(model.get_config()),
        model(IMAGES).numpy().tobytes(),
        tape.gradient(logits, images).numpy().tobytes(),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_network_is_not_changed(layout):
    model = relu_network(layout, seed=2)
    before = state(model)
    guided_backprop(model, IMAGES[0], 1)
    for method in (GuidedBackprop, Deconvnet):
        method(model).explain(IMAGES)
    GuidedGradCAM(model).explain(IMAGES)
    assert state(model) == before


@pytest.mark.slow
@pytest.mark.parametrize("layout", ("fused", "layers", "nested"))
def test_the_network_is_not_changed_when_something_raises(layout, monkeypatch):
    model = relu_network(layout, seed=2)
    before = state(model)

    def broken(*arguments):
        raise RuntimeError("on the way")

    with pytest.raises(ValueError, match="classes 0 to 3"):
        GuidedBackprop(model).explain(IMAGES, 9)
    with pytest.raises(ValueError, match="no layer"):
        GuidedGradCAM(model, layer="none").explain(IMAGES)
    for module, name in ((guided, "take_weights"), (guided, "guided_relu"), (input_gradients, "logits_of")):
        with monkeypatch.context() as patch, pytest.raises(RuntimeError):
            patch.setattr(module, name, broken)
            Deconvnet(model)
            GuidedBackprop(model).explain(IMAGES)
    assert state(model) == before


@pytest.mark.slow
def test_new_weights_are_used_at_once():
    model = gentle("fused")
    explainer = GuidedBackprop(model)
    old = explainer.explain(IMAGES, 1)[0].values
    model.set_weights([1.5 * weight for weight in model.get_weights()])
    new = explainer.explain(IMAGES, 1)[0].values
    np.testing.assert_allclose(new, pictures(GuidedBackprop, model)[0], atol=1e-6)
    assert np.abs(new - old).max() > 1e-3


def test_networks_that_have_no_guided_rule_are_refused():
    for layout, words in (("none", "has no ReLU"), ("slope", "a slope or a threshold")):
        for method in (*METHODS, with_guided_relus):
            with pytest.raises(ValueError, match=words):
                method(relu_network(layout, seed=0))


# Batches and targets


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_batch_gives_what_its_images_give_one_by_one(method, monkeypatch):
    explainer = method(gentle("layers"))
    whole = explainer.explain(IMAGES)
    single = [explainer.explain(image)[0] for image in IMAGES]
    monkeypatch.setattr(engine_forward, "LARGEST_BATCH", 2)
    for found in (single, explainer.explain(IMAGES)):
        for a, b in zip(whole, found, strict=True):
            assert a.target == b.target
            np.testing.assert_allclose(a.values, b.values, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_several_targets_give_what_they_give_one_by_one(method):
    explainer = method(gentle("layers"))
    rows = np.array([[0, 3], [1, 1], [2, 0], [3, 2], [0, 1]])
    together = explainer.explain(IMAGES, rows)
    assert [e.target for e in together] == rows.ravel().tolist()
    apart = [explainer.explain(IMAGES, rows[:, t : t + 1]) for t in (0, 1)]
    for i, explanation in enumerate(together):
        np.testing.assert_allclose(explanation.values, apart[i % 2][i // 2].values, atol=1e-6)


@pytest.mark.slow
def test_the_class_and_the_function_agree_and_the_certificate_holds_the_logit():
    model = gentle("layers")
    logits = engine_forward.logits_of(model, tf.constant(IMAGES)).numpy()
    for i, explanation in enumerate(GuidedBackprop(model).explain(IMAGES)):
        assert explanation.target == logits[i].argmax()
        assert explanation.certificate["score_value"] == pytest.approx(logits[i].max(), abs=1e-5)
        np.testing.assert_allclose(explanation.values, guided_backprop(model, IMAGES[i], explanation.target), atol=1e-6)


# Pictures of them


@pytest.mark.slow
def test_guided_grad_cam_is_the_product_of_the_two():
    model = small_network("gap softmax", 3)
    cams, pictures_ = GradCAM(model), GuidedBackprop(model).explain(IMAGES, 2)
    for image, picture, product in zip(IMAGES, pictures_, GuidedGradCAM(model).explain(IMAGES, 2), strict=True):
        small = cams.heatmaps(image, 2)[0, 0]
        np.testing.assert_allclose(product.values, guided.guided_grad_cam(picture.values, small), atol=1e-6)
        assert product.certificate["evaluations"] == 2


def test_guided_grad_cam_by_hand():
    cam = np.array([[-5.0, 8.0]])  # rectified 0, 8; enlarged to four pixels 0, 2, 6, 8
    found = guided.guided_grad_cam(np.array([[[1.0] * 3, [1.0] * 3, [-1.0] * 3, [0.5] * 3]]), cam)
    np.testing.assert_allclose(found[0, :, 0], [0, 2, -6, 4])


def test_to_displayable_by_hand():
    numbers = np.array([1.0, -1, 1, -1, 1, -1]).reshape(1, 2, 3)  # mean 0, standard deviation 1
    np.testing.assert_allclose(guided.to_displayable(numbers), np.where(numbers > 0, 0.75, 0.25), atol=1e-7)
    np.testing.assert_array_equal(guided.to_displayable(np.full((2, 2, 3), 7.0)), 0.5)
    spike = np.zeros((10, 10, 3))
    spike[0, 0, 0] = 1e6
    assert guided.to_displayable(spike).max() == 1 and guided.to_displayable(-spike).min() == 0


# Peers


def test_agreement_with_xplique():
    xplique = pytest.importorskip("xplique.attributions", reason="xplique is not installed")
    peer = xplique.GuidedBackprop(two_convolutions()[0], reducer=None)
    found = peer.explain(IMAGES, np.eye(3, dtype=np.float32)[[1] * len(IMAGES)])
    np.testing.assert_allclose(pictures(GuidedBackprop, two_convolutions()[0]), found, atol=1e-6)


def test_agreement_with_tf_keras_vis():
    """Which finds only activations that are fused, and returns magnitudes."""
    saliency = pytest.importorskip("tf_keras_vis.saliency", reason="tf-keras-vis is not installed")
    modifiers = pytest.importorskip("tf_keras_vis.utils.model_modifiers")
    peer = saliency.Saliency(two_convolutions()[0], model_modifier=modifiers.GuidedBackpropagation(), clone=True)
    found = peer(lambda output: output[:, 1], IMAGES, keepdims=True, normalize_map=False)
    np.testing.assert_allclose(np.abs(pictures(GuidedBackprop, two_convolutions()[0])), found, atol=1e-6)
