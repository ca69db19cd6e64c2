"""Grad-CAM beside the bare model calls that it needs, and beside other libraries: `python -m benchmarks.gradcam`.

The bare call is one compiled forward and backward pass from images to the gradients of a logit at the feature maps.
Libraries that are not installed are left out: `pip install -e .[peers]`.
"""

import importlib.util

import keras
import numpy as np
import psutil
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from benchmarks.timing import paired, ratios_to
from cnnlearn import networks
from cnnlearn.explainers.grad_cam import GradCAM

SIZES = {1: 60, 16: 30, 256: 9}  # images -> rounds
STREAM, CHUNK = 10_000, 500
CLASS = 3


def bare_call(model):
    """Forward and backward, compiled: nothing is weighed, summed or copied."""
    both = keras.Model(model.input, [model.get_layer("features").output, model.get_layer("logits").output])

    @tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 3))])
    def call(images):
        with tf.GradientTape() as tape:
            features, logits = both(images)
            score = logits[:, CLASS]
        return tape.gradient(score, features)

    return call


def peers(model):
    """Name -> a function that explains a batch with a library of others, where it is installed."""
    found = {}
    logits = keras.Model(model.input, model.get_layer("logits").output)
    if importlib.util.find_spec("tf_keras_vis"):
        from tf_keras_vis.gradcam import Gradcam

        explainer = Gradcam(logits, clone=True)
        found["tf-keras-vis"] = lambda x: explainer(lambda y: y[:, CLASS], x, penultimate_layer="features")
    if importlib.util.find_spec("tf_explain"):
        from tf_explain.core.grad_cam import GradCAM as TfExplain

        found["tf-explain"] = lambda x: TfExplain().explain((x, None), logits, CLASS, layer_name="features")
    return found


def growth(explain, images):
    """The most memory, in MB, that a stream of images takes above what the first chunk left."""
    process = psutil.Process()
    explain(images[:CHUNK])
    start, most = process.memory_info().rss, 0
    for first in range(0, len(images), CHUNK):
        explain(images[first : first + CHUNK])
        most = max(most, process.memory_info().rss - start)
    return most / 1e6


def main():
    model = networks.load()
    bare, ours = bare_call(model), GradCAM(model)
    rng = np.random.default_rng(0)
    table = Table("images", "call", "median ms", "× bare", "× cnnlearn")
    for size, rounds in SIZES.items():
        images = rng.random((size, 32, 32, 3), np.float32)
        calls = {"bare": lambda x: bare(x).numpy(), "cnnlearn": lambda x: ours.explain(x, CLASS), **peers(model)}
        seconds = paired({name: lambda f=f, x=images: f(x) for name, f in calls.items()}, rounds)
        to_bare, to_ours = ratios_to("bare", seconds), ratios_to("cnnlearn", seconds)
        for name, runs in seconds.items():
            milliseconds = f"{1e3 * np.median(runs):.1f}"
            table.add_row(str(size), name, milliseconds, f"{to_bare[name]:.2f}", f"{to_ours[name]:.2f}")
        table.add_section()
    console = Console()
    console.print(table)
    stream = rng.random((STREAM, 32, 32, 3), np.float32)
    console.print(
        f"{STREAM:,} images in chunks of {CHUNK}: {growth(lambda x: ours.explain(x, CLASS), stream):.0f} MB more"
    )


if __name__ == "__main__":
    main()
