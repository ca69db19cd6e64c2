"""The methods of the course by name, each ready to be made for a network."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

BACKGROUND = 24  # images for expected gradients


@dataclass(frozen=True)
class Method:
    """How to make an explainer, and how to draw what it finds.

    make: from a subject, a layer's name (or None) and a number of model calls to an explainer. layered: whether the
    layer makes a difference. view: "heat" (evidence for the class, over the image), "signed" (for and against) or
    "colour" (a gradient for each channel, as a picture).
    """

    make: Callable
    view: str
    layered: bool = False


def _cam(subject, layer, evaluations):
    from cnnlearn.cam import CAM

    return CAM(subject.model)


def _grad_cam(subject, layer, evaluations):
    from cnnlearn.gradcam import GradCAM

    return GradCAM(subject.model, layer)


def _hires_cam(subject, layer, evaluations):
    from cnnlearn.gradcam import HiResCAM

    return HiResCAM(subject.model, layer)


def _guided(subject, layer, evaluations):
    from cnnlearn.guided import GuidedBackprop

    return GuidedBackprop(subject.model)


def _deconvnet(subject, layer, evaluations):
    from cnnlearn.guided import Deconvnet

    return Deconvnet(subject.model)


def _guided_grad_cam(subject, layer, evaluations):
    from cnnlearn.guided import GuidedGradCAM

    return GuidedGradCAM(subject.model, layer)


def _gradient(subject, layer, evaluations):
    from cnnlearn.explainers.gradients import Saliency

    return Saliency(subject.model)


def _smooth_grad(subject, layer, evaluations):
    from cnnlearn.explainers.gradients import SmoothGrad

    return SmoothGrad(subject.model, samples=_tens(evaluations / 20))


def _integrated(subject, layer, evaluations):
    from cnnlearn.explainers.gradients import IntegratedGradients

    return IntegratedGradients(subject.model, steps=max(1, evaluations // 20), layer=layer)


def _expected(subject, layer, evaluations):
    from cnnlearn.explainers.gradients import ExpectedGradients

    return ExpectedGradients(subject.model, background(subject.size), layer, samples=_tens(evaluations / 5))


def _lime(subject, layer, evaluations):
    from cnnlearn.lime import Lime

    return Lime(subject.model, samples=evaluations)


def _kernel_shap(subject, layer, evaluations):
    from cnnlearn.explainers.shapley import KernelShap

    return KernelShap(subject.model, evaluations=evaluations)


def _owen(subject, layer, evaluations):
    from cnnlearn.explainers.shapley import OwenShap

    return OwenShap(subject.model, evaluations=evaluations)


METHODS = {
    "cam": Method(_cam, "heat"),
    "gradcam": Method(_grad_cam, "heat", layered=True),
    "hirescam": Method(_hires_cam, "heat", layered=True),
    "gradient": Method(_gradient, "signed"),
    "guided": Method(_guided, "colour"),
    "deconvnet": Method(_deconvnet, "colour"),
    "guided-gradcam": Method(_guided_grad_cam, "colour", layered=True),
    "smoothgrad": Method(_smooth_grad, "signed"),
    "integrated": Method(_integrated, "signed", layered=True),
    "expected": Method(_expected, "signed", layered=True),
    "lime": Method(_lime, "signed"),
    "kernelshap": Method(_kernel_shap, "signed"),
    "owen": Method(_owen, "signed"),
}


def chosen_methods(asked: str, layer: str | None = None) -> list[str]:
    """Names of methods from "gradcam,lime" or "all". ValueError for an unknown one, or a layer that none looks at."""
    names = list(METHODS) if asked == "all" else list(dict.fromkeys(filter(None, asked.replace(" ", "").split(","))))
    unknown = [name for name in names if name not in METHODS]
    if unknown or not names:
        raise ValueError(
            f"There is no method {', '.join(unknown) or asked!r}; there are {', '.join(METHODS)}, and all."
        )
    if layer and not any(METHODS[name].layered for name in names):
        layered = ", ".join(name for name, method in METHODS.items() if method.layered)
        raise ValueError(f"None of these methods looks at a layer; {layered} do.")
    return names


def _tens(samples):
    """A whole number of tens: those methods make ten independent estimates, whose scatter is the error."""
    return 10 * max(1, round(samples / 10))


def background(size: tuple[int, int]) -> np.ndarray:
    """Images (24, H, W, 3) in [0, 1] of nothing in particular: always the same pieces of scikit-image's photographs."""
    import skimage.data
    from skimage.transform import resize

    rng = np.random.default_rng(0)
    photographs = [skimage.data.astronaut(), skimage.data.coffee(), skimage.data.chelsea(), skimage.data.rocket()]
    pieces = []
    for index in range(BACKGROUND):
        photograph = photographs[index % len(photographs)] / 255
        side = min(photograph.shape[:2]) // 2
        row, column = (int(rng.integers(length - side)) for length in photograph.shape[:2])
        pieces.append(resize(photograph[row : row + side, column : column + side], size, anti_aliasing=True))
    return np.array(pieces, np.float32)
