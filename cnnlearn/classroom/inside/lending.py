"""What a notebook imports from cnnlearn where the course's solutions are not there; this runs in the worker.

Files without solutions are in the worker as they are. In place of every other module stands one whose names are all
lent: calling one asks the grader, who answers for functions that another lesson asks for and refuses this lesson's own.
`check` gives back what it is given, so `f = check(f)` lends nothing.
"""

import sys
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from cnnlearn.classroom.inside.channel import Channel, Lent
from cnnlearn.classroom.inside.messages import Borrow


class Borrowed(Lent):
    """A name of the course that the worker does not have."""


class _Module(ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Borrowed(self._channel, lambda arguments, keywords: Borrow(self.__name__, name, arguments, keywords))


class Lender(MetaPathFinder, Loader):
    """Finds modules of cnnlearn that have no file here. It is asked last."""

    def __init__(self, channel: Channel):
        self.channel = channel

    def find_spec(self, name, path=None, target=None):
        return ModuleSpec(name, self, is_package=True) if name.startswith("cnnlearn.") else None

    def create_module(self, spec):
        module = _Module(spec.name)
        module._channel = self.channel
        return module

    def exec_module(self, module):
        pass


def install(channel: Channel) -> None:
    sys.meta_path.append(Lender(channel))
    desk = ModuleType("cnnlearn.exercises.checking")
    vars(desk).update(check=lambda function: function, hint=lambda function: None)
    sys.modules[desk.__name__] = desk
