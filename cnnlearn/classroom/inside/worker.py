"""The worker: runs answers on cases and sends back what came out. It knows nothing else, and nobody believes it.

Each answer has a process of its own, forked from this one, which never runs student code itself.
"""

import os
import resource
import sys
from importlib import import_module
from types import SimpleNamespace

from cnnlearn.classroom.inside import lending
from cnnlearn.classroom.inside.channel import Channel, called
from cnnlearn.classroom.inside.definitions import Missing, find, imports
from cnnlearn.classroom.inside.messages import (
    Absent,
    Case,
    Ended,
    Found,
    NeedsTensorFlow,
    Raised,
    Ready,
    Request,
    Value,
)
from cnnlearn.classroom.inside.wire import Foreign, WireError
from cnnlearn.exercises import outputs


def work(tensorflow: int, processes: int, incoming: int, outgoing: int) -> None:
    """Serves one request after the other until the grader closes its end.

    All that takes long to import is imported here, once, before any student code: "ready" says so.
    """
    channel = Channel(incoming, outgoing)
    lending.install(channel)
    if tensorflow:
        import_module("keras")
        import_module("tensorflow")
    limit(resource.RLIMIT_NPROC, processes)
    limit(resource.RLIMIT_CORE, 0)
    channel.write(Ready())
    while (request := channel.read()) is not None:
        process = os.fork()
        if process == 0:
            try:
                answer(channel, request)
            finally:
                os._exit(0)
        _, status = os.waitpid(process, 0)
        channel.write(Ended(status))


def limit(which: int, value: int) -> None:
    """Sets a limit that cannot be raised again."""
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def answer(channel: Channel, request: Request) -> None:
    """Defines the answer, says whether it is there, and calls it with each case that the grader sends."""
    own = os.getpid()
    limit(resource.RLIMIT_AS, request.memory)
    limit(resource.RLIMIT_FSIZE, request.file_size)
    observe = getattr(import_module(request.observe[0]), request.observe[1]) if request.observe else None
    exercise = SimpleNamespace(observe=observe)
    if "tensorflow" not in sys.modules and imports(request.name, request.cells) & {"tensorflow", "keras"}:
        channel.write(NeedsTensorFlow())
        return
    namespace = {"__name__": "__main__", "display": lambda *things, **options: None, "get_ipython": lambda: None}
    try:
        function = find(request.name, request.cells, namespace)
    except Missing as missing:
        channel.write(Absent(str(missing)))
        return
    if isinstance(function, lending.Borrowed):
        channel.write(Absent("it is the course's own, and no cell defines it"))
        return
    channel.write(Found())
    while isinstance(case := channel.read(), Case):
        try:
            message = _outcome(exercise, function, case.arguments)
            if os.getpid() != own:
                os._exit(0)  # a copy that the answer made of its process has no say
            channel.write(message)
        except WireError:
            channel.write(Value(Foreign("very large value"), False))
        except MemoryError:
            channel.write(Raised("MemoryError", "", "", False))


def _outcome(exercise, function, arguments):
    output = outputs.run(exercise, function, arguments)
    if not isinstance(output.value, outputs.Raised):
        return Value(output.value, output.changed_input)
    raised = output.value
    where = raised.where if len(raised.where) < 500 else ""
    return Raised(raised.type[:100], raised.message[:500], where, output.changed_input)


def help_out(processes: int, memory: int, incoming: int, outgoing: int) -> None:
    """The other kind of worker: calls the course's own functions, right or with a mistake, and runs no student code."""
    from cnnlearn.exercises import find

    channel = Channel(incoming, outgoing)
    for which, value in ((resource.RLIMIT_NPROC, processes), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory)):
        limit(which, value)
    channel.write(Ready())
    while (request := channel.read()) is not None:
        exercise = find(request.exercise)
        functions = {mistake.name: mistake.function for mistake in exercise.mistakes} | {"": exercise.reference}
        channel.write(called(functions[request.mistake], request.arguments, request.keywords))


def main(arguments: list[str]) -> None:
    kind, *numbers = arguments
    (work if kind == "work" else help_out)(*map(int, numbers))


if __name__ == "__main__":
    main(sys.argv[1:])
