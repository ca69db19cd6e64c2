"""Guided backpropagation beside the bare gradient call that it needs, and beside other libraries:
`python -m benchmarks.guided`.

The bare call is one compiled forward and backward pass of a guided copy, from images to the gradients of a logit; the
plain one is the same of the network itself. Libraries that are not installed are left out: `pip install -e .[peers]`.
The last column says whether a call gives cnnlearn's pictures, signs aside: tf-keras-vis finds only ReLUs that are fused
to other layers, and the course's network has none, so that what it draws here is the plain gradient.
"""

import importlib.util

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from benchmarks.timing import paired, ratios_to
from cnnlearn import networks
from cnnlearn.explainers.guided_backprop import GuidedBackprop
from cnnlearn.guided import with_guided_relus

SIZES = {1: 40, 16: 20, 256: 7}  # images -> rounds
CLASS = 3


def of_logits(model):
    return keras.Model(model.input, model.get_layer("logits").output)


def bare_call(logits):
    """Forward and backward, compiled: nothing is chosen, summed or copied."""

    @tf.function(input_signature=[tf.TensorSpec((None, 32, 32, 3))])
    def call(images):
        with tf.GradientTape() as tape:
            tape.watch(images)
            score = logits(images)[:, CLASS]
        return tape.gradient(score, images)

    return lambda images: call(images).numpy()


def peers(model):
    """Name -> a function that explains a batch with a library of others, where it is installed."""
    found, logits = {}, of_logits(model)
    if importlib.util.find_spec("xplique"):
        from xplique.attributions import GuidedBackprop as Xplique

        explainer, one_hot = Xplique(logits, batch_size=256, reducer=None), np.eye(10, dtype=np.float32)[CLASS]
        found["xplique"] = lambda x: np.array(explainer(x, np.tile(one_hot, (len(x), 1))))
    if importlib.util.find_spec("tf_keras_vis"):
        from tf_keras_vis.saliency import Saliency
        from tf_keras_vis.utils.model_modifiers import GuidedBackpropagation

        vis = Saliency(logits, model_modifier=GuidedBackpropagation(), clone=True)
        found["tf-keras-vis"] = lambda x: vis(lambda y: y[:, CLASS], x, keepdims=True, normalize_map=False)
    return found


def main():
    model = networks.load()
    ours = GuidedBackprop(model)
    calls = {"bare guided": bare_call(of_logits(with_guided_relus(model))), "bare plain": bare_call(of_logits(model))}
    calls |= {"cnnlearn": lambda x: np.stack([e.values for e in ours.explain(x, CLASS)]), **peers(model)}
    rng = np.random.default_rng(0)
    table = Table("images", "call", "median ms", "× bare guided", "× cnnlearn", "same pictures")
    for size, rounds in SIZES.items():
        images = rng.random((size, 32, 32, 3), np.float32)
        seconds = paired({name: lambda f=f, x=images: f(x) for name, f in calls.items()}, rounds)
        to_bare, to_ours = ratios_to("bare guided", seconds), ratios_to("cnnlearn", seconds)
        wanted = np.abs(calls["cnnlearn"](images))
        for name, runs in seconds.items():
            difference = np.abs(np.abs(calls[name](images)) - wanted).max()
            same = "yes" if difference < 1e-3 * wanted.max() else "no"
            milliseconds = f"{1e3 * np.median(runs):.1f}"
            table.add_row(str(size), name, milliseconds, f"{to_bare[name]:.2f}", f"{to_ours[name]:.2f}", same)
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main()
