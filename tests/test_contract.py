"""The contract that all explainers keep, on a zoo of small networks."""

import inspect

import keras
import numpy as np
import pytest

import cnnlearn
from cnnlearn import explainers
from cnnlearn.engine import forward
from cnnlearn.exercises.fixtures.networks import small_network
from cnnlearn.explainers.explainer import Explainer

RNG = np.random.default_rng(0)
IMAGES = RNG.random((3, 8, 8, 3), np.float32)
PARTS = np.arange(64).reshape(8, 8) // 11
SETTINGS = {
    "SmoothGrad": {"max_evals": 20},
    "IntegratedGradients": {"max_evals": 6},
    "ExpectedGradients": {"background": RNG.random((2, 8, 8, 3), np.float32), "max_evals": 20},
    "Lime": {"segments": PARTS, "max_evals": 20},
    "KernelShap": {"segments": PARTS, "max_evals": 30},
    "PermutationShap": {"segments": PARTS, "max_evals": 40},
    "ExactShap": {"segments": PARTS},
    "OwenShap": {"segments": PARTS, "max_evals": 30},
}
NAMES = [name for name in explainers.MODULES if name not in ("Explanation", "IttiKoch")]
HEADS = ("gap softmax", "gap fused", "gap logits", "flat softmax", "nested")
FACTS = {"score", "score_value", "completeness_gap", "std_error", "r2", "evaluations", "seed", "layer", "note"}
FACTS |= {"smoothed_score_value"}

each_method = pytest.mark.parametrize("name", NAMES)
each_network = pytest.mark.parametrize("head", HEADS)


def made(name, model):
    return getattr(cnnlearn, name)(model, **SETTINGS.get(name, {}))


def explainer(name, head):
    if name == "CAM" and head == "flat softmax":
        pytest.skip("CAM is not for a network without global pooling, and says so")
    model = small_network(head, 3)
    return model, made(name, model)


def same(found, expected):
    assert [one.target for one in found] == [one.target for one in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.values, other.values, atol=2e-5)
        assert one.certificate.keys() == other.certificate.keys()
        assert one.certificate["evaluations"] == other.certificate["evaluations"]


@each_method
@each_network
def test_batch_targets_and_certificate(name, head, monkeypatch):
    model, method = explainer(name, head)
    together = method.explain(IMAGES, [0, 2])
    assert [one.target for one in together] == [0, 2] * 3
    same([found for image in IMAGES for found in method.explain(image, [0, 2])], together)
    same(method.explain(IMAGES, [[0, 2]] * 3), together)
    same(method.explain(IMAGES, 2), together[1::2])
    same(method.explain(IMAGES), method.explain(IMAGES, forward.logits_of(model, IMAGES).numpy().argmax(1)[:, None]))
    monkeypatch.setattr(forward, "LARGEST_BATCH", 2)
    same(method.explain(IMAGES, [0, 2]), together)
    logits = forward.logits_of(model, IMAGES).numpy()
    for i, one in enumerate(together):
        assert set(one.certificate) <= FACTS
        assert one.certificate["score"] == "logit"
        assert one.certificate["score_value"] == pytest.approx(logits[i // 2, one.target], abs=1e-4)
        assert one.values.shape[:2] == (8, 8)
        assert one.values.dtype.kind == "f"
        np.testing.assert_array_equal(one.image, IMAGES[i // 2])
        if one.base_value is not None and "completeness_gap" in one.certificate and name != "CAM":
            added = one.values.sum() - (one.certificate["score_value"] - one.base_value)
            assert added == pytest.approx(one.certificate["completeness_gap"], abs=1e-4)


@each_method
def test_top_gives_the_largest_first(name):
    model, method = explainer(name, "gap softmax")
    order = np.argsort(-forward.logits_of(model, IMAGES).numpy(), axis=1)
    assert [one.target for one in method.explain(IMAGES, top=3)] == order[:, :3].ravel().tolist()
    with pytest.raises(ValueError, match="top"):
        method.explain(IMAGES, top=5)


@each_method
def test_the_seed_decides(name):
    parameters = inspect.signature(getattr(cnnlearn, name)).parameters
    model = small_network("gap softmax", 3)
    one, two = (made(name, model).explain(IMAGES[0], 1)[0].values for _ in range(2))
    np.testing.assert_array_equal(one, two)
    settings = SETTINGS.get(name, {})
    if "seed" in parameters and settings.get("max_evals", 0) < 2**6:
        other = getattr(cnnlearn, name)(model, **settings, seed=1).explain(IMAGES[0], 1)[0]
        assert not np.array_equal(one, other.values)
        assert other.certificate["seed"] == 1


@each_method
def test_settings_are_keyword_only(name):
    _, *settings = inspect.signature(getattr(cnnlearn, name)).parameters.values()
    assert all(setting.kind is setting.KEYWORD_ONLY for setting in settings)
    assert issubclass(getattr(cnnlearn, name), Explainer)


@each_method
@each_network
def test_the_model_is_as_before_also_after_an_error(name, head):
    model, method = explainer(name, head)

    def state():
        layers = [inner for layer in model.layers for inner in getattr(layer, "layers", [layer])]
        return [getattr(layer, "activation", None) for layer in layers], [w.numpy() for w in model.variables]

    before = state()
    method.explain(IMAGES[0], 1)
    with pytest.raises(ValueError):
        method.explain(IMAGES, 9)
    activations, weights = state()
    assert activations == before[0]
    for one, other in zip(weights, before[1], strict=True):
        np.testing.assert_array_equal(one, other)


@each_method
@pytest.mark.parametrize(
    "images, targets, words",
    [
        (np.zeros((8, 8)), None, "channels last"),
        (np.zeros((8, 8, 3), np.uint8), None, "to_float"),
        (np.full((8, 8, 3), np.nan, np.float32), None, "NaN"),
        (IMAGES, [0, 4], "classes 0 to 3"),
        (IMAGES, [[0], [1]], "a row for each of 3"),
        (IMAGES, 1.5, "a row for each"),
    ],
)
def test_bad_input_gets_one_sentence(name, images, targets, words):
    _, method = explainer(name, "gap softmax")
    with pytest.raises(ValueError, match=words) as refusal:
        method.explain(images, targets)
    assert "\n" not in str(refusal.value)
    assert len(str(refusal.value)) < 300


def test_an_explanation_is_short_in_words_and_can_be_drawn():
    model = small_network("gap softmax", 3)
    for name in NAMES:
        (one,) = made(name, model).explain(IMAGES[0], 1)
        assert len(repr(one)) < 300
        assert one != made(name, model).explain(IMAGES[0], 1)[0]  # no comparison of arrays
        assert len(one.plot().axes) == 2


def test_explanations_of_parts_have_them():
    model = small_network("gap softmax", 3)
    for name in ("Lime", "KernelShap", "PermutationShap", "ExactShap", "OwenShap"):
        (one,) = made(name, model).explain(IMAGES[0], 1)
        assert one.segments.shape == (8, 8)
        assert one.weights.shape == (6,)
        if "std_error" in one.certificate:
            assert one.certificate["std_error"].shape == (6,)


def test_cam_refuses_a_network_of_another_form():
    with pytest.raises(ValueError, match="use GradCAM"):
        cnnlearn.CAM(small_network("flat softmax", 1))


def test_importing_the_methods_by_name_is_lazy():
    import subprocess
    import sys

    program = "import sys, cnnlearn; assert 'GradCAM' in dir(cnnlearn); assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True)
    assert keras.config.backend() == "tensorflow"
