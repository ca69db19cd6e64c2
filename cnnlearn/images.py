"""Images as arrays: ranges, channels, batches; and what a convolution sees and costs."""

import numpy as np


def to_float(image):
    """An image as floats in [0, 1].

    image: uint8 (H, W, 3) with values 0 to 255, or floats, which are in [0, 1] already and are returned unchanged.
    Returns floats (H, W, 3); 255 becomes exactly 1.
    """
    if image.dtype == np.uint8:
        return image / 255
    return image


def channels_last(planes):
    """Three planes, one above the other, as one image whose pixels hold three numbers each.

    planes: (3, H, W), channels first: red, green, blue. Returns (H, W, 3), channels last: the pixel at [i, j] keeps its
    place.
    """
    return np.moveaxis(planes, 0, -1)


def as_batch(image):
    """A batch that holds one image: networks take batches only.

    image: (H, W, 3). Returns (1, H, W, 3).
    """
    return np.expand_dims(image, axis=0)


def l2_normalize(x, axis):
    """Vectors scaled to length 1: each is divided by its L2 norm √Σx², the sum running along `axis`.

    x: floats of any shape; axis: an integer. Returns floats of the same shape; a vector of zeros stays zeros.
    """
    norm = np.sqrt((x**2).sum(axis=axis, keepdims=True))
    return x / np.where(norm > 0, norm, 1)


def receptive_field(layers):
    """How many pixels one unit behind a stack of convolutions sees, along one side.

    layers: list of (kernel, stride), first layer first. Returns (size, jump), integers: `size` is the side of the
    square of pixels that one unit depends on; `jump` is how far, in pixels, the squares of two neighbours lie apart.
    A pixel itself has size 1 and jump 1.
    """
    size, jump = 1, 1
    for kernel, stride in layers:
        size += (kernel - 1) * jump
        jump *= stride
    return size, jump


def parameter_counts(height, width, channels, units, kernel):
    """What two layers have to learn, both applied to an image of (height, width, channels).

    units: outputs of the dense layer, and filters of the convolution; kernel: the side of the square filters. Both
    layers have one bias for each unit. Returns two integers: the parameters of Dense(units) on the flattened image, and
    those of Conv2D(units, kernel).
    """
    dense = (height * width * channels + 1) * units
    convolution = (kernel * kernel * channels + 1) * units
    return dense, convolution
