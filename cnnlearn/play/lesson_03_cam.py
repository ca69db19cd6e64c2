"""What the figure of lesson 03 needs: feature maps of two pictures, and the weights of the classes."""

import numpy as np

PICTURES = {"a horse": 37, "a horse and its rider": 24}  # test images of the sample, as in the lesson
DIGITS = 4  # after the point; the tests allow for what rounding can do to a logit


def compute() -> dict:
    """The data of the figure, computed with the course's network."""
    import keras

    from cnnlearn import networks
    from cnnlearn.files import cifar10

    network = networks.load()
    images = cifar10.sample()[1][0][list(PICTURES.values())]
    inside = keras.Model(network.input, [network.get_layer("features").output, network.get_layer("logits").output])
    features, logits = inside.predict(images.astype(np.float32) / 255, verbose=0)
    weights, biases = network.get_layer("logits").get_weights()
    return {
        "names": list(PICTURES),
        "images": images.tolist(),
        "features": np.round(features.astype(float), DIGITS).tolist(),
        "weights": np.round(weights.astype(float), DIGITS).tolist(),
        "biases": np.round(biases.astype(float), DIGITS).tolist(),
        "logits": np.round(logits.astype(float), DIGITS).tolist(),
        "classes": list(cifar10.CLASSES),
    }
