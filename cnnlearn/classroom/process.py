"""A worker as the grader sees it: pipes to it, its clock, its memory, and what it prints."""

import contextlib
import os
import selectors
import signal
import subprocess
import time

from cnnlearn.classroom.clock import Clock
from cnnlearn.classroom.inside import messages, wire
from cnnlearn.classroom.verdicts import Status, Stopped

PATIENCE = 0.2  # seconds between two looks at the memory
SHOWN = 2000  # bytes of prints that are kept
PAGE, TICKS = os.sysconf("SC_PAGE_SIZE"), os.sysconf("SC_CLK_TCK")


class Process:
    """Sends and receives messages; raises Stopped, with the reason, when that goes no further.

    clock: how long it may be waited for.
    """

    def __init__(self, command, limits, passed=(), **options):
        self.limits, self.clock = limits, Clock(0)
        self.printed, self._count, self._buffer = b"", 0, bytearray()
        incoming, self._ask = os.pipe()
        self._reply, outgoing = os.pipe()
        self._prints, prints = os.pipe()
        try:
            self._process = subprocess.Popen(
                [*command, str(incoming), str(outgoing)],
                stdin=subprocess.DEVNULL,
                stdout=prints,
                stderr=prints,
                pass_fds=(incoming, outgoing, *passed),
                start_new_session=True,
                **options,
            )
        except BaseException:
            for end in (self._ask, self._reply, self._prints):
                os.close(end)
            raise
        finally:
            for end in (incoming, outgoing, prints):
                os.close(end)
        self._selector = selectors.DefaultSelector()
        for end in (self._ask, self._reply, self._prints):
            os.set_blocking(end, False)
        for end in (self._reply, self._prints):
            self._selector.register(end, selectors.EVENT_READ)

    def wait_until_ready(self, seconds: float) -> None:
        self.clock = Clock(seconds, running=True)
        self.receive()
        self._alone = len(_tree(self._process.pid))

    def send(self, message, answer: bool = False) -> None:
        """Sends a message. Bytes that are there before it, unless it answers a question, are an attempt to cheat."""
        self._pump(until=lambda: True)
        if self._buffer and not answer:
            raise Stopped(Status.TAMPERED, "it wrote into the grader's channel")
        self._pump(messages.pack(message))

    def receive(self):
        """The next message."""
        try:
            self._pump(until=lambda: len(self._buffer) >= wire.HEAD)
            end = wire.HEAD + wire.length(bytes(self._buffer[: wire.HEAD]))
            self._pump(until=lambda: len(self._buffer) >= end)
            message = messages.unpack(bytes(self._buffer[wire.HEAD : end]))
        except wire.WireError:
            raise Stopped(Status.TAMPERED, "what came back is no reply") from None
        del self._buffer[:end]
        return message

    def clean(self) -> bool:
        """Whether nothing but the worker itself is left of an answer: no bytes, no other process."""
        self._pump(until=lambda: True)
        return not self._buffer and len(_tree(self._process.pid)) <= self._alone

    def worked(self) -> float:
        """Seconds that it has kept a processor busy."""
        return _worked(self._process.pid)

    def kill(self) -> None:
        if self._process is None:
            return
        for kill in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                kill(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None
        self._selector.close()
        for end in (self._ask, self._reply, self._prints):
            os.close(end)

    def _pump(self, outgoing: bytes = b"", until=lambda: True):
        """Moves bytes until `outgoing` is sent and `until()` holds, within the clock and the limits."""
        looked = time.monotonic()
        rest = memoryview(outgoing)
        if rest:
            self._selector.register(self._ask, selectors.EVENT_WRITE)
        once = False
        while rest or not until() or not once:
            left = self.clock.left
            waiting = rest or not until()
            if left <= 0 and waiting:
                raise Stopped(Status.TIMED_OUT, "the time was up")
            for key, _ in self._selector.select(min(max(left, 0), PATIENCE) if waiting else 0):
                if key.fd == self._ask:
                    rest = rest[self._write(rest) :]
                    if not rest:
                        self._selector.unregister(self._ask)
                else:
                    self._read(key.fd)
            once = True
            if time.monotonic() - looked > PATIENCE:
                looked = time.monotonic()
                if _resident(self._process.pid) > self.limits.resident:
                    raise Stopped(Status.OUT_OF_MEMORY, "its processes took more memory than they may")

    def _write(self, rest):
        try:
            return os.write(self._ask, rest[: 2**16])
        except BrokenPipeError:
            raise Stopped(Status.CRASHED, "its process ended") from None

    def _read(self, end):
        data = os.read(end, 2**18)
        if end == self._reply:
            self._buffer += data
            if not data:
                raise Stopped(Status.CRASHED, "its process ended")
            if len(self._buffer) > 2 * wire.LARGEST:
                raise Stopped(Status.TAMPERED, "it flooded the grader's channel")
            return
        if not data:
            self._selector.unregister(end)
        self.printed += data[: SHOWN - len(self.printed)]
        self._count += len(data)
        if self._count > self.limits.printed:
            raise Stopped(Status.CRASHED, f"it printed more than {self.limits.printed // 2**20} MB")

    def take_printed(self) -> str:
        """What was printed since the last time, cut."""
        text, self.printed, self._count = self.printed.decode(errors="replace"), b"", 0
        return text


def ending(status) -> str:
    """How a process ended, in words; `status` is what the worker says of it."""
    try:
        if os.WIFSIGNALED(status):
            return f"its process ended by {signal.Signals(os.WTERMSIG(status)).name}"
    except (TypeError, ValueError, OverflowError):
        pass
    return "its process ended before it answered"


def _worked(pid):
    """Seconds that a process and those that come from it have kept a processor busy."""
    total = 0
    for each in _tree(pid):
        try:
            with open(f"/proc/{each}/stat") as file:
                total += sum(map(int, file.read().rpartition(")")[2].split()[11:15]))
        except (OSError, ValueError):
            continue
    return total / TICKS


def _tree(pid):
    """The process and all that come from it."""
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir(f"/proc/{parent}/task"):
                with open(f"/proc/{parent}/task/{task}/children") as file:
                    found += map(int, file.read().split())
        except OSError:
            continue
    return found


def _resident(pid):
    """Bytes in use by a process and those that come from it, without what they share with files."""
    total = 0
    for each in _tree(pid):
        try:
            with open(f"/proc/{each}/statm") as file:
                _, resident, shared, *_ = file.read().split()
                total += (int(resident) - int(shared)) * PAGE
        except (OSError, ValueError):
            continue
    return total
