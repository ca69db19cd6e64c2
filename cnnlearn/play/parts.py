"""A picture in a few parts, and the network's score for every choice of parts to show."""

from typing import Any

import numpy as np


def every_choice(index: int, parts: int, fill: str) -> dict:
    """The logits of the right class for all 2^m versions of test image `index`, hidden parts replaced by `fill`.

    Version number i shows part j where bit j of i is set.
    """
    from cnnlearn import networks
    from cnnlearn.files import cifar10
    from cnnlearn.perturbation.fills import fill_for
    from cnnlearn.perturbation.masked_logits import MaskedLogits
    from cnnlearn.perturbation.superpixels import superpixels

    images, labels = cifar10.sample()[1]
    image, label = images[index].astype(np.float32) / 255, int(labels[index])
    segments = superpixels(image, n_segments=parts)
    count = int(segments.max()) + 1
    shown = (np.arange(2**count)[:, None] >> np.arange(count)) % 2 == 1
    hidden: Any = fill_for(fill, image, segments)  # an image, for the fills that are used here
    logits = MaskedLogits(networks.load())(image, segments, shown, hidden, np.array([label]))[:, 0]
    return {
        "image": images[index].tolist(),
        "fill": np.round(255 * hidden).astype(int).tolist(),
        "segments": segments.tolist(),
        "logits": np.round(logits.astype(float), 4).tolist(),
        "class": cifar10.CLASSES[label],
    }
