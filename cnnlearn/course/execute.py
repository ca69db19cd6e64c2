"""Running a solved notebook, and refusing outputs that a reader, or another machine, could not use."""

import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError
from nbformat import NotebookNode

TIMEOUT = 300  # seconds for a cell
LARGEST_IMAGE = 150_000  # bytes of PNG: a lesson should open quickly on a slow line


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Runs the cells in `folder`, storing their outputs. ValueError, telling the cell, where one fails."""
    with tempfile.TemporaryDirectory() as own:
        client = NotebookClient(notebook, timeout=TIMEOUT, record_timing=False, coalesce_streams=True)
        client.resources = {"metadata": {"path": str(folder)}}
        try:
            # Progress bars go to stderr, or not, with the speed of the machine.
            client.execute(env=os.environ | {"CNNLEARN_PROGRESS": f"{own}/progress.json", "TQDM_DISABLE": "1"})
        except CellExecutionError as error:
            failed = next(c for c in notebook.cells if any(o.output_type == "error" for o in c.get("outputs", ())))
            raise ValueError(f"{_name(failed)} raised {error.ename}: {error.evalue}") from None
        except CellTimeoutError:
            raise ValueError(f"a cell ran for more than {TIMEOUT} seconds.") from None
    notebook.metadata.language_info = {"name": "python"}  # the rest tells only which Python happened to run it


def faults(notebook: NotebookNode) -> Iterator[str]:
    """What is wrong with an executed notebook, in sentences: empty if all is well."""
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            yield f"{_name(cell)} was not run."
        if re.fullmatch(r"(\w+) = check\(\1\)", cell.source) and not _says_right(cell):
            yield f"{_name(cell)} does not find the solution right."
        for output in cell.outputs:
            yield from (f"{_name(cell)} {fault}" for fault in _output_faults(output))


def _says_right(cell):
    return any("✓" in output.get("data", {}).get("text/plain", "") for output in cell.outputs)


def _output_faults(output):
    if output.output_type == "stream" and output.name == "stderr":
        yield f"writes to stderr: {output.text.strip().partition(chr(10))[0][:100]!r}."
    png = output.get("data", {}).get("image/png")
    if png is not None:
        if not output.metadata.get("image/png", {}).get("alt", "").strip():
            yield "shows a figure without alt text; use show(figure, alt=…)."
        size = len(png) * 3 // 4  # base64
        if size > LARGEST_IMAGE:
            yield f"shows an image of {size // 1000} kB; at most {LARGEST_IMAGE // 1000} kB. Make it smaller."


def _name(cell):
    return f"the cell that begins {cell.source.partition(chr(10))[0]!r}"
