"""Grading in the sandbox, piece by piece: the border, what is lent, faults, runs that stop, clusters, exports."""

import ast
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import class_of_sixty
import numpy as np
import pytest

from cnnlearn.classroom import run, worker_files
from cnnlearn.classroom.export import gradescope, nbgrader
from cnnlearn.classroom.grading import Grader
from cnnlearn.classroom.inside import wire
from cnnlearn.classroom.notebooks import cells
from cnnlearn.classroom.sandbox import Limits, Sandbox, SandboxError
from cnnlearn.classroom.submissions import Submission
from cnnlearn.classroom.text import cell, clean, file_names, markdown
from cnnlearn.classroom.verdicts import Result, Status, credit
from cnnlearn.exercises import LESSONS, exercises_of
from cnnlearn.exercises.exercise import Axiom, Exercise, Fixture, Mistake

ROOT = Path(__file__).resolve().parents[1]

try:
    Sandbox().close()
    NO_SANDBOX = ""
except SandboxError as error:
    NO_SANDBOX = str(error)
in_sandbox = pytest.mark.skipif(bool(NO_SANDBOX), reason=NO_SANDBOX)


# The border


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -(2**200),
        0.1,
        float("inf"),
        "é\ud800",
        [1, (2.5, [None])],
        {"a": 1, (2, 3): [4]},
        np.arange(6.0).reshape(2, 3),
        np.zeros((0, 3), "f4"),
        np.array(3 + 4j),
        np.array([True, False]),
        np.float32(0.1),
        Fixture("networks.small_network", (("head", "gap logits"), ("seed", 3))),
        [wire.Function(3), wire.Candidate(0), wire.Generator(2**127, 1), wire.Foreign("set")],
    ],
    ids=str,
)
def test_plain_data_crosses_as_it_is(value):
    data = wire.pack({"value": value})
    assert wire.length(data[: wire.HEAD]) == len(data) - wire.HEAD
    back = wire.unpack(data[wire.HEAD :])["value"]
    assert type(back) is type(value)
    if isinstance(value, (np.ndarray, np.generic)):
        assert back.dtype == value.dtype
    np.testing.assert_equal(back, value)


@pytest.mark.parametrize(
    "value, name",
    [
        (np.ma.array([1]), "MaskedArray"),
        (np.array([object()]), "ndarray"),
        (type("float", (float,), {})(3), "float"),
        ({1}, "set"),
        (10**100, "very long integer"),
        (len, "builtin_function_or_method"),
    ],
)
def test_nothing_else_crosses_but_by_the_name_of_its_type(value, name):
    assert wire.unpack(wire.pack([value])[wire.HEAD :]) == [wire.Foreign(name)]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 7,
        (2).to_bytes(8, "big") + b"{}",
        (2).to_bytes(8, "big") + b"[]",
        (4).to_bytes(8, "big") + b"nullx",
        (10**6).to_bytes(8, "big") + b"[" * 10**6,
        *(
            len(text).to_bytes(8, "big") + text + b"\0" * 8
            for text in (
                b'{"array": ["<f8", [2]]}',
                b'{"array": ["<f8", [-1]]}',
                b'{"array": ["|O", [1]]}',
                b'{"array": ["<M8[s]", [1]]}',
                b'{"array": ["<f8", [1e18, 1e18]]}',
                b'{"array": ["<f8", [4611686018427387904, 4]]}',
                b'{"array": ["<f8", [1, true]]}',
                b'{"array": ["f8,f8", [1]]}',
                b'{"array": ["<f8", 1]}',
                b'{"array": []}',
                b'{"dict": [[{"list": []}, 1]]}',
                b'{"what": 1}',
                b'{"list": 3}',
            )
        ),
    ],
)
def test_what_is_no_message_is_told(data):
    with pytest.raises(wire.WireError):
        wire.unpack(data)
    with pytest.raises(wire.WireError):
        wire.length(b"GET / HTTP/1.1\n\n\n\n")


