"""Grading a class: in parallel, here or on a cluster, and so that a run that was stopped goes on where it was.

Each student's results are kept, as soon as they are there, under a name made from all that they depend on: the
submission's code, the seed, the limits and the grader itself.
"""

import hashlib
import json
import os
import platform
import secrets
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np
from tqdm import tqdm

from cnnlearn.classroom.grading import Grader, faults, nothing
from cnnlearn.classroom.sandbox import Limits, Sandbox
from cnnlearn.classroom.submissions import Submission
from cnnlearn.classroom.verdicts import Grade, Result, Status
from cnnlearn.classroom.worker_files import PACKAGE

KEPT = ".grading"  # below the folder of the reports


@dataclass(frozen=True)
class Run:
    """A class that was graded: with the same seed the same comes out again."""

    lesson: int
    seed: int
    sandboxed: bool
    grades: tuple[Grade, ...]


@dataclass(frozen=True)
class Task:
    """All that grading one submission needs, on this machine or another."""

    lesson: int
    seed: int
    limits: Limits
    unsafe: bool


def grade_class(
    submissions: Sequence[Submission],
    lesson: int,
    out: Path,
    seed: int | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    limits: Limits | None = None,
    unsafe: bool = False,
) -> Run:
    """Grades all submissions of a lesson; `out` receives what makes a stopped run go on.

    seed: None draws one in secret, or takes that of the run that was stopped here. scheduler: the address of a Dask
    cluster, whose workers must have cnnlearn and bubblewrap. SandboxError if student code can run nowhere.
    """
    kept = out / KEPT / "results"
    kept.mkdir(parents=True, exist_ok=True)
    seed = _seed(out / KEPT / "run.json", lesson, seed)
    task = Task(lesson, seed, limits or Limits(), unsafe)
    found = {}
    with _executor(task, workers or os.cpu_count() or 1, scheduler) as executor:
        futures = {}
        for submission in submissions:
            path = kept / f"{_key(task, submission)}.json"
            results = nothing(lesson, submission.nothing) if submission.nothing else _read(path)
            if results:
                found[submission.student] = results
            else:
                future = executor.submit(grade_one, task, submission.cells, submission.unreadable)
                futures[future] = submission, path
        try:
            bar = tqdm(total=len(submissions), initial=len(found), desc="graded", unit="", disable=None)
            for future in as_completed(futures):
                submission, path = futures[future]
                try:
                    results = future.result()
                except Exception as error:  # a machine of the cluster was lost
                    results = faults(lesson, error)
                found[submission.student] = results
                _write(path, results)
                bar.update()
            bar.close()
        except BaseException:
            for future in futures:
                future.cancel()
            raise
    (out / KEPT / "run.json").unlink(missing_ok=True)  # it is complete: the next run draws a seed of its own
    grades = [
        Grade(s.student, found[s.student], s.files, s.modified, s.unused, s.id, s.late, s.member) for s in submissions
    ]
    return Run(lesson, seed, not unsafe, tuple(grades))


_own, _graders = threading.local(), []


def grade_one(task: Task, cells, unreadable: str) -> tuple[Result, ...]:
    """Grades one submission with the grader of this thread."""
    if getattr(_own, "task", None) != task:
        _own.task, _own.grader = task, Grader(sandbox_of(task), task.lesson, task.seed)
        _graders.append(_own.grader)
    return _own.grader.grade(cells, unreadable)


def _close_graders():
    while _graders:
        _graders.pop().close()


_lock = threading.Lock()


def sandbox_of(task: Task) -> Sandbox:
    """The sandbox of this process for such tasks."""
    with _lock:
        return _sandbox(task.limits, task.unsafe)


_sandbox = cache(Sandbox)


@contextmanager
def _executor(task, workers, scheduler):
    if scheduler is None:
        sandbox_of(task)  # better now than as everybody's fault
        executor = ThreadPoolExecutor(workers)
        try:
            yield executor
        finally:
            _close_graders()  # what is under way ends now
            executor.shutdown(cancel_futures=True)
        return
    from dask.distributed import Client

    with Client(scheduler) as client:
        client.submit(_try, task, pure=False).result()
        yield client.get_executor(pure=False)


def _try(task):
    sandbox_of(task)


def _seed(path, lesson, seed):
    """The seed of this run, noted so that it can go on."""
    if seed is None:
        try:
            noted = json.loads(path.read_text())
            seed = int(noted["seed"]) if noted["lesson"] == lesson else None
        except (OSError, ValueError, KeyError, TypeError):
            pass
    seed = secrets.randbits(63) if seed is None else seed
    _replace(path, json.dumps({"lesson": lesson, "seed": seed}))
    return seed


@cache
def grader_digest() -> str:
    """Stands for this version of the grader: the package's code, Python and NumPy."""
    digest = hashlib.sha256(f"{platform.python_version()} {np.__version__}".encode())
    for path in sorted(PACKAGE.rglob("*.py")):
        digest.update(str(path.relative_to(PACKAGE)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _key(task, submission):
    parts = [grader_digest(), asdict(task), submission.cells, submission.unreadable]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _read(path):
    try:
        return tuple(Result.from_dict(entry) for entry in json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write(path, results):
    if all(result.status is not Status.GRADERS_FAULT for result in results):
        _replace(path, json.dumps([result.as_dict() for result in results]))


def _replace(path, text):
    draft = path.with_suffix(f".{os.getpid()}.part")
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)
