"""Lesson 02, CIFAR-10: from the rows of a batch to images, and what training and testing a network needs."""

import numpy as np

from cnnlearn import cifar10
from cnnlearn.exercises.exercise import Axiom, Exercise, Mistake


def _rows(rng):
    """Random pixels; one row that counts along each plane; one that is a different grey in each plane."""
    counted = np.arange(3072).reshape(1, 3072) % 251
    grey = np.repeat([10, 100, 200], 1024)[None]
    random = [rng.integers(0, 256, (count, 3072), np.uint8) for count in (4, 1)]
    return [(rows.astype(np.uint8),) for rows in (*random, counted, grey)]


def _planes(rows):
    return rows.reshape(-1, 3, 32, 32)


decode_rows = Exercise(
    reference=cifar10.decode_rows,
    cases=_rows,
    mistakes=(
        Mistake(
            "reshaped at once",
            lambda rows: rows.reshape(-1, 32, 32, 3),
            "You cut the row into pixels of three neighbours, but neighbours in a row are three reds: the planes come "
            "one after the other. Cut it into planes first.",
        ),
        Mistake(
            "rows and columns swapped",
            lambda rows: _planes(rows).transpose(0, 3, 2, 1),
            "The channels are last, but each image lies on its side: rows and columns have changed places.",
        ),
        Mistake(
            "blue first",
            lambda rows: _planes(rows).transpose(0, 2, 3, 1)[..., ::-1],
            "Your channels run blue, green, red. The first 1,024 numbers are the reds.",
        ),
        Mistake("channels first", _planes, "Your planes are right, but the channels have to go to the last axis."),
        Mistake(
            "images last",
            lambda rows: _planes(rows).transpose(2, 3, 1, 0),
            "Your first axis is no longer the one that counts the images.",
        ),
        Mistake(
            "floats",
            lambda rows: _planes(rows).transpose(0, 2, 3, 1) / 255,
            "You scaled the pixels as well. Here they stay bytes, uint8, which take an eighth of the room.",
        ),
    ),
    axioms=(
        Axiom(
            "The first number of each third of a row is the red, the green and the blue of the upper left pixel.",
            lambda answer, rows: np.array_equal(np.asarray(answer(rows))[:, 0, 0], rows[:, [0, 1024, 2048]]),
        ),
        Axiom(
            "The second number of a row is the red of the pixel right of it.",
            lambda answer, rows: np.array_equal(np.asarray(answer(rows))[:, 0, 1, 0], rows[:, 1]),
        ),
    ),
    hints=(
        "Two steps: first give the numbers the shape in which they are stored, then bring the axes into the order "
        "that is wanted.",
        "The shape in which they are stored, from the slowest axis to the fastest: image, plane, row, column.",
        "Of these four axes, numbered from 0, the planes (1) have to go to the end; the other three keep their order. "
        "`transpose` takes the numbers of the old axes in the new order.",
    ),
    points=2,
    difficulty=2,
    minutes=5,
)


def _batches(rng):
    def case(count, height, width):
        images = rng.random((count, height, width, 3)) * [0.5, 1, 0.8]
        return images, rng.uniform(0.3, 0.6, 3).round(2), rng.uniform(0.15, 0.35, 3).round(2)

    return [case(4, 5, 6), case(1, 8, 8), case(3, 3, 3), (np.full((2, 1, 1, 3), 0.5), np.full(3, 0.5), np.ones(3))]


def _by_its_own(images, axis):
    with np.errstate(invalid="ignore"):
        return (images - images.mean(axis=axis, keepdims=True)) / images.std(axis=axis, keepdims=True)


