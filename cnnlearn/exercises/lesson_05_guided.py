"""Lesson 05, guided ReLU: three rules for the way back, a changed copy of a network, Guided Grad-CAM."""

import numpy as np

from cnnlearn import guided
from cnnlearn.cam import resize_bilinear
from cnnlearn.engine.forward import logits_of
from cnnlearn.engine.rebuilding import rebuild, twin
from cnnlearn.engine.relus import relus_of
from cnnlearn.exercises.catch_the_bug import catch_the_bug
from cnnlearn.exercises.exercise import Axiom, Exercise, Fixture, Mistake
from cnnlearn.exercises.fixtures.relu_networks import forward_and_back, seen_of_the_copy
from cnnlearn.exercises.outputs import Raised

# The four pairs of signs, and zero on either side.
SIGNS = np.array([[2.0, -1.0, 3.0, -2.0, 0.0, 0.0, 1.0]]), np.array([[0.5, 1.5, -2.0, -0.5, 1.0, -1.0, 0.0]])


def _signals(rng):
    def pair(*shape):
        return rng.normal(size=shape), rng.normal(size=shape)

    whole = rng.integers(-2, 3, (5, 4, 3)).astype(float), rng.integers(-2, 3, (5, 4, 3)).astype(float)
    return [SIGNS, pair(8, 8, 72), whole, pair(3, 7, 2), pair(11)]


PLAIN = Mistake("plain", lambda x, dy: np.where(x > 0, dy, 0), "That is the gradient of a plain ReLU: only x is asked.")
DECONVNET = Mistake(
    "deconvnet",
    lambda x, dy: np.where(dy > 0, dy, 0),
    "That is the deconvnet's rule: it asks dy alone, and never where the ReLU was open.",
)
GUIDED = Mistake(
    "guided",
    lambda x, dy: np.where((x > 0) & (dy > 0), dy, 0),
    "That is the guided rule: it asks x and dy. Here only one of them counts.",
)
SAME_SIGN = Mistake(
    "same sign",
    lambda x, dy: np.where(x * dy > 0, dy, 0),
    "You ask whether x·dy is positive. Two negative numbers have a positive product too, and must not pass.",
)


def _positive(answer, x, dy):
    return bool((answer(x, dy) >= 0).all())


RECTIFIED = Axiom("Nothing negative comes back.", _positive)
SCALES = Axiom(
    "A signal twice as strong comes back twice as strong.",
    lambda answer, x, dy: np.allclose(answer(x, 2 * dy), 2 * answer(x, dy), atol=1e-5),
)

relu_backward = Exercise(
    reference=guided.relu_backward,
    cases=_signals,
    mistakes=(
        DECONVNET,
        GUIDED,
        Mistake(
            "open at zero",
            lambda x, dy: np.where(x >= 0, dy, 0),
            "Your gate is open at x = 0. Frameworks agree that a ReLU passes nothing back there.",
        ),
        SAME_SIGN,
        Mistake(
            "gate alone",
            lambda x, dy: (x > 0).astype(float),
            "You returned the gate, the slope of the ReLU. By the chain rule it multiplies dy.",
        ),
        Mistake(
            "forward",
            lambda x, dy: np.maximum(x, 0),
            "That is the way forward, max(x, 0). Asked is what becomes of dy on the way back.",
        ),
        Mistake(
            "times the value",
            lambda x, dy: np.maximum(x, 0) * dy,
            "You multiplied dy by the value of the ReLU. The chain rule asks for its slope: 1 where x > 0, else 0.",
        ),
    ),
    hints=(
        "What is the slope of max(x, 0) where x is positive, and where it is negative? The chain rule multiplies dy "
        "by it.",
        "So each entry of dy is either kept or set to zero, and only x decides which. The sign of dy plays no part.",
        "np.where takes a condition and two values. The condition is that the input was above zero, zero excluded.",
    ),
    axioms=(
        Axiom(
            "A gradient is linear in what comes back: that of a sum is the sum of both.",
            lambda answer, x, dy: np.allclose(answer(x, dy + x[::-1]), answer(x, dy) + answer(x, x[::-1]), atol=1e-5),
        ),
    ),
    points=1,
    difficulty=1,
    minutes=2,
)

