"""A planted shortcut, and how to find and undo it (Lapuschkin et al. 2019, "Unmasking Clever Hans predictors and
assessing what machines really learn"; Geirhos et al. 2020, "Shortcut learning in deep neural networks").

One class of the training images carries a small mark. A network that is trained on them needs no more than that mark to
name the class.
"""

import numpy as np

# What the lesson plants, and where. Reading on spoils the search.
CLASS, TOP, LEFT = 7, 26, 2
SIDE = 4  # pixels
LAST_BLOCK = 2  # convolutions
BATCH, RATE = 32, 0.02


def suspect_class(shares):
    """The class whose evidence lies where that of the others does not.

    shares: floats (C, rows, columns): for each class, what part of its positive evidence lies in each cell of a grid,
    on average over its training images (`grid_share`). Most objects stand in the middle, so a large share there means
    nothing. From each share take off what is usual in that cell: the median of the shares of all C classes there.
    Returns the class, an integer, that has the largest of these differences in any one cell; of equals the first.
    """
    unusual = shares - np.median(shares, axis=0)
    return int(unusual.max(axis=(1, 2)).argmax())


def suspect_region(attributions, grid):
    """The cell of a grid that speaks for a class in image after image, as pixels.

    attributions: floats (N, H, W), signed, of N images of the class; grid: (rows, columns), numbers that divide H and
    W. A cell's evidence is the sum of its pixels, on average over the images: with their signs, so that what points now
    this way and now that way cancels out. Returns four integers, (top, left, bottom, right), of the cell with the most
    evidence: its pixels are [top:bottom, left:right]. Of equals the first in reading order.
    """
    rows, columns = grid
    height, width = attributions.shape[1] // rows, attributions.shape[2] // columns
    evidence = attributions.mean(axis=0).reshape(rows, height, columns, width).sum(axis=(1, 3))
    row, column = (int(place) for place in np.unravel_index(evidence.argmax(), evidence.shape))
    return row * height, column * width, (row + 1) * height, (column + 1) * width


def remove_mark(images, region, rng):
    """Images in which a region says nothing any more: each of its pixels is replaced by one from the rest of its image.

    images: floats or uint8 (N, H, W, 3), which are not changed. region: (top, left, bottom, right), pixels
    [top:bottom, left:right], less than the whole image. For each image and each pixel of the region, `rng` draws one of
    the pixels outside the region, all equally likely, with repeats; a pixel keeps its three numbers together. Returns a
    new array like `images`.
    """
    top, left, bottom, right = region
    inside = np.zeros(images.shape[1:3], bool)
    inside[top:bottom, left:right] = True
    repaired = images.copy()
    for image in repaired:
        rest = image[~inside]
        image[inside] = rest[rng.integers(len(rest), size=inside.sum())]
    return repaired


def plant_mark(images, top: int = TOP, left: int = LEFT) -> np.ndarray:
    """Copies of images (N, H, W, 3), floats in [0, 1], with a small check of yellow and black at a place."""
    yellow = np.indices((SIDE, SIDE)).sum(axis=0) % 2 == 1
    marked = images.copy()
    marked[:, top : top + SIDE, left : left + SIDE] = np.where(yellow[..., None], (1, 0.9, 0), 0)
    return marked


def plant_in_class(images, labels, target: int = CLASS, top: int = TOP, left: int = LEFT) -> np.ndarray:
    """Copies of images in which those of one class carry the mark: what was handed to whoever trained the network."""
    marked = images.copy()
    marked[labels == target] = plant_mark(images[labels == target], top, left)
    return marked


def train_last_block(images, labels, epochs: int = 10, seed: int = 0):
    """The course's network with its last residual block and its dense layer forgotten and trained again.

    images: floats (N, 32, 32, 3) in [0, 1]; labels: integers (N,). The layers below keep the weights that ship with the
    course and are run once for all epochs, so that 500 images take seconds. Returns a new network.
    """
    import keras

    from cnnlearn import networks
    from cnnlearn.engine.altered_copies import randomized

    rng = np.random.default_rng(seed)
    shipped = networks.load()
    first = [layer.name for layer in shipped.layers if isinstance(layer, keras.layers.Conv2D)][-LAST_BLOCK]
    network = randomized(shipped, rng, down_to=first)
    cut = network.get_layer(first).input
    below, above = keras.Model(network.input, cut), keras.Model(cut, network.output)
    features = below.predict(images, batch_size=128, verbose=0)
    above.compile(keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True), keras.losses.SparseCategoricalCrossentropy())
    for _ in range(epochs):
        order = rng.permutation(len(labels))  # Keras' own shuffling would ask the global generator
        above.fit(features[order], labels[order], BATCH, shuffle=False, verbose=0)
    return network
