"""What a learner has solved: one small JSON file, {"exercises": {name: {"verdict", "tries", "hints"}}}.

It lies in the user's data folder; the environment variable CNNLEARN_PROGRESS names another file.
"""

import json
import os
from pathlib import Path

from platformdirs import user_data_path

from cnnlearn.exercises.verdict import Verdict


def path() -> Path:
    return Path(os.environ.get("CNNLEARN_PROGRESS") or user_data_path("cnnlearn") / "progress.json")


def read() -> dict[str, dict]:
    """Exercise name -> {"verdict": str, "tries": int, "hints": int}. A missing or damaged file reads as empty."""
    try:
        exercises = json.loads(path().read_text(encoding="utf-8"))["exercises"]
        return {name: dict(entry) for name, entry in exercises.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def record(verdict: Verdict) -> None:
    """Notes a verdict. What was right once stays right; an unchanged stub is no try."""
    entries = read()
    entry = entries.setdefault(verdict.exercise, {"verdict": "", "tries": 0, "hints": 0})
    entry["tries"] += verdict.kind.value != "not started"
    if entry["verdict"] != "right":
        entry["verdict"] = verdict.kind.value
    _write(entries)


def open_hint(exercise: str, available: int) -> int:
    """Opens one more hint of an exercise, and returns how many are open."""
    entries = read()
    entry = entries.setdefault(exercise, {"verdict": "", "tries": 0, "hints": 0})
    entry["hints"] = min(entry["hints"] + 1, available)
    _write(entries)
    return entry["hints"]


def _write(entries):
    try:
        path().parent.mkdir(parents=True, exist_ok=True)
        draft = path().with_suffix(f".{os.getpid()}.part")
        draft.write_text(json.dumps({"exercises": entries}, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(path())
    except OSError:
        pass  # a read-only home must not stop a lesson
