"""The self-check of an installation: explain one image. Run as `python -m cnnlearn.course.self_check PICTURE`."""

import sys
from pathlib import Path

from cnnlearn import images, networks
from cnnlearn.explainers.grad_cam import GradCAM
from cnnlearn.figures import plots
from cnnlearn.files import cifar10


def explain_one_image(path: Path) -> None:
    """Draws Grad-CAM of one test image of the sample into the PNG file `path`."""
    _, (test_images, _) = cifar10.sample()
    image = images.to_float(test_images[0])
    explanations = GradCAM(networks.load()).explain(image)
    path.parent.mkdir(parents=True, exist_ok=True)
    plots.explanations(image, explanations, cifar10.CLASSES).savefig(path)


if __name__ == "__main__":
    explain_one_image(Path(sys.argv[1]))