standardize = Exercise(
    reference=cifar10.standardize,
    cases=_batches,
    mistakes=(
        Mistake(
            "one mean for all channels",
            lambda images, mean, std: (images - mean.mean()) / std.mean(),
            "You took one mean and one standard deviation for all channels. Red, green and blue each have their own.",
        ),
        Mistake(
            "variance",
            lambda images, mean, std: (images - mean) / std**2,
            "You divided by the square of the standard deviation, the variance. Divide by the deviation itself.",
        ),
        Mistake(
            "per image",
            lambda images, mean, std: _by_its_own(images, (1, 2)),
            "You measured mean and deviation on each image. A dark image would no longer be dark; the numbers given "
            "were measured once, on the training images.",
        ),
        Mistake(
            "per batch",
            lambda images, mean, std: _by_its_own(images, (0, 1, 2)),
            "You measured mean and deviation on this batch. The same image would become another in other company; use "
            "the numbers that are given.",
        ),
        Mistake(
            "parentheses missing",
            lambda images, mean, std: images - mean / std,
            "Only the mean was divided: a division comes before a subtraction. Put the subtraction in parentheses.",
        ),
        Mistake("not shifted", lambda images, mean, std: images / std, "You divided, but did not take off the mean."),
        Mistake("not scaled", lambda images, mean, std: images - mean, "You took off the mean, but did not divide."),
        Mistake(
            "divided first",
            lambda images, mean, std: images / std - mean,
            "You divided before you took off the mean. The mean is measured in units of the image: take it off first.",
        ),
    ),
    axioms=(
        Axiom(
            "The mean itself becomes 0, and what lies one standard deviation above it becomes 1.",
            lambda answer, images, mean, std: np.allclose(
                answer(np.stack([mean, mean + std]).reshape(2, 1, 1, 3), mean, std).reshape(2, 3),
                [[0, 0, 0], [1, 1, 1]],
                atol=1e-5,
            ),
        ),
    ),
    hints=(
        "It is one subtraction and one division, for all the images at once. No loop is needed.",
        "NumPy lines up shapes from the right: (N, H, W, 3) and (3,) fit, and each channel meets its own number.",
        "Take off the means, then divide by the deviations, in parentheses so that they happen in this order.",
    ),
    points=1,
    difficulty=1,
    minutes=3,
)


def _label_cases(rng):
    """In the last one the greatest class does not occur, in the first one the classes are as many as the labels."""
    return [(np.array([2, 0, 1]), 3), (rng.integers(0, 10, 12), 10), (np.array([0, 3, 3, 1]), 6)]


one_hot = Exercise(
    reference=cifar10.one_hot,
    cases=_label_cases,
    mistakes=(
        Mistake(
            "off by one",
            lambda labels, classes: np.eye(classes)[labels - 1],
            "Your ones are one place too far left. Classes are counted from 0.",
        ),
        Mistake(
            "classes first",
            lambda labels, classes: np.eye(classes)[:, labels],
            "Your result is (classes, N): each label became a column. It has to be a row.",
        ),
        Mistake(
            "counted",
            lambda labels, classes: np.bincount(labels, minlength=classes).astype(float),
            "You counted how often each class occurs. Each label needs a row of its own.",
        ),
        Mistake(
            "as many as occur",
            lambda labels, classes: np.eye(labels.max() + 1)[labels],
            "You made a column for each class up to the largest label here. Others may not occur: there are `classes`.",
        ),
        Mistake(
            "booleans",
            lambda labels, classes: labels[:, None] == np.arange(classes),
            "Your rows hold False and True. Asked are floats, 0 and 1, to calculate with.",
        ),
        Mistake(
            "in every row",
            lambda labels, classes: np.tile(np.bincount(labels, minlength=classes) > 0, (len(labels), 1)) * 1.0,
            "Every row has a one for each label. With [:, labels] you write into all rows: pair each label with its "
            "own row, np.arange(N).",
        ),
        Mistake(
            "the label itself",
            lambda labels, classes: np.eye(classes)[labels] * labels[:, None],
            "You put the number of the class where a 1 belongs. The place says which class it is.",
        ),
    ),
    axioms=(
        Axiom(
            "Each row sums to 1, and the place of its largest entry is the label.",
            lambda answer, labels, classes: (
                np.allclose(np.sum(answer(labels, classes), axis=1), 1)
                and np.array_equal(np.argmax(answer(labels, classes), axis=1), labels)
            ),
        ),
    ),
    hints=(
        "Label 2 of 4 classes becomes the row (0, 0, 1, 0). Where else have you seen rows of zeros with a single one?",
        "The identity matrix has exactly these rows; np.eye makes it. Row c of it belongs to class c.",
        "An array can be indexed by an array of integers: that picks a row for each of them, in their order.",
    ),
    points=1,
    difficulty=2,
    minutes=3,
)


