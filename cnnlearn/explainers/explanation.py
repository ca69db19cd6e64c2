"""What every method returns."""

from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

View = Literal["heat", "signed", "colour"]


@dataclass(frozen=True, eq=False, repr=False)
class Explanation:
    """Where a network saw evidence for one class of one image.

    Attributes:
        values: signed floats (H, W), or (H, W, channels) where the method has them; nothing is normalised.
        target: the class that is explained.
        method: the method's name.
        image: the image (H, W, 3), as the network saw it.
        certificate: how far to trust it. Keys mean the same for all methods: "score" (what is explained, as "logit"),
            "score_value" (how large it is), "completeness_gap" (by how much the values miss what they should add up
            to), "std_error" (the standard error of each part's value, (m,), or of each value where there are no
            parts), "r2", "evaluations" (versions of the image that the network was shown, or gradients it gave),
            "seed", "layer", "note". A key is missing where it does not apply.
        base_value: the score that the values start from, where the method has one.
        view: how it is drawn: "heat" (evidence for the class), "signed" (for and against) or "colour" (a gradient).
        segments: integers (H, W), the part that each pixel belongs to, ids 0 … m − 1, where the method works on parts.
        weights: signed floats (m,), what each part counts.
    """

    values: np.ndarray
    target: int
    method: str
    image: np.ndarray
    certificate: dict[str, Any] = field(default_factory=dict)
    base_value: float | None = None
    view: View = "signed"
    segments: np.ndarray | None = None
    weights: np.ndarray | None = None

    def plot(self, classes=()):
        """A Matplotlib figure: the image, and beside it the explanation, with its sign where it has one.

        classes: names of the classes, for the title.
        """
        from cnnlearn.figures.plots import explanations

        return explanations(self.image, [self], classes)

    def __repr__(self):
        facts = ", ".join(f"{name} {brief(value)}" for name, value in self.certificate.items())
        return f"<{self.method} of class {self.target}, values {self.values.shape}: {facts}>"


def brief(value) -> str:
    """A fact of a certificate in a few characters; of an array its least and greatest value."""
    if isinstance(value, np.ndarray) and value.size != 1:
        return f"{value.min():.3g} to {value.max():.3g}" if value.size else "none"
    if isinstance(value, (float, np.floating, np.ndarray)):
        return f"{float(value):.3g}"
    return str(value)
