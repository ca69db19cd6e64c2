"""The contract that all methods keep."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar

import numpy as np

from cnnlearn.engine.inputs import as_images, as_targets
from cnnlearn.explainers.explanation import Explanation, View


class Explainer(ABC):
    """A method that explains images to which a Keras classifier gave scores; a subclass says how in `_explain`.

    Args:
        model: any Keras classifier of images, functional or sequential, which is never changed. What is explained is
            the logit of a class, below a softmax.
    """

    method: ClassVar[str]
    view: ClassVar[View]

    def __init__(self, model):
        self.model = model
        self.classes: int = model.outputs[0].shape[-1]

    def explain(self, images, targets=None, *, top: int = 1) -> list[Explanation]:
        """Explanations of images, none of them normalised.

        Args:
            images: floats (H, W, 3) or (N, H, W, 3), in the model's own range.
            targets: a class; several that are explained for each image, (T,); or a row of them for each image, (N, T).
                None means the `top` classes with the largest scores.
            top: how many classes are explained where no targets are given.

        Returns:
            N·T explanations, those of the first image first. Each is what its image would get alone.

        Raises:
            ValueError: in one sentence, for images or targets that do not fit the network.
        """
        images = as_images(images)
        return list(self._explain(images, as_targets(targets, len(images), self.classes, top)))

    @abstractmethod
    def _explain(self, images: np.ndarray, rows: np.ndarray) -> Iterator[Explanation]:
        """Explanations of images (N, H, W, 3) for targets (N, T), in which TOP and its followers may stand."""

    def _explanation(self, image, values, target, score_value, base_value=None, segments=None, weights=None, **facts):
        certificate: dict[str, Any] = {"score": "logit", "score_value": float(score_value), **facts}
        return Explanation(
            values, int(target), self.method, image, certificate, base_value, self.view, segments, weights
        )
