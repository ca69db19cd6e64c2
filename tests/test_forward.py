"""CAM, Grad-CAM and HiResCAM of whole models: their oracles, all heads, and a model that stays as it was."""

from functools import cache

import keras
import numpy as np
import pytest

from cnnlearn.engine import forward
from cnnlearn.exercises.fixtures.networks import small_network
from cnnlearn.explainers.cam import CAM
from cnnlearn.explainers.grad_cam import GradCAM
from cnnlearn.explainers.hires_cam import HiResCAM
from cnnlearn.gradcam import logit_gradients

RNG = np.random.default_rng(4)
IMAGES = RNG.random((5, 8, 8, 3)).astype(np.float32)
HEADS = ("gap softmax", "gap fused", "gap logits", "nested")
METHODS = (CAM, GradCAM, HiResCAM)
POSITIONS = 16  # of the feature maps


def network(head="gap softmax"):
    return small_network(head, seed=3)


def raw(method, model, targets=2, **where):
    return method(model, **where).heatmaps(IMAGES, targets)


@cache
def plain(method=GradCAM, layer=None):
    """What all that compute the same as the network with logits must give."""
    return raw(method, network("gap logits"), layer=layer)


# What the maps are


def test_cam_is_z_times_grad_cam_before_the_relu():
    cam = raw(CAM, network(), [[0, 1, 2, 3]] * 5)
    assert (cam < 0).any()
    np.testing.assert_allclose(raw(GradCAM, network(), [[0, 1, 2, 3]] * 5) * POSITIONS, np.maximum(cam, 0), atol=1e-5)


def test_the_mean_of_a_cam_plus_the_bias_is_the_logit():
    model = network("gap logits")
    bias = model.get_layer("logits").bias.numpy()
    for explanation, logits in zip(CAM(model).explain(IMAGES, 1), model(IMAGES).numpy(), strict=True):
        assert explanation.values.mean() + bias[1] == pytest.approx(logits[1], abs=1e-5)
        assert explanation.certificate["completeness_gap"] == pytest.approx(0, abs=1e-5)
        assert explanation.certificate["score_value"] == pytest.approx(logits[1], abs=1e-5)


@pytest.mark.slow
def test_hirescam_is_grad_cam_behind_global_average_pooling_only():
    np.testing.assert_allclose(raw(HiResCAM, network()), raw(GradCAM, network()), atol=1e-5)
    dense = network("flat softmax")
    assert np.abs(raw(HiResCAM, dense) - raw(GradCAM, dense)).max() > 0.1


def test_hirescam_behind_a_dense_head_adds_up_to_the_logit_without_its_bias():
    """On Flatten and Dense a logit is Σ w·A + b, and w is the gradient: a closed form, ReLU aside."""
    model = network("flat softmax")
    features, gradients = logit_gradients(model, IMAGES[0], 1, "features")
    kernel, bias = model.get_layer("logits").get_weights()
    np.testing.assert_allclose(gradients, kernel[:, 1].reshape(4, 4, 6), atol=1e-6)
    logits = forward.features_and_logits(model, IMAGES[:1])[1]
    assert (features * gradients).sum() + bias[1] == pytest.approx(float(logits[0, 1]), abs=1e-4)


def test_gradients_at_an_early_layer_agree_with_finite_differences():
    """A bias before a ReLU moves every positive activation of its map: ∂y/∂b = Σ ∂y/∂A where A > 0."""
    model, step = network(), 1e-2
    features, gradients = logit_gradients(model, IMAGES[0], 2, "first")
    wanted = np.where(features > 0, gradients, 0).sum(axis=(0, 1))
    layer = model.get_layer("first")
    kernel, bias = layer.get_weights()

    def logit(change):
        layer.set_weights([kernel, bias + change])
        return float(forward.features_and_logits(model, IMAGES[:1])[1][0, 2])

    found = [(logit(step * one) - logit(-step * one)) / (2 * step) for one in np.eye(len(bias))]
    # A few activations near zero change sides within the step; a wrong layer or class is off by more than 100 %.
    np.testing.assert_allclose(found, wanted, atol=0.1 * np.abs(wanted).max())