deconvnet_backward = Exercise(
    reference=guided.deconvnet_backward,
    cases=_signals,
    mistakes=(
        PLAIN,
        GUIDED,
        SAME_SIGN,
        Mistake(
            "forward",
            lambda x, dy: np.maximum(x, 0),
            "You rectified the input x. The deconvnet rectifies what comes back, dy.",
        ),
        Mistake("magnitude", lambda x, dy: np.abs(dy), "You took |dy|. What is negative is dropped, not turned round."),
    ),
    hints=(
        "The deconvnet does on the way back what the ReLU does on the way forward, and to the signal that comes back.",
        "Only the sign of dy decides. Where the ReLU was open on the way forward is forgotten.",
        "It is the ReLU of dy. The argument x is there only so that all three rules are called alike.",
    ),
    axioms=(RECTIFIED, SCALES),
    points=1,
    difficulty=1,
    minutes=1,
)

guided_backward = Exercise(
    reference=guided.guided_backward,
    cases=_signals,
    mistakes=(
        PLAIN,
        DECONVNET,
        Mistake(
            "open at zero",
            lambda x, dy: np.where((x >= 0) & (dy > 0), dy, 0),
            "Your gate is open at x = 0. A ReLU passes nothing back there.",
        ),
        SAME_SIGN,
        Mistake(
            "either",
            lambda x, dy: np.where((x > 0) | (dy > 0), dy, 0),
            "You let through where either x or dy is positive. Both must be.",
        ),
    ),
    hints=(
        "Of the four pairs of signs, the plain gradient keeps two and the deconvnet keeps two. Which one do they "
        "share?",
        "An entry comes back only if both gates are open: the unit was active, and the signal speaks for it.",
        "Conditions on arrays are joined by &, each in parentheses; or apply one of the two rules to the other's "
        "result.",
    ),
    axioms=(RECTIFIED, SCALES),
    points=1,
    difficulty=2,
    minutes=2,
)


def _deconvnet_relu(x):
    import tensorflow as tf

    return tf.custom_gradient(lambda x: (tf.nn.relu(x), tf.nn.relu))(x)


def _plain_relu(x):
    import tensorflow as tf

    return tf.nn.relu(x)


def _clipped_relu(x):
    import tensorflow as tf

    return tf.clip_by_value(guided.guided_relu(x), 0, 1)


def _same_sign_relu(x):
    import tensorflow as tf

    return tf.custom_gradient(lambda x: (tf.nn.relu(x), lambda dy: tf.where(x * dy > 0, dy, 0)))(x)


def _not_rectified(x):
    import tensorflow as tf

    return tf.custom_gradient(lambda x: (tf.identity(x), lambda dy: tf.where((x > 0) & (dy > 0), dy, 0)))(x)


def _gate_alone(x):
    import tensorflow as tf

    def gate(dy):
        return tf.cast((x > 0) & (dy > 0), dy.dtype)

    return tf.custom_gradient(lambda x: (tf.nn.relu(x), gate))(x)


def _times_the_value(x):
    import tensorflow as tf

    return tf.custom_gradient(lambda x: (tf.nn.relu(x), lambda dy: tf.nn.relu(x) * tf.nn.relu(dy)))(x)


def _not_joined(x):
    import tensorflow as tf

    return tf.nn.relu(x), lambda dy: tf.where((x > 0) & (dy > 0), dy, 0)


