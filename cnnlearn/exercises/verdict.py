"""What the judge says: a named verdict, in at most twelve lines, as text and as HTML."""

import html
import textwrap
from dataclasses import dataclass, field
from enum import StrEnum

LINES, WIDTH = 12, 96


class Kind(StrEnum):
    RIGHT = "right"
    LENT = "the course's own"
    NOT_STARTED = "not started"
    RAISED = "raised an error"
    WRONG_TYPE = "wrong type"
    WRONG_SHAPE = "wrong shape"
    NOT_FINITE = "not finite"
    CHANGED_INPUT = "changed its input"
    WRONG_VALUE = "wrong value"


_MARKS = {Kind.RIGHT: "✓", Kind.NOT_STARTED: "○", Kind.LENT: "○"}
# Of the bar; the mark tells it too.
_COLOURS = {
    Kind.RIGHT: "#0072b2",
    Kind.NOT_STARTED: "#767676",
    Kind.LENT: "#767676",
}


@dataclass(frozen=True)
class Verdict:
    """lines: the explanation; mistake: its name in the bank, if it is there; cases: how many were right, and tried.

    case: the arguments on which it fails.
    """

    exercise: str
    kind: Kind
    lines: tuple[str, ...] = ()
    mistake: str = ""
    cases: tuple[int, int] = (0, 0)
    case: tuple | None = field(default=None, compare=False)

    @property
    def right(self) -> bool:
        return self.kind is Kind.RIGHT

    @property
    def title(self) -> str:
        return f"{_MARKS.get(self.kind, '✗')} {self.exercise}: {self.kind.value}"

    def _body(self):
        wrapped = [part for line in "\n".join(self.lines).splitlines() for part in textwrap.wrap(line, WIDTH) or [""]]
        if len(wrapped) >= LINES:
            wrapped = wrapped[: LINES - 2] + ["…"]
        return wrapped

    def __repr__(self):
        return "\n".join([self.title, *("  " + line for line in self._body())])

    def _repr_html_(self):
        colour = _COLOURS.get(self.kind, "#b34700")
        body = "<br>".join(html.escape(line) for line in self._body())
        return (
            f'<div role="status" style="border-left: 4px solid {colour}; padding: 0.3em 0.8em; margin: 0.3em 0">'
            f"<b>{html.escape(self.title)}</b><br>{body}</div>"
        )
