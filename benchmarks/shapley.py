"""Kernel SHAP and Owen values beside the bare model calls that they need, and beside other libraries; then how far each
Kernel SHAP is from exact values: `python -m benchmarks.shapley [times|errors]`.

The bare calls are compiled forward passes over as many images, which are there already: nothing is hidden or computed
besides. Libraries that are not installed are left out: `pip install -e .[peers]`.
"""

import importlib.util
import logging
import sys

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from benchmarks.timing import paired, ratios_to
from cnnlearn import networks
from cnnlearn.engine.forward import images_at_once
from cnnlearn.explainers.kernel_shap import KernelShap
from cnnlearn.explainers.owen_shap import OwenShap
from cnnlearn.explainers.shapley import Game
from cnnlearn.files import cifar10
from cnnlearn.perturbation.fills import fill_for
from cnnlearn.perturbation.masked_logits import MaskedLogits
from cnnlearn.perturbation.superpixels import superpixels
from cnnlearn.shapley import shapley_exact

EVALUATIONS = 1000
IMAGES, BUDGETS, CLASS = 50, (200, 500, 1000), 3


def networks_and_images():
    """Name -> model that ends in logits, an image, rounds."""
    rng = np.random.default_rng(0)
    gap = networks.load()
    yield "CIFAR-10", keras.Model(gap.input, gap.get_layer("logits").output), cifar10.sample(np.float32)[1][0][37], 9
    mobile = keras.applications.MobileNet(weights=None, classifier_activation=None)
    smooth = tf.image.resize(rng.random((8, 8, 3)), (224, 224), "bicubic").numpy().clip(0, 1)
    yield "MobileNet", mobile, smooth, 5


def bare_calls(model, image):
    """As many forward passes, in batches as large as ours."""
    at_once = images_at_once((EVALUATIONS, *image.shape))
    call = tf.function(model, input_signature=[tf.TensorSpec((None, *image.shape))])
    batches = [
        tf.constant(np.random.default_rng(1).random((min(at_once, EVALUATIONS - start), *image.shape), np.float32))
        for start in range(0, EVALUATIONS, at_once)
    ]
    return lambda: [call(batch).numpy() for batch in batches]


def peers(model, image, segments):
    """Name -> the same work by other libraries, each with a compiled model and our batch size, where installed."""
    found = {}
    compiled = tf.function(model, input_signature=[tf.TensorSpec((None, *image.shape))])
    at_once = images_at_once((EVALUATIONS, *image.shape))
    grey = fill_for("grey", image, segments)

    def predict(images):
        parts = [images[start : start + at_once] for start in range(0, len(images), at_once)]
        return np.concatenate([compiled(tf.constant(part, tf.float32)).numpy() for part in parts])

    def partition(fill, **settings):
        explainer = shap.Explainer(predict, shap.maskers.Image(fill, image.shape), algorithm="partition")
        batch = image[None].astype(np.float32) * (255 if "inpaint" in fill else 1)  # it rounds to bytes
        return lambda: explainer(batch, max_evals=EVALUATIONS, outputs=[CLASS], silent=True, **settings)

    if importlib.util.find_spec("shap"):
        import shap

        logging.getLogger("shap").setLevel(logging.ERROR)
        found["shap Partition, blur, default"] = partition("blur(9,9)")
        found["shap Partition, blur, batches of ours"] = partition("blur(9,9)", batch_size=at_once)
        found["shap Partition, inpaint, batches of ours"] = partition("inpaint_telea", batch_size=at_once)

        def hidden(masks):
            return predict(np.where(masks[:, segments][..., None] > 0.5, image, grey))[:, CLASS]

        def in_parts(masks):  # a thousand whole photographs at once would take 600 MB
            return np.concatenate([hidden(masks[i : i + at_once]) for i in range(0, len(masks), at_once)])

        players = segments.max() + 1
        kernel = shap.KernelExplainer(in_parts, np.zeros((1, players)))
        found["shap Kernel"] = lambda: kernel.shap_values(np.ones((1, players)), nsamples=EVALUATIONS, silent=True)
    if importlib.util.find_spec("xplique"):
        from xplique.attributions import KernelShap as Xplique

        parts = tf.constant(segments, tf.int32)
        theirs = Xplique(model, batch_size=at_once, map_to_interpret_space=lambda _: parts, nb_samples=EVALUATIONS)
        target = tf.one_hot([CLASS], model.output_shape[-1])
        found["xplique Kernel SHAP"] = lambda: theirs(tf.constant(image[None]), target)
    return found


