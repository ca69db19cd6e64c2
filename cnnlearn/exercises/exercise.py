"""What an exercise is: a reference, cases to try it on, and the mistakes that learners make."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that runs, and the sentence that explains it to the learner."""

    name: str
    function: Callable
    message: str


@dataclass(frozen=True)
class Axiom:
    """A law that every right answer obeys: `holds(answer, *arguments)` is true for the arguments of every case.

    `answer` may be called, with these arguments or others; it returns plain data.
    """

    statement: str
    holds: Callable[..., bool]


@dataclass(frozen=True)
class Fixture:
    """An argument that is not plain data (a network, a game, a candidate), by its name: "networks.small_network".

    The name is a file of `fixtures/` and a function there. It is built anew for each call, on either side of a process
    border, so that cases stay plain data.
    """

    name: str
    parameters: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True)
class Exercise:
    """One function to write.

    reference: the right answer; its signature and docstring are the stub, its source the solution.
    cases: from a Generator to a list of tuples of positional arguments (arrays, numbers, strings, Fixtures).
        Where the reference raises an error, the answer must raise an error of the same type.
    mistakes: at least three; each must differ from the reference, and from the others, on the cases.
    hints: three, from a nudge to nearly the answer, none with code of the solution.
    tolerance: largest difference allowed, as a share of the largest expected value of a case.
    compared: whether outputs are compared with the reference's; if not, the axioms alone decide.
    observe: turns the call into plain data where the answer returns something else: `observe(answer, *arguments)`, a
        function of `fixtures/`, since it runs where the answer does.
    describe: a sentence about a wrong output in the exercise's own words: `describe(arguments, expected, got)`.
    tensorflow: whether judging needs TensorFlow.
    """

    reference: Callable
    cases: Callable[[np.random.Generator], list[tuple]]
    mistakes: tuple[Mistake, ...]
    hints: tuple[str, str, str]
    points: int
    difficulty: int
    minutes: int
    axioms: tuple[Axiom, ...] = ()
    tolerance: float = 1e-5
    tolerance_reason: str = "room for float32 arithmetic"
    compared: bool = True
    observe: Callable | None = None
    describe: Callable | None = None
    tensorflow: bool = False

    @property
    def name(self) -> str:
        return self.reference.__name__
