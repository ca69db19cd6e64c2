"""The worker's end of the pipes to the grader."""

import builtins
import os
from collections.abc import Callable

import numpy as np

from cnnlearn.classroom.inside import messages, wire
from cnnlearn.classroom.inside.messages import CallBack, Failed, Returned, Try


class Channel:
    """Messages to and from the grader. Functions do not cross: the other side is given a number, by which it asks."""

    def __init__(self, incoming: int, outgoing: int):
        self.incoming, self.outgoing = incoming, outgoing
        self.functions = []

    def read(self):
        """The next message; None once the grader has closed its end."""
        head = self._bytes(wire.HEAD)
        return None if head is None else messages.unpack(self._bytes(wire.length(head)), self._resolve)

    def write(self, message) -> None:
        data = memoryview(messages.pack(message, self._refer))
        while data:
            data = data[os.write(self.outgoing, data) :]

    def ask(self, message):
        """What the grader answers. Meanwhile it may ask for functions that were among the arguments."""
        before = len(self.functions)
        self.write(message)
        try:
            while True:
                reply = self.read()
                if reply is None:
                    os._exit(0)
                if not isinstance(reply, CallBack):
                    return reply
                self.write(called(self.functions[reply.number], reply.arguments, reply.keywords))
        finally:
            del self.functions[before:]

    def _bytes(self, count):
        parts = []
        while count:
            part = os.read(self.incoming, min(count, 2**20))
            if not part:
                return None
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def _refer(self, value):
        if type(value) is np.random.Generator and type(value.bit_generator) is np.random.PCG64:
            state = value.bit_generator.state["state"]
            return wire.Generator(state["state"], state["inc"])
        if not callable(value) or isinstance(value, type):
            return None
        self.functions.append(value)
        return wire.Function(len(self.functions) - 1)

    def _resolve(self, stand_in):
        if isinstance(stand_in, wire.Candidate):
            return Lent(self, lambda arguments, keywords: Try(stand_in.number, arguments, keywords))
        if isinstance(stand_in, wire.Function):
            return Lent(self, lambda arguments, keywords: CallBack(stand_in.number, arguments, keywords))
        bits = np.random.PCG64()
        bits.state = bits.state | {"state": {"state": stand_in.state, "inc": stand_in.increment}}
        return np.random.Generator(bits)


def called(function, arguments, keywords) -> Returned | Failed:
    """What a call with plain data gave."""
    try:
        value = function(*arguments, **keywords)
        value = value.numpy() if callable(getattr(value, "numpy", None)) else value
        return Returned(value, [a if type(a) in (np.ndarray, np.random.Generator) else None for a in arguments])
    except (Exception, SystemExit) as error:
        return Failed(type(error).__name__, str(error)[:500])


class Lent:
    """A function that lives on the other side; a call crosses over with its arguments and comes back with the value.

    asking: the message that asks for it, from the arguments and keywords.
    """

    def __init__(self, channel: Channel, asking: Callable):
        self._channel, self._asking = channel, asking

    def __call__(self, *arguments, **keywords):
        reply = self._channel.ask(self._asking(list(arguments), keywords))
        if isinstance(reply, Failed):
            raise _error(reply.type)(reply.message)
        for mine, changed in zip(arguments, reply.arguments, strict=False):
            _change_in_place(mine, changed)  # a lent function that edits what it is given does so here as well
        return reply.value

    def __deepcopy__(self, memory):
        return self

    def __repr__(self):
        return "<a function>"


def _error(name):
    kind = getattr(builtins, name, None)
    return kind if isinstance(kind, type) and issubclass(kind, Exception) else RuntimeError


def _change_in_place(mine, changed):
    if type(mine) is np.ndarray and type(changed) is np.ndarray and mine.shape == changed.shape:
        if mine.flags.writeable and not np.array_equal(mine, changed, equal_nan=mine.dtype.kind in "fc"):
            mine[...] = changed
    elif type(mine) is np.random.Generator and type(changed) is np.random.Generator:
        mine.bit_generator.state = changed.bit_generator.state
