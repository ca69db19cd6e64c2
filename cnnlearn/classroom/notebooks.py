"""The code cells of a submitted file. Nothing of it is run or parsed as Python here, and little of it must be right."""

import io
import json
import re
import tokenize

LARGEST = 256 * 2**20  # bytes of a file: notebooks with many pictures are large
MOST_CODE = 4 * 2**20  # characters of code in a submission
SPLIT = re.compile(r"^# ?(?:%%|In\s*\[).*$", re.MULTILINE)  # where editors and nbconvert begin a cell in a .py file


class Unreadable(ValueError):
    """A file that is no notebook and no Python; the message says why, after "cannot be read: "."""


def cells(name: str, data: bytes) -> list[tuple[str, str]]:
    """The code cells of a notebook (.ipynb, format 3 or 4) or a Python file, as (label, source), in order."""
    sources = _of_notebook(data) if name.lower().endswith(".ipynb") else _of_python(data)
    if sum(map(len, sources)) > MOST_CODE:
        raise Unreadable(f"more than {MOST_CODE // 2**20} million characters of code")
    return [(f"cell {number}", source) for number, source in enumerate(sources, 1)]


def _of_notebook(data):
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise Unreadable("it is not UTF-8") from None
    except (ValueError, RecursionError):
        raise Unreadable("it is not JSON, so no notebook") from None
    if not isinstance(notebook, dict):
        raise Unreadable("it is JSON, but no notebook")
    sheets = notebook.get("worksheets", [notebook])
    sheets = [sheet for sheet in sheets if isinstance(sheet, dict)] if isinstance(sheets, list) else []
    if not any(isinstance(sheet.get("cells"), list) for sheet in sheets):
        raise Unreadable("it is JSON, but no notebook")
    found = []
    for sheet in sheets:
        for cell in sheet.get("cells") if isinstance(sheet.get("cells"), list) else ():
            if isinstance(cell, dict) and cell.get("cell_type") == "code":
                source = cell.get("source", cell.get("input", ""))  # `input` in format 3
                parts = source if isinstance(source, list) else [source]
                found.append("".join(part for part in parts if isinstance(part, str)))
    return [_clean(source) for source in found]


def _of_python(data):
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        text = data.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        raise Unreadable("it is not Python in UTF-8") from None
    return [_clean(source) for source in SPLIT.split(text)]


def _clean(source):
    """Without what cannot be sent: surrogates that stand alone, which JSON lets through."""
    return source.encode("utf-8", "replace").decode("utf-8")