def _logits(rng):
    """Large ones, very negative ones, and both in one batch; other shapes than (N, C)."""
    large = np.array([[1000.0, 1001.0, 998.0], [1000.0, 1000.0, 1000.0]])
    return [
        (np.array([[0.0, np.log(2), np.log(5)]]),),
        (3 * rng.normal(size=(4, 10)),),
        (2 * rng.normal(size=(3, 3)),),
        (rng.normal(size=5).round(2),),
        (large,),
        (-large,),
        (np.array([[3000.0, 2999.0, 0.0], [-1000.0, -1001.0, -1003.0]]),),
        (rng.normal(size=(2, 3, 4)),),
    ]


def _quietly(function):
    def run(*arguments):
        with np.errstate(all="ignore"):
            return function(*arguments)

    return run


def _normalized(positive, axis=-1):
    return positive / positive.sum(axis=axis, keepdims=True)


def _exponentials(logits):
    return np.exp(logits - logits.max(axis=-1, keepdims=True))


softmax = Exercise(
    reference=cifar10.softmax,
    cases=_logits,
    mistakes=(
        Mistake(
            "overflows",
            _quietly(lambda logits: _normalized(np.exp(logits))),
            "exp(1000) is infinite in floating point, and exp(−1000) is 0; then ∞/∞ or 0/0 is NaN. Take the largest "
            "logit of the row off first: the probabilities stay the same.",
        ),
        Mistake(
            "over the batch",
            lambda logits: _normalized(np.exp(logits - logits.max(axis=0)), axis=0),
            "Your columns sum to 1. The sum runs over the classes, the last axis, so that each row sums to 1.",
        ),
        Mistake(
            "one shift for all rows",
            _quietly(lambda logits: _normalized(np.exp(logits - logits.max()))),
            "You took off one number, the largest of the whole batch. A row far below it becomes exp of something like "
            "−2000, all zeros, and 0/0 is NaN. Each row needs its own largest logit.",
        ),
        Mistake(
            "shifted by the mean",
            _quietly(lambda logits: _normalized(np.exp(logits - logits.mean(axis=-1, keepdims=True)))),
            "You took off the mean of each row. Its largest logit may lie far above that, and still overflow: take off "
            "the largest.",
        ),
        Mistake(
            "over everything",
            lambda logits: _exponentials(logits) / _exponentials(logits).sum(),
            "All rows together sum to 1. Each row has to, so the sum runs over the last axis only.",
        ),
        Mistake(
            "logarithms",
            lambda logits: (
                logits - logits.max(-1, keepdims=True) - np.log(_exponentials(logits).sum(-1, keepdims=True))
            ),
            "These are the logarithms of the probabilities. Asked are the probabilities.",
        ),
        Mistake(
            "not divided",
            _exponentials,
            "Your exponentials are right, but do not sum to 1 yet. Divide each by the sum of its row.",
        ),
        Mistake(
            "sigmoid",
            _quietly(lambda logits: 1 / (1 + np.exp(-logits))),
            "That is the sigmoid, which looks at each logit alone. The softmax lets the classes of a row compete.",
        ),
    ),
    axioms=(
        Axiom(
            "Each row sums to 1.",
            lambda answer, logits: np.allclose(np.sum(answer(logits), axis=-1), 1, atol=1e-5),
        ),
        Axiom(
            "The same number added to all logits of a row changes nothing.",
            lambda answer, logits: np.allclose(answer(logits + 7), answer(logits), atol=1e-5),
        ),
    ),
    hints=(
        "Write p = exp(z) / Σ exp(z) first, with the sum along the last axis, kept as an axis (keepdims=True).",
        "Multiply numerator and denominator by the same exp(−m): p stays the same. Which m keeps exp(z − m) from "
        "overflowing, and at least one of them from vanishing?",
        "m is the largest logit of each row: then the largest exponential is exp(0) = 1.",
    ),
    points=2,
    difficulty=3,
    minutes=5,
)