def test_random_bytes_never_do_more_than_be_refused():
    rng = np.random.default_rng(0)
    good = wire.pack({"value": [np.arange(3.0), "text", (1, 2)], "changed": False})[wire.HEAD :]
    for _ in range(3000):
        data = bytearray(good)
        for place in rng.integers(len(data), size=rng.integers(1, 4)):
            data[place] = rng.integers(256)
        with contextlib.suppress(wire.WireError):
            wire.unpack(bytes(data))


# What the worker is given


ONLY_BORROW = ("exercises/fixtures/candidates.py", "perturbation/coalitions.py")


def test_the_worker_gets_no_solution_no_mistake_and_no_case():
    shown = {path.as_posix() for path in worker_files.files()}
    references = {exercise.reference.__module__ for number in LESSONS for exercise in exercises_of(number)}
    assert references and not shown & {f"{name.removeprefix('cnnlearn.')}.py" for name in references}
    forbidden = [
        "images",
        "saliency",
        "cifar10",
        "cam",
        "gradcam",
        "guided",
        "superpixels",
        "lime",
        "shapley",
        "gradients",
        "evaluate",
        "shortcut",
    ]
    assert not shown & {f"{name}.py" for name in forbidden}
    for path in shown:
        assert "lesson" not in path and "judge" not in path and "desk" not in path
        for node in ast.walk(ast.parse((worker_files.PACKAGE / path).read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("cnnlearn."):
                name = node.module.removeprefix("cnnlearn.")
                assert name.split(".")[0] not in forbidden or path in ONLY_BORROW, (path, name)


# Credit


@pytest.mark.parametrize(
    "status, cases, constant, points",
    [
        (Status.RIGHT, (4, 4), False, 3),
        (Status.WRONG, (3, 4), False, 2.25),
        (Status.WRONG, (1, 7), False, 0.42),
        (Status.WRONG, (3, 4), True, 0),
        (Status.WRONG, (0, 4), False, 0),
        (Status.GRADERS_FAULT, (0, 0), False, 3),
        *((status, (3, 4), False, 0) for status in Status if status.value not in ("right", "wrong", "grader's fault")),
    ],
)
def test_credit(status, cases, constant, points):
    assert credit(status, 3, cases, constant) == points


def test_a_result_survives_being_kept():
    result = Result("f", Status.WRONG, 0.5, 1, "wrong value", "sum", ("a", "b"), "hint", (1, 2), "said", "printed")
    assert Result.from_dict(json.loads(json.dumps(result.as_dict()))) == result


# Text of strangers


def test_text_of_strangers_is_harmless():
    assert clean("a\x1b[31mb\u202ec\ud800\x00\n") == "a\ufffd[31mb\ufffdc\ufffd\ufffd\n"
    assert len(clean("x" * 10**6)) == 400
    assert cell("=1+1") == "'=1+1" and cell(" @x\n=2") == "'@x =2"
    assert "<" not in markdown("<b>[x](y)") and markdown("a_b*") == "a\\_b\\*"
    names = file_names(["Ada", "ada", "../../etc/passwd", "", "CON", "Zo\u00eb", "Zoe", "\udcff", "a" * 300])
    assert len({name.casefold() for name in names.values()}) == 9
    assert all(name.replace("-", "").replace("_", "").isalnum() and len(name) < 80 for name in names.values())


# Grading a small exercise that lives nowhere but here


def pooled(features):
    return features.mean(axis=(0, 1))


def small(**changes):
    parts = dict(
        reference=pooled,
        cases=lambda rng: [(rng.normal(size=(4, 4, 3)),) for _ in range(4)],
        mistakes=(Mistake("sum", lambda x: x.sum((0, 1)), "You summed."),),
        axioms=(Axiom("A constant keeps its value.", lambda f, x: np.allclose(f(np.ones((2, 2, 1))), 1)),),
        hints=("Mean.", "", ""),
        points=4,
        difficulty=1,
        minutes=1,
    )
    return Exercise(**parts | changes)


@pytest.fixture(scope="module")
def sandbox():
    if NO_SANDBOX:
        pytest.skip(NO_SANDBOX)
    with Sandbox(Limits(seconds=20)) as sandbox:
        yield sandbox


@pytest.fixture
def judged(sandbox, monkeypatch):
    """Grades code as the answers to exercises, which stand for a lesson."""

    def grade(code, *exercises, seed=0, lesson=99):
        for module in ("grading", "conversation"):
            monkeypatch.setattr(
                f"cnnlearn.classroom.{module}.exercises_of",
                lambda number: exercises or (small(),) if number == lesson else exercises_of(number),
            )
        with Grader(sandbox, lesson, seed) as grader:
            results = grader.grade([(f"cell {i}", source) for i, source in enumerate(code.split("\n# next\n"), 1)])
        return results if len(results) > 1 else results[0]

    return grade


@pytest.mark.parametrize(
    "code, status, detail, points",
    [
        ("def pooled(x): return x.mean((0, 1))", "right", "", 4),
        ("def pooled(x): return x.sum((0, 1))", "wrong", "sum", 0),
        ("def pooled(x): return x.mean((0, 1)) if abs(x).max() < 2 else x[0, 0]", "wrong", "wrong value", None),
        ("def pooled(x): raise NotImplementedError", "not started", "", 0),
        ("def other(x): pass", "missing", "", 0),
        ("def pooled(x): return x.mean((0, 1)) + (x.shape == (2, 2, 1))", "wrong", "wrong value", 0),
        ("def pooled(x): return x.mean((0, 1)) if len(x) > 2 else {}", "wrong", "wrong value", 0),
        ("def pooled(x): return 'text'", "wrong", "wrong type", 0),
    ],
)
def test_a_small_exercise(judged, code, status, detail, points):
    result = judged(code)
    assert (result.status.value, result.mistake or result.kind) == (status, detail), result
    assert points is None or result.points == points


def test_partial_credit_is_by_cases_and_a_constant_earns_nothing(judged):
    def signed(features):
        return float(features.sum() > 0)

    tests = small(
        reference=signed, axioms=(), mistakes=(), cases=lambda rng: [(s * np.ones(3),) for s in (1, 1, 1, -1)]
    )
    constant = judged("def signed(x): return 1.0", tests)
    assert constant.cases == (3, 4) and constant.points == 0
    partly = judged(
        "def signed(x): return 0.0 if sum(x) < 0 else [1.0, 2.0][len(seen.append(1) or seen) == 2]\nseen = []", tests
    )
    assert partly.cases[0] in (2, 3) and partly.points == partly.cases[0]


def test_the_order_of_the_cases_changes_with_the_seed(judged):
    """An answer that counts its calls is right for one order of the cases at most."""
    known = small(axioms=(), cases=lambda rng: [(np.full((1, 1, 1), float(i)),) for i in range(8)])
    code = (
        "import numpy as np\ncalls = []\ndef pooled(x):\n    calls.append(1)\n    return np.array([len(calls) - 1.0])"
    )
    counts = [judged(code, known, seed=seed).cases[0] for seed in range(4)]
    assert max(counts) < 8 and len(set(counts)) > 1


def broken(*arguments):
    raise RuntimeError("no such file")


@pytest.mark.parametrize(
    "parts",
    [{"cases": broken}, {"axioms": (Axiom("Never.", broken),)}, {"tolerance": "none"}],
    ids=lambda p: next(iter(p)),
)
def test_a_fault_of_the_exercise_costs_nothing(judged, parts):
    result = judged("def pooled(x): return x.mean((0, 1))", small(**parts))
    assert result.status is Status.GRADERS_FAULT and result.points == 4 and result.said
    assert "no such file" not in "".join(result.lines)


def test_output_that_trips_the_judge_is_the_students_fault(judged):
    def drawn(rng):
        return rng.normal(size=3)

    cases = [(Fixture("generators.generator", (("seed", 3),)),)]
    told = small(reference=drawn, describe=broken, cases=lambda rng: cases, axioms=(), mistakes=())
    result = judged("def drawn(rng): return rng.random(3)", told)
    assert result.status is Status.WRONG and result.kind == "wrong type" and result.points == 0


def test_a_sandbox_that_does_not_start_is_the_graders_fault(judged, sandbox, monkeypatch):
    def start(kind, seconds=None):
        raise SandboxError("out of processes")

    monkeypatch.setattr(sandbox, "start", start)
    assert judged("def pooled(x): return 0").status is Status.GRADERS_FAULT


@pytest.mark.filterwarnings("ignore:Casting complex")
@pytest.mark.parametrize(
    "value",
    [
        "2**250",
        "1e300 * 1e10",
        pytest.param("(3,) * 10**5", marks=pytest.mark.slow),
        "np.full((1,) * 30, 1j)",
        "{'a': [None]}",
        "'x' * 10**6",
    ],
)
def test_no_output_makes_it_the_graders_fault(judged, value):
    for code in (f"def pooled(x): return {value}", f"def pooled(x): return x.mean((0, 1)) if len(x) == 4 else {value}"):
        result = judged(f"import numpy as np\n{code}")
        assert result.status is Status.WRONG and result.points == 0


def test_a_helper_that_does_not_start_is_the_graders_fault_even_in_a_law(judged, sandbox, monkeypatch):
    start = sandbox.start

    def starts(kind="numpy", seconds=None):
        if kind == "helper":
            raise SandboxError("out of processes")
        return start(kind, seconds)

    monkeypatch.setattr(sandbox, "start", starts)
    code = "from cnnlearn.cam import normalize_heatmap\n"
    code += "def pooled(x): return x.mean((0, 1)) if len(x) == 4 else normalize_heatmap(x)"
    assert judged(code).status is Status.GRADERS_FAULT


def test_prints_and_errors_are_kept_for_the_teacher(judged):
    result = judged("def pooled(x):\n    print('hello', 'x' * 10**5)\n    raise KeyError(x.tolist())")
    assert result.printed.startswith("hello xxx") and len(result.printed) <= 2000
    assert result.said.startswith("KeyError: [[[")
    assert result.lines[0].splitlines() == ["In your line: raise KeyError(x.tolist())", "KeyError"]


def candidates(rng):
    return [(Fixture("candidates.candidate", (("exercise", "cam_logit"), ("mistake", m))),) for m in ("", "sum")]


def tries(candidate):
    return abs(candidate(np.array([[1.0, 2.0]]), 0.5) - 2) < 1e-9


CATCH = dict(reference=tries, cases=candidates, axioms=(), mistakes=())


def test_candidates_are_lent(judged):
    good = "import numpy as np\ndef tries(candidate):\n"
    good += "    return abs(candidate(np.array([[1.0, 2.0]]), 0.5) - 2) < 1e-9"
    result = judged(good, small(**CATCH))
    assert result.status is Status.RIGHT, result
    spy = "def tries(candidate):\n    assert 'sum' in str(vars(candidate)) + repr(candidate)\n    return True"
    assert judged(spy, small(**CATCH)).kind == "raised an error"
    wild = "def tries(candidate):\n    candidate(3, 4)\n    return True"
    assert judged(wild, small(**CATCH)).kind == "raised an error"


def test_functions_of_earlier_lessons_are_lent_and_no_others(judged):
    code = "from cnnlearn.cam import resize_bilinear, CAM\ndef pooled(x): return resize_bilinear(x[..., 0], 1, 3)[0]"
    from cnnlearn.cam import resize_bilinear

    def pooled(x):
        return resize_bilinear(x[..., 0], 1, 3)[0]

    wanted = small(reference=pooled, axioms=(), mistakes=())
    assert judged(code, wanted).status is Status.RIGHT
    for function in ("CAM(x)", "no_such(x)", "global_average_pool"):
        code = f"import cnnlearn.cam as c\ndef pooled(x): return c.{function}"
        result = judged(code, wanted, lesson=99)
        assert result.status is Status.WRONG, function


def test_lent_functions_that_take_too_much_cost_only_their_borrower(judged):
    code = "from cnnlearn.cam import resize_bilinear\ndef pooled(x): return resize_bilinear(x[..., 0], 10**6, 10**6)"
    result = judged(code, small(axioms=(), mistakes=()))
    assert result.status in (Status.WRONG, Status.OUT_OF_MEMORY, Status.TIMED_OUT) and result.points == 0


def test_observers_and_generators_are_made_in_the_worker(judged):
    def drawn(rng):
        return rng.normal(size=3)

    cases = [(Fixture("generators.generator", (("seed", seed),)),) for seed in (1, 2)]
    exercise = small(reference=drawn, cases=lambda rng: cases, axioms=(), mistakes=())
    assert judged("def drawn(rng): return rng.normal(size=3)", exercise).status is Status.RIGHT
    assert judged("def drawn(rng): return rng.random(size=3)", exercise).status is Status.WRONG


def test_a_crash_costs_only_the_answer_that_crashes(judged):
    def second(x):
        return float(x.sum())

    code = "import os\ndef pooled(x): os.kill(-1, 9)\n# next\ndef second(x): return float(x.sum())"
    first, other = judged(code, small(), small(reference=second, axioms=(), mistakes=()))
    assert first.status is Status.CRASHED and other.status is Status.RIGHT


def test_numpy_answers_are_graded_without_tensorflow(judged):
    code = "import sys\nimport keras_is_not_needed\n# next\nimport sys\ndef pooled(x):\n"
    code += "    assert not {'tensorflow', 'keras'} & set(sys.modules)\n    return x.mean((0, 1))"
    assert judged(code).status is Status.RIGHT
    program = (
        "import sys, cnnlearn.classroom.command, cnnlearn.exercises as e; e.exercises_of(3); "
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(ROOT)}).returncode == 0


@pytest.mark.slow
def test_answers_written_in_tensorflow(judged, sandbox, monkeypatch):
    monkeypatch.setattr(sandbox, "limits", Limits(seconds=150))  # it must be imported first
    code = "import tensorflow as tf\ndef resize_bilinear(array, height, width):\n"
    code += "    return tf.image.resize(array[..., None], (height, width))[..., 0]"
    exercise = next(e for e in exercises_of(3) if e.name == "resize_bilinear")
    assert judged(code, exercise).status is Status.RIGHT


# Runs


def submission(student, code="def pooled(x): return x.mean((0, 1))"):
    return Submission(student, (f"{student}.py",), (("cell 1", code),))


def solved(student, number):
    found = tuple((f"cell {i}", source) for i, source in enumerate(class_of_sixty.solved(), 1))
    return Submission(student, ("x.ipynb",), (*found, ("cell 99", f"# copy {number}")))


def test_without_bubblewrap_the_grader_refuses_in_a_sentence(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(SandboxError, match="bubblewrap is not installed.*--no-sandbox"):
        Sandbox()


@in_sandbox
@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_and_reports_the_same(tmp_path):
    for number in range(8):
        place = tmp_path / "class" / f"student {number}"
        place.mkdir(parents=True)
        sources = [*class_of_sixty.solved(), f"# copy {number}"]
        (place / "03_cam.ipynb").write_text(json.dumps(class_of_sixty.notebook(sources)))

    def command(out):
        grade = [sys.executable, "-m", "cnnlearn.cli", "grade", str(tmp_path / "class"), "--lesson", "3"]
        return [*grade, "--out", str(tmp_path / out), "--workers", "2", "--seed", "7"]

    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    stopped = subprocess.Popen(command("stopped"), env=environment, stderr=subprocess.DEVNULL)
    kept = tmp_path / "stopped" / ".grading" / "results"
    until = time.monotonic() + 100
    while len(list(kept.glob("*.json"))) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    stopped.send_signal(signal.SIGKILL)
    stopped.wait()
    before = {path.name: path.stat().st_mtime_ns for path in kept.glob("*.json")}
    assert 3 <= len(before) < 8 and not (tmp_path / "stopped" / "report.json").exists()

    for out in ("stopped", "whole"):
        subprocess.run(command(out), env=environment, check=True, capture_output=True)
    assert all((kept / name).stat().st_mtime_ns == then for name, then in before.items())
    one, other = (
        {p.relative_to(tmp_path / out): p.read_bytes() for p in (tmp_path / out).rglob("*") if p.is_file()}
        for out in ("stopped", "whole")
    )
    assert one == other and len(one) > 30


@in_sandbox
def test_a_stopped_run_keeps_its_secret_seed_and_a_complete_one_does_not(tmp_path, monkeypatch):
    def stop(task, cells, unreadable):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "grade_one", stop)
    with pytest.raises(KeyboardInterrupt):
        run.grade_class([submission("a")], 3, tmp_path)
    seed = json.loads((tmp_path / ".grading" / "run.json").read_text())["seed"]
    monkeypatch.setattr(run, "grade_one", lambda task, cells, unreadable: ())
    assert run.grade_class([submission("a")], 3, tmp_path).seed == seed
    assert run.grade_class([submission("a")], 3, tmp_path).seed != seed


@in_sandbox
@pytest.mark.slow
def test_a_cluster_gives_the_same(tmp_path):
    from dask.distributed import LocalCluster

    submissions = [solved("ada", 1), submission("bob"), Submission("eve", (), (), "it is not JSON")]
    here = run.grade_class(submissions, 3, tmp_path / "here", seed=3, workers=2)
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        there = run.grade_class(submissions, 3, tmp_path / "there", seed=3, scheduler=cluster.scheduler_address)
    assert here == there
    assert [grade.points for grade in here.grades] == [12, 0, 0]


@in_sandbox
def test_a_machine_that_is_lost_stops_nobody_and_is_tried_again(tmp_path, monkeypatch):
    grade_one = run.grade_one

    def lost(task, cells, unreadable):
        if "lost" in cells[0][1]:
            raise OSError("no such machine")
        return grade_one(task, cells, unreadable)

    monkeypatch.setattr(run, "grade_one", lost)
    submissions = [submission("ada"), submission("bob", "lost = 1")]
    ada, bob = run.grade_class(submissions, 3, tmp_path, seed=1).grades
    assert {result.status for result in ada.results} == {Status.MISSING}
    assert {result.status for result in bob.results} == {Status.GRADERS_FAULT} and bob.points == bob.possible
    monkeypatch.setattr(run, "grade_one", grade_one)
    assert run.grade_class(submissions, 3, tmp_path, seed=1).grades[1].points == 0


@pytest.mark.skipif(os.name == "posix" and os.getuid() == 0, reason="root's Python may be out of reach for others")
def test_without_a_sandbox_the_limits_stay(tmp_path):
    with Sandbox(Limits(seconds=5), unsafe=True) as bare, Grader(bare, 3, 0) as grader:
        code = "def global_average_pool(f): return f.mean((0, 1))\ndef cam_logit(h, b):\n    while True: pass"
        results = {result.exercise: result.status for result in grader.grade([("cell 1", code)])}
    assert results["global_average_pool"] is Status.RIGHT and results["cam_logit"] is Status.TIMED_OUT


@in_sandbox
@pytest.mark.slow
@pytest.mark.parametrize("path", sorted((ROOT / "solutions").glob("*.ipynb")), ids=lambda path: path.stem)
def test_the_solved_notebook_of_each_lesson_earns_all_points(path):
    limits = Limits(seconds=120, tensorflow_seconds=300)
    with Sandbox(limits) as sandbox, Grader(sandbox, int(path.name[:2]), 7) as grader:
        results = grader.grade(cells(path.name, path.read_bytes()))
    assert all(result.status is Status.RIGHT for result in results), results


@in_sandbox
def test_the_command_says_what_is_wrong_in_one_sentence(tmp_path):
    from typer.testing import CliRunner

    from cnnlearn.cli import app

    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "ada.py").write_text("f = 1")

    def refused(*arguments):
        found = CliRunner().invoke(app, ["grade", *map(str, arguments)])
        assert found.exit_code == 1 and "\n" not in str(found.exception)
        return str(found.exception)

    assert "no lesson 77" in refused(tmp_path / "class", "--lesson", 77)
    assert "no format 'pdf'" in refused(tmp_path / "class", "--lesson", 3, "--format", "pdf")
    assert "cannot be read" in refused(tmp_path / "nowhere", "--lesson", 3, "--out", tmp_path / "out")
    assert "among the submissions" in refused(tmp_path / "class", "--lesson", 3, "--out", tmp_path / "class" / "out")


