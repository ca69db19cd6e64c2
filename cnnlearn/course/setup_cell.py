"""The cell that fetches the course where a notebook is opened without it, as on Colab."""

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from cnnlearn.files.repository import address

SOURCE = """\
# Where the course is missing, on Colab for instance, this fetches it. Elsewhere it does nothing.
import importlib.util

if importlib.util.find_spec("cnnlearn") is None:
    %pip install --quiet "cnnlearn @ git+{address}\""""


def setup_cell() -> NotebookNode:
    """Folded in JupyterLab, and left out of the book."""
    folded = {"jupyter": {"source_hidden": True}, "tags": ["remove-cell"]}
    return new_code_cell(SOURCE.format(address=address()), id="setup", metadata=folded)