def _labelled_logits(rng):
    """A network that is sure and right, one that is sure and wrong, and logits of ±1000."""
    extreme = np.array([[1000.0, -1000.0, 0.0], [-1000.0, -1000.0, -1001.0], [1000.0, 999.0, -1000.0]])
    return [
        (np.array([[0.0, np.log(3)], [0.0, 0.0]]), np.array([1, 0])),
        (2 * rng.normal(size=(6, 4)), rng.integers(0, 4, 6)),
        (rng.normal(size=(1, 10)), np.array([7])),
        (4 * rng.normal(size=(5, 5)), np.arange(5)),
        (extreme, np.array([0, 2, 1])),
        (extreme, np.array([1, 0, 2])),
    ]


def _log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def _losses(logits, labels):
    return -_log_softmax(logits)[np.arange(len(labels)), labels]


def _of_naive_softmax(logits, labels):
    probabilities = _normalized(np.exp(logits))
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


def _of_softmax(logits, labels, added=0):
    probabilities = np.exp(_log_softmax(logits))
    return float(-np.log(probabilities[np.arange(len(labels)), labels] + added).mean())


def _with_shift(logits, labels, shift, put_back=1):
    sums = np.exp(logits - shift).sum(axis=1, keepdims=True)
    return float((put_back * shift + np.log(sums) - logits[np.arange(len(labels)), labels][:, None]).mean())


def _clipped(logits, labels):
    probabilities = np.clip(np.exp(_log_softmax(logits)), 1e-7, 1 - 1e-7)
    return float(-np.log(probabilities[np.arange(len(labels)), labels]).mean())


cross_entropy = Exercise(
    reference=cifar10.cross_entropy,
    cases=_labelled_logits,
    mistakes=(
        Mistake(
            "sum",
            lambda logits, labels: float(_losses(logits, labels).sum()),
            "You summed over the batch. Take the mean, or the loss grows with the number of images.",
        ),
        Mistake(
            "log10",
            lambda logits, labels: float(_losses(logits, labels).mean() / np.log(10)),
            "You took the logarithm to base 10. The natural one is asked for: np.log.",
        ),
        Mistake(
            "softmax applied twice",
            lambda logits, labels: float(_losses(np.exp(_log_softmax(logits)), labels).mean()),
            "The softmax was applied twice: you made probabilities, and then treated them as logits.",
        ),
        Mistake(
            "infinite",
            _quietly(_of_naive_softmax),
            "A probability of exp(−2000) rounds to 0, and ln 0 is infinite; exp(1000) overflows. Never form the "
            "probability: work with ln Σ exp(z) − z, the largest logit taken out of the sum.",
        ),
        Mistake(
            "rounded to 0",
            _quietly(_of_softmax),
            "Your softmax does not overflow, but a probability of exp(−2000) rounds to 0, and ln 0 is infinite. Never "
            "form the probability: work with ln Σ exp(z) − z.",
        ),
        Mistake(
            "padded",
            lambda logits, labels: _of_softmax(logits, labels, 1e-12),
            "You added a small number to the probability, so no image can cost more than its −ln. A network that is "
            "sure and wrong gets off too cheaply: work with ln Σ exp(z) − z instead.",
        ),
        Mistake(
            "one shift for all rows",
            _quietly(lambda logits, labels: _with_shift(logits, labels, logits.max())),
            "You took one number out of the sums, the largest logit of the whole batch. In a row far below it all "
            "exponentials vanish, and ln 0 is infinite. Each row needs its own.",
        ),
        Mistake(
            "shift not put back",
            lambda logits, labels: _with_shift(logits, labels, logits.max(axis=1, keepdims=True), 0),
            "You took the largest logit out of the sum and did not add it again: ln Σ exp(z) = m + ln Σ exp(z − m).",
        ),
        Mistake(
            "every label in every row",
            lambda logits, labels: float(-_log_softmax(logits)[:, labels].mean()),
            "With [:, labels] each image pays for the labels of all. Pair each label with its own row, np.arange(N).",
        ),
        Mistake(
            "clipped",
            _clipped,
            "You clipped the probability, so no image can cost more than about 16. A network that is sure and wrong "
            "gets off too cheaply: work with ln Σ exp(z) − z instead.",
        ),
        Mistake(
            "sign",
            lambda logits, labels: float(-_losses(logits, labels).mean()),
            "That is the mean of ln p. The loss is its negative: less is better.",
        ),
        Mistake(
            "mean over classes too",
            lambda logits, labels: float(_losses(logits, labels).mean() / logits.shape[1]),
            "You took the mean over images and classes. Each image has one right class and counts once.",
        ),
        Mistake(
            "predicted class",
            lambda logits, labels: float(_losses(logits, logits.argmax(axis=1)).mean()),
            "You took the probability of the class the network prefers. Asked is that of the label, the right one.",
        ),
    ),
    axioms=(
        Axiom(
            "The same number added to all logits of an image changes nothing.",
            lambda answer, logits, labels: np.isclose(answer(logits + 5, labels), answer(logits, labels), atol=1e-4),
        ),
        Axiom(
            "A network that knows nothing, with equal logits, costs ln C.",
            lambda answer, logits, labels: np.isclose(answer(0 * logits, labels), np.log(logits.shape[1]), atol=1e-5),
        ),
    ),
    hints=(
        "Put the softmax into −ln p and let the logarithm of a fraction become a difference: two terms for each image.",
        "The terms are ln Σ exp(z), over all classes, and z of the right class. To pick the right ones, index with two "
        "arrays: np.arange(N) for the rows, the labels for the columns.",
        "ln Σ exp(z) = m + ln Σ exp(z − m) for any m. With the largest logit of the row for m nothing overflows, and "
        "the sum is at least 1.",
    ),
    points=2,
    difficulty=4,
    minutes=7,
)


