"""The figures of the article that `README.md` here speaks of: `python lessons/article/figures.py --help`."""

import argparse
import importlib.util
import sys
from pathlib import Path

import numpy as np

from cnnlearn.explain.classifier import open_subject
from cnnlearn.explain.command import report
from cnnlearn.explain.methods import background
from cnnlearn.explain.page import write
from cnnlearn.explain.run import Result
from cnnlearn.files.pictures import fit, load


def lime(model, images, ranked, layer):
    from cnnlearn.explainers.lime import Lime

    return {"lime": Lime(model, segments="quickshift").explain(images, ranked[:, :1])}


def owen(model, images, ranked, layer):
    from cnnlearn.explainers.owen_shap import OwenShap

    fill = "telea" if importlib.util.find_spec("cv2") else "inpaint"
    if fill == "inpaint":
        print("Without OpenCV (pip install opencv-python-headless) this takes minutes for each picture.", flush=True)
    return {"owen": OwenShap(model, fill=fill, max_evals=1000).explain(images, ranked[:, :4])}


def gradcam(model, images, ranked, layer):
    from cnnlearn.explainers.grad_cam import GradCAM

    return {"gradcam": GradCAM(model, layer=layer).explain(images, ranked[:, :2])}


def guided(model, images, ranked, layer):
    from cnnlearn.explainers.guided_backprop import GuidedBackprop
    from cnnlearn.explainers.guided_grad_cam import GuidedGradCAM

    top = ranked[:, :1]
    return {
        "guided": GuidedBackprop(model).explain(images, top),
        "guided-gradcam": GuidedGradCAM(model, layer=layer).explain(images, top),
    }


def expected(model, images, ranked, layer):
    from cnnlearn.explainers.expected_gradients import ExpectedGradients

    explainer = ExpectedGradients(
        model, background=background(images.shape[1:3]), layer=layer, max_evals=100, smoothing=0.1
    )
    return {"expected": explainer.explain(images, ranked[:, :3])}


# name -> what is drawn, the article's network, the layer that it looks at
FIGURES = {
    "lime": (lime, "InceptionV3", None),
    "owen": (owen, "ResNet50", None),
    "gradcam": (gradcam, "ResNet50", "conv5_block3_out"),
    "guided": (guided, "ResNet50", "conv5_block3_out"),
    "expected": (expected, "VGG16", "block3_conv1"),
}


def draw(figure: str, pictures: list[str], network: str | None, weights: Path | None, out: Path) -> None:
    """Explains the pictures as the figure does, prints the certificates and writes the page."""
    method, usual, layer = FIGURES[figure]
    subject = open_subject(network or usual, weights)
    layer = layer if network in (None, usual) else None  # another network has other layers: then its last feature maps
    images = np.stack([fit(load(picture), *subject.size) for picture in pictures]).astype(np.float32)
    probabilities = subject.probabilities(images)
    ranked = np.argsort(-probabilities, axis=1)
    found = method(subject.model, images, ranked, layer)
    results = []
    for place, (name, image) in enumerate(zip(pictures, images, strict=True)):
        top = [(int(index), float(probabilities[place, index])) for index in ranked[place, :5]]
        halves = {key: np.array_split(np.array(some, object), len(pictures)) for key, some in found.items()}
        results.append(Result(name, image, top, {key: list(parts[place]) for key, parts in halves.items()}))
    report(subject, results)
    print(f"Written: {write(out, subject, results)[0]}")


def main():
    parser = argparse.ArgumentParser(description="The article's figures, one command a figure.")
    parser.add_argument("figure", choices=FIGURES)
    parser.add_argument("pictures", nargs=2, help="two files or addresses")
    parser.add_argument("--network", help="another network than the article's; EfficientNetLite0 needs no internet")
    parser.add_argument("--weights", type=Path, help="a file of weights, where Keras cannot download them")
    parser.add_argument("--out", type=Path, default=Path("figure.html"), help="the page that is written")
    asked = parser.parse_args()
    try:
        draw(asked.figure, asked.pictures, asked.network, asked.weights, asked.out)
    except (OSError, ValueError) as error:
        sys.exit(" ".join(str(error).split()))


if __name__ == "__main__":
    main()
