"""What the first steps of seeing are made of: pyramids of smaller and smaller pictures, and filters for bars."""

import numpy as np

from cnnlearn.cam import resize_bilinear


def halved(plane):
    """A map (H, W) at half the size: each cell is the mean of 2 × 2; odd sizes are rounded up and interpolated.

    Dropping every other row and column would be simpler, but it prefers one corner of each four: the map of a picture
    turned by 90° would not be the map turned by 90°.
    """
    return resize_bilinear(plane, *(-(-side // 2) for side in plane.shape))


def pyramid(plane, levels: int = 9) -> list[np.ndarray]:
    """A map (H, W) and its smaller copies, each smoothed (binomial weights 1, 4, 6, 4, 1) and half as large."""
    found = [plane]
    while len(found) < levels:
        for _ in range(2):  # down the rows and, turned over, down the columns
            p = np.pad(plane, ((2, 2), (0, 0)), mode="edge")
            plane = ((p[:-4] + p[4:] + 4 * (p[1:-3] + p[3:-1]) + 6 * p[2:-2]) / 16).T
        plane = halved(plane)
        found.append(plane)
    return found


def gabor(angle: float, size: int = 9, wavelength: float = 5.0) -> np.ndarray:
    """A Gabor filter: a wave under a bell, which answers to bars that run at `angle` degrees (90: upright).

    Complex (size, size): the real part is a light bar between dark ones, the imaginary part an edge. Each sums to zero,
    so that a plain surface gets no answer; the magnitude does not depend on where in the wave a bar lies.
    """
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    bell = np.exp(-(x**2 + y**2) / (2 * (size / 4) ** 2))
    wave = np.exp(2j * np.pi / wavelength * (x * np.sin(np.radians(angle)) + y * np.cos(np.radians(angle))))
    return bell * (wave - (bell * wave).sum() / bell.sum()) / bell.sum()


def answers(plane, filters) -> np.ndarray:
    """The magnitudes (K, H, W) of what filters (K, n, n), n odd, answer to a map (H, W), whose border is repeated."""
    padded = np.pad(plane, filters.shape[-1] // 2, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, filters.shape[1:])
    return np.abs(np.tensordot(filters, windows, axes=((1, 2), (2, 3))))
