"""What the lessons ask, and the judge of the answers: `check`, `hint`."""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from cnnlearn.exercises.exercise import Exercise

# Lesson number -> module: whatever lesson_NN_*.py lies here.
LESSONS = {int(m.name.split("_")[1]): m.name for m in iter_modules(__path__) if m.name.startswith("lesson_")}


@cache
def exercises_of(lesson: int) -> tuple[Exercise, ...]:
    """The exercises of a lesson, in the order in which it asks them. ValueError for an unknown lesson."""
    if lesson not in LESSONS:
        raise ValueError(f"There is no lesson {lesson}; there are {', '.join(f'{n:02}' for n in LESSONS)}.")
    return import_module(f"cnnlearn.exercises.{LESSONS[lesson]}").EXERCISES


def find(name: str) -> Exercise:
    """The exercise with this name. LookupError if no lesson asks for such a function."""
    for lesson in LESSONS:
        for exercise in exercises_of(lesson):
            if exercise.name == name:
                return exercise
    raise LookupError(f"No lesson asks for a function named {name!r}. Is it spelled as in the lesson?")


def __getattr__(name):  # so that the judge, with progress and display, is loaded only where it is used
    if name in ("check", "hint"):
        return getattr(import_module("cnnlearn.exercises.checking"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
