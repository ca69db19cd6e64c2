"""What catches the eye before any network: the saliency map (Koch & Ullman 1985; Itti, Koch & Niebur 1998).

`IttiKoch` is the model of the 1998 paper, "A model of saliency-based visual attention for rapid scene analysis", put
together from the functions above it and those of `filters.py`.
"""

import numpy as np

from cnnlearn.cam import resize_bilinear


def opponency(image):
    """How bright each pixel is, and where it lies between red and green and between blue and yellow.

    image: floats (H, W, 3) in [0, 1]. Returns three arrays of floats (H, W):
    - the intensity I = (r + g + b)/3;
    - R − G and B − Y, signed (Itti et al. 1998). First r, g and b are divided by I, so that a hue counts the same in
      light and shade; where I is not above a tenth of its largest value there is no hue to see: r, g and b become 0.
      Then R = r − (g + b)/2, G = g − (r + b)/2, B = b − (r + g)/2 and Y = (r + g)/2 − |r − g|/2 − b, each rectified:
      set to zero where it is negative.
    """
    intensity = image.mean(axis=-1)
    visible = intensity > intensity.max() / 10
    r, g, b = np.moveaxis(image * (visible / np.where(visible, intensity, 1))[..., None], -1, 0)
    red, green, blue = r - (g + b) / 2, g - (r + b) / 2, b - (r + g) / 2
    yellow = (r + g) / 2 - np.abs(r - g) / 2 - b
    red, green, blue, yellow = (np.maximum(colour, 0) for colour in (red, green, blue, yellow))
    return intensity, red - green, blue - yellow


def center_surround(pyramid, center, surround):
    """How much a place differs from what lies around it: |c − s| between two levels of a pyramid (Itti et al. 1998).

    pyramid: list of arrays (H, W), the picture at level 0, each further level half as large; center, surround: numbers
    of levels, the centre's the finer one. The coarse level is brought to the size of the fine one by bilinear
    interpolation (`resize_bilinear`), then the two are compared entry by entry. Returns floats of the size of the
    level `center`, none of them negative.
    """
    height, width = pyramid[center].shape
    return np.abs(pyramid[center] - resize_bilinear(pyramid[surround], height, width))


def promote_peaks(feature_map):
    """The operator N(.), which favours maps with one peak over maps with many (Itti et al. 1998).

    feature_map: floats (H, W). It is scaled so that its smallest value becomes 0 and its largest 1, then multiplied by
    (1 − m)², where m is the mean of the other local maxima. A local maximum is larger than each of its neighbours (8 of
    them, fewer on the border); of those with the value 1 a single one is left out, and the others are what remains. If
    none remains, m = 0. Returns floats (H, W); zeros for a map that is the same everywhere.
    """
    span = np.ptp(feature_map)
    if span == 0:
        return np.zeros(feature_map.shape)
    scaled = (feature_map - feature_map.min()) / span
    height, width = scaled.shape
    padded = np.pad(scaled, 1, constant_values=-1)
    shifts = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    higher = [scaled > padded[i : i + height, j : j + width] for i, j in shifts]
    peaks = np.sort(scaled[np.all(higher, axis=0)])
    others = peaks[:-1] if peaks.size and peaks[-1] == 1 else peaks
    return scaled * (1 - others.sum() / max(others.size, 1)) ** 2


def winner_take_all(saliency):
    """Where a map is largest: the place that the eye goes to first (Koch & Ullman 1985).

    saliency: floats (H, W). Returns (row, column), two integers; of equal largest values the first in reading order.
    """
    row, column = np.unravel_index(saliency.argmax(), saliency.shape)
    return int(row), int(column)


def inhibit(saliency, point, radius):
    """Inhibition of return: a place that has been looked at loses its pull (Koch & Ullman 1985).

    saliency: floats (H, W); point: (row, column); radius: a number, in cells. Returns a new map, zero where the
    distance to the point, as the crow flies, is at most the radius, and as before elsewhere.
    """
    rows, columns = np.indices(saliency.shape)
    far = (rows - point[0]) ** 2 + (columns - point[1]) ** 2 > radius**2
    return np.where(far, saliency, 0)


def scanpath(saliency, fixations, radius):
    """Where the eye goes, one place after the other: to the winner, and on to the next once that one is inhibited.

    saliency: floats (H, W); fixations: how many places at most; radius: that of the inhibition, in cells. Returns
    integers (n, 2), a (row, column) for each place, in order; n is smaller than `fixations` if nothing positive is
    left before.
    """
    path = []
    while len(path) < fixations and saliency.max() > 0:
        path.append(winner_take_all(saliency))
        saliency = inhibit(saliency, path[-1], radius)
    return np.array(path, int).reshape(-1, 2)


def task_gains(feature_maps, target_mask):
    """How much each feature map helps to find a target: the gains of top-down attention (Frintrop 2006, "VOCUS").

    feature_maps: floats (H, W, K), not negative; target_mask: booleans (H, W), true on the target. A map's gain is its
    mean on the target over its mean on all the rest, this one counting as 1e-12 at least. Returns floats (K,), the
    gains divided by their sum.
    """
    inside = feature_maps[target_mask].mean(axis=0)
    outside = feature_maps[~target_mask].mean(axis=0)
    ratios = inside / np.maximum(outside, 1e-12)
    return ratios / ratios.sum()
