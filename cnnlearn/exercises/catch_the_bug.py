"""Catch the bug: the learner writes a test, and it is tried on a right function and on wrong ones."""

from collections.abc import Callable

from cnnlearn.exercises.exercise import Exercise, Fixture, Mistake

ACCEPTS_ALL = Mistake("accepts all", lambda candidate: True, "Your test finds every function right, wrong ones too.")
REJECTS_ALL = Mistake(
    "rejects all", lambda candidate: False, "Your test finds every function wrong, the right one too."
)


def catch_the_bug(test: Callable, of: Exercise, mistakes: tuple[Mistake, ...], **form) -> Exercise:
    """The exercise that asks for a test of the function that `of` asks for: true for a right one, false for each of its
    mistakes.

    test: the reference, candidate -> bool. mistakes: what such tests do wrong, besides finding all right, all wrong, or
    each the other way round. form: what else an Exercise holds, its hints, points, difficulty and minutes.
    """
    messages = {mistake.name: mistake.message for mistake in of.mistakes}

    def candidates(rng):
        names = ("", *messages)
        return [(Fixture("candidates.candidate", (("exercise", of.name), ("mistake", name))),) for name in names]

    def what_was_missed(arguments, expected, got):
        name = dict(arguments[0].parameters)["mistake"]
        if not name:
            return "Your test rejects the right function."
        return f"Your test lets a wrong function through. Its author would be told: {messages[name]}"

    turned_round = Mistake(
        "turned round",
        lambda candidate: not test(candidate),
        "Your answer is turned round: true must mean that the function is right.",
    )
    mistakes = (ACCEPTS_ALL, REJECTS_ALL, *mistakes, turned_round)
    return Exercise(reference=test, cases=candidates, describe=what_was_missed, mistakes=mistakes, **form)
