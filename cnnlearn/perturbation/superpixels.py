"""Cutting an image into superpixels: patches of neighbouring pixels of like colour, hidden or shown as one.

SLIC (Achanta et al. 2012), quickshift (Vedaldi & Soatto 2008) and Felzenszwalb & Huttenlocher's graph (2004) are
scikit-image's; whoever has labels of their own may use those, whatever the ids are.
"""

from collections.abc import Callable

import numpy as np

METHODS = ("slic", "quickshift", "felzenszwalb")


def contiguous(segments):
    """The same segments with the ids 0 … n − 1: the smallest id becomes 0, the next larger one 1, and so on.

    segments: integers (H, W), a label for each pixel; any ids, negative ones and gaps included. Returns integers
    (H, W).
    """
    return np.unique(segments, return_inverse=True)[1].reshape(segments.shape)


def superpixels(image, segments="slic", **settings) -> np.ndarray:
    """The segments of an image as integers (H, W), ids 0 … n − 1 without gaps.

    image: floats (H, W, 3). segments: "slic", "quickshift" or "felzenszwalb", the function of scikit-image that cuts,
    with `settings` for it; or labels (H, W) of one's own, integers or booleans. ValueError for anything else.
    """
    image = np.asarray(image)
    if isinstance(segments, str):
        if segments not in METHODS:
            raise ValueError(f"There is no way to cut named {segments!r}; there are {', '.join(METHODS)}.")
        return contiguous(_CUT[segments](_displayable(image), **settings))
    labels = np.asarray(segments)
    if labels.shape != image.shape[:2] or labels.dtype.kind not in "iub":
        raise ValueError(
            f"Segments must be an integer for each pixel, shape {image.shape[:2]}; "
            f"these have shape {labels.shape} and type {labels.dtype}."
        )
    return contiguous(labels)


def _displayable(image):
    """The image itself if it lies in [0, 1], else stretched to it: the colour distances of scikit-image need that."""
    lowest, highest = float(image.min()), float(image.max())
    if lowest < 0 or highest > 1:
        image = (image - lowest) / ((highest - lowest) or 1)
    return image.astype(float)


def _slic(image, n_segments=50, compactness=10, sigma=1, **settings):
    from skimage.segmentation import slic

    return slic(image, n_segments, compactness, sigma=sigma, **settings)


def _quickshift(image, ratio=0.2, **settings):
    from skimage.segmentation import quickshift

    side = max(image.shape[:2])  # distances are in pixels
    sizes = {"kernel_size": max(1, side / 56), "max_dist": 0.9 * side}
    return quickshift(image, ratio, **(sizes | settings))


def _felzenszwalb(image, scale=100, **settings):
    from skimage.segmentation import felzenszwalb

    smallest = image.shape[0] * image.shape[1] // 200  # pixels: so there are at most 200 segments
    return felzenszwalb(image, scale, **({"min_size": smallest} | settings))


_CUT: dict[str, Callable] = {"slic": _slic, "quickshift": _quickshift, "felzenszwalb": _felzenszwalb}
