"""Whatever bytes a student's process sends: the grader stands, nothing is earned, and nobody else is blamed."""

import contextlib
import json
import os
import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cnnlearn.classroom import grading
from cnnlearn.classroom.clock import Turns
from cnnlearn.classroom.grading import Grader
from cnnlearn.classroom.inside import messages, wire
from cnnlearn.classroom.inside.messages import Ended, Found, Value
from cnnlearn.classroom.process import Process
from cnnlearn.classroom.sandbox import Limits, Sandbox, SandboxError
from cnnlearn.classroom.verdicts import Status, Stopped
from cnnlearn.exercises.exercise import Axiom, Exercise, Mistake

MANY = int(os.environ.get("CNNLEARN_FUZZ", 3000))  # 100,000 in the long run


def secret(x):
    return np.array([x.sum(), 12.345])


EXERCISE = Exercise(
    reference=secret,
    cases=lambda rng: [(rng.normal(size=3),) for _ in range(3)],
    mistakes=(Mistake("sum", lambda x: x.sum(), "You summed."),),
    axioms=(Axiom("The second is 12.345.", lambda f, x: f(x)[1] == 12.345),),
    hints=("", "", ""),
    points=4,
    difficulty=1,
    minutes=1,
)


class Forger(Process):
    """A worker whose every reply was chosen by the student. It has no process."""

    def __init__(self, replies):
        self.replies, self.ended, self._buffer = list(replies), False, bytearray()

    def send(self, message, answer=False):
        messages.pack(message)

    def _pump(self, outgoing=b"", until=lambda: True):
        while not until():
            if not self.replies:
                raise Stopped(Status.CRASHED, "its process ended")
            self._buffer += self.replies.pop(0)

    def clean(self):
        return False

    def worked(self):
        return 0.0

    def take_printed(self):
        return ""

    def kill(self):
        self.ended = True


class Place:
    """A sandbox in which forgers are at work, and no helper starts while they are."""

    limits, turns = Limits(), Turns()

    def __init__(self, replies):
        self.forger = Forger(replies)

    def start(self, kind="numpy", seconds=None):
        if kind == "helper":
            if self.forger.ended:
                return Forger([])
            raise SandboxError("there is no room")
        return self.forger


def graded(replies, monkeypatch=None):
    place = Place(replies)
    grading.exercises_of, before = (lambda number: (EXERCISE,)), grading.exercises_of
    try:
        with Grader(place, 3, 0) as grader:
            (result,) = grader.grade([("cell 1", "")])
    finally:
        grading.exercises_of = before
    return result, place


plain = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
plain |= st.sampled_from([np.zeros((2, 2)), np.array([1j]), np.zeros((0, 3)), np.float32(3), np.array(["nan"], "f8")])
plain |= st.sampled_from([2**250, 10**100, float("nan"), "cam_logit", "cnnlearn.cam", "resize_bilinear", ""])
plain |= st.builds(wire.Foreign, st.sampled_from(["ndarray", "set", "x" * 40]))
plain |= st.sampled_from([wire.Function(0), wire.Function(2**100), wire.Candidate(7), wire.Generator(3, 4)])
values = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=5) | st.integers(), inner, max_size=3)
    ),
    max_leaves=8,
)
names = st.sampled_from(sorted(messages.KINDS)) | st.text(max_size=5)
forged = st.builds(lambda name, fields: wire.pack([name, *fields]), names, st.lists(values, max_size=5))
right_shape = st.builds(lambda value, changed: messages.pack(Value(value, changed)), values, st.booleans())
borrowed = st.builds(
    lambda number, arguments, keywords: messages.pack(messages.Try(number, arguments, keywords)),
    st.integers(),
    st.lists(values, max_size=2),
    st.dictionaries(st.text(max_size=3), values, max_size=2),
)
asked = st.builds(
    lambda arguments: messages.pack(messages.Borrow("cnnlearn.images", "to_gray", arguments, {})),
    st.lists(values, max_size=2),
)
trees = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["list", "tuple", "dict", "array", "scalar", "fixture", "function"]), inner)
    ),
    max_leaves=8,
)
odd = trees.map(lambda tree: _framed(json.dumps(tree).encode()))
good = st.sampled_from([messages.pack(m) for m in (Found(), Ended(0), Ended(2**200), messages.Absent("x"))])


def _framed(text):
    data = len(text).to_bytes(8, "big") + text
    return wire.MAGIC + len(data).to_bytes(8, "big") + data


replies_of_all_kinds = forged | right_shape | borrowed | asked | odd | good | st.binary(max_size=40)


