"""The helper: a worker that has the course's functions and runs no student code. It starts when it is first asked."""

from collections.abc import Callable

from cnnlearn.classroom.clock import Clock
from cnnlearn.classroom.inside.messages import CallBack, Failed, Help, Returned
from cnnlearn.classroom.process import Process
from cnnlearn.classroom.sandbox import Sandbox, SandboxError
from cnnlearn.classroom.verdicts import Status, Stopped


class HelperFailed(RuntimeError):
    """The course's own function could not take what it was given."""


class Helper:
    def __init__(self, sandbox: Sandbox):
        self._sandbox = sandbox
        self._process: Process | None = None

    def call(self, message: Help, call_back: Callable, clock: Clock) -> Returned | Failed:
        """Its reply; `call_back` answers what it asks meanwhile. All of it, the start too, is on the answer's clock.

        HelperFailed if the function that it calls ends its process.
        """
        self._start(clock)
        reply = None
        try:
            reply = self._step(message)
            while isinstance(reply, CallBack):
                question, reply = reply, None
                reply = self._step(call_back(question))
            return reply
        finally:
            if not isinstance(reply, (Returned, Failed)):
                self.close()

    def starts(self) -> bool:
        """Whether it can be had, now that no student's process is in the way."""
        try:
            self._process = self._process or self._sandbox.start("helper")
        except (SandboxError, OSError):
            return False
        return True

    def close(self) -> None:
        if self._process:
            self._process.kill()
            self._process = None

    def _start(self, clock):
        try:
            self._process = self._process or self._sandbox.start("helper", max(clock.left, 0))
        except (SandboxError, OSError) as error:
            if clock.left <= 0:
                raise Stopped(Status.TIMED_OUT, "the time was up") from None
            raise Stopped(Status.GRADERS_FAULT, str(error)) from None
        self._process.clock = clock

    def _step(self, message):
        try:
            self._process.send(message)
            return self._process.receive()
        except Stopped as stopped:
            if stopped.status is Status.TIMED_OUT:
                raise
            raise HelperFailed(stopped.fact) from None