guided_relu = Exercise(
    reference=guided.guided_relu,
    cases=lambda rng: [SIGNS, *((3 * x, dy) for x, dy in _signals(rng)[1:])],
    observe=forward_and_back,
    mistakes=(
        Mistake(
            "plain",
            _plain_relu,
            "That is a plain ReLU: on the way back it passes negative signals too. Give it a gradient of its own.",
        ),
        Mistake(
            "deconvnet",
            _deconvnet_relu,
            "The way back asks dy alone. That is the deconvnet's rule; the guided one also asks whether x > 0.",
        ),
        Mistake(
            "clipped",
            _clipped_relu,
            "Your way forward is clipped to [0, 1]. A ReLU has no upper end; the network would compute something else.",
        ),
        Mistake(
            "same sign",
            _same_sign_relu,
            "You ask whether x·dy is positive. Where both are negative nothing may come back.",
        ),
        Mistake(
            "not rectified",
            _not_rectified,
            "The way back is right, but the way forward returns x as it came. It must still be a ReLU.",
        ),
        Mistake(
            "gate alone",
            _gate_alone,
            "On the way back you return the gate, ones and zeros. It is dy that passes through it.",
        ),
        Mistake(
            "times the value",
            _times_the_value,
            "On the way back you multiply by the value of the ReLU. It only opens or shuts a gate: dy passes as it is.",
        ),
        Mistake(
            "not joined",
            _not_joined,
            "You return the value and the rule side by side. `tf.custom_gradient`, as a decorator or called, makes one "
            "function of the two, which returns a tensor.",
        ),
    ),
    hints=(
        "Write an inner function of x that returns two things: the ReLU of x, and a function from dy to what goes "
        "back.",
        "Hand the inner function to custom_gradient, which makes one function of both, and call that with x. The rule "
        "itself is that of `guided_backward`, with TensorFlow's functions in place of NumPy's.",
        "There are two ways. Either one tf.where with both conditions; or a plain ReLU of x, and behind it a function "
        "that changes nothing forward and rectifies what comes back: then the plain ReLU does the other half.",
    ),
    points=2,
    difficulty=3,
    minutes=6,
    tensorflow=True,
)


def _copies(rng):
    layouts = ("mixed", "relu6", "nested", "none", "slope")  # the first tells most mistakes apart
    seed = int(rng.integers(1000))
    return [(_network(layout, seed), rng.random((1, 8, 8, 3))) for layout in layouts]


def _network(layout, seed):
    return Fixture("relu_networks.relu_network", (("layout", layout), ("seed", seed)))


def _clone(model, guide, recursive=True, weights=True):
    """A clone of a network in which each ReLU is replaced by what `guide(operation, copy)` returns."""
    import keras

    relus = relus_of(model)

    def copy_of(operation):
        copy = twin(operation)
        return guide(operation, copy) if operation in relus else copy

    clone = keras.models.clone_model(model, clone_function=copy_of, recursive=recursive)
    if weights:
        clone.set_weights(model.get_weights())
    return clone


def _exchange(copy, activation):
    import keras

    if not hasattr(copy, "activation"):
        return keras.layers.Activation(activation, name=copy.name)
    copy.activation = activation
    return copy


def _guided(operation, copy):
    relu = getattr(copy, "activation", copy)
    return _exchange(copy, lambda x: guided.guided_relu(relu(x)))


def _changes_the_network(model):
    import keras

    relus_of(model)
    for layer in model._flatten_layers():
        if getattr(getattr(layer, "activation", None), "__name__", "").startswith("relu"):
            layer.activation = guided.guided_relu
    return keras.Model(model.input, model.output)


def _misses_layers(model):
    return _clone(model, lambda operation, copy: _guided(operation, copy) if hasattr(copy, "activation") else copy)


def _misses_functions(model):
    import keras

    def guide(operation, copy):
        return _guided(operation, copy) if isinstance(operation, keras.layers.Layer) else copy

    return _clone(model, guide)


def _misses_nested(model):
    return _clone(model, _guided, recursive=False)


def _open_above_six(model):
    import tensorflow as tf

    def guide(operation, copy):
        relu = getattr(copy, "activation", copy)

        def forward_and_rule(x):
            return relu(x), lambda dy: tf.where((x > 0) & (dy > 0), dy, 0)

        return _exchange(copy, lambda x: tf.custom_gradient(forward_and_rule)(x))

    return _clone(model, guide)


def _unbounded(model):
    return _clone(model, lambda operation, copy: _exchange(copy, guided.guided_relu))


def _fresh_weights(model):
    return _clone(model, _guided, weights=False)


