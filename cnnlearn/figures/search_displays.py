"""Pictures of bars, as used in experiments on what pops out."""

import numpy as np

SIDE, LENGTH, WIDTH = 128, 58, 14  # pixels: of the square around a bar, and of the bar


def bar(angle: float) -> np.ndarray:
    """How much of each pixel a bar covers, (128, 128), that runs at `angle` degrees: 0 lies, 90 stands, 45 is a "/"."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    sine, cosine = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    along, across = np.abs(x * cosine - y * sine), np.abs(x * sine + y * cosine)
    return np.clip(LENGTH / 2 - along + 0.5, 0, 1) * np.clip(WIDTH / 2 - across + 0.5, 0, 1)


def bars(angles, colours) -> np.ndarray:
    """A black picture (128·m, 128·n, 3) of m × n bars; angles: (m, n), degrees; colours: (m, n, 3), in [0, 1]."""
    rows, columns = np.shape(angles)
    cells = [[bar(angles[i][j])[..., None] * colours[i][j] for j in range(columns)] for i in range(rows)]
    return np.concatenate([np.concatenate(row, axis=1) for row in cells])


def odd_one(place, usual, odd) -> np.ndarray:
    """A display (512, 512, 3) of 4 × 4 bars that are all `usual` but for the one at `place`, which is `odd`.

    place: (row, column) of the bar; usual and odd: each an angle and a colour, (90, (0.8, 0.8, 0.8)).
    """
    angles, colours = np.full((4, 4), usual[0]), np.full((4, 4, 3), usual[1], float)
    angles[place], colours[place] = odd
    return bars(angles, colours)


def conjunction(rng) -> tuple[np.ndarray, tuple[int, int]]:
    """A display (512, 512, 3) of 4 × 4 bars, and the place of the one that is red *and* lies, which no other does both.

    Eight bars are red, eight green. The other red ones stand, the green ones lie.
    """
    red = rng.permutation(16).reshape(4, 4) < 8
    angles, colours = np.where(red, 90, 0), np.where(red[..., None], (0.8, 0, 0), (0, 0.8, 0))
    row, column = np.argwhere(red)[rng.integers(8)]
    angles[row, column] = 0
    return bars(angles, colours), (int(row), int(column))


def three_odd_ones(lying, red, white) -> np.ndarray:
    """A display (512, 512, 3) of 4 × 4 grey upright bars, but for a lying, a red and a white one at these places."""
    angles, colours = np.full((4, 4), 90), np.full((4, 4, 3), 0.6)
    angles[lying], colours[red], colours[white] = 0, (1, 0, 0), (1, 1, 1)
    return bars(angles, colours)
