"""Docstrings are written to be read in a notebook; here they become reStructuredText."""

import re

ARGUMENT = re.compile(r"(\*{0,2}[a-z_]\w*(, )?)+: |Returns ")  # `image: floats …`, `rows, columns: …`


def to_rst(lines: list[str]) -> list[str]:
    """Arguments and list items each in a paragraph of its own, formulas as they stand, no mark-up but `code`."""
    converted, after_blank = [], True
    for line in lines:
        formula = line.startswith("    ") and after_blank
        if formula or (converted and converted[-1].startswith("    ") and line.startswith("    ")):
            if not converted or not converted[-1].startswith("    "):
                converted += ["::", ""]
            converted.append(line)
        else:
            text = _escaped(line.strip())
            starts = ARGUMENT.match(line) or text.startswith("- ")
            in_item = bool(converted) and converted[-1].startswith(("- ", "  ")) and not after_blank and not starts
            converted += [""] * bool(starts) + ["  " * in_item + text]
        after_blank = not line.strip()
    return converted


def _escaped(text):
    """Outside of backticks, what reStructuredText would take for mark-up; and letters that follow on a backtick."""
    parts = re.split(r"(`[^`]*`)", text)
    parts[::2] = [re.sub(r"([*|_\\])", r"\\\1", part) for part in parts[::2]]
    parts[2::2] = [re.sub(r"^(?=\w)", r"\\ ", part) for part in parts[2::2]]
    return "".join(parts)
