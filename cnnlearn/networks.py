"""The networks that the course explains: its own GAP network for CIFAR-10, and networks trained on ImageNet."""

import keras

from cnnlearn.files import data_path

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
