"""Grading one submission: each answer is asked in a worker and judged here."""

import os
from collections.abc import Sequence
from dataclasses import replace

from cnnlearn.classroom.clock import Clock
from cnnlearn.classroom.conversation import Conversation
from cnnlearn.classroom.helper import Helper
from cnnlearn.classroom.hidden_cases import Trials, trials_of
from cnnlearn.classroom.inside.messages import Absent, Found, Request
from cnnlearn.classroom.sandbox import Sandbox
from cnnlearn.classroom.verdicts import Result, Status, Stopped, credit
from cnnlearn.exercises import exercises_of
from cnnlearn.exercises.exercise import Exercise
from cnnlearn.exercises.judge import explain
from cnnlearn.exercises.outputs import Raised, same
from cnnlearn.exercises.verdict import Kind, Verdict

TEXTS = {
    Status.NOT_STARTED: "The function is still a stub.",
    Status.MISSING: "There is no such function in the submission: {}.",
    Status.CRASHED: "It did not come to an end: {}.",
    Status.TIMED_OUT: "It took longer than it may. Is there a loop that does not end?",
    Status.OUT_OF_MEMORY: "It needed more memory than it may have: {}.",
    Status.TAMPERED: "It tampered with the grading: {}.",
    Status.UNREADABLE: "The submission cannot be read: {}.",
    Status.NOTHING: "Nothing to grade: {}.",
    Status.GRADERS_FAULT: "The grader failed, not the answer. This costs nothing; it should be graded again.",
}

ENOUGH = 0.9  # of the time, spent working, is proof that an answer is slow, and not the machine


class Grader:
    """Grades submissions of a lesson, one after the other. Cases come from the seed."""

    def __init__(self, sandbox: Sandbox, lesson: int, seed: int):
        self.sandbox, self.lesson, self.seed = sandbox, lesson, seed
        self._workers, self._helper = {}, Helper(sandbox)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self) -> None:
        self._helper.close()
        for kind in list(self._workers):
            self._end(kind)

    def grade(self, cells: Sequence[tuple[str, str]], unreadable: str = "") -> tuple[Result, ...]:
        """The verdicts on the answers in the cells (label, source) of a student."""
        exercises = exercises_of(self.lesson)
        if unreadable:
            return tuple(outcome(exercise, Status.UNREADABLE, unreadable) for exercise in exercises)
        # Those without TensorFlow first, so that they share a worker that never imports it.
        in_order = sorted(exercises, key=lambda exercise: exercise.tensorflow)
        results = {exercise.name: self._result(exercise, cells) for exercise in in_order}
        for kind in list(self._workers):
            self._end(kind)  # the next student gets workers of his own
        return tuple(results[exercise.name] for exercise in exercises)

    def _result(self, exercise, cells):
        try:
            return self._judged(exercise, trials_of(exercise, self.seed), cells)
        except Exception as error:  # what a student's bytes cause is Stopped, so this is a fault of ours
            return outcome(exercise, Status.GRADERS_FAULT, said=f"{type(error).__name__}: {error}")

    def _judged(self, exercise, trials, cells):
        kind = "tensorflow" if exercise.tensorflow else "numpy"
        with self.sandbox.turns.together():
            tried = self._try(exercise, trials, cells, kind)
            if tried is None:  # it needs TensorFlow, which is loaded once for all such answers of a student
                kind = "tensorflow"
                tried = self._try(exercise, trials, cells, kind)
        result, work = tried
        seconds = self._seconds(exercise)
        if result.status is Status.TIMED_OUT and work < ENOUGH * seconds and loaded():
            with self.sandbox.turns.alone():
                result, _ = self._try(exercise, trials, cells, kind)
        return result

    def _seconds(self, exercise):
        return self.sandbox.limits.tensorflow_seconds if exercise.tensorflow else self.sandbox.limits.seconds

    def _try(self, exercise, trials, cells, kind):
        """The result, and the seconds of work that it took. None if the answer needs a worker with TensorFlow."""
        if kind not in self._workers:
            self._workers[kind] = self.sandbox.start(kind)
        process, before = self._workers[kind], self._workers[kind].worked()
        lines = {line.strip() for _, source in cells for line in source.splitlines()}
        talk = Conversation(process, self.lesson, lines, self._helper, Clock(self._seconds(exercise)))
        work, result = 0.0, None
        try:
            begun = talk.begin(self._request(exercise, cells, kind))
            if isinstance(begun, Absent):
                result = outcome(exercise, Status.MISSING, begun.reason)
            elif isinstance(begun, Found):
                result = _verdict(exercise, trials, talk)
            elif kind == "tensorflow":
                raise Stopped(Status.TAMPERED, "what came back is no reply")
            talk.end()
            if not process.clean():
                self._end(kind)
        except Stopped as stopped:
            work = process.worked() - before
            self._end(kind)
            result = self._stopped(exercise, stopped)
        printed = process.take_printed()
        return result and (replace(result, said=result.said or talk.said, printed=printed), work)

    def _request(self, exercise, cells, kind):
        limits, observe = self.sandbox.limits, exercise.observe
        memory = limits.tensorflow_memory if kind == "tensorflow" else limits.memory
        named = [observe.__module__, observe.__name__] if observe else []
        return Request(exercise.name, [list(cell) for cell in cells], named, memory, limits.file_size)

    def _stopped(self, exercise, stopped):
        if stopped.status is Status.GRADERS_FAULT:
            if not self._helper.starts():
                return outcome(exercise, Status.GRADERS_FAULT, said=stopped.fact)
            return outcome(exercise, Status.CRASHED, "it left no room for the functions that it borrows")
        return outcome(exercise, stopped.status, stopped.fact)

    def _end(self, kind):
        self._workers.pop(kind).kill()