def usable(calls, console):
    """Those that run at all; the others are told."""
    for name, call in list(calls.items()):
        try:
            call()
        except Exception as error:
            console.print(f"{name} does not run: {type(error).__name__}: {str(error)[:100]}")
            del calls[name]
    return calls


def times(console):
    table = Table("network", "1,000 evaluations", "median s", "× bare")
    for name, model, image, rounds in networks_and_images():
        segments = superpixels(image, n_segments=50)
        ours = {"bare": bare_calls(model, image)}
        for method in (
            KernelShap(model, segments=segments, fill="grey"),
            OwenShap(model),
            OwenShap(model, segments=segments),
        ):
            kind = "" if method.method == "Kernel SHAP" else (" of pixels", " of superpixels")[len(ours) - 2]
            ours[f"cnnlearn {method.method}{kind}"] = lambda m=method, x=image: m.explain(x, CLASS)
        seconds = paired(usable({**ours, **peers(model, image, segments)}, console), rounds, pause=0.1)
        for call, ratio in ratios_to("bare", seconds).items():
            table.add_row(name, call, f"{np.median(seconds[call]):.2f}", f"{ratio:.2f}")
        table.add_section()
    console.print(table)


def errors(console):
    """Root mean square error of a part, over the images of the sample, 12 superpixels each: a grid of 4 × 3."""
    rows, columns = np.indices((32, 32))
    segments = rows * 4 // 32 * 3 + columns * 3 // 32
    model = networks.load()
    masked, bits = MaskedLogits(model), 2 ** np.arange(12)
    masks = np.arange(2**12)[:, None] & bits > 0
    squares = {}
    for number, image in enumerate(cifar10.sample(np.float32)[1][0][:IMAGES]):
        worth = masked(image, segments, masks, fill_for("image mean", image, segments)).astype(float)
        worth = worth[:, [worth[-1].argmax()]]

        def value(masks, worth=worth):
            return worth[(masks > 0.5) @ bits]

        exact = shapley_exact(value, 12)[:, 0]
        for budget in BUDGETS:
            game = Game(lambda masks, _, value=value: value(masks), 12, np.array([0]))
            method = KernelShap(model, max_evals=budget, seed=number)
            found = {"cnnlearn": method.split(game, segments)[0][:, 0]}
            if importlib.util.find_spec("shap"):
                import shap

                logging.getLogger("shap").setLevel(logging.ERROR)
                for name, setting in {"shap, default": "num_features(10)", "shap, no selection": 0}.items():
                    np.random.seed(number)  # shap draws from the global generator
                    explainer = shap.KernelExplainer(lambda masks, v=value: v(masks)[:, 0], np.zeros((1, 12)))
                    wanted = {"nsamples": budget - 2, "l1_reg": setting, "silent": True}
                    found[name] = explainer.shap_values(np.ones((1, 12)), **wanted)[0]
            for name, values in found.items():
                squares.setdefault((budget, name), []).append(np.mean((values - exact) ** 2))
    table = Table("evaluations", "Kernel SHAP", "error (logits)", "× cnnlearn")
    for (budget, name), found in squares.items():
        error, ours = np.sqrt(np.mean(found)), np.sqrt(np.mean(squares[budget, "cnnlearn"]))
        table.add_row(str(budget), name, f"{error:.4f}", f"{error / ours:.2f}")
    console.print(table)


def main():
    console = Console(width=100)
    for part in (times, errors):
        if part.__name__ in (sys.argv[1:] or ("times", "errors")):
            part(console)


if __name__ == "__main__":
    main()
