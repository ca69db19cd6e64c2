"""How explanations are drawn over their picture, and said in words for those who cannot see it."""

import io

import matplotlib
import numpy as np
from matplotlib.colors import to_rgb

from cnnlearn.cam import normalize_heatmap, resize_bilinear
from cnnlearn.explainers.explanation import Explanation
from cnnlearn.figures.palette import AGAINST, FOR, UNSIGNED
from cnnlearn.guided import to_displayable

SMALLEST = 224  # pixels a side: smaller pictures are enlarged, pixel by pixel
STRONG = 99  # percentile of |values| that is drawn in full colour: single pixels would leave the rest pale
ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "centre", "right")


def drawn(explanation: Explanation, image: np.ndarray, share: float = 0.55) -> np.ndarray:
    """An explanation as a picture (H, W, 3) in [0, 1]; `share` is how much of the colours is laid over the image."""
    ground, cover, gain = layers(explanation, image)
    opacity = cover[..., 3:] * min(1, gain * share)
    return (1 - opacity) * ground + opacity * cover[..., :3]


def layers(explanation: Explanation, image: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """What `drawn` lays on each other: the ground (H, W, 3), the cover (H, W, 4), its last channel its opacity, a gain.

    The cover lies there with min(1, gain · share) of its opacity.
    """
    view, values = explanation.view, explanation.values
    if view == "colour":
        return to_displayable(values), np.zeros((*values.shape[:2], 4)), 1.0
    values = values.sum(axis=-1) if values.ndim == 3 else values
    if values.shape != image.shape[:2]:  # at a layer
        values = resize_bilinear(values, *image.shape[:2])
    if view == "heat":
        return image, matplotlib.colormaps[UNSIGNED](normalize_heatmap(values)), 1.0
    limit = np.percentile(np.abs(values), STRONG) or np.abs(values).max() or 1
    strength = np.clip(np.abs(values) / limit, 0, 1)[..., None]
    grey = 0.4 + 0.6 * image.mean(axis=-1, keepdims=True)
    cover = np.concatenate([np.where(values[..., None] > 0, to_rgb(FOR), to_rgb(AGAINST)), strength], axis=-1)
    return grey.repeat(3, axis=-1), cover, 1.5


def in_words(explanation: Explanation, name: str, target: str) -> str:
    """Where most of the evidence for the class lies, in a grid of three by three."""
    values = explanation.values
    positive = np.maximum(values.sum(axis=-1) if values.ndim == 3 else values, 0)
    start = f"{explanation.method} of {name} for {target}: "
    if not positive.any():
        return start + "nothing speaks for it."
    bands = [np.array_split(rows, 3, axis=1) for rows in np.array_split(positive, 3, axis=0)]
    sums = np.array([[part.sum() for part in row] for row in bands])
    row, column = np.unravel_index(sums.argmax(), sums.shape)
    place = "in the middle" if (row, column) == (1, 1) else f"at the {ROWS[row]} {COLUMNS[column]}"
    return start + f"the most evidence lies {place}, {sums.max() / sums.sum():.0%} of it."


def png(picture: np.ndarray) -> bytes:
    """A picture (H, W, 3 or 4) in [0, 1] as a PNG file, small ones enlarged by whole numbers."""
    from PIL import Image

    factor = -(-SMALLEST // max(picture.shape[:2]))
    pixels = np.round(255 * np.clip(picture, 0, 1)).astype(np.uint8).repeat(factor, axis=0).repeat(factor, axis=1)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png", optimize=True)
    return file.getvalue()
