"""The network whose decisions are explained, with the names of its classes."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FILES = (".keras", ".h5")


@dataclass(frozen=True)
class Subject:
    """A classifier of images in [0, 1], its name, and the names of its classes."""

    name: str
    model: Any  # a Keras model; the type itself would import TensorFlow
    classes: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the images that it takes."""
        return self.model.input_shape[1:3]

    def target(self, asked: str) -> int:
        """The class that `asked` means: an index, a name, or a part of one name only. ValueError if none does."""
        count = len(self.classes)
        if asked.isdecimal():
            if int(asked) < count:
                return int(asked)
            raise ValueError(f"{self.name} has the classes 0 to {count - 1}; there is no class {asked}.")
        names = [name.casefold() for name in self.classes]
        wanted = asked.casefold().strip()
        if wanted in names:
            return names.index(wanted)
        holding = [index for index, name in enumerate(names) if wanted in name]
        if len(holding) == 1:
            return holding[0]
        close = [self.classes[i] for i in holding[:5]] or [
            self.classes[names.index(name)] for name in difflib.get_close_matches(wanted, names, 5, cutoff=0.5)
        ]
        advice = f" Did you mean: {', '.join(close)}?" if close else " Give its index."
        raise ValueError(f"{self.name} has no class {asked!r}.{advice}")

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Softmax probabilities (N, C) of a batch (N, H, W, 3), whether the model ends in a softmax or in logits."""
        from cnnlearn.cifar10 import softmax
        from cnnlearn.engine.forward import logits_of

        return softmax(np.asarray(logits_of(self.model, images), np.float64))


def open_subject(name: str, weights: Path | None = None, class_names: Path | None = None) -> Subject:
    """The network `name`: "cifar10", the path of a Keras file, or what `networks.imagenet` knows.

    weights: a file of weights to load in place of those that Keras would download. class_names: a text file with one
    name a line. ValueError or OSError, each in one sentence, for what cannot be had.
    """
    from cnnlearn import networks
    from cnnlearn.files import cifar10

    classes: Sequence[str]
    if Path(name).suffix in FILES:
        model, classes = _from_file(Path(name)), ()
    elif name == "cifar10":
        model, classes = networks.load(), cifar10.CLASSES
    else:
        model, classes = networks.imagenet(name, weights or "imagenet"), networks.imagenet_classes()
    count = model.output_shape[-1]
    if class_names is not None:
        classes = class_names.read_text(encoding="utf-8").splitlines()
    classes = tuple(classes or (f"class {index}" for index in range(count)))
    if len(classes) != count:
        raise ValueError(f"{name} has {count} classes, but {len(classes)} names are given: one a line, please.")
    return Subject(model.name, model, classes)


def _from_file(path):
    import keras

    if not path.is_file():
        raise FileNotFoundError(f"There is no file {str(path)!r}.")
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # what Keras raises depends on the file
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{path} could not be opened as a Keras model: {reason}") from None
    shape = model.input_shape
    if not isinstance(shape, tuple) or len(shape) != 4 or shape[3] != 3 or None in shape[1:3]:
        raise ValueError(f"{path} does not take images (N, H, W, 3) of one size; its input shape is {shape}.")
    return model


def chosen_targets(subject: Subject, asked: Sequence[str]) -> list[int] | None:
    """The classes to explain, each once, in the order asked; None if none is asked for."""
    return list(dict.fromkeys(subject.target(one) for one in asked)) or None
