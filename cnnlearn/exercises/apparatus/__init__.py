"""What answers are tried on beside plain data, one file a kind: networks, games, candidates, generators.

An `Ingredient` names a function of one of these files, "networks.small_network", and what to call it with. Functions
that make plain data of what an answer returns (`Exercise.observe`) lie here too. Nothing here imports the reference of
a lesson: a grader's worker, which runs the student's code, builds and observes the same without it.
"""

import copy
from importlib import import_module

import numpy as np

from cnnlearn.exercises.exercise import Ingredient


def build(argument):
    """A fresh copy of plain data; an Ingredient becomes the thing that it names."""
    if not isinstance(argument, Ingredient):
        return copy.deepcopy(argument)
    file, _, function = argument.name.partition(".")
    return getattr(import_module(f"{__name__}.{file}"), function)(**dict(argument.parameters))


def fingerprint(value):
    """Plain data that differs after `value` was changed in place: for a network its weights and activations."""
    if hasattr(value, "get_weights"):
        return (*value.get_weights(), *_activations(value))
    return copy.deepcopy(value) if isinstance(value, (np.ndarray, list, tuple, dict)) else None


def _activations(layer):
    for inner in getattr(layer, "layers", ()):
        activation = getattr(inner, "activation", None)
        yield f"{inner.name} {getattr(activation, '__name__', activation)} {inner.trainable}"
        yield from _activations(inner)
