"""LIME beside the bare model calls that it needs, and beside other libraries: `python -m benchmarks.lime [samples]`.

The bare calls are compiled forward passes over as many images, nothing hidden, in the batches that `cnnlearn` takes.
All explain one class of one image in the same 50 segments, hidden by the same colour. Libraries that are not installed
are left out: `pip install -e .[peers]`.
"""

import importlib.util
import sys

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from benchmarks.timing import paired, ratios_to
from cnnlearn import networks
from cnnlearn.engine.forward import images_at_once, logits_of
from cnnlearn.explainers.lime import Lime

SEGMENTS = 50
LIME_BATCH = 10  # lime's default
ROUNDS = {"GAP network 32×32": 7, "MobileNet 224×224": 4}
CLASS = 3


def compiled_call(model):
    """From images (N, H, W, 3) to logits, compiled."""
    return tf.function(lambda x: logits_of(model, x), [tf.TensorSpec((None, *model.input_shape[1:]))], autograph=False)


def in_batches(call, image, samples, batch):
    images = np.repeat(image[None], batch, axis=0)
    for start in range(0, samples, batch):
        call(images[: samples - start]).numpy()


def peers(model, call, image, segments, samples, batch):
    """Name -> a function that explains the image with a library of others, where it is installed."""
    found = {}
    if importlib.util.find_spec("lime"):
        from lime.lime_image import LimeImageExplainer

        def limes(classifier, batch):
            return LimeImageExplainer(random_state=0).explain_instance(
                image.astype(float),
                classifier,
                labels=(CLASS,),
                top_labels=None,
                hide_color=0,
                num_samples=samples,
                batch_size=batch,
                segmentation_fn=lambda _: segments,
            )

        found["lime, predict, its batch of 10"] = lambda: limes(lambda x: model.predict(x, verbose=0), LIME_BATCH)
        found["lime, compiled by hand"] = lambda: limes(lambda x: call(np.float32(x)).numpy(), batch)
    if importlib.util.find_spec("xplique"):
        from xplique.attributions import Lime as Xplique

        logits = tf.keras.Model(model.input, model.layers[-2].output) if model.layers[-1].name == "softmax" else model
        labels = tf.one_hot([CLASS], model.output_shape[-1])
        explainer = Xplique(
            logits,
            batch_size=batch,
            nb_samples=samples,
            ref_value=np.zeros(3, np.float32),
            map_to_interpret_space=lambda _: tf.constant(segments, tf.int32),
        )
        found["xplique"] = lambda: explainer.explain(tf.constant(image[None]), labels)
    return found


def runs_at_all(name, call):
    """Whether a peer's call gets through; why not is printed."""
    try:
        call()
    except Exception as error:  # a library of others may fail in any way
        print(f"{name} does not run here: {type(error).__name__}: {str(error).strip().splitlines()[0][:100]}")
        return False
    return True


def timed(name, rounds, samples):
    """Seconds of every call on one network, as `paired` gives them."""
    model = networks.load() if name.startswith("GAP") else networks.imagenet("MobileNet", weights=None)
    side = model.input_shape[1]
    image = np.random.default_rng(0).random((side, side, 3), np.float32)
    segments = np.arange(side * side).reshape(side, side) * SEGMENTS // side**2
    batch = images_at_once((samples, *image.shape))
    call, ours = compiled_call(model), Lime(model, segments=segments, fill=0, max_evals=samples)
    few, every = (peers(model, call, image, segments, count, batch) for count in (20, samples))
    calls = {"bare": lambda: in_batches(call, image, samples, batch), "cnnlearn": lambda: ours.explain(image, CLASS)}
    return paired(calls | {peer: every[peer] for peer in every if runs_at_all(peer, few[peer])}, rounds, pause=0.1)


def main(samples):
    table = Table("network", "call", "median s", "fastest s", "× bare", "× cnnlearn")
    for name, rounds in ROUNDS.items():
        seconds = timed(name, rounds, samples)
        to_bare, to_ours = ratios_to("bare", seconds), ratios_to("cnnlearn", seconds)
        for call, runs in seconds.items():
            numbers = np.median(runs), runs.min(), to_bare[call], to_ours[call]
            table.add_row(name, call, *(f"{number:.2f}" for number in numbers))
        table.add_section()
    Console().print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
