"""The course's table: every method measured on the same images, beside orders that know nothing of the network.

The work is cut into groups of four test images of different classes. A group's results are one small file, so a run
that was stopped goes on where it was, and groups may be computed anywhere.
"""

import csv
import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np

from cnnlearn import evaluate
from cnnlearn.engine.altered_copies import for_size, randomized
from cnnlearn.engine.probabilities import Probabilities
from cnnlearn.explainers.explainer import Explainer
from cnnlearn.explainers.explanation import Explanation
from cnnlearn.files import cifar10
from cnnlearn.files.shipped import data_path
from cnnlearn.perturbation.fills import fill_for

TABLE = "comparison.csv"  # of the shipped data
FILLS = ("grey", "image mean", "blur")
MEASURES = ("insertion", "deletion", "grid share", "randomisation", "seconds")
STEPS = 8
PARTS = 16  # superpixels, about
DEAR_EVERY = 4  # grid share and randomisation cost most: they are measured on every fourth group
SEED = 0


def methods(model) -> dict[str, object]:
    """Everything that the course explains a network with, at budgets for small images; and three to compare with."""
    from cnnlearn import (
        CAM,
        Deconvnet,
        ExpectedGradients,
        GradCAM,
        GuidedBackprop,
        GuidedGradCAM,
        IntegratedGradients,
        KernelShap,
        Lime,
        OwenShap,
        Saliency,
        SmoothGrad,
    )

    height, width = model.input_shape[1:3]
    background = cifar10.sample(np.float32)[0][0][:: 500 // 20]
    background = np.tile(background, (1, height // 32, width // 32, 1))
    return {
        "CAM": CAM(model),
        "Grad-CAM": GradCAM(model),
        "deconvnet": Deconvnet(model),
        "guided backprop": GuidedBackprop(model),
        "Guided Grad-CAM": GuidedGradCAM(model),
        "LIME": Lime(model, segments=_parts, max_evals=100),
        "Kernel SHAP": KernelShap(model, segments=_parts, fill="grey", max_evals=100),
        "Owen values": OwenShap(model, fill="grey", max_evals=200),
        "saliency": Saliency(model),
        "SmoothGrad": SmoothGrad(model, max_evals=20, repeats=1),
        "integrated gradients": IntegratedGradients(
            model, baseline=np.full((height, width, 3), 0.5, np.float32), max_evals=10
        ),
        "expected gradients": ExpectedGradients(model, background=background, max_evals=20, repeats=1),
        "exact Owen values": OwenShap(model, segments=_parts, fill="grey", max_evals=2000),
        "centre prior": Prior(model, _centre),
        "random order": Prior(model, _random),
    }


def _parts(image):
    from cnnlearn.perturbation.superpixels import superpixels

    return superpixels(image, n_segments=PARTS)


class Prior(Explainer):
    """Explanations that do not ask the network: the same for every class."""

    method = "prior"
    view = "heat"

    def __init__(self, model, draw: Callable[[np.ndarray], np.ndarray]):
        super().__init__(model)
        self.draw = draw

    def _explain(self, images, rows):
        for image, row in zip(images, rows, strict=True):
            drawn = self.draw(image)
            for target in row:
                yield Explanation(drawn, int(target), self.method, image, view=self.view)


def _centre(image):
    rows, columns = (np.linspace(-1, 1, side) for side in image.shape[:2])
    return np.exp(-(rows[:, None] ** 2) - columns**2)


def _random(image):
    seed = int.from_bytes(np.ascontiguousarray(image[:2, :2], np.float32).tobytes()[:8], "little")
    return np.random.default_rng(seed).random(image.shape[:2])


def chosen_images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Images of the sample's test half that the network names right, and their classes; any four in a row differ in
    class. ValueError unless `count` is a multiple of four, and there are as many.
    """
    from cnnlearn import networks

    _, (images, labels) = cifar10.sample(np.float32)
    right = Probabilities(networks.load())(images).argmax(axis=1) == labels
    of_class = [np.flatnonzero(right & (labels == c)) for c in range(len(cifar10.CLASSES))]
    most = len(of_class) * min(map(len, of_class))
    if count % 4 or not 4 <= count <= most:
        raise ValueError(f"The number of images must be a multiple of 4, from 4 to {most}; it is {count}.")
    order = np.stack([of_this[: most // len(of_class)] for of_this in of_class], axis=1).ravel()[:count]
    return images[order], labels[order]


@cache
def _setting():
    """Built once a process: predictors and methods, on the network, on one that forgot all, and for 64×64 pixels."""
    from cnnlearn import networks

    model = networks.load()
    forgetful = randomized(model, np.random.default_rng(SEED))
    large = for_size(model, 64, 64)
    found = Probabilities(model), methods(model), methods(forgetful), methods(large)
    for explainers, side in zip(found[1:], (32, 32, 64), strict=True):  # what is compiled at the first call
        for explainer in explainers.values():
            explainer.explain(np.full((side, side, 3), 0.4, np.float32), [[0, 1, 2, 3]] if side == 64 else 0)
    return found


def measure_group(number: int, images, labels) -> list[dict]:
    """The measures of all methods on four images: rows of image, method, measure, fill and value."""
    probabilities, explainers, forgetful, large = _setting()
    rows = []
    for i, (image, label) in enumerate(zip(images, labels, strict=True)):
        for name, explainer in explainers.items():
            before = time.process_time()
            values = _map(explainer.explain(image, int(label))[0])
            facts = {("seconds", ""): time.process_time() - before}
            facts |= _areas(probabilities, image, values, int(label))
            if number % DEAR_EVERY == 0:
                other = _map(forgetful[name].explain(image, int(label))[0])
                facts["randomisation", ""] = evaluate.rank_correlation(values, other)
            rows += _rows(4 * number + i, name, facts)
    if number % DEAR_EVERY == 0:
        picture = evaluate.grid_picture(images)
        for name, explainer in large.items():
            for i, found in enumerate(explainer.explain(picture, [[int(label) for label in labels]])):
                share = evaluate.grid_share(_map(found), divmod(i, 2), (2, 2))
                rows += _rows(4 * number + i, name, {("grid share", ""): share})
    return rows


def _map(explanation):
    values = explanation.values
    return values.sum(axis=-1) if values.ndim == 3 else values


def _areas(probabilities, image, values, label):
    """Areas under the curves of all fills, from one call of the network."""
    pictures, asked = [], []

    def collect(batch):
        pictures.append(batch)
        return np.zeros(len(batch))

    for fill in FILLS:
        start = fill_for(fill, image, None)
        evaluate.deletion_curve(collect, image, values, STEPS, start)
        evaluate.insertion_curve(collect, image, values, STEPS, start)
        asked += [("deletion", fill), ("insertion", fill)]
    curves = probabilities(np.concatenate(pictures))[:, label].reshape(len(asked), STEPS + 1)
    return {what: evaluate.area_under(curve.astype(float)) for what, curve in zip(asked, curves, strict=True)}


def _rows(image, method, facts):
    for (measure, fill), value in facts.items():
        value = None if value is None or np.isnan(value) else round(float(value), 6)
        yield {"image": image, "method": method, "measure": measure, "fill": fill, "value": value}


def run(count: int, folder: Path, scheduler: str | None = None) -> list[dict]:
    """Measures `count` images and returns the table, which is also written to `folder` as comparison.csv.

    Each group's results are kept in folder/groups and not computed again. scheduler: the address of a Dask scheduler,
    whose workers share the groups.
    """
    from tqdm import tqdm

    images, labels = chosen_images(count)
    groups = folder / "groups"
    groups.mkdir(parents=True, exist_ok=True)
    missing = [g for g in range(count // 4) if not (groups / f"{g:03}.json").exists()]
    work = [(g, images[4 * g : 4 * g + 4], labels[4 * g : 4 * g + 4]) for g in missing]
    with tqdm(total=count, initial=count - 4 * len(missing), unit=" images") as bar:
        for number, rows in _computed(work, scheduler):
            draft = groups / f"{number:03}.part"
            draft.write_text(json.dumps(rows), encoding="utf-8")
            draft.replace(groups / f"{number:03}.json")
            bar.update(4)
    rows = [row for g in range(count // 4) for row in json.loads((groups / f"{g:03}.json").read_text(encoding="utf-8"))]
    found = table(rows)
    write(found, folder / TABLE)
    return found


_measured = measure_group  # what is sent to a worker


def _computed(work, scheduler) -> Iterator[tuple[int, list[dict]]]:
    if scheduler is None:
        yield from ((group[0], measure_group(*group)) for group in work)
        return
    from distributed import Client, as_completed

    with Client(scheduler) as client:
        futures = {client.submit(_measured, *group, pure=False): group[0] for group in work}
        for future in as_completed(futures):
            yield futures[future], future.result()


def table(rows: list[dict]) -> list[dict]:
    """For each method, measure and fill: the mean over the images, its 95 % interval, how many images had a value."""
    values = {}
    for row in rows:
        values.setdefault((row["method"], row["measure"], row["fill"]), []).append(row["value"])
    found = []
    for (method, measure, fill), of_images in values.items():
        known = [value for value in of_images if value is not None]
        low, high = evaluate.bootstrap_interval(known, np.random.default_rng(SEED))
        facts = {"mean": np.mean(known) if known else np.nan, "low": low, "high": high}
        head = {"method": method, "measure": measure, "fill": fill}
        found.append(head | {name: round(float(value), 4) for name, value in facts.items()} | {"images": len(known)})
    return found


def write(found: list[dict], path: Path) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, found[0])
        writer.writeheader()
        writer.writerows(found)


def read(path: Path | None = None) -> list[dict]:
    """The table in a file; None means the one that ships with the course."""
    with open(path or data_path(TABLE), newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [row | {name: float(row[name]) for name in ("mean", "low", "high")} for row in rows]