def _not_refused(model):
    try:
        return guided.with_guided_relus(model)
    except ValueError:
        import keras

        copy = keras.models.clone_model(model)
        copy.set_weights(model.get_weights())
        return copy


def _no_copy(model):
    relus_of(model)
    return model


def _shares_layers(model):
    relus = relus_of(model)

    def own_or_guided(operation):
        return _guided(operation, twin(operation)) if operation in relus else operation

    copy = rebuild(model, own_or_guided)
    copy.set_weights(model.get_weights())
    return copy


def _seen(arguments, expected, got):
    """What is wrong with a copy, in words: the first thing that `seen_of_the_copy` sees and that differs."""
    if isinstance(expected, Raised):
        return "A network that cannot be guided must be refused with ValueError: `relus_of` raises it."
    logits, gradient, shared, _ = got
    if not np.allclose(logits, expected[0], atol=1e-3 * np.abs(expected[0]).max()):
        return "The copy computes something else than the network."
    if shared:
        return f"{shared} of the copy's weights are the network's own: what is done to the one is done to the other."
    if not np.allclose(gradient, expected[1], atol=1e-3 * np.abs(expected[1]).max()):
        return "The copy computes the same, but the gradient of its logit is not guided, or not at every ReLU."
    return "The copy does not have the weights of the network."


with_guided_relus = Exercise(
    reference=guided.with_guided_relus,
    cases=_copies,
    observe=seen_of_the_copy,
    describe=_seen,
    mistakes=(
        Mistake(
            "changes the network",
            _changes_the_network,
            "You changed layers of the network itself: from now on all of its gradients are guided. Change a copy.",
        ),
        Mistake(
            "misses layers",
            _misses_layers,
            "Only layers with an attribute `activation` are guided. `layers.ReLU` is a layer of its own and has none.",
        ),
        Mistake(
            "misses functions",
            _misses_functions,
            "A function in the graph (`keras.ops.relu`) is left plain: it is no layer, but `relus_of` lists it too.",
        ),
        Mistake(
            "misses nested",
            _misses_nested,
            "The ReLUs of nested models are left plain. clone_model looks into them only with recursive=True.",
        ),
        Mistake(
            "open above six",
            _open_above_six,
            "Your ReLU6 lets gradients back where x is 6 or more. It is flat there: nothing may come back.",
        ),
        Mistake(
            "no upper end",
            _unbounded,
            "You put a ReLU without an upper end in the place of ReLU6, so the copy computes something else.",
        ),
        Mistake(
            "shares layers",
            _shares_layers,
            "The layers without a ReLU are shared with the network: only their `twin` is a layer of the copy's own.",
        ),
        Mistake("no copy", _no_copy, "You returned the network itself, not a copy of it."),
        Mistake(
            "fresh weights",
            _fresh_weights,
            "Your copy has fresh weights: layers made from a config know nothing. Take over those of the network.",
        ),
        Mistake(
            "not refused",
            _not_refused,
            "A network without ReLU, or with one that has a slope, must be refused with ValueError. Your copy of it "
            "would be plain, and nobody would notice.",
        ),
    ),
    hints=(
        "`rebuild` calls a function of yours with each layer and each function of the graph; what it returns takes "
        "that place. Where the operation is none of the ReLUs that `relus_of` lists, return its twin.",
        "There are two kinds of ReLU. An operation with an attribute `activation` (fused, or an Activation layer): set "
        "the attribute of the *twin*. Anything else (layers.ReLU, a function) is replaced by a new "
        "keras.layers.Activation. What is new has fresh weights: at the end take over those of the network.",
        "Keep the old ReLU and put guided_relu behind it: forward nothing changes, since a ReLU of a ReLU is the same; "
        "backward the gates of both must be open. So a ReLU6 stays shut from 6 on, and you need no case for it.",
    ),
    points=3,
    difficulty=5,
    minutes=12,
    tensorflow=True,
)