@settings(max_examples=MANY, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(forged | right_shape | borrowed | asked | odd | good | st.binary(max_size=40), max_size=7), st.booleans()
)
def test_no_reply_earns_a_point_or_blames_the_grader(replies, found):
    result, place = graded(([messages.pack(Found())] if found else []) + replies)
    assert result.status is not Status.GRADERS_FAULT and result.points == 0, result
    assert place.forger.ended


@pytest.mark.parametrize(
    "fields",
    [
        ["Value", [3.0]],
        ["Value", 3.0, 1],
        ["Raised", ["ValueError"], "", "", False],
        ["Raised", "ValueError", "", ["x"], False],
        ["Borrow", ["cnnlearn.cam"], "x", [], {}],
        ["Try", -1.5, [], {}],
        ["Ended", "9"],
        ["Request", 3],
        [["Value"], 3.0, False],
        [],
    ],
    ids=str,
)
def test_a_reply_of_another_type_is_tampering_and_ends_the_worker(fields):
    result, place = graded([messages.pack(Found()), wire.pack(fields)])
    assert result.status is Status.TAMPERED and result.points == 0 and place.forger.ended


def test_little_is_made_of_a_large_reply():
    many = b'{"list": [' + b",".join([b'{"list": []}'] * 5_000_000) + b"]}"
    full = b'{"list": [' + b",".join([b'{"list": []}'] * (wire.MOST_TEXT // 14)) + b"]}"
    for text in (many, full):
        data = _framed(text)[wire.HEAD :]
        tracemalloc.start()
        with contextlib.suppress(wire.WireError):
            wire.unpack(data)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 100 * 2**20


def test_keys_that_collide_do_not_hold_the_grader():
    keys = [[key * (2**61 - 1), 0] for key in range(20_000)]
    started = time.monotonic()
    with pytest.raises(wire.WireError):
        wire.unpack(_framed(json.dumps({"dict": keys}).encode())[wire.HEAD :])
    assert time.monotonic() - started < 5


# In the sandbox


@pytest.fixture(scope="module")
def sandbox():
    try:
        with Sandbox(Limits(seconds=3)) as sandbox:
            yield sandbox
    except SandboxError as error:
        pytest.skip(str(error))


BORROWS = "from cnnlearn.images import to_gray\n"


@pytest.fixture
def answered(sandbox, monkeypatch):
    def grade(code):
        monkeypatch.setattr(grading, "exercises_of", lambda number: (EXERCISE,))
        started = time.monotonic()
        with Grader(sandbox, 3, 0) as grader:
            (result,) = grader.grade([("cell 1", code)])
        return result, time.monotonic() - started

    return grade


def test_calls_of_lent_functions_that_fail_are_on_the_clock(answered):
    code = "def secret(x):\n    from cnnlearn.cam import global_average_pool as lent\n    while True:\n"
    code += "        try: lent(1, 2, 3)\n        except Exception: pass"
    result, seconds = answered(code)
    assert result.status is Status.TIMED_OUT and seconds < 15


def test_a_helper_that_a_student_keeps_from_starting_is_the_students_fault(answered, sandbox, monkeypatch):
    from cnnlearn.exercises import exercises_of

    name, module = next((e.name, e.reference.__module__) for e in exercises_of(0))
    start, tries = sandbox.start, []

    def starts(kind="numpy", seconds=None):
        if kind == "helper":
            tries.append(seconds)
            if len(tries) == 1:
                raise SandboxError("there is no room")
        return start(kind, seconds)

    monkeypatch.setattr(sandbox, "start", starts)
    result, _ = answered(f"from {module} import {name}\ndef secret(x): return {name}(x)")
    assert result.status is Status.CRASHED and result.points == 0 and 0 < tries[0] < 3


def test_a_time_out_under_load_is_tried_once_more_alone(answered, monkeypatch):
    tries = []
    monkeypatch.setattr(grading, "loaded", lambda: tries.append(1) or True)
    code = "import os, time\ndef secret(x):\n    time.sleep(100)"
    assert answered(code)[0].status is Status.TIMED_OUT and len(tries) == 1
    tries.clear()
    worked, measured = Process.worked, []

    def all_the_time(self):
        """What a processor of one's own would give: on a loaded machine this loop gets only a part of its seconds."""
        measured.append(worked(self))
        return 1000.0 * len(measured)

    monkeypatch.setattr(Process, "worked", all_the_time)
    assert answered("def secret(x):\n    while True: pass")[0].status is Status.TIMED_OUT and not tries
    assert measured[-1] - measured[0] > 0.1  # seconds: the loop's work is seen


@pytest.mark.slow
def test_tensorflow_is_loaded_once_and_not_on_the_clock(answered):
    code = "import numpy as np\ndef secret(x):\n    import tensorflow as tf\n"
    code += "    return np.array([x.sum(), 12.345])"
    assert answered(code)[0].status is Status.RIGHT  # in three seconds
