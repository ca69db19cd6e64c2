"""The architectures of keras.applications, with fresh weights and small images: each method runs or says why not."""

import keras
import numpy as np
import pytest

from cnnlearn.explain.classifier import Subject
from cnnlearn.explain.run import explain

CLASSES = ("apple", "pear", "sour apple", "plum")
RNG = np.random.default_rng(0)
QUICK = dict(ResNet50=64, InceptionV3=75, VGG16=32, MobileNet=32, EfficientNetB0=32, DenseNet121=32, ConvNeXtTiny=32)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICK)
def test_every_method_runs_on_or_refuses_every_architecture(name):
    keras.utils.set_random_seed(0)
    shape = (QUICK[name], QUICK[name], 3)
    model = getattr(keras.applications, name)(weights=None, input_shape=shape, classes=4)
    methods = ["cam", "gradcam", "gradient", "guided", "guided-gradcam", "integrated", "owen"]
    (result,) = explain(Subject(name, model, CLASSES), {"a": RNG.random(shape)}, methods, [1], evaluations=20)
    refused = {method for method, found in result.found.items() if isinstance(found, str)}
    without_relu = {"guided", "guided-gradcam"} if name in ("EfficientNetB0", "ConvNeXtTiny") else set()
    without_gap = {"cam"} if name in ("VGG16", "MobileNet", "ConvNeXtTiny") else set()
    assert refused == without_relu | without_gap
    for method, found in result.found.items():
        if isinstance(found, str):
            assert found.endswith((".", "GradCAM.")) and len(found) < 250
            continue
        (one,) = found
        assert one.values.shape[:2] == shape[:2] and np.isfinite(one.values).all(), method
    assert all(result.found[method][0].values.any() for method in ("gradient", "integrated", "owen"))
    scale = max(1e-3, abs(result.found["gradcam"][0].certificate["score_value"]))
    assert abs(result.found["owen"][0].certificate["completeness_gap"]) < 1e-3 * scale
