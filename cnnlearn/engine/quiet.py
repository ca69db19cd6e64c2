"""TensorFlow without its lines on stderr about processors and GPUs, which alarm learners and cost points in nbgrader.

Its C++ part writes them while it is imported, before any of its settings count, straight to file descriptor 2. So
descriptor 2 leads nowhere for as long as the import lasts. Afterwards its Python part, which warns a notebook of every
network that is compiled anew, reports errors only. Errors in Python are raised as always.
"""

import logging
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder


class QuietTensorFlow:
    """An import hook: finds TensorFlow as usual, and lets it load in silence."""

    @staticmethod
    def find_spec(name: str, path=None, target=None) -> ModuleSpec | None:
        if name != "tensorflow":
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module
            spec.loader.exec_module = lambda module: _silently(load, module)  # type: ignore[method-assign]
        return spec


def install() -> None:
    """Makes later imports of TensorFlow silent; asking for more log messages by its own variable still works.

    A process started by this one inherits the variable, and is to be silent too.
    """
    if os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3") == "3":
        sys.meta_path.insert(0, QuietTensorFlow)


def _silently(load, module):
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        load(module)
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
