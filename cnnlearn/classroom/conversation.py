"""Asking a worker for one answer. What it may borrow is lent to it, and its outputs are made fit for the judge."""

import builtins
import re
from importlib import import_module

from cnnlearn.classroom.process import Process, Reference, ending, plain_names
from cnnlearn.classroom.sandbox import Sandbox, SandboxError
from cnnlearn.classroom.verdicts import Status, Stopped
from cnnlearn.exercises import LESSONS, exercises_of
from cnnlearn.exercises.exercise import Fixture
from cnnlearn.exercises.outputs import Output, Raised

ERRORS = {name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)}
ERRORS |= {"AxisError", "LinAlgError", "InvalidArgumentError"}
ANOTHER = "an error of a type of its own"


class Helper:
    """A worker that has the course's functions and runs no student code. It starts when it is first asked."""

    def __init__(self, sandbox: Sandbox):
        self._sandbox = sandbox
        self._process: Process | None = None

    def call(self, message: dict, callback, seconds: float) -> tuple[dict, float]:
        """Its reply, and the seconds that it took; `callback` answers what it asks meanwhile.

        HelperFailed if the function that it calls ends its process or takes too long.
        """
        try:
            self._process = self._process or self._sandbox.start("helper")
        except (SandboxError, OSError) as error:
            raise Stopped(Status.GRADERS_FAULT, str(error)) from None
        self._process.seconds = seconds
        finished = False
        try:
            while "callback" in (reply := self._step(message)):
                message = callback({"callback": reply["callback"], "arguments": reply["arguments"]})
            finished = True
            return reply, seconds - self._process.seconds
        finally:
            if not finished:
                self.close()

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process = None

    def _step(self, message):
        try:
            self._process.send(message)
            return self._process.receive()
        except Stopped as stopped:
            raise HelperFailed(stopped.fact) from None


class HelperFailed(RuntimeError):
    """The course's own function could not take what it was given."""


class Conversation:
    """Asks one worker for one answer, whose submission has these lines."""

    def __init__(self, process: Process, lesson: int, lines: set[str], helper: Helper):
        self.process, self.lesson, self.lines, self.helper = process, lesson, lines, helper
        self.lent = []  # (exercise, mistake), by the number that the worker knows
        self.said = ""  # the words of the first error

    def begin(self, request: dict) -> str:
        """Why there is no such answer; "" if there is one."""
        self.process.send(request)
        reply = self._reply()
        self._found = "missing" not in reply
        return "" if self._found else _reason(reply["missing"])

    def ask(self, arguments: tuple) -> Output:
        """What the answer makes of the arguments. Stopped if it makes nothing of them, not even an error."""
        self.process.send(tuple(self._lend(argument) for argument in arguments))
        reply = self._reply()
        changed = reply.get("changed") is True
        if "value" in reply:
            return Output(plain_names(reply["value"]), changed)
        if not isinstance(reply.get("raised"), str):
            raise Stopped(Status.TAMPERED, "what came back is no reply")
        if reply["raised"] == "MemoryError":
            raise Stopped(Status.OUT_OF_MEMORY, "it asked for more than there is")
        self.said = self.said or f"{reply['raised'][:100]}: {str(reply.get('message', ''))[:1000]}"
        # Of an error only what cannot carry an input goes on: a known type, and a line that stands in the submission.
        where = reply.get("where") if reply.get("where") in self.lines else ""
        return Output(Raised(_known(reply["raised"]), "", where), changed)

    def end(self) -> None:
        """Lets the answer's process end, if it has not: it does where there is no answer."""
        if self._found:
            self.process.send(None)
        if "ended" not in self.process.receive():
            raise Stopped(Status.TAMPERED, "it wrote into the grader's channel")

    def _reply(self):
        """The next message that is no question; questions are answered on the way."""
        while True:
            message = self.process.receive()
            if "ended" in message:
                raise Stopped(Status.CRASHED, ending(message["ended"]))
            if "lend" not in message and "lent" not in message:
                return message
            self.process.send(self._borrowed(message), answer=True)

    def _lend(self, argument):
        if isinstance(argument, Fixture) and argument.name == "candidates.candidate":
            parameters = dict(argument.parameters)
            self.lent.append((parameters["exercise"], parameters["mistake"]))
            return Reference({"lent": len(self.lent) - 1})
        return argument

    def _borrowed(self, message):
        """What a function of the course gives; the helper calls it."""

        def callback(question):
            self.process.send(question, answer=True)
            return self._reply()

        try:
            exercise, mistake = self._meant(message)
            call = {"exercise": exercise, "mistake": mistake}
            call |= {"arguments": list(message["arguments"]), "keywords": dict(message["keywords"])}
            reply, seconds = self.helper.call(call, callback, self.process.seconds)
        except (LookupError, TypeError, ValueError, HelperFailed) as error:
            return {"raised": type(error).__name__, "message": str(error)}
        self.process.seconds -= seconds
        return reply

    def _meant(self, message):
        """The exercise and the mistake ("" is none) that a worker may mean.

        Lent is what an earlier lesson asked for, and what this lesson's solutions take from the file of another.
        """
        if "lent" in message:
            return self.lent[message["lent"]]
        module, name = message["lend"]
        for number in LESSONS:
            for exercise in exercises_of(number) if number != self.lesson else ():
                meant = (exercise.reference.__module__, exercise.name) == (module, name)
                if meant and (number < self.lesson or self._is_used(exercise)):
                    return name, ""
        raise LookupError(f"{str(name)[:60]!r} is not lent here.")

    def _is_used(self, exercise):
        files = {own.reference.__module__ for own in exercises_of(self.lesson)}
        return any(getattr(import_module(file), exercise.name, None) is exercise.reference for file in files)


def _known(name):
    return name if name in ERRORS else ANOTHER


def _reason(said):
    """Why an answer is missing, as far as the worker's words can be repeated."""
    said = str(said)
    broken = re.fullmatch(r"(cell \d{1,6}(?: of file \d{1,6})?) failed: (\w+)", said)
    if broken:
        return f"{broken[1]} failed: {_known(broken[2])}"
    own = ("it is the course's own, and no cell defines it", "what has this name is not a function")
    return said if said in own else "no cell defines it"