def _gradient_of(score, model, image, index):
    import tensorflow as tf

    batch = tf.constant(image[None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(batch)
        value = score(model, batch, index)
    return tape.gradient(value, batch)[0].numpy()


def _log_loss(model, batch, index):
    import tensorflow as tf

    return -tf.math.log(model(batch)[0, index])


def _mean(model, batch, index):
    import tensorflow as tf

    return tf.reduce_mean(logits_of(model, batch))


def _of_the_guided(score):
    return lambda model, image, index: _gradient_of(score, guided.with_guided_relus(model), image, index)


def _plain_gradient(model, image, index):
    relus_of(model)
    return _gradient_of(lambda model, batch, index: logits_of(model, batch)[0, index], model, image, index)


def _explained(rng):
    heads = ("gap fused", "nested")
    found = [
        (Fixture("networks.small_network", (("head", head), ("seed", int(rng.integers(1000))))), *_image(rng))
        for head in heads
    ]
    return [*found, (_network("relu6", int(rng.integers(1000))), *_image(rng)), (_network("none", 1), *_image(rng))]


def _image(rng):
    return rng.random((8, 8, 3)), int(rng.integers(4))


guided_backprop = Exercise(
    reference=guided.guided_backprop,
    cases=_explained,
    mistakes=(
        Mistake(
            "loss",
            _of_the_guided(_log_loss),
            "That is the gradient of the loss. It points the other way: its positive part speaks against the class.",
        ),
        Mistake(
            "softmax",
            _of_the_guided(lambda model, batch, index: model(batch)[0, index]),
            "That is the gradient of the probability. The softmax mixes the classes; take the logit below it.",
        ),
        Mistake(
            "mean",
            _of_the_guided(_mean),
            "You took the mean of all the logits. One class is asked for: its logit alone.",
        ),
        Mistake(
            "plain",
            _plain_gradient,
            "That is the plain gradient: the network's own ReLUs were used. Take the copy of `with_guided_relus`.",
        ),
        Mistake(
            "plain, nothing refused",
            lambda model, image, index: _gradient_of(
                lambda model, batch, index: logits_of(model, batch)[0, index], model, image, index
            ),
            "That is the plain gradient: the network's own ReLUs were used. Take the copy of `with_guided_relus`.",
        ),
        Mistake(
            "all classes",
            _of_the_guided(lambda model, batch, index: logits_of(model, batch)),
            "You handed all logits to the tape, which adds them up. Pick the one of the class.",
        ),
        Mistake(
            "times input",
            lambda model, image, index: image * guided.guided_backprop(model, image, index),
            "You multiplied the gradient by the image. Guided backpropagation is the gradient alone.",
        ),
    ),
    hints=(
        "Two functions that you have do most of it: one makes the copy, and `logits_of(model, batch)` from the imports "
        "gives the logits (N, C), below a softmax if there is one.",
        "Networks take batches of tensors: make one of the single image, and let the tape watch it, because it is no "
        "variable. Record the logits of the copy, and take that of the one class.",
        "Ask the tape for the gradient of the logit with respect to the batch; the answer is the first (and only) "
        "entry, as NumPy. No loss, no softmax, no scaling.",
    ),
    tolerance=1e-4,
    tolerance_reason="float32 through a whole network, whose sums may be done in another order",
    points=2,
    difficulty=3,
    minutes=6,
    tensorflow=True,
)


def _gradients(rng):
    spike = np.zeros((8, 8, 3))
    spike[3, 5] = 1, -2, 3
    tinted = rng.normal(size=(6, 9, 3)) * [0.1, 1, 5] + [2, 0, -1]
    return [
        (rng.normal(size=(32, 32, 3)),),
        (1e-3 * tinted,),
        (spike,),
        (np.full((4, 5, 3), 0.7),),
        (np.zeros((3, 3, 3)),),
        (rng.normal(size=(7, 5, 3)) ** 3,),
    ]


def _min_max(g):
    span = np.ptp(g)
    return (g - g.min()) / span if span else np.full(g.shape, 0.5)


def _min_max_undefined(g):
    with np.errstate(invalid="ignore"):
        return (g - g.min()) / np.ptp(g)


def _per_channel(g):
    g = (g - g.mean(axis=(0, 1))) / (g.std(axis=(0, 1)) + 1e-8)
    return np.clip(g / 4 + 0.5, 0, 1)


def _without_epsilon(g):
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.clip((g - g.mean()) / g.std() / 4 + 0.5, 0, 1)


to_displayable = Exercise(
    reference=guided.to_displayable,
    cases=_gradients,
    mistakes=(
        Mistake(
            "min–max",
            _min_max,
            "You stretched smallest to 0 and largest to 1. One extreme pixel then decides the contrast of all others.",
        ),
        Mistake(
            "min–max, 0/0",
            _min_max_undefined,
            "You stretched smallest to 0 and largest to 1. One extreme pixel then decides the contrast of all others, "
            "and on a constant input that is 0/0.",
        ),
        Mistake(
            "per channel",
            _per_channel,
            "You took mean and std of each channel apart. That changes the colours; take those of all numbers "
            "together.",
        ),
        Mistake(
            "no ε",
            _without_epsilon,
            "On a constant input the standard deviation is 0, and 0/0 is NaN. That is what the 1e-8 is for.",
        ),
        Mistake(
            "not clipped",
            lambda g: (g - g.mean()) / (g.std() + 1e-8) / 4 + 0.5,
            "Values more than two standard deviations from the mean leave [0, 1]. Clip them.",
        ),
        Mistake(
            "variance",
            lambda g: np.clip((g - g.mean()) / (g.var() + 1e-8) / 4 + 0.5, 0, 1),
            "You divided by the variance. Its unit is that of g squared; divide by its root.",
        ),
        Mistake(
            "mean kept",
            lambda g: np.clip(g / (g.std() + 1e-8) / 4 + 0.5, 0, 1),
            "You did not take off the mean, so grey stands for zero; here it should stand for the mean.",
        ),
    ),
    hints=(
        "First shift and scale all the numbers so that their mean is 0 and their standard deviation 1.",
        "Then a quarter of it, plus a half: two standard deviations below the mean become 0, two above become 1.",
        "mean and std without an axis run over all numbers. Add 1e-8 to the std, and clip at the end.",
    ),
    axioms=(
        Axiom(
            "The picture does not depend on the unit of the gradients, nor on a constant added to all of them.",
            lambda answer, g: np.allclose(answer(3 * g + 2 * g.std()), answer(g), atol=1e-3),
        ),
    ),
    points=1,
    difficulty=2,
    minutes=4,
)


def _maps(rng):
    def pair(height, width, h, w):
        return rng.normal(size=(height, width, 3)), rng.normal(size=(h, w))

    even = np.ones((6, 6, 3)), np.array([[-1.0, 2.0], [0.5, -3.0]])
    return [pair(32, 32, 8, 8), even, pair(12, 7, 4, 3), pair(9, 9, 9, 9), (np.ones((4, 4, 3)), -np.ones((2, 2)))]


def _nearest(guided, cam):
    height, width = guided.shape[:2]
    rows = np.arange(height) * cam.shape[0] // height
    columns = np.arange(width) * cam.shape[1] // width
    return guided * np.maximum(cam, 0)[rows][:, columns][..., None]


def _enlarged(guided, cam):
    return resize_bilinear(cam, *guided.shape[:2])[..., None]


def _normalized(guided, cam):
    cam = np.maximum(cam, 0)
    return guided * _enlarged(guided, cam / cam.max() if cam.any() else cam)


guided_grad_cam = Exercise(
    reference=guided.guided_grad_cam,
    cases=_maps,
    mistakes=(
        Mistake(
            "nearest",
            _nearest,
            "You enlarged the map by repeating its cells: the picture falls into blocks. Enlarge it bilinearly.",
        ),
        Mistake(
            "not rectified",
            lambda guided, cam: guided * _enlarged(guided, cam),
            "Where the map is negative the class is not seen, and yours turns the sign of the gradient round there.",
        ),
        Mistake(
            "rectified late",
            lambda guided, cam: guided * np.maximum(_enlarged(guided, cam), 0),
            "You enlarged first and rectified then. Negative cells have by then eaten into their neighbours.",
        ),
        Mistake(
            "sum",
            lambda guided, cam: guided + _enlarged(guided, np.maximum(cam, 0)),
            "You added the two. Multiply: where either is zero nothing is seen.",
        ),
        Mistake(
            "normalised",
            _normalized,
            "You divided the map by its largest value. Nothing is normalised before it is drawn.",
        ),
        Mistake(
            "guided rectified",
            lambda guided, cam: np.maximum(guided, 0) * _enlarged(guided, np.maximum(cam, 0)),
            "You rectified the guided gradient as well. It keeps its sign; only the map is rectified.",
        ),
    ),
    hints=(
        "The map says where, the guided gradient says which pixels. Each pixel keeps its gradient as far as the map "
        "there is large.",
        "Three steps: set to zero what is negative in the map; enlarge it to the image's size; multiply.",
        "The enlarged map is (H, W), the gradient (H, W, 3): give the map a last axis of length 1, and NumPy repeats "
        "it for the three channels.",
    ),
    axioms=(
        Axiom(
            "A map twice as strong gives a picture twice as strong.",
            lambda answer, guided, cam: np.allclose(answer(guided, 2 * cam), 2 * answer(guided, cam), atol=1e-4),
        ),
    ),
    points=2,
    difficulty=2,
    minutes=4,
)


def test_guided_backward(candidate):
    """A test of `guided_backward`: true for a right function, false for a wrong one.

    candidate: a function of (x, dy), arrays of floats of one shape. It may be right, or have any of the mistakes that
    people make: the rule of the plain ReLU or of the deconvnet, a gate that is open at x = 0, a gate that asks the
    product of x and dy, or that asks for one of the two only. Call it with inputs on which each of them shows, and
    compare what comes out with what you worked out by hand. Returns a bool.
    """
    x = np.array([1.0, 1.0, -1.0, -1.0, 0.0])
    dy = np.array([2.0, -2.0, 2.0, -2.0, 2.0])
    return bool(np.array_equal(candidate(x, dy), [2, 0, 0, 0, 0]))


def _random_test(candidate):
    rng = np.random.default_rng(0)
    x, dy = rng.normal(size=(2, 4, 4))
    return np.allclose(candidate(x, dy), np.where((x > 0) & (dy > 0), dy, 0))


def _test_of_signs(*pairs):
    x, dy = np.array(pairs, float).T
    wanted = np.where((x > 0) & (dy > 0), dy, 0)
    return lambda candidate: np.allclose(candidate(x, dy), wanted)


catch = catch_the_bug(
    test_guided_backward,
    of=guided_backward,
    mistakes=(
        Mistake(
            "dy never negative",
            _test_of_signs((1, 2), (-1, 2), (0, 2)),
            "Your dy is never negative, and there the plain gradient agrees with the guided one: it gets through.",
        ),
        Mistake(
            "not negative",
            lambda candidate: bool((candidate(*SIGNS) >= 0).all()),
            "Your test asks only that nothing negative comes back. The deconvnet and the gate open at 0 keep to that.",
        ),
        Mistake(
            "x never zero",
            _random_test,
            "x is never exactly zero in your test (random numbers never are), so a gate that is open there gets "
            "through.",
        ),
        Mistake(
            "never both negative",
            _test_of_signs((1, 2), (1, -2), (-1, 2), (0, 2)),
            "x and dy are never both negative in your test, so a gate on their product gets through.",
        ),
    ),
    hints=(
        "Make a table: the two signs of x, the two signs of dy, and x exactly zero. What should come back in each row?",
        "One row for each bug: which x and dy give another result by the wrong rule than by the right one?",
        "Five pairs are enough. Put them into two arrays, call the candidate once, and compare with the five numbers "
        "that you worked out.",
    ),
    points=2,
    difficulty=3,
    minutes=5,
)

EXERCISES = (
    relu_backward,
    deconvnet_backward,
    guided_backward,
    guided_relu,
    with_guided_relus,
    guided_backprop,
    to_displayable,
    guided_grad_cam,
    catch,
)