def _weights(rng):
    """Weights in the layout of a network: a kernel, a bias, a dense layer; one array alone; strength 0."""
    network = [rng.normal(size=(3, 3, 2, 4)), rng.normal(size=4), rng.normal(size=(4, 3))]
    return [
        ([np.array([1.0, -2.0]), np.array([[3.0]])], 0.5),
        (network, 2.5e-4),
        ([rng.normal(size=(2, 3))], 0.1),
        ([rng.normal(size=5), rng.normal(size=(2, 2))], 1.0),
        (network, 0.0),
    ]


def _squares(weights):
    return np.concatenate([array.ravel() ** 2 for array in weights])


l2_penalty = Exercise(
    reference=cifar10.l2_penalty,
    cases=_weights,
    mistakes=(
        Mistake(
            "half",
            lambda weights, strength: float(strength * _squares(weights).sum() / 2),
            "You put ½ before the sum. That is another convention, in which the gradient is λw; here, as in Keras, it "
            "is λ·Σw².",
        ),
        Mistake(
            "root",
            lambda weights, strength: float(strength * np.sqrt(_squares(weights).sum())),
            "You took the root: that is λ times the norm. The penalty is λ times its square.",
        ),
        Mistake(
            "mean",
            lambda weights, strength: float(strength * _squares(weights).mean()),
            "You took the mean of the squares. It is their sum, so every weight is pulled with the same force.",
        ),
        Mistake(
            "only the first array",
            lambda weights, strength: float(strength * _squares(weights[:1]).sum()),
            "Only the first array counts in yours. The sum runs over all of them.",
        ),
        Mistake(
            "only the last array",
            lambda weights, strength: float(strength * (weights[-1] ** 2).sum()),
            "Only the last array counts in yours. Add to a total inside the loop, and return it behind the loop.",
        ),
        Mistake(
            "L1",
            lambda weights, strength: float(strength * np.sqrt(_squares(weights)).sum()),
            "You summed |w|, the L1 penalty, which drives weights to exactly 0. L2 sums the squares.",
        ),
        Mistake(
            "sum squared",
            lambda weights, strength: float(strength * sum(array.sum() for array in weights) ** 2),
            "You squared the sum, in which positive and negative weights cancel. Square first, then sum.",
        ),
        Mistake(
            "strength squared",
            lambda weights, strength: float(strength**2 * _squares(weights).sum()),
            "You squared λ as well. Only the weights are squared.",
        ),
        Mistake(
            "strength forgotten",
            lambda weights, strength: float(_squares(weights).sum()),
            "You forgot to multiply by λ.",
        ),
    ),
    axioms=(
        Axiom(
            "Weights twice as large cost four times as much.",
            lambda answer, weights, strength: np.isclose(
                answer([2 * array for array in weights], strength), 4 * answer(weights, strength), rtol=1e-4
            ),
        ),
    ),
    hints=(
        "By hand: weights (1, −2) and (3) with λ = ½ give ½ · (1 + 4 + 9) = 7.",
        "Square each array entry by entry, sum it, and add up these sums over the list.",
        "Python's sum takes a generator: one number for each array of the list. λ multiplies the result once.",
    ),
    points=1,
    difficulty=2,
    minutes=4,
)


