"""EfficientNet-Lite0: a network trained on ImageNet that is small enough to ship with the course."""

import keras
import numpy as np

from cnnlearn.files.shipped import data_path

# One row a stage: repeats, kernel size, stride of its first block, expansion, channels out.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM_CHANNELS, HEAD_CHANNELS, CLASSES = 32, 1280, 1000


def efficientnet_lite0(weights: str | None = "imagenet") -> keras.Model:
    """EfficientNet-Lite0: (N, 224, 224, 3) in [0, 1] -> (N, 1000) probabilities.

    Sixteen inverted residual blocks (Sandler et al. 2018, "MobileNetV2") in the proportions of EfficientNet-B0 (Tan &
    Le 2019, "EfficientNet"), without squeeze-and-excitation and with ReLU6 for swish: that is what "Lite" means. The
    last convolution ends in the layer `features`, (N, 7, 7, 1280) between 0 and 6. Global average pooling, one dense
    layer `logits` and the layer `softmax` follow. The first layer scales pixels as the network saw them in training,
    (255 x - 127) / 128, so that nobody can forget it.

    `weights` is "imagenet" for those that ship with the course (float16 on disk; no internet is needed), or None for
    fresh ones.
    """
    layers = keras.layers

    def normalize(x, name, activation=None):
        x = layers.BatchNormalization(epsilon=1e-3, name=f"{name}_bn")(x)
        return layers.ReLU(max_value=6, name=activation)(x) if activation else x

    def convolve(x, channels, name, activation=None, size=1, stride=1):
        x = layers.Conv2D(channels, size, stride, padding="same", use_bias=False, name=f"{name}_conv")(x)
        return normalize(x, name, activation)

    def block(x, size, stride, expansion, channels, name):
        """Expand the channels, filter each on its own, project to few channels; add the input if the shape is kept."""
        y = x
        if expansion > 1:
            y = convolve(y, expansion * x.shape[-1], f"{name}_expand", activation=f"{name}_expand_relu6")
        name_of_filter = f"{name}_depthwise"
        y = layers.DepthwiseConv2D(size, stride, padding="same", use_bias=False, name=f"{name_of_filter}_conv")(y)
        y = normalize(y, name_of_filter, activation=f"{name_of_filter}_relu6")
        y = convolve(y, channels, f"{name}_project")
        return layers.Add(name=f"{name}_add")([x, y]) if x.shape == y.shape else y

    images = keras.Input((224, 224, 3), name="images")
    x = layers.Rescaling(255 / 128, offset=-127 / 128, name="preprocess")(images)
    x = convolve(x, STEM_CHANNELS, "stem", activation="stem_relu6", size=3, stride=2)
    for stage, (repeats, size, stride, expansion, channels) in enumerate(STAGES, start=1):
        for repeat in range(repeats):
            x = block(x, size, stride if repeat == 0 else 1, expansion, channels, f"block{stage}{'abcd'[repeat]}")
    x = convolve(x, HEAD_CHANNELS, "head", activation="features")
    x = layers.GlobalAveragePooling2D(name="gap")(x)
    x = layers.Dense(CLASSES, name="logits")(x)
    model = keras.Model(images, layers.Softmax(name="softmax")(x), name="efficientnet_lite0")

    if weights == "imagenet":
        with np.load(data_path("efficientnet_lite0.npz")) as shipped:
            for variable in model.variables:
                variable.assign(shipped[variable.path])
    return model
