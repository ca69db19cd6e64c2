"""Making text of strangers harmless: names, messages and prints of students, in every place where they are shown."""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

# Control characters (a terminal obeys some), marks that turn the direction of writing, halves of surrogate pairs.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
LONGEST = 400
# No names for files on Windows; "student" is what stands for a name without letters.
RESERVED = {"con", "prn", "aux", "nul", "student", *(f"{port}{n}" for port in ("com", "lpt") for n in range(10))}


def clean(text: str, longest: int = LONGEST) -> str:
    """Without characters that cannot be seen, and cut: fit for a terminal, for XML and JSON."""
    text = UNSEEN.sub("\ufffd", text[: longest + 1].replace("\r\n", "\n"))
    return text if len(text) <= longest else text[: longest - 1] + "…"


def line(text: str, longest: int = LONGEST) -> str:
    """As `clean`, on one line."""
    return " ".join(clean(text, longest).split())


def cell(text: str) -> str:
    """As `line`, and never a formula: spreadsheets run what begins with one of these."""
    text = line(text)
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "|", "%")) else text


def markdown(text: str) -> str:
    """As `line`, with all that means something in Markdown or HTML taken literally."""
    return re.sub(r"([\\`*_{}\[\]()<>#+.!|~&:@-])", r"\\\1", line(text)).replace("\\<", "&lt;").replace("\\>", "&gt;")


def file_names(students: Sequence[str]) -> dict[str, str]:
    """A name for the file of each student, safe on every system and different from all others."""
    plain = {student: _plain(student) for student in students}
    count = Counter(name.casefold() for name in plain.values())
    names = {}
    for student, name in plain.items():
        digest = hashlib.sha256(student.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        unique = count[name.casefold()] == 1 and name.casefold() not in RESERVED
        names[student] = name if unique else f"{name}-{digest}"
    return names


def _plain(student):
    letters = unicodedata.normalize("NFKD", student).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9_-]+", "-", letters).strip("-")[:60] or "student"