# Exports


def test_the_gradescope_zip(tmp_path):
    path = gradescope(3, tmp_path)
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        scripts = {name: archive.read(name).decode() for name in ("setup.sh", "run_autograder")}
        assert all(archive.getinfo(name).external_attr >> 16 & 0o111 for name in scripts)
    assert "course/cnnlearn/exercises/lesson_03_cam.py" in names and "course/cnnlearn/cli.py" in names
    assert "tensorflow" not in scripts["setup.sh"] and "'numpy" in scripts["setup.sh"]
    assert "results.json" in scripts["run_autograder"] and "--lesson 3 " in scripts["run_autograder"]
    for text in scripts.values():
        assert subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0 and "://" not in text
    assert gradescope(3, tmp_path / "again").read_bytes() == path.read_bytes()


@pytest.mark.slow
@in_sandbox
def test_the_gradescope_autograder_runs(tmp_path):
    """As Gradescope runs it, in a folder that stands for /autograder."""
    place = tmp_path / "autograder"
    with zipfile.ZipFile(gradescope(3, tmp_path)) as archive:
        archive.extractall(place / "source")
    for name in ("submission", "results"):
        (place / name).mkdir()
    notebook = class_of_sixty.notebook(class_of_sixty.solved())
    (place / "submission" / "03_cam.ipynb").write_text(json.dumps(notebook))
    script = (place / "source" / "run_autograder").read_text()
    script = (
        script.replace("/autograder", str(place))
        .replace("cd /tmp", f"cd {tmp_path}")
        .replace("/tmp/g", f"{tmp_path}/g")
    )
    script = script.replace(f"{place}/env/bin/python", sys.executable)
    subprocess.run(["bash", "-c", script], check=True, capture_output=True, timeout=100)
    results = json.loads((place / "results" / "results.json").read_text())
    assert results["score"] == 12 and all(test["status"] == "passed" for test in results["tests"])


