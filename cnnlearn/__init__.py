"""cnnlearn: learn to look inside image classifiers, one short function at a time.

Importing the package is cheap: the methods, `from cnnlearn import GradCAM, Lime, KernelShap`, and with them TensorFlow,
are loaded when they are asked for.
"""

from cnnlearn import explainers
from cnnlearn.engine.quiet import install

__version__ = "0.1.0"
__all__ = [*explainers.MODULES]

install()
del install


def __getattr__(name):
    if name in explainers.MODULES:
        return getattr(explainers, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])
