"""Explaining pictures: the network's top classes, and what each method says of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from tqdm import tqdm

from cnnlearn.explain.classifier import Subject
from cnnlearn.explain.methods import make
from cnnlearn.explainers.explanation import Explanation
from cnnlearn.files.pictures import fit

AT_ONCE = 16  # pictures: enough for speed, few enough for memory
TOP = 5


@dataclass(frozen=True)
class Result:
    """What was found in one picture.

    image: (H, W, 3) in [0, 1], as the network saw it. top: (class, probability), the largest first. found: method ->
    its explanations, one a target; or the sentence by which it refuses this network.
    """

    name: str
    image: np.ndarray
    top: list[tuple[int, float]]
    found: dict[str, list[Explanation] | str] = field(default_factory=dict)


def explain(
    subject: Subject,
    pictures: dict[str, np.ndarray],
    methods: Sequence[str],
    targets: Sequence[int] | None = None,
    layer: str | None = None,
    top: int = 1,
    evaluations: int = 1000,
    explainers: dict | None = None,
) -> list[Result]:
    """Explains pictures (H, W, 3) in [0, 1], of any sizes, by their names.

    targets: classes to explain in each; None means the `top` most probable ones. evaluations: model calls for LIME and
    the Shapley methods; those that take gradients spend a twentieth, expected gradients a fifth. A method that this
    network is not made for does not stop the others. explainers: those that earlier calls made for this network; new
    ones are added, so that whoever asks again need not wait for them again. ValueError if `layer` is no layer of the
    network.
    """
    if layer and layer not in _layers(subject.model):
        raise ValueError(
            f"{subject.name} has no layer {layer!r}; its last ones: {', '.join(_layers(subject.model)[-5:])}."
        )
    results, explainers = [], {} if explainers is None else explainers
    names = list(pictures)
    with tqdm(total=len(names) * len(methods), delay=2, unit=" explanations", leave=False) as bar:
        for start in range(0, len(names), AT_ONCE):
            some = names[start : start + AT_ONCE]
            images = np.stack([fit(pictures[name], *subject.size) for name in some]).astype(np.float32)
            batch = _described(subject, some, images, max(top, TOP))
            rows = [list(targets) if targets else [index for index, _ in result.top[:top]] for result in batch]
            for method in methods:
                bar.set_description(method)
                _add(batch, method, explainers, subject, images, np.array(rows), layer, evaluations)
                bar.update(len(some))
            results += batch
    return results


def _layers(model) -> list[str]:
    inner = [name for layer in model.layers if hasattr(layer, "layers") for name in _layers(layer)]
    return inner + [layer.name for layer in model.layers]


def _described(subject, names, images, count):
    results = []
    for name, image, probabilities in zip(names, images, subject.probabilities(images), strict=True):
        largest = np.argsort(-probabilities, kind="stable")[:count]
        results.append(Result(name, image, [(int(i), float(probabilities[i])) for i in largest]))
    return results


def _add(batch, method, explainers, subject, images, rows, layer, evaluations):
    try:
        made = (method, layer, evaluations)
        if made not in explainers:
            explainers[made] = make(method, subject, layer, evaluations)
        found = explainers[made].explain(images, rows)
    except ValueError as refusal:
        for result in batch:
            result.found[method] = " ".join(str(refusal).split())
        return
    count = rows.shape[1]
    for place, result in enumerate(batch):
        result.found[method] = found[place * count : (place + 1) * count]