def _pairs(rng):
    """Some pairs occur several times, some classes never."""
    labels = rng.integers(0, 4, 40)
    predictions = np.where(rng.random(40) < 0.6, labels, rng.integers(0, 4, 40))
    return [
        (np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 2, 2, 0]), 3),
        (labels, predictions, 4),
        (np.array([1, 1, 1]), np.array([0, 0, 1]), 5),
        (rng.integers(0, 10, 30), rng.integers(0, 10, 30), 10),
    ]


def _one_each(labels, predictions, classes):
    matrix = np.zeros((classes, classes), int)
    matrix[labels, predictions] += 1
    return matrix


def _only_those_that_occur(labels, predictions, classes):
    found = np.unique([labels, predictions])
    return cifar10.confusion_matrix(labels, predictions, classes)[np.ix_(found, found)]


def _shares(labels, predictions, classes):
    matrix = cifar10.confusion_matrix(labels, predictions, classes)
    return matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)


confusion_matrix = Exercise(
    reference=cifar10.confusion_matrix,
    cases=_pairs,
    mistakes=(
        Mistake(
            "transposed",
            lambda labels, predictions, classes: cifar10.confusion_matrix(predictions, labels, classes),
            "Your rows are the predictions. Rows are the true classes, columns the predicted ones.",
        ),
        Mistake(
            "normalised",
            _shares,
            "You divided each row by its sum. Asked are the counts, as integers: they tell how much a row rests on.",
        ),
        Mistake(
            "each pair once",
            _one_each,
            "matrix[labels, predictions] += 1 adds 1 to each place once, however often it is listed: NumPy reads all, "
            "adds, and writes all. np.add.at counts repetitions; so does a loop.",
        ),
        Mistake(
            "only those that occur",
            _only_those_that_occur,
            "Classes that do not occur are missing. The matrix has `classes` rows and columns, some perhaps of zeros.",
        ),
        Mistake(
            "only the right ones",
            lambda labels, predictions, classes: np.diag(np.bincount(labels[labels == predictions], minlength=classes)),
            "Only the diagonal is filled, the images that were named right. The others say what was confused.",
        ),
    ),
    axioms=(
        Axiom(
            "Row t sums to the number of images of class t.",
            lambda answer, labels, predictions, classes: np.array_equal(
                np.sum(answer(labels, predictions, classes), axis=1), np.bincount(labels, minlength=classes)
            ),
        ),
    ),
    hints=(
        "Begin with a table of zeros, integers, and let each image add 1 to one place of it.",
        "The place is [true class, predicted class]. A loop over both arrays with zip does it.",
        "Without a loop: np.add.at takes the table, a pair of index arrays, and what is to be added; it counts "
        "repeated places each time.",
    ),
    points=2,
    difficulty=2,
    minutes=4,
)

EXERCISES = (decode_rows, standardize, one_hot, softmax, cross_entropy, l2_penalty, confusion_matrix)
