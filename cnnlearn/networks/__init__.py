"""The networks that the course explains: its own GAP network for CIFAR-10, and networks trained on ImageNet."""

import difflib
import inspect
import os
from pathlib import Path

import keras
import numpy as np

from cnnlearn.files.shipped import data_path
from cnnlearn.networks.efficientnet_lite0 import efficientnet_lite0

# Mean and standard deviation of the 50,000 training images of CIFAR-10, for each channel, pixels in [0, 1].
CIFAR10_MEAN = (0.4914, 0.4822, 0.4465)
CIFAR10_STD = (0.2470, 0.2435, 0.2616)
L2_STRENGTH = 2.5e-4  # for plain SGD the same as a weight decay of 5e-4


def gap_network(l2: float = L2_STRENGTH) -> keras.Model:
    """The course's network, with fresh weights: (N, 32, 32, 3) in [0, 1] -> (N, 10) probabilities.

    Convolutions, three of them residual blocks, lead to the layer `features`, (N, 8, 8, 72) and never negative. Global
    average pooling and one dense layer, `logits`, follow; the softmax is a layer of its own (Lin, Chen & Yan 2014,
    "Network in network"; He et al. 2016, "Deep residual learning"). The standardisation of the pixels is the first
    layer, so that nobody can forget it. `l2` is the strength of the penalty on kernels (biases go free).
    """
    layers = keras.layers

    def convolve(x, filters, pool=False):
        regularizer = keras.regularizers.L2(l2)
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, kernel_regularizer=regularizer)(x)
        if pool:  # before the normalisation: the same maxima (ReLU keeps order), a quarter of the work
            x = layers.MaxPooling2D()(x)
        return layers.BatchNormalization()(x)

    def block(x, filters, name=None):
        y = layers.ReLU()(convolve(x, filters))
        return layers.ReLU(name=name)(layers.Add()([x, convolve(y, filters)]))

    images = keras.Input((32, 32, 3), name="images")
    variance = [std**2 for std in CIFAR10_STD]
    x = layers.Normalization(mean=CIFAR10_MEAN, variance=variance, name="standardize")(images)
    x = layers.ReLU()(convolve(x, 24))
    x = layers.ReLU()(convolve(x, 48, pool=True))
    x = block(x, 48)
    x = layers.ReLU()(convolve(x, 72, pool=True))
    x = block(x, 72)
    x = block(x, 72, name="features")
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    x = layers.Dense(10, kernel_regularizer=keras.regularizers.L2(l2), dtype="float32", name="logits")(x)
    return keras.Model(images, layers.Softmax(dtype="float32", name="softmax")(x), name="gap_network")


def load() -> keras.Model:
    """The course's network with the weights that ship with the course, trained by `cnnlearn train`."""
    model = gap_network()
    model.load_weights(data_path("gap_network.weights.h5"))
    return model


def imagenet(name: str = "EfficientNetLite0", weights: str | os.PathLike | None = "imagenet") -> keras.Model:
    """A network trained on the 1,000 classes of ImageNet: (N, H, W, 3) in [0, 1] -> (N, 1000) probabilities.

    `name` is "EfficientNetLite0", which ships with the course and needs no internet, or any network of
    `keras.applications` ("ResNet50", "ConvNeXtTiny", ...), whose weights Keras downloads once. H and W are in
    `model.input_shape`. Whatever pixels the network was trained on, its first layers make them from [0, 1]: there is
    nothing to preprocess. The network is one functional graph, so each of its layers is found by name. `weights` is
    "imagenet", None for fresh ones, or the path of a file that Keras' `load_weights` reads.

    Raises ValueError for an unknown name and OSError if the weights cannot be had, each with what to do.
    """
    names = imagenet_names()
    if name not in names:
        folded = {known.casefold(): known for known in names}
        close = [folded[match] for match in difflib.get_close_matches(name.casefold(), folded)] or names[:3]
        raise ValueError(f"There is no ImageNet network {name!r}; names like it: {', '.join(close)}.")
    if weights not in ("imagenet", None):
        return _load_file(imagenet(name, weights=None), weights)
    if name == "EfficientNetLite0":
        return efficientnet_lite0(weights)
    try:
        return _application(name, weights)
    except Exception as error:  # Keras raises a bare Exception when a download fails
        if weights is None:
            raise
        reason = f"The weights of {name} could not be downloaded"
        remedy = "go online, pass a file as `weights`, or use EfficientNetLite0, which needs no internet"
        raise OSError(f"{reason}: {remedy}.") from error


def imagenet_names() -> list[str]:
    """The names that `imagenet` knows: the network that ships with the course, and those of `keras.applications`."""
    return ["EfficientNetLite0", *(known for known in vars(keras.applications) if known[0].isupper())]


def imagenet_classes() -> list[str]:
    """The 1,000 class names of ImageNet, in the order of every network's output: `imagenet_classes()[285]` is a cat."""
    return data_path("imagenet_classes.txt").read_text(encoding="utf-8").splitlines()


# Height and width of the images that a network of keras.applications was trained on, where it is not 224.
_INPUT_SIZES = {
    "EfficientNetB1": 240,
    "EfficientNetB2": 260,
    "EfficientNetB3": 300,
    "EfficientNetB4": 380,
    "EfficientNetB5": 456,
    "EfficientNetB6": 528,
    "EfficientNetB7": 600,
    "EfficientNetV2B1": 240,
    "EfficientNetV2B2": 260,
    "EfficientNetV2B3": 300,
    "EfficientNetV2S": 384,
    "EfficientNetV2M": 480,
    "EfficientNetV2L": 480,
    "InceptionResNetV2": 299,
    "InceptionV3": 299,
    "NASNetLarge": 331,
    "Xception": 299,
}


def _application(name, weights):
    """A network of keras.applications behind its own preprocessing, in one graph."""
    size = _INPUT_SIZES.get(name, 224)
    images = keras.Input((size, size, 3), name="images")
    constructor = getattr(keras.applications, name)
    built = constructor(weights=weights, input_tensor=_preprocess(images, constructor))
    return keras.Model(images, built.output, name=built.name)  # the same layers; built would ask for a list of inputs


def _load_file(model, weights):
    if not Path(weights).is_file():
        raise FileNotFoundError(f'There is no file of weights {str(weights)!r}; try weights="imagenet".')
    try:
        model.load_weights(weights)
    except Exception as error:  # what Keras raises depends on the file, and may list every layer
        raise OSError(f"The file {str(weights)!r} does not hold weights of {model.name}.") from error
    return model


def _preprocess(images, constructor):
    """What the network's own `preprocess_input` does to 255 × images, as layers.

    Each family wants other pixels: as they are, in [-1, 1], standardised, or blue first and the mean taken off. All are
    a scale and an offset for each channel after, perhaps, a reversal of the channels; so black and the three primary
    colours show which.
    """
    preprocess_input = inspect.getmodule(constructor).preprocess_input
    black, *primaries = preprocess_input(255 * np.vstack([np.zeros(3), np.eye(3)]))
    response = np.array(primaries) - black  # of each channel out (column) to each channel in (row)
    if response[0, 0] == 0:
        images = keras.ops.flip(images, axis=-1)
    return keras.layers.Rescaling(response.sum(axis=0).tolist(), black.tolist(), name="preprocess")(images)
