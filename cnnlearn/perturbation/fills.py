"""What a hidden part of an image is replaced by.

A fill is one image (H, W, 3), from which the hidden pixels are taken whatever else is hidden; or, where it depends on
that, a function from the hidden pixels, booleans (H, W), to such an image. `fill_for` makes either from a name.
All of them work for images in [0, 1] as they do for any other range; none rounds to bytes on the way.
"""

import importlib.util
from collections.abc import Callable
from functools import partial

import numpy as np

GREY = 0.5
BLUR = 0.1  # standard deviation of the blur, as a share of the image's longer side
TELEA_RADIUS = 3  # pixels


def fill_for(fill, image, segments) -> np.ndarray | Callable[[np.ndarray], np.ndarray]:
    """The fill for one image (H, W, 3): an array (H, W, 3), or a function of the hidden pixels (H, W).

    fill: "grey" (0.5), "image mean", "segment mean", "blur", "inpaint" (biharmonic, by scikit-image: smooth, slow on
    large images) or "telea" (by OpenCV, where it is installed: fast); or a colour, a number or three; or an image
    (H, W, 3); or a function of the hidden pixels. segments: integers (H, W) from 0 on. ValueError for anything else.
    """
    if isinstance(fill, str):
        if fill not in FILLS:
            raise ValueError(f"There is no fill named {fill!r}; there are {', '.join(FILLS)}.")
        return FILLS[fill](image, segments)
    if callable(fill):
        return fill
    colours = np.asarray(fill)
    if colours.shape not in ((), (3,), image.shape) or colours.dtype.kind not in "fiu":
        raise ValueError(
            f"A fill must be a name, a colour of three numbers, an image of shape {image.shape} or a function of the "
            f"hidden pixels; this one has shape {colours.shape}."
        )
    return np.broadcast_to(colours.astype(image.dtype), image.shape)


def grey(image, segments):
    """The middle of [0, 1]."""
    return np.full_like(image, GREY)


def image_mean(image, segments):
    """The mean colour of the whole image."""
    return np.broadcast_to(image.mean(axis=(0, 1)), image.shape)


def segment_mean(image, segments):
    """For each pixel the mean colour of its segment."""
    sizes = np.bincount(segments.ravel())
    sums = [np.bincount(segments.ravel(), weights=channel.ravel()) for channel in np.moveaxis(image, -1, 0)]
    return (np.stack(sums, axis=-1) / np.maximum(sizes, 1)[:, None])[segments].astype(image.dtype)


def blur(image, segments):
    """The image behind frosted glass: a Gaussian blur over a tenth of its longer side."""
    from scipy.ndimage import gaussian_filter

    sigma = BLUR * max(image.shape[:2])
    return gaussian_filter(image, (sigma, sigma, 0), mode="nearest")


def inpaint(image, segments):
    """Hidden pixels continue the shown ones smoothly (biharmonic; Damelin & Hoang 2018)."""
    from skimage.restoration import inpaint_biharmonic

    def continue_smoothly(hidden):
        return inpaint_biharmonic(image, np.ascontiguousarray(hidden), channel_axis=-1)

    return partial(_where_some_are_shown, continue_smoothly, image)


def telea(image, segments):
    """Hidden pixels continue the shown ones from the rim inwards (Telea 2004). OSError where OpenCV is missing."""
    if not importlib.util.find_spec("cv2"):
        raise OSError('The fill "telea" needs OpenCV (pip install opencv-python-headless); "inpaint" does without.')
    import cv2

    # OpenCV shifts each pixel by up to √2, which is nothing to bytes and more than all there is in [0, 1]. So the image
    # is stretched to 65,535 first, as floats; channel by channel, since it takes three at once as bytes only.
    lowest, unit = image.min(), (np.ptp(image) or 1) / 65_535
    channels = [np.ascontiguousarray(channel, np.float32) for channel in np.moveaxis((image - lowest) / unit, -1, 0)]

    def continue_inwards(hidden):
        mask = np.ascontiguousarray(hidden, np.uint8)
        filled = [cv2.inpaint(channel, mask, TELEA_RADIUS, cv2.INPAINT_TELEA) for channel in channels]
        return np.stack(filled, axis=-1) * unit + lowest

    return partial(_where_some_are_shown, continue_inwards, image)


def _where_some_are_shown(fill, image, hidden):
    """`fill(hidden)`; the mean colour if everything is hidden, so that nothing is left to continue."""
    if hidden.all():
        return image_mean(image, None)
    return fill(hidden) if hidden.any() else image


FILLS = {
    "grey": grey,
    "image mean": image_mean,
    "segment mean": segment_mean,
    "blur": blur,
    "inpaint": inpaint,
    "telea": telea,
}
