"""What every method takes: images and targets, checked and in one form."""

import numpy as np

TOP = -1  # as a target: the class with the largest score; TOP - 1 the second, and so on


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


def as_targets(targets, count: int, classes: int, top: int = 1) -> np.ndarray:
    """Classes to explain as integers (count, T), T for each image. ValueError for what does not fit.

    targets: one class for all images; several for each of them, (T,); or a row for each image, (count, T). None means
    the `top` classes with the largest scores, which stand here as TOP, TOP − 1 and so on.
    """
    if targets is None:
        if not 1 <= top <= classes:
            raise ValueError(f"The network has {classes} classes: `top` must be from 1 to that, not {top}.")
        return np.tile(TOP - np.arange(top), (count, 1))
    targets = np.asarray(targets)
    if targets.ndim < 2:
        targets = np.tile(targets, (count, 1))
    if targets.ndim != 2 or len(targets) != count or targets.dtype.kind not in "iu":
        raise ValueError(
            f"Targets must be a class, several for all images, or a row for each of {count}, shape ({count}, T); "
            f"these have shape {targets.shape} and type {targets.dtype}."
        )
    if targets.size and not 0 <= targets.min() <= targets.max() < classes:
        raise ValueError(
            f"The network has classes 0 to {classes - 1}; the targets go from {targets.min()} to {targets.max()}."
        )
    return targets


def ranked(targets: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """Targets (N, T) in which TOP and its followers have become classes, by scores (N, C); ties to the lower class."""
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.where(targets < 0, np.take_along_axis(order, np.maximum(TOP - targets, 0), axis=1), targets)
