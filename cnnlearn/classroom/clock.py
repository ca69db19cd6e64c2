"""Time: what an answer has left of it, and whose turn it is."""

import threading
import time
from contextlib import contextmanager


class Clock:
    """Counts down while it runs, whoever works for the answer meanwhile: its worker, the helper, or we in reading."""

    def __init__(self, seconds: float, running: bool = False):
        self._left = seconds
        self._since = time.monotonic() if running else None

    @property
    def left(self) -> float:
        return self._left - (time.monotonic() - self._since if self._since is not None else 0)

    @contextmanager
    def running(self):
        self._since = time.monotonic()
        try:
            yield
        finally:
            self._left, self._since = self.left, None


class Turns:
    """Many work together, or one alone: who wants to be alone waits for the others, and they then wait for it."""

    def __init__(self):
        self._changed, self._together, self._alone = threading.Condition(), 0, False

    @contextmanager
    def together(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._together += 1
        try:
            yield
        finally:
            with self._changed:
                self._together -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self):
        with self._changed:
            self._changed.wait_for(lambda: not self._alone)
            self._alone = True
            self._changed.wait_for(lambda: not self._together)
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
