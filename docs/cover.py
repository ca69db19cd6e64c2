"""Makes the picture of the README, docs/cover.png: `python docs/cover.py`. It needs no internet."""

from pathlib import Path

import numpy as np
import skimage.data
from skimage.transform import resize

from cnnlearn import networks
from cnnlearn.explainers.grad_cam import GradCAM
from cnnlearn.figures import plots

CAT, ESPRESSO = 285, 967


def half(photograph):
    """The middle of a photograph as the half of a picture: (H, W, 3) -> (224, 112, 3) in [0, 1]."""
    height, width = photograph.shape[:2]
    across = min(width, height // 2)
    left = (width - across) // 2
    return resize(photograph[:, left : left + across], (224, 112), anti_aliasing=True)


def main():
    picture = np.concatenate([half(skimage.data.chelsea()[:, 60:]), half(skimage.data.coffee())], axis=1)
    found = GradCAM(networks.imagenet()).explain(picture, [CAT, ESPRESSO])
    figure = plots.explanations(picture, found, networks.imagenet_classes())
    figure.savefig(Path(__file__).with_name("cover.png"), dpi=110, facecolor="white")


if __name__ == "__main__":
    main()
