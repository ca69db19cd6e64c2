"""What every method returns, and what every method takes: images and targets."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Explanation:
    """Where a network saw evidence for one class of one image.

    values: signed floats (H, W), or (H, W, channels) where the method has them; nothing is normalised. target: the
    class that is explained. method: its name. certificate: what is known about how far to trust it, whichever apply:
    "gap" (how far the values are from adding up to what they explain), "standard error", "R2", "spread" (the standard
    error of each segment's weight), "evaluations" (model calls that an image took), "seed", "note".
    """

    values: np.ndarray
    target: int
    method: str
    certificate: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SegmentExplanation(Explanation):
    """An explanation that gives each segment of the image one weight, which all its pixels have as their value.

    segments: integers (H, W), ids 0 … m − 1. weights: signed floats (m,).
    """

    segments: np.ndarray = field(kw_only=True)
    weights: np.ndarray = field(kw_only=True)


def as_images(images) -> np.ndarray:
    """One image (H, W, 3) or a batch (N, H, W, 3), floats, as a float32 batch. ValueError for anything else."""
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[None]
    if images.ndim != 4 or images.shape[-1] != 3:
        raise ValueError(f"Images must have shape (H, W, 3) or (N, H, W, 3), channels last; these have {images.shape}.")
    if images.dtype.kind != "f":
        raise ValueError(f"Images must be floats in the network's range; these are {images.dtype}: use to_float first.")
    if not np.isfinite(images).all():
        raise ValueError("There is NaN or infinity in the images.")
    return images.astype(np.float32, copy=False)


def as_targets(targets, count: int, classes: int) -> np.ndarray:
    """Classes to explain as integers (count, T), T for each image. ValueError for what does not fit.

    targets: one class for all images; one for each image, (count,); or several a row, (count, T). For a single image
    (T,) is a row too.
    """
    targets = np.asarray(targets)
    if targets.ndim == 0:
        targets = np.full(count, targets)
    if targets.ndim == 1:
        targets = targets[None] if count == 1 else targets[:, None]
    if targets.ndim != 2 or len(targets) != count or targets.dtype.kind not in "iu":
        raise ValueError(
            f"Targets must be a class, {count} of them (one an image), or rows of classes, shape ({count}, T); "
            f"these have shape {targets.shape} and type {targets.dtype}."
        )
    if targets.size and not 0 <= targets.min() <= targets.max() < classes:
        raise ValueError(
            f"The network has classes 0 to {classes - 1}; the targets go from {targets.min()} to {targets.max()}."
        )
    return targets
