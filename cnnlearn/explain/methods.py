"""The methods of the course by name, each ready to be made for a network."""

import inspect
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from cnnlearn import explainers
from cnnlearn.explainers import EXPLAINERS

BACKGROUND = 24  # images for expected gradients


def make(name: str, subject, layer: str | None, evaluations: int):
    """The explainer `name` for a subject, at a layer (None: its own choice), with about so many forward passes."""
    settings: dict[str, Any] = {}
    if name in BUDGETS:
        settings["max_evals"] = BUDGETS[name](evaluations)
    if name == "expected":
        settings["background"] = background(subject.size)
    if looks_at_layer(name):
        settings["layer"] = layer
    return getattr(explainers, EXPLAINERS[name])(subject.model, **settings)


@cache
def looks_at_layer(name: str) -> bool:
    """Whether a layer can be chosen for this method."""
    return "layer" in inspect.signature(getattr(explainers, EXPLAINERS[name])).parameters


def chosen_methods(asked: str, layer: str | None = None) -> list[str]:
    """Names of methods from "gradcam,lime" or "all". ValueError for an unknown one, or a layer that none looks at."""
    names = list(EXPLAINERS) if asked == "all" else list(dict.fromkeys(filter(None, asked.replace(" ", "").split(","))))
    unknown = [name for name in names if name not in EXPLAINERS]
    if unknown or not names:
        raise ValueError(
            f"There is no method {', '.join(unknown) or asked!r}; there are {', '.join(EXPLAINERS)}, and all."
        )
    if layer and not any(looks_at_layer(name) for name in names):
        layered = ", ".join(name for name in EXPLAINERS if looks_at_layer(name))
        raise ValueError(f"None of these methods looks at a layer; {layered} do.")
    return names


def _tens(samples):
    """A whole number of tens: those methods make ten independent estimates, whose scatter is the error."""
    return 10 * max(1, round(samples / 10))


# A gradient costs a few forward passes, and a method that needs many of them gets fewer.
BUDGETS: dict[str, Callable[[int], int]] = {
    "smoothgrad": lambda evaluations: _tens(evaluations / 20),
    "integrated": lambda evaluations: max(1, evaluations // 20),
    "expected": lambda evaluations: _tens(evaluations / 5),
    "lime": int,
    "kernelshap": int,
    "owen": int,
}


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
