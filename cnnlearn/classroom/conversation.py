"""Asking a worker for one answer. What it may borrow is lent to it, and its outputs are made fit for the judge."""

from contextlib import contextmanager
from importlib import import_module

from cnnlearn.classroom import told
from cnnlearn.classroom.clock import Clock
from cnnlearn.classroom.helper import Helper, HelperFailed
from cnnlearn.classroom.inside import wire
from cnnlearn.classroom.inside.messages import (
    Absent,
    Borrow,
    Case,
    Ended,
    Enough,
    Failed,
    Found,
    Help,
    NeedsTensorFlow,
    Raised,
    Request,
    Returned,
    Try,
    Value,
)
from cnnlearn.classroom.process import Process, ending
from cnnlearn.classroom.verdicts import Status, Stopped
from cnnlearn.exercises import LESSONS, exercises_of, outputs
from cnnlearn.exercises.exercise import Fixture


class Conversation:
    """Asks one worker for one answer, whose submission has these lines, for as long as the clock allows."""

    def __init__(self, process: Process, lesson: int, lines: set[str], helper: Helper, clock: Clock):
        self.process, self.lesson, self.lines, self.helper, self.clock = process, lesson, lines, helper, clock
        self.lent = []  # (exercise, mistake), by the number that the worker knows
        self.said = ""  # the words of the first error
        process.clock = clock

    def begin(self, request: Request) -> Found | Absent | NeedsTensorFlow:
        """Whether there is such an answer; if not, why, in words that may be told."""
        with self.clock.running():
            self.process.send(request)
            with _reading():
                reply = self._reply(Found, Absent, NeedsTensorFlow)
                self._found = isinstance(reply, Found)
                return Absent(told.reason(reply.reason)) if isinstance(reply, Absent) else reply

    def ask(self, arguments: tuple) -> outputs.Output:
        """What the answer makes of the arguments. Stopped if it makes nothing of them, not even an error."""
        with self.clock.running():
            self.process.send(Case(tuple(self._lend(argument) for argument in arguments)))
            with _reading():
                return self._output(self._reply(Value, Raised))

    def end(self) -> None:
        """Lets the answer's process end, if it has not: it does where there is no answer."""
        with self.clock.running():
            if self._found:
                self.process.send(Enough())
            with _reading():
                if not isinstance(self.process.receive(), Ended):
                    raise Stopped(Status.TAMPERED, "it wrote into the grader's channel")

    def _output(self, reply):
        if isinstance(reply, Value):
            return outputs.Output(told.plain(reply.value), reply.changed)
        if reply.type == "MemoryError":
            raise Stopped(Status.OUT_OF_MEMORY, "it asked for more than there is")
        self.said = self.said or f"{reply.type[:100]}: {reply.message[:1000]}"
        # Of an error only what cannot carry an input goes on: a known type, and a line that stands in the submission.
        where = reply.where if reply.where in self.lines else ""
        return outputs.Output(outputs.Raised(told.error(reply.type), "", where), reply.changed)

    def _reply(self, *kinds):
        """The next message that is no question; questions are answered on the way."""
        while True:
            message = self.process.receive()
            if isinstance(message, kinds):
                return message
            if isinstance(message, Ended):
                raise Stopped(Status.CRASHED, ending(message.status))
            if not isinstance(message, (Borrow, Try)):
                raise Stopped(Status.TAMPERED, "what came back is no reply")
            self.process.send(self._borrowed(message), answer=True)

    def _lend(self, argument):
        if isinstance(argument, Fixture) and argument.name == "candidates.candidate":
            parameters = dict(argument.parameters)
            self.lent.append((parameters["exercise"], parameters["mistake"]))
            return wire.Candidate(len(self.lent) - 1)
        return argument

    def _borrowed(self, message):
        """What a function of the course gives; the helper calls it."""

        def call_back(question):
            self.process.send(question, answer=True)
            return self._reply(Returned, Failed)

        try:
            call = Help(*self._meant(message), message.arguments, message.keywords)
            return self.helper.call(call, call_back, self.clock)
        except (LookupError, HelperFailed) as error:
            return Failed(type(error).__name__, str(error))

    def _meant(self, message):
        """The exercise and the mistake ("" is none) that a worker may mean.

        Lent is what an earlier lesson asked for, and what this lesson's solutions take from the file of another.
        """
        if isinstance(message, Try):
            return self.lent[message.number]
        for number in LESSONS:
            for exercise in exercises_of(number) if number != self.lesson else ():
                meant = (exercise.reference.__module__, exercise.name) == (message.module, message.name)
                if meant and (number < self.lesson or self._is_used(exercise)):
                    return exercise.name, ""
        raise LookupError(f"{message.name[:60]!r} is not lent here.")

    def _is_used(self, exercise):
        files = {own.reference.__module__ for own in exercises_of(self.lesson)}
        return any(getattr(import_module(file), exercise.name, None) is exercise.reference for file in files)


@contextmanager
def _reading():
    """Whatever fails while a student's bytes are read and answered fails because of them."""
    try:
        yield
    except Exception:
        raise Stopped(Status.TAMPERED, "the grader stumbled over its reply") from None
