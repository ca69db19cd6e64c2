"""cnnlearn: learn to look inside image classifiers, one short function at a time.

Importing the package is cheap: TensorFlow is imported only by the modules that need it.
"""

from cnnlearn.engine.quiet import install

__version__ = "0.1.0"

install()
del install
