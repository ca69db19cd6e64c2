"""Finding lines of solutions where a learner would read them."""

from collections.abc import Callable, Iterable

from cnnlearn.course.cells import body_lines

SHORTEST = 12  # characters, blanks not counted: shorter lines (`return alpha`) give nothing away
TOOLS = ("import ", "from ", "except ", "with tf.GradientTape()")  # lines that begin so say which tool is taken


def find_leak(functions: Iterable[Callable], texts: Iterable[str]) -> tuple[str, str] | None:
    """The first line of a function's body that stands in one of the texts: (name of the function, line).

    Blanks are ignored, and so is a leading `return`: what a solution returns may not be shown as an expression either.
    Imports give nothing away, nor does the catching of an error, nor the opening of a tape, which lesson 00 teaches.
    """
    squeezed = [_squeeze(text) for text in texts]
    for function in functions:
        for line in body_lines(function):
            if line.strip().startswith(TOOLS):
                continue
            told = _squeeze(line.strip().removeprefix("return "))
            if len(told) >= SHORTEST and any(told in text for text in squeezed):
                return function.__name__, line.strip()
    return None


def _squeeze(text):
    return "".join(text.split())
