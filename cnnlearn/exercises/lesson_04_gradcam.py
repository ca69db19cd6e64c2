"""Lesson 04, Grad-CAM: gradients of a logit, the weight of each map, the map; what the softmax does; HiResCAM."""

import numpy as np

from cnnlearn import gradcam
from cnnlearn.exercises.catch_the_bug import catch_the_bug
from cnnlearn.exercises.exercise import Axiom, Exercise, Fixture, Mistake


def _explained(rng):
    asked = (
        ("gap softmax", "features"),
        ("gap logits", "features"),
        ("gap fused", "features"),
        ("flat softmax", "first"),
        ("nested", "features"),
        ("gap softmax", "no such layer"),
    )
    return [(_network(head, rng), rng.random((8, 8, 3)), int(rng.integers(4)), layer) for head, layer in asked]


def _network(head, rng):
    return Fixture("networks.small_network", (("head", head), ("seed", int(rng.integers(1000)))))


def _gradients_of(score):
    """A wrong `logit_gradients`: score(logits, index, model, batch) stands in the place of the logit."""

    def answer(model, image, index, layer):
        import tensorflow as tf

        from cnnlearn.engine.forward import features_and_logits

        batch = tf.constant(image[None], tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(batch)
            features, logits = features_and_logits(model, batch, layer)
            value = score(logits, index, model, batch)
        return features[0].numpy(), tape.gradient(value, features)[0].numpy()

    return answer


def _probability(logits, index, model=None, batch=None):
    import tensorflow as tf

    return tf.nn.softmax(logits)[0, index]


def _own_output(logits, index, model, batch):
    has_softmax = abs(float(model(batch).numpy().sum()) - 1) < 1e-4
    return _probability(logits, index) if has_softmax else logits[0, index]


def _loss(logits, index, model, batch):
    import tensorflow as tf

    return -tf.nn.log_softmax(logits)[0, index]


def _sum_of_logits(logits, index, model, batch):
    import tensorflow as tf

    return tf.reduce_sum(logits)


def _of_the_input(model, image, index, layer):
    import tensorflow as tf

    from cnnlearn.engine.forward import features_and_logits

    batch = tf.constant(image[None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(batch)
        features, logits = features_and_logits(model, batch, layer)
        logit = logits[0, index]
    return features[0].numpy(), tape.gradient(logit, batch)[0].numpy()


def _of_its_own_layers(model, image, index, layer):
    import keras
    import tensorflow as tf

    both = keras.Model(model.inputs, [model.get_layer(layer).output, model.output])
    with tf.GradientTape() as tape:
        features, outputs = both(tf.constant(image[None], tf.float32))
        value = outputs[0, index]
    return features[0].numpy(), tape.gradient(value, features)[0].numpy()


def _strongest(logits, index, model, batch):
    import tensorflow as tf

    return tf.reduce_max(logits)


def _swapped(model, image, index, layer):
    features, gradients = gradcam.logit_gradients(model, image, index, layer)
    return gradients, features


def _batch_kept(model, image, index, layer):
    features, gradients = gradcam.logit_gradients(model, image, index, layer)
    return features[None], gradients[None]


logit_gradients = Exercise(
    reference=gradcam.logit_gradients,
    cases=_explained,
    mistakes=(
        Mistake(
            "softmax",
            _gradients_of(_probability),
            "That is the gradient of the probability. The softmax mixes all classes into it, and makes it vanish where "
            "the network is sure. Take the logit.",
        ),
        Mistake(
            "own output",
            _gradients_of(_own_output),
            "You took the model's own output, which is a probability wherever the model ends in a softmax. "
            "`features_and_logits` gives the logits below it.",
        ),
        Mistake(
            "loss",
            _gradients_of(_loss),
            "That is the gradient of the loss. It is made for training and points the other way: away from the class.",
        ),
        Mistake(
            "loss turned round",
            _gradients_of(lambda *arguments: -_loss(*arguments)),
            "That is the gradient of log p, the loss with its sign turned round. It still mixes all classes, and still "
            "vanishes where the network is sure. Take the logit.",
        ),
        Mistake(
            "own layers",
            _of_its_own_layers,
            "A model between inputs and outputs of the network ends where the network ends: in the softmax, if it has "
            "one. `features_and_logits` gives the logits below it.",
        ),
        Mistake(
            "strongest class",
            _gradients_of(_strongest),
            "You took the largest logit. Asked is that of the class `index`, whether it is the largest or not.",
        ),
        Mistake("swapped", _swapped, "You returned the gradients first. The features come first, then the gradients."),
        Mistake(
            "input",
            _of_the_input,
            "You asked the tape for the gradient with respect to the image. Grad-CAM needs the one with respect to the "
            "feature maps.",
        ),
        Mistake(
            "all classes",
            _gradients_of(_sum_of_logits),
            "You differentiated the sum of all logits (or all of them at once, which the tape sums). Pick one class.",
        ),
        Mistake(
            "batch kept",
            _batch_kept,
            "The batch axis is still there. One image was given: return what belongs to it, (h, w, K).",
        ),
    ),
    hints=(
        "`features_and_logits(model, batch, layer)` from the imports runs the model and returns both tensors. "
        "Everything "
        "that you want to differentiate must happen while a tf.GradientTape records.",
        "Make a batch tensor of the one image and let the tape watch it. Inside the tape: run the model, and pick from "
        "the logits (1, C) the one of the class. Outside: ask the tape for the gradient of that with respect to the "
        "features.",
        "Both results still have a batch axis of length 1, and are tensors. Take entry 0 of each, and call .numpy().",
    ),
    tolerance=1e-4,
    tolerance_reason="float32 through a whole network, whose sums may be done in another order",
    points=3,
    difficulty=3,
    minutes=10,
    tensorflow=True,
)


def _gradients(rng):
    return [(rng.normal(size=shape) + 0.2,) for shape in ((8, 8, 5), (4, 6, 3), (7, 7, 7), (2, 3, 1))]


channel_weights = Exercise(
    reference=gradcam.channel_weights,
    cases=_gradients,
    mistakes=(
        Mistake(
            "sum",
            lambda gradients: gradients.sum(axis=(0, 1)),
            "You summed over the positions; α is their mean, 1/Z times the sum.",
        ),
        Mistake(
            "over channels",
            lambda gradients: gradients.mean(axis=-1),
            "You averaged over the channels. α has one number for each channel: average over the positions.",
        ),
        Mistake(
            "magnitude",
            lambda gradients: np.abs(gradients).mean(axis=(0, 1)),
            "You took |gradient|. A map that speaks against the class must get a negative weight.",
        ),
        Mistake(
            "max",
            lambda gradients: gradients.max(axis=(0, 1)),
            "You took the largest gradient of each map. Every position counts the same: take the mean.",
        ),
        Mistake(
            "rectified",
            lambda gradients: np.maximum(gradients, 0).mean(axis=(0, 1)),
            "You dropped negative gradients first, as Grad-CAM++ does. Plain Grad-CAM keeps them.",
        ),
    ),
    hints=(
        "You have done this before, with features in the place of gradients: it is global average pooling.",
        "Rows and columns disappear, channels stay: the result has shape (K,).",
        "The array's method `mean`, over the first two axes together.",
    ),
    points=1,
    difficulty=1,
    minutes=2,
)


def _features_and_gradients(rng):
    def pair(h, w, k):
        return np.maximum(rng.normal(size=(h, w, k)), 0), rng.normal(size=(h, w, k))

    # A layer without a ReLU has negative features: only there a ReLU on the weights differs from one on each map.
    signed = rng.normal(size=(5, 5, 5)), rng.normal(size=(5, 5, 5))
    # One map speaks for the class and one against: here it shows on which side of the sum the ReLU stands.
    features = np.array([[[2.0, 1.0], [1.0, 3.0]], [[0.0, 2.0], [4.0, 0.0]]])
    gradients = np.broadcast_to([1.0, -1.0], (2, 2, 2)).copy()
    against = np.abs(rng.normal(size=(3, 3, 2))), -np.abs(rng.normal(size=(3, 3, 2)))
    return [(features, gradients), pair(8, 8, 6), signed, pair(3, 7, 4), against]


def _alpha(gradients):
    return gradients.mean(axis=(0, 1))


grad_cam = Exercise(
    reference=gradcam.grad_cam,
    cases=_features_and_gradients,
    mistakes=(
        Mistake(
            "ReLU before the sum",
            lambda features, gradients: np.maximum(features * _alpha(gradients), 0).sum(axis=-1),
            "You rectified each weighted map and summed then. Evidence against the class must first be allowed to "
            "cancel "
            "evidence for it.",
        ),
        Mistake(
            "no ReLU",
            lambda features, gradients: features @ _alpha(gradients),
            "The ReLU is missing: Grad-CAM shows only what speaks for the class.",
        ),
        Mistake(
            "ReLU on the weights",
            lambda features, gradients: features @ np.maximum(_alpha(gradients), 0),
            "You rectified the weights α. A map with a negative weight then no longer counts against the class.",
        ),
        Mistake(
            "sum for mean",
            lambda features, gradients: np.maximum(features @ gradients.sum(axis=(0, 1)), 0),
            "Your α are sums over the positions. They are means: `channel_weights` has them.",
        ),
        Mistake(
            "mean over maps",
            lambda features, gradients: np.maximum((features * _alpha(gradients)).mean(axis=-1), 0),
            "You averaged over the K maps. The definition is a sum.",
        ),
        Mistake(
            "HiResCAM",
            lambda features, gradients: np.maximum((features * gradients).sum(axis=-1), 0),
            "You multiplied each position by its own gradient. That is HiResCAM; Grad-CAM first averages the gradients "
            "of a map.",
        ),
        Mistake(
            "scaled to 1",
            lambda features, gradients: (
                gradcam.grad_cam(features, gradients) / (gradcam.grad_cam(features, gradients).max() or 1)
            ),
            "You scaled the map to 1. Nothing is normalised before it is drawn: the size of the numbers is "
            "information.",
        ),
    ),
    hints=(
        "It is the class activation map of lesson 03, with α in the place of the dense layer's weights, and a ReLU.",
        "Where does the ReLU stand? It is the last thing that happens: first the weighted sum over the maps.",
        "`channel_weights` gives α, (K,). A matrix product with the features sums over the maps; np.maximum is the "
        "ReLU.",
    ),
    axioms=(
        Axiom(
            "Features twice as strong give a map twice as strong.",
            lambda answer, features, gradients: np.allclose(
                answer(2 * features, gradients), 2 * answer(features, gradients), atol=1e-4
            ),
        ),
    ),
    points=2,
    difficulty=2,
    minutes=5,
)


def _scores(rng):
    cases = [(rng.normal(size=4) * 2, 1), (np.array([1000.0, 1.0, -1000.0]), 0), (np.array([3.0, 0.0, 0.0]), 0)]
    return [*cases, (rng.normal(size=10) * 3, 7), (np.zeros(5), 4)]


def _softmax(logits):
    p = np.exp(logits - logits.max())
    return p / p.sum()


def _overflowing(logits, index):
    with np.errstate(over="ignore", invalid="ignore"):
        p = np.exp(logits) / np.exp(logits).sum()
    return p[index] * ((np.arange(len(p)) == index) - p)


softmax_gradient = Exercise(
    reference=gradcam.softmax_gradient,
    cases=_scores,
    mistakes=(
        Mistake(
            "diagonal for all",
            lambda logits, index: _softmax(logits) * (1 - _softmax(logits)),
            "p(1 − p) is how a probability depends on its *own* logit. How p_c depends on the other logits is "
            "−p_c·p_k.",
        ),
        Mistake(
            "sign",
            lambda logits, index: -gradcam.softmax_gradient(logits, index),
            "The sign is turned round. A larger own logit makes the class more probable: that entry is positive.",
        ),
        Mistake(
            "log-softmax",
            lambda logits, index: (np.arange(len(logits)) == index) - _softmax(logits),
            "That is the gradient of log p_c. The factor p_c in front is missing.",
        ),
        Mistake(
            "each its own factor",
            lambda logits, index: _softmax(logits) * ((np.arange(len(logits)) == index) - _softmax(logits)),
            "The factor in front of the bracket is p_c, the same for all k. You took p_k for each.",
        ),
        Mistake(
            "no δ",
            lambda logits, index: -_softmax(logits)[index] * _softmax(logits),
            "You left δ out. At the class itself the bracket is 1 − p_c: its own logit makes it more probable.",
        ),
        Mistake(
            "own entry only",
            lambda logits, index: (np.arange(len(logits)) == index) * _softmax(logits) * (1 - _softmax(logits)),
            "You left the other classes out. When their logits rise, p_c falls: that is how the softmax mixes classes.",
        ),
        Mistake(
            "softmax",
            lambda logits, index: _softmax(logits),
            "Those are the probabilities, not how one of them changes with the logits.",
        ),
        Mistake(
            "overflows",
            _overflowing,
            "exp(1000) is infinite. Take the largest logit off all of them first: the probabilities stay the same.",
        ),
    ),
    hints=(
        "First the probabilities p, by a softmax that does not overflow. Then the formula of the docstring for every "
        "k.",
        "δ is 1 at the place of the class and 0 elsewhere; an array of it comes from comparing np.arange(C) with "
        "index.",
        "All entries are the probability of the class times a bracket. At the class itself the bracket is 1 − p_c, "
        "elsewhere it is −p_k.",
    ),
    axioms=(
        Axiom(
            "The entries add up to 0: adding the same number to all logits changes no probability.",
            lambda answer, logits, index: np.allclose(np.sum(answer(logits, index)), 0, atol=1e-5),
        ),
    ),
    points=2,
    difficulty=3,
    minutes=6,
)

hires_cam = Exercise(
    reference=gradcam.hires_cam,
    cases=_features_and_gradients,
    mistakes=(
        Mistake(
            "pools first",
            lambda features, gradients: np.maximum(features @ _alpha(gradients), 0),
            "You averaged the gradients of each map first: that is Grad-CAM. Here each position keeps its own "
            "gradient.",
        ),
        Mistake(
            "no ReLU",
            lambda features, gradients: (features * gradients).sum(axis=-1),
            "The ReLU is missing: only what speaks for the class is shown.",
        ),
        Mistake(
            "ReLU before the sum",
            lambda features, gradients: np.maximum(features * gradients, 0).sum(axis=-1),
            "You rectified each product and summed then. First the sum over the maps, then the ReLU.",
        ),
        Mistake(
            "mean over maps",
            lambda features, gradients: np.maximum((features * gradients).mean(axis=-1), 0),
            "You averaged over the K maps. The definition is a sum.",
        ),
        Mistake(
            "gradients alone",
            lambda features, gradients: np.maximum(gradients.sum(axis=-1), 0),
            "You left the features out. A gradient says how much a change would matter; the product how much is there.",
        ),
    ),
    hints=(
        "⊙ multiplies entry by entry. No mean over positions is taken anywhere.",
        "Product, sum over the maps, ReLU, in this order. The sum runs over the last axis.",
        "Both arrays have the same shape, so `*` is all you need; `sum` takes axis=-1; np.maximum with 0 is the ReLU.",
    ),
    points=1,
    difficulty=2,
    minutes=3,
)


def test_grad_cam(candidate):
    """A test of `grad_cam`: true for a right function, false for a wrong one.

    candidate: a function of (features, gradients), both (H, W, K). It may be right, or have any of the mistakes that
    people make: a ReLU before the sum over the maps, no ReLU, a ReLU on the weights, a mean over the maps, gradients
    that are not averaged, or summed instead, a map scaled to 1. Call it with small inputs for which you know the
    answer, and compare. Returns a bool.
    """
    features = np.array([[[2.0, 1.0], [1.0, 3.0], [5.0, 1.0]]])
    gradients = np.array([[[2.0, -3.0], [1.0, 0.0], [0.0, 0.0]]])
    return bool(np.allclose(candidate(features, gradients), [[1, 0, 4]]))


def _on_one(features, gradients, wanted):
    features, gradients = np.array(features, float), np.array(gradients, float)
    return lambda candidate: bool(np.allclose(candidate(features, gradients), wanted))


catch = catch_the_bug(
    test_grad_cam,
    of=grad_cam,
    mistakes=(
        Mistake(
            "not negative",
            lambda candidate: bool(
                (np.asarray(candidate(*_features_and_gradients(np.random.default_rng(0))[1])) >= 0).all()
            ),
            "Your test asks only that nothing is negative. Every version with a ReLU somewhere passes.",
        ),
        Mistake(
            "positive weights",
            _on_one([[[2, 1], [1, 3]]], [[[2, 3], [0, 1]]], [[4, 7]]),
            "All your weights are positive. Then it makes no difference where the ReLU stands, or whether there is "
            "one.",
        ),
        Mistake(
            "constant gradients",
            _on_one([[[2, 1], [1, 3], [5, 1]]], [[[1, -1], [1, -1], [1, -1]]], [[1, 0, 4]]),
            "The gradients of each of your maps are the same everywhere, so it makes no difference that they are "
            "averaged.",
        ),
    ),
    hints=(
        "Two maps and three positions are enough: one position where the class wins, one where it loses.",
        "One weight α must be negative, or the place of the ReLU does not show. The gradients of a map must differ "
        "from "
        "place to place, or averaging them does not show.",
        "Choose gradients whose means are round numbers, work the three values out by hand, and let one of them be "
        "negative before the ReLU. Compare with np.allclose.",
    ),
    points=2,
    difficulty=3,
    minutes=7,
)

EXERCISES = (logit_gradients, channel_weights, grad_cam, softmax_gradient, hires_cam, catch)