def loaded() -> bool:
    """Whether this machine has more to do than it has processors."""
    return os.getloadavg()[0] > (os.cpu_count() or 1)


def faults(lesson: int, error: Exception) -> tuple[Result, ...]:
    """The results of a student whom the grader could not grade."""
    said = f"{type(error).__name__}: {error}"
    return tuple(outcome(exercise, Status.GRADERS_FAULT, said=said) for exercise in exercises_of(lesson))


def nothing(lesson: int, reason: str) -> tuple[Result, ...]:
    """The results of a student who handed in nothing that could be graded."""
    return tuple(outcome(exercise, Status.NOTHING, reason) for exercise in exercises_of(lesson))


def outcome(exercise: Exercise, status: Status, fact: str = "", **more) -> Result:
    """A result that tells a fact beside its status."""
    hint = "" if status in (Status.GRADERS_FAULT, Status.NOTHING) else exercise.hints[0]
    points = credit(status, exercise.points, (0, 0))
    lines = (TEXTS[status].format(fact),)
    return Result(exercise.name, status, points, exercise.points, lines=lines, hint=hint, **more)


def _verdict(exercise: Exercise, trials: Trials, talk: Conversation) -> Result:
    got = []
    for case in trials.cases:
        got.append(talk.ask(case))
        if isinstance(got[-1].value, Raised) and got[-1].value.type == "NotImplementedError":
            return outcome(exercise, Status.NOT_STARTED)
    if exercise.compared:  # one case once more: an answer that is right once only is not right
        i = trials.again
        again = talk.ask(trials.cases[i])
    try:
        if exercise.compared and same(trials.expected[i].value, got[i].value, exercise.tolerance):
            got[i] = again
        constant = all(same(got[0].value, output.value, exercise.tolerance) for output in got)
        verdict = explain(exercise, trials.cases, trials.expected, got, talk.ask, trials.outputs_of, hidden=True)
    except Exception:  # the exercise has judged its own reference without one, so the cause is what was returned
        lines = ("What it returned cannot be compared with anything.",)
        constant, verdict = True, Verdict(exercise.name, Kind.WRONG_TYPE, lines, cases=(0, len(got)))
    status = Status.RIGHT if verdict.right else Status.WRONG
    points = credit(status, exercise.points, verdict.cases, constant)
    kind, hint = ("", "") if verdict.right else (verdict.kind.value, exercise.hints[0])
    told = verdict.mistake, verdict.lines, hint, verdict.cases
    return Result(exercise.name, status, points, exercise.points, kind, *told)
