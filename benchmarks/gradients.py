"""Integrated and expected gradients beside the bare calls, and beside others: `python -m benchmarks.gradients`.

The bare call is one compiled forward and backward pass from images to the gradients of a logit there. Integrated
gradients need one for each step, expected gradients one for each draw. What is compared for expected gradients is the
error at equal numbers of gradients: the root mean square difference from a long run of the plain definition, with
independent draws. Libraries that are not installed are left out: `pip install -e .[peers]`.
"""

import importlib.util
import sys

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from benchmarks.timing import paired, ratios_to
from cnnlearn import networks
from cnnlearn.explainers.expected_gradients import ExpectedGradients
from cnnlearn.explainers.integrated_gradients import IntegratedGradients
from cnnlearn.files.cifar10 import sample

STEPS = 50
SIZES = {1: 20, 8: 8}  # images -> rounds
CLASS = 3
BACKGROUNDS = 20
DRAWS = (200, 1000)  # gradients for an image
RUNS = 4  # seeds
LONG = 12_000  # draws of the long run


def bare_call(logits):
    """Forward and backward, compiled."""

    @tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 3))])
    def call(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            score = logits(images)[:, CLASS]
        return tape.gradient(score, images)

    return call


def peers(logits):
    """Name -> integrated gradients of a batch with a library of others, where it is installed and runs."""
    found = {}
    if importlib.util.find_spec("xplique"):
        from xplique.attributions import IntegratedGradients as Xplique

        explainer = Xplique(logits, steps=STEPS, batch_size=256)
        classes = np.eye(10, dtype=np.float32)[[CLASS]]
        found["xplique"] = lambda x: explainer(x, np.repeat(classes, len(x), axis=0))
    return found


def integrated(model, logits, images):
    bare, ours = bare_call(logits), IntegratedGradients(model, max_evals=STEPS)
    table = Table("integrated gradients", "call", "median ms", "× bare", "× cnnlearn")
    for size, rounds in SIZES.items():
        x = images[:size]
        points = np.repeat(x, STEPS, axis=0)
        parts = np.array_split(points, -(-len(points) // 250))
        calls = {
            f"bare, {STEPS} gradients each": lambda parts=parts: [bare(part).numpy() for part in parts],
            "cnnlearn": lambda x=x: ours.explain(x, CLASS),
        }
        calls |= {name: lambda f=f, x=x: f(x) for name, f in peers(logits).items()}
        seconds = paired(calls, rounds)
        to_bare, to_ours = ratios_to(next(iter(calls)), seconds), ratios_to("cnnlearn", seconds)
        for name, runs in seconds.items():
            milliseconds = f"{1e3 * np.median(runs):.1f}"
            table.add_row(f"{size} images", name, milliseconds, f"{to_bare[name]:.2f}", f"{to_ours[name]:.2f}")
        table.add_section()
    return table


def long_run(bare, image, background):
    """The plain definition, independent draws and nothing of ours; and the standard error of what it gives."""
    rng, total, squares = np.random.default_rng(1), 0.0, 0.0
    for _ in range(LONG // 250):
        baselines = background[rng.integers(len(background), size=250)]
        differences = image - baselines
        points = baselines + rng.random((250, 1, 1, 1), np.float32) * differences
        draws = (differences * bare(points).numpy()).astype(np.float64)
        total, squares = total + draws.sum(axis=0), squares + (draws**2).sum(axis=0)
    mean = total / LONG
    return mean, float(np.sqrt(((squares / LONG - mean**2) / LONG).mean()))


class Estimates:
    """A call that explains with one seed after the other, and keeps what it gave."""

    def __init__(self, explain):
        self.explain, self.found = explain, []

    def __call__(self):
        self.found.append(self.explain(len(self.found) % RUNS))

    def rmse(self, truth):
        return np.sqrt(np.square(np.array(self.found[:RUNS]) - truth).mean())


def of_ours(model, image, background, draws, repeats):
    explainers = [
        ExpectedGradients(model, background=background, max_evals=draws, repeats=repeats, seed=seed)
        for seed in range(RUNS)
    ]
    for explainer in explainers:
        explainer._gradients = explainers[0]._gradients  # compiled once for all seeds
    return Estimates(lambda seed: explainers[seed].explain(image, CLASS)[0].values)


def of_shap(logits, image, background, draws):
    import shap

    explainer = shap.GradientExplainer(logits, background)
    chosen = dict(ranked_outputs=np.array([[CLASS]]), output_rank_order="custom")
    return Estimates(lambda seed: explainer.shap_values(image[None], draws, rseed=seed, **chosen)[0][0, ..., 0])


def expected(model, logits, image, background):
    truth, error = long_run(bare_call(logits), image, background)
    table = Table("expected gradients", "call", "RMSE", "median ms", "× cnnlearn")
    for draws in DRAWS:
        calls = {
            f"cnnlearn, {repeats} × {draws // repeats}": of_ours(model, image, background, draws, repeats)
            for repeats in (10, 1)
        }
        if importlib.util.find_spec("shap"):
            calls["shap"] = of_shap(logits, image, background, draws)
        seconds = paired(calls, RUNS)
        to_ours = ratios_to(next(iter(calls)), seconds)
        for name, runs in seconds.items():
            milliseconds = f"{1e3 * np.median(runs):.0f}"
            table.add_row(
                f"{draws} gradients", name, f"{calls[name].rmse(truth):.4f}", milliseconds, f"{to_ours[name]:.2f}"
            )
        table.add_section()
    return table, f"{BACKGROUNDS} backgrounds; the long run's own standard error: {error:.4f}"


def main(parts):
    model = networks.load()
    logits = keras.Model(model.input, model.get_layer("logits").output)
    (training, _), (images, _) = sample(np.float32)
    background = training[:: len(training) // BACKGROUNDS]
    console = Console()
    if "integrated" in parts:
        console.print(integrated(model, logits, images))
    if "expected" in parts:
        console.print(*expected(model, logits, images[69], background), sep="\n")


if __name__ == "__main__":
    main(sys.argv[1:] or ("integrated", "expected"))
