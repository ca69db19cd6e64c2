"""Class activation maps (Zhou et al. 2016, "Learning deep features for discriminative localization").

A network that ends in global average pooling (Lin, Chen & Yan 2014) and one dense layer can show where it saw a class:
the maps of its last convolution, weighed by the dense layer's weights for that class.
"""

import matplotlib
import numpy as np


def global_average_pool(features):
    """One number for each feature map: its mean over all positions.

    features: floats (H, W, K), K maps. Returns floats (K,).
    """
    return features.mean(axis=(0, 1))


def class_activation_map(features, weights, index):
    """The class activation map M(i, j) = Σ_k w_k^c A^k(i, j) (Zhou et al. 2016, eq. 2).

    features: floats (H, W, K), the maps A; weights: floats (K, C), those of the dense layer behind the pooling, a
    column for each class; index: the class c. Returns floats (H, W), negative where the network saw evidence against
    the class.
    """
    return features @ weights[:, index]


def resize_bilinear(array, height, width):
    """A map at another size, by bilinear interpolation between the centres of its cells.

    array: floats (H, W); height, width: the new size. The centre of output row i lies at (i + ½)·H/height − ½ in units
    of input rows, columns likewise; beyond the outermost centres the edge value goes on. No smoothing is done when the
    map gets smaller. Returns floats (height, width).
    """

    def interpolate(rows, count):
        place = (np.arange(count) + 0.5) * len(rows) / count - 0.5
        place = np.clip(place, 0, len(rows) - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, len(rows) - 1)
        share = (place - low)[:, None]
        return (1 - share) * rows[low] + share * rows[high]

    return interpolate(interpolate(array, height).T, width).T


def normalize_heatmap(heatmap):
    """The positive part of a map, scaled so that its largest value is 1: max(h, 0) / max h.

    heatmap: floats (H, W), signed. Returns floats (H, W) in [0, 1]: all zeros where nothing is positive.
    """
    positive = np.maximum(heatmap, 0)
    largest = positive.max()
    return positive / largest if largest > 0 else positive


def overlay(image, heatmap, alpha):
    """A heat map laid over its image: (1 − alpha) · image + alpha · colours.

    image: floats (H, W, 3) in [0, 1]; heatmap: floats (h, w) in [0, 1], of any size: it is resized to the image's size
    first (`resize_bilinear`), and then coloured with Matplotlib's viridis; alpha: from 0 (only the image) to 1 (only
    the colours). Returns floats (H, W, 3) in [0, 1].
    """
    height, width = image.shape[:2]
    resized = resize_bilinear(heatmap, height, width)
    colours = matplotlib.colormaps["viridis"](resized)[..., :3]
    return (1 - alpha) * image + alpha * colours


def cam_logit(heatmap, bias):
    """The logit of a class, read off its class activation map: the mean of the map plus the class's bias.

    heatmap: floats (H, W), the map as it is, not rectified; bias: a number. Returns a float.
    """
    return float(heatmap.mean() + bias)