def test_the_softmax_would_give_another_map():
    model = network()
    import tensorflow as tf

    both = keras.Model(model.input, [model.get_layer("features").output, model.output])
    with tf.GradientTape() as tape:
        features, probabilities = both(IMAGES[:1])
        score = probabilities[0, 2]
    weights = tape.gradient(score, features)[0].numpy().mean(axis=(0, 1))
    of_softmax = np.maximum(features[0].numpy() @ weights, 0)
    of_logit = raw(GradCAM, model)[0, 0]
    assert np.abs(of_softmax / max(of_softmax.max(), 1e-12) - of_logit / of_logit.max()).max() > 0.05


def test_an_all_negative_map_is_zero_and_says_so():
    model = network()
    kernel, bias = model.get_layer("logits").get_weights()
    model.get_layer("logits").set_weights([-np.abs(kernel), bias])
    (explanation,) = GradCAM(model).explain(IMAGES[0], 0)
    assert not explanation.values.any() and "zero everywhere" in explanation.certificate["note"]
    assert "note" not in GradCAM(network()).explain(IMAGES[0])[0].certificate


# All heads, all layers


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("method", (GradCAM, HiResCAM))
def test_every_head_gives_the_same_map(method, head):
    np.testing.assert_allclose(raw(method, network(head)), plain(method), atol=1e-5)


def test_a_layer_of_a_nested_model_is_found():
    np.testing.assert_allclose(raw(GradCAM, network("nested"), layer="first"), plain(layer="first"), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrap",
    [
        lambda model: keras.Sequential([keras.Input((8, 8, 3)), model]),
        lambda model: keras.Sequential([keras.Input((8, 8, 3)), keras.Sequential([keras.Input((8, 8, 3)), model])]),
        lambda model: keras.Model(model.input, keras.activations.softmax(model.get_layer("logits").output)),
        lambda model: keras.Model(model.input, keras.layers.Activation("softmax")(model.get_layer("logits").output)),
        lambda model: keras.Model(model.inputs, model.outputs),
        lambda model: keras.Sequential([keras.Input((8, 8, 3)), keras.layers.RandomFlip(seed=0), model]),
    ],
    ids=["in a Sequential", "twice nested", "a function", "Activation", "lists", "augmented in training"],
)
def test_wrapped_models_and_other_softmaxes(wrap):
    np.testing.assert_allclose(raw(GradCAM, wrap(network())), plain(), atol=1e-5)


def test_a_frozen_model_and_one_of_mixed_precision():
    model = network()
    model.trainable = False
    np.testing.assert_allclose(raw(GradCAM, model), plain(), atol=1e-5)
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16")
    try:
        rough = network("gap fused")
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    found = raw(GradCAM, rough)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, plain(), atol=0.05)


