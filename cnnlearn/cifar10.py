"""CIFAR-10 (Krizhevsky 2009, "Learning multiple layers of features from tiny images"), and what training it needs.

60,000 colour images of 32×32 pixels in ten classes: 50,000 to train on, 10,000 to test.
"""

import numpy as np


def decode_rows(rows):
    """The rows of a CIFAR-10 batch as images.

    rows: uint8 (N, 3072). A row holds 1,024 reds, then 1,024 greens, then 1,024 blues; each plane is stored row by row
    from the top. Returns uint8 (N, 32, 32, 3), channels last.
    """
    planes = rows.reshape(-1, 3, 32, 32)
    return planes.transpose(0, 2, 3, 1)


def standardize(images, mean, std):
    """Images with each channel shifted and scaled: (value − mean of its channel) / standard deviation of its channel.

    images: floats (N, H, W, 3); mean, std: (3,), measured once, on the training images. Returns floats (N, H, W, 3).
    """
    return (images - np.asarray(mean)) / np.asarray(std)


def one_hot(labels, classes):
    """Labels as rows of zeros with a single one, at the place of the class.

    labels: integers (N,) from 0 to classes − 1. Returns floats (N, classes).
    """
    return np.eye(classes)[labels]


def softmax(logits):
    """Probabilities of the classes: p_c = exp(z_c) / Σ_k exp(z_k), for each row.

    logits: floats (..., C), of any size; exp(1000) overflows, so take care. Returns floats of the same shape, each row
    summing to 1.
    """
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return shifted / shifted.sum(axis=-1, keepdims=True)


def cross_entropy(logits, labels):
    """The mean over a batch of −ln p, p the probability that softmax gives to the right class.

    logits: floats (N, C); labels: integers (N,). Returns a float ≥ 0, finite even for logits of ±1000: in
    −ln p_y = ln Σ_k exp(z_k) − z_y the largest logit of a row can be taken out of the sum.
    """
    largest = logits.max(axis=1)
    log_sums = largest + np.log(np.exp(logits - largest[:, None]).sum(axis=1))
    return float(np.mean(log_sums - logits[np.arange(len(labels)), labels]))


def l2_penalty(weights, strength):
    """The L2 penalty λ·Σ w², the sum running over every entry of every array.

    weights: list of float arrays of any shapes; strength: λ ≥ 0. Returns a float.
    """
    return float(strength * sum((array**2).sum() for array in weights))


def confusion_matrix(labels, predictions, classes):
    """How often images of one class were taken for another.

    labels: the true classes, predictions: the predicted ones, both integers (N,) from 0 to classes − 1. Returns
    integers (classes, classes): entry [t, p] counts the images of class t that were predicted as p.
    """
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (labels, predictions), 1)
    return matrix
