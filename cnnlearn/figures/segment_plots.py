"""Views of explanations that weigh segments: what is for and against a class, and what is left if only that is shown.

Two colours, purple for and orange against, that colour-blind readers can tell apart, as in `plots`.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from cnnlearn.explainers.explanation import Explanation
from cnnlearn.figures import plots
from cnnlearn.figures.palette import AGAINST, FOR
from cnnlearn.lime import top_segments

WHITE, PALE = 1.0, 0.85
SIDE = 224  # pixels: smaller pictures are enlarged, so that their lines are thin
FAINTEST, STRONGEST = 0.25, 0.65  # of a tint


def outlined(image, segments) -> np.ndarray:
    """The image, enlarged if it is small, with a white line around each segment; floats (h, w, 3)."""
    picture, large = _enlarged(image, segments)
    picture[_lines(large)] = WHITE
    return picture


def for_and_against(image, explanation: Explanation, count: int) -> np.ndarray:
    """The image with its `count` strongest segments outlined and tinted, the stronger the deeper; floats (h, w, 3)."""
    segments, weights = _parts(explanation)
    picture, segments = _enlarged(image, segments)
    largest = np.abs(weights).max() or 1.0
    for segment in top_segments(weights, count, positive_only=False):
        if weights[segment] == 0:
            continue
        here = segments == segment
        colour = np.asarray(to_rgb(FOR if weights[segment] > 0 else AGAINST), float)
        depth = FAINTEST + (STRONGEST - FAINTEST) * abs(weights[segment]) / largest
        picture[here] = (1 - depth) * picture[here] + depth * colour
        picture[here & _lines(here)] = colour
    return picture


def rest_hidden(image, explanation: Explanation, count: int, positive_only: bool = True) -> np.ndarray:
    """The `count` strongest segments, outlined, on a pale ground; floats (h, w, 3). See `lime.top_segments`."""
    segments, weights = _parts(explanation)
    picture, segments = _enlarged(image, segments)
    shown = np.isin(segments, top_segments(weights, count, positive_only))
    picture[~shown] = PALE
    picture[shown & _lines(np.where(shown, segments, -1))] = WHITE
    return picture


def segment_views(image, found: Sequence[Explanation], classes: Sequence[str] = (), count: int = 8) -> Figure:
    """A row for each explanation of an image (H, W, 3) in [0, 1]: its segments; the `count` strongest, purple for and
    orange against the class; and what is left if only the `count` strongest that speak for it are shown.
    """
    drawn, titles = [], []
    for explanation in found:
        name = classes[explanation.target] if classes else f"class {explanation.target}"
        drawn += [outlined(image, _parts(explanation)[0]), for_and_against(image, explanation, count)]
        drawn += [rest_hidden(image, explanation, count)]
        titles += [f"{len(_parts(explanation)[1])} segments", f"for and against\n{name}", f"strongest for\n{name}"]
    return plots.pictures(drawn, titles, columns=3)


def _parts(explanation) -> tuple[np.ndarray, np.ndarray]:
    if explanation.segments is None or explanation.weights is None:
        raise ValueError(f"{explanation.method} does not work on parts of the image, so there are none to draw.")
    return explanation.segments, explanation.weights


def _enlarged(image, segments):
    factor = -(-SIDE // max(segments.shape))
    both = np.array(image, float), np.asarray(segments)
    return tuple(array.repeat(factor, axis=0).repeat(factor, axis=1) for array in both)


def _lines(segments):
    """Where a pixel differs from its right or its lower neighbour, or either differs from it: lines two pixels wide."""
    edges = np.zeros(segments.shape, bool)
    for here, there in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        differs = segments[here] != segments[there]
        edges[here] |= differs
        edges[there] |= differs
    return edges