def test_the_nbgrader_source(tmp_path):
    import nbformat
    from nbgrader.nbgraderformat import MetadataValidator

    path = nbgrader(3, tmp_path, ROOT)
    assert path == tmp_path / "source" / "03_cam" / "03_cam.ipynb"
    notebook = nbformat.read(path, 4)
    MetadataValidator().validate_nb(notebook)
    marks = [c.metadata.nbgrader for c in notebook.cells if "nbgrader" in c.metadata]
    assert sum(m.get("points", 0) for m in marks) == 12 and len({m.grade_id for m in marks}) == len(marks)
    assert all(not c.get("outputs") for c in notebook.cells)


@pytest.mark.slow
def test_nbgrader_takes_it(tmp_path):
    nbgrader(3, tmp_path, ROOT)
    command = [sys.executable, "-m", "nbgrader", "generate_assignment", "03_cam", "--create"]
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # it calls alembic by name
    environment = os.environ | {"PATH": path}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=200, env=environment)
    assert done.returncode == 0, done.stderr[-2000:]
    released = (tmp_path / "release" / "03_cam" / "03_cam.ipynb").read_text()
    assert "YOUR CODE HERE" in released and "BEGIN SOLUTION" not in released


def test_the_workflow_calls_what_there_is():
    import yaml
    from typer.testing import CliRunner

    from cnnlearn.cli import app

    workflow = yaml.safe_load((ROOT / "docs" / "classroom" / "grade.yml").read_text())
    steps = workflow["jobs"]["grade"]["steps"]
    script = next(step["run"] for step in steps if step.get("name") == "Grade")
    told = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["grade", "--help"]).output
    for option in [word for word in script.split() if word.startswith("--")]:
        assert option in told, option
