"""Takes a picture of each lesson out of its solved notebook, for the README: `python docs/pictures.py`."""

import base64
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[1]
CHOSEN = {  # how the figure's alternative text begins
    "00_images": "The cat; the length of its pixels",
    "01_saliency": "Numbered places joined by lines",
    "02_cifar10": "Four test images",
    "03_cam": "A photograph of a cat, and the same",
    "04_gradcam": "Half a cat and half a cup",
    "05_guided": "The cat; its plain gradient",
    "06_lime": "A cup of coffee: ",
    "07_shapley": "A horse's head, the same blurred",
    "08_gradients": "Patches of both signs",
    "09_evaluate": "Four Grad-CAM maps of the joined picture",
    "10_shortcut": "Five horses, and below each",
}


def figures(lesson):
    """Alternative text -> PNG of the figures of a solved lesson."""
    cells = nbformat.read(ROOT / "solutions" / f"{lesson}.ipynb", as_version=4).cells
    shown = [output for cell in cells for output in cell.get("outputs", ()) if "image/png" in output.get("data", {})]
    return {output.metadata["image/png"]["alt"]: base64.b64decode(output.data["image/png"]) for output in shown}


def main():
    folder = ROOT / "docs" / "pictures"
    folder.mkdir(exist_ok=True)
    for lesson, beginning in CHOSEN.items():
        alt, png = next((alt, png) for alt, png in figures(lesson).items() if alt.startswith(beginning))
        (folder / f"{lesson[:2]}.png").write_bytes(png)
        print(f"{lesson}: {alt}")


if __name__ == "__main__":
    main()