def test_the_last_feature_maps_are_found():
    inputs = keras.Input((32, 32, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="wanted")(inputs)
    x = keras.layers.Dropout(0.5)(keras.layers.MaxPooling2D()(x))
    x = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    model = keras.Model(inputs, keras.layers.Dense(3)(keras.layers.Flatten()(x)))
    assert GradCAM(model).heatmaps(np.zeros((1, 32, 32, 3))).shape == (1, 1, 30, 30)


# Batches and targets


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_batch_gives_what_its_images_give_one_by_one(method, monkeypatch):
    explainer = method(network())
    whole = explainer.explain(IMAGES)
    single = [explainer.explain(image)[0] for image in IMAGES]
    monkeypatch.setattr(forward, "LARGEST_BATCH", 2)
    for found in (single, explainer.explain(IMAGES)):
        for a, b in zip(whole, found, strict=True):
            assert a.target == b.target
            np.testing.assert_allclose(a.values, b.values, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_several_targets_give_what_they_give_one_by_one(method):
    explainer = method(network())
    rows = np.array([[0, 3], [1, 1], [2, 0], [3, 2], [0, 1]])
    together = explainer.explain(IMAGES, rows)
    assert [e.target for e in together] == rows.ravel().tolist()
    apart = [explainer.explain(IMAGES, rows[:, t : t + 1]) for t in (0, 1)]
    for i, explanation in enumerate(together):
        np.testing.assert_allclose(explanation.values, apart[i % 2][i // 2].values, atol=1e-5)


def test_without_a_target_the_top_class_is_explained():
    model = network("gap logits")
    top = model(IMAGES).numpy().argmax(axis=1)
    assert [e.target for e in GradCAM(model).explain(IMAGES)] == top.tolist()
    assert [e.target for e in GradCAM(model).explain(IMAGES[0], [3, 1])] == [3, 1]


def test_maps_are_enlarged_to_the_image_and_keep_their_mean():
    (explanation,) = CAM(network()).explain(IMAGES[0], 1)
    (small,) = CAM(network()).heatmaps(IMAGES[0], 1)[0]
    assert explanation.values.shape == (8, 8) and small.shape == (4, 4)
    assert explanation.values.mean() == pytest.approx(small.mean(), abs=1e-6)


# The model stays as it was


def state(model):
    nodes = [len(inner._inbound_nodes) for inner in model.layers]
    return [
        *map(np.ndarray.tobytes, model.get_weights()),
        str(model.get_config()),
        nodes,
        model(IMAGES).numpy().tobytes(),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("head", HEADS)
def test_the_model_is_not_changed(head):
    model = network(head)
    before = state(model)
    GradCAM(model).explain(IMAGES)
    with pytest.raises(ValueError):
        GradCAM(model, layer="no such layer").explain(IMAGES)

    class Broken(GradCAM):
        def combine(self, *arguments):
            raise RuntimeError("on the way")

    with pytest.raises(RuntimeError):
        Broken(model).explain(IMAGES)
    assert state(model) == before


@pytest.mark.slow
def test_new_weights_are_used_at_once():
    model = network()
    explainer = GradCAM(model)
    explainer.explain(IMAGES)
    model.set_weights([2 * w for w in model.get_weights()])
    np.testing.assert_allclose(explainer.heatmaps(IMAGES, 2), raw(GradCAM, model), atol=1e-5)


# What is refused


@pytest.mark.parametrize(
    "images, targets, words",
    [
        (np.zeros((8, 8)), None, "shape (H, W, 3)"),
        (np.zeros((2, 3, 8, 8)), None, "channels last"),
        (np.zeros((8, 8, 3), np.uint8), None, "to_float"),
        (np.full((8, 8, 3), np.nan), None, "NaN"),
        (IMAGES, 4, "classes 0 to 3"),
        (IMAGES, -1, "classes 0 to 3"),
        (IMAGES, [[0], [1]], "a row for each of 5"),
        (IMAGES, 1.0, "float64"),
    ],
)
def test_bad_arguments_get_one_sentence(images, targets, words):
    with pytest.raises(ValueError) as refusal:
        GradCAM(network()).explain(images, targets)
    assert words in str(refusal.value) and "\n" not in str(refusal.value)


def test_models_that_cannot_be_explained_are_refused():
    class Own(keras.Model):
        def call(self, x):
            return x

    inputs = keras.Input((8, 8, 3))
    features = keras.layers.Conv2D(4, 8, activation="softmax", name="fused")(inputs)
    two = keras.Model(inputs, [features, features])
    fused = keras.Model(inputs, features)
    flat = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    for model, words in (
        (Own(), "not a functional"),
        (two, "one output"),
        (fused, "'fused'"),
        (flat, "no feature maps"),
    ):
        with pytest.raises(ValueError, match=words):
            forward.features_and_logits(model, IMAGES)
    with pytest.raises(ValueError, match="use GradCAM"):
        CAM(network("flat softmax"))
    with pytest.raises(ValueError, match="no layer 'none'; its last is 'softmax'"):
        GradCAM(network(), layer="none").explain(IMAGES)


def test_a_layer_without_feature_maps_is_refused():
    with pytest.raises(ValueError, match="'gap' has no feature maps"):
        GradCAM(network(), layer="gap").explain(IMAGES)


# A peer


def test_it_agrees_with_tf_keras_vis():
    gradcam = pytest.importorskip(
        "tf_keras_vis.gradcam", reason="tf-keras-vis is not installed: pip install -e .[peers]"
    )
    model = network("gap logits")
    peer = gradcam.Gradcam(model, clone=True)
    found = peer(
        lambda output: output[:, 2], IMAGES, penultimate_layer="features", normalize_cam=False, expand_cam=False
    )
    np.testing.assert_allclose(raw(GradCAM, model)[:, 0], found, atol=1e-5)
