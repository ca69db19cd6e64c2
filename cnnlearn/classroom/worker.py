"""The worker: runs answers on cases and sends back what came out. It knows nothing else, and nobody believes it.

Each answer has a process of its own, forked from this one, which never runs student code itself.
"""

import os
import resource
import sys
from importlib import import_module
from types import SimpleNamespace

from cnnlearn.classroom import lending
from cnnlearn.classroom.channel import Channel, called
from cnnlearn.classroom.definitions import Missing, find
from cnnlearn.classroom.wire import Foreign, WireError
from cnnlearn.exercises.outputs import Raised, run


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
    channel.write({"ready": True})
    while (request := channel.read()) is not None:
        process = os.fork()
        if process == 0:
            try:
                answer(channel, **request)
            finally:
                os._exit(0)
        _, status = os.waitpid(process, 0)
        channel.write({"ended": status})


def limit(which: int, value: int) -> None:
    """Sets a limit that cannot be raised again."""
    hard = resource.getrlimit(which)[1]
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(which, (value, value))


def answer(channel: Channel, name: str, cells: list, observe, memory: int, file_size: int) -> None:
    """Defines the answer, says whether it is there, and calls it with what the grader sends until that is None."""
    own = os.getpid()
    limit(resource.RLIMIT_AS, memory)
    limit(resource.RLIMIT_FSIZE, file_size)
    exercise = SimpleNamespace(observe=observe and getattr(import_module(observe[0]), observe[1]))
    namespace = {"__name__": "__main__", "display": lambda *things, **options: None, "get_ipython": lambda: None}
    try:
        function = find(name, cells, namespace)
    except Missing as missing:
        channel.write({"missing": str(missing)})
        return
    if isinstance(function, lending.Borrowed):
        channel.write({"missing": "it is the course's own, and no cell defines it"})
        return
    channel.write({"found": True})
    while (arguments := channel.read()) is not None:
        try:
            message = _outcome(exercise, function, arguments)
            if os.getpid() != own:
                os._exit(0)  # a copy that the answer made of its process has no say
            channel.write(message)
        except WireError:
            channel.write({"value": Foreign("very large value"), "changed": False})
        except MemoryError:
            channel.write({"raised": "MemoryError", "message": "", "where": "", "changed": False})


def _outcome(exercise, function, arguments):
    output = run(exercise, function, arguments)
    if not isinstance(output.value, Raised):
        return {"value": output.value, "changed": output.changed_input}
    raised = output.value
    where = raised.where if len(raised.where) < 500 else ""
    message = {"raised": raised.type[:100], "message": raised.message[:500], "where": where}
    return message | {"changed": output.changed_input}


def help_out(processes: int, memory: int, incoming: int, outgoing: int) -> None:
    """The other kind of worker: calls the course's own functions, right or with a mistake, and runs no student code."""
    from cnnlearn.exercises import find

    channel = Channel(incoming, outgoing)
    for which, value in ((resource.RLIMIT_NPROC, processes), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_AS, memory)):
        limit(which, value)
    channel.write({"ready": True})
    while (request := channel.read()) is not None:
        exercise = find(request["exercise"])
        functions = {mistake.name: mistake.function for mistake in exercise.mistakes} | {"": exercise.reference}
        channel.write(called(functions[request["mistake"]], request["arguments"], request["keywords"]))


def main(arguments: list[str]) -> None:
    kind, *numbers = arguments
    (work if kind == "work" else help_out)(*map(int, numbers))


if __name__ == "__main__":
    main(sys.argv[1:])
