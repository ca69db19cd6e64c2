"""How many submissions a minute are graded, beside nbgrader on the same notebooks, and how that grows with the class.

    python -m benchmarks.grading            200 copies of the solved lesson 03, 50 to 400 for the growth
    python -m benchmarks.grading --copies 20 --nbgrader 3 --growth 10 20

No two copies are the same, so nothing comes from the cache. `nbgrader autograde` takes as long for each notebook as for
the one before, and it is slow: --nbgrader says how many of the copies it is given.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from cnnlearn.classroom.export import nbgrader
from cnnlearn.classroom.run import grade_class
from cnnlearn.classroom.submissions import find

LESSON, NAME = 3, "03_cam"
ROOT = Path(__file__).resolve().parents[1]


def write_copies(folder: Path, count: int) -> None:
    """Submissions as nbgrader wants them too: folder/student/03_cam/03_cam.ipynb."""
    solved = json.loads((ROOT / "solutions" / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    answer = next(c for c in solved["cells"] if c["metadata"].get("nbgrader", {}).get("solution"))
    source = "".join(answer["source"])
    for number in range(count):
        answer["source"] = f"{source}\n# This is copy {number}."
        place = folder / f"student{number:03}" / NAME
        place.mkdir(parents=True)
        (place / f"{NAME}.ipynb").write_text(json.dumps(solved), encoding="utf-8")


def with_cnnlearn(count: int, workers: int) -> float:
    """Seconds to find, grade and keep `count` copies."""
    with tempfile.TemporaryDirectory() as folder:
        write_copies(Path(folder, "submitted"), count)
        start = time.perf_counter()
        run = grade_class(find(Path(folder, "submitted"), NAME), LESSON, Path(folder, "out"), workers=workers)
        seconds = time.perf_counter() - start
    assert all(grade.points == grade.possible for grade in run.grades), "a solved notebook lost points"
    return seconds


def with_nbgrader(count: int) -> float:
    """Seconds of `nbgrader autograde` for `count` copies."""
    with tempfile.TemporaryDirectory() as folder:
        nbgrader(LESSON, Path(folder), ROOT)
        # nbgrader calls alembic by name.
        path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
        options = {"cwd": folder, "env": os.environ | {"PATH": path}, "check": True, "capture_output": True}
        subprocess.run([sys.executable, "-m", "nbgrader", "generate_assignment", NAME, "--create"], **options)
        write_copies(Path(folder, "submitted"), count)
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "nbgrader", "autograde", NAME, "--create"], **options)
        return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--nbgrader", type=int, default=200, help="how many of them nbgrader gets")
    parser.add_argument("--growth", type=int, nargs="*", default=[50, 100, 400])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()

    def report(what, count, seconds):
        rate = 60 * count / seconds
        print(f"{what:<12} {count:4} submissions in {seconds:7.1f} s: {rate:6.1f} a minute", flush=True)
        return rate

    ours = report("cnnlearn", options.copies, with_cnnlearn(options.copies, options.workers))
    theirs = report("nbgrader", options.nbgrader, with_nbgrader(options.nbgrader))
    print(f"{ours / theirs:.1f} times as many")
    for count in options.growth:
        report("cnnlearn", count, with_cnnlearn(count, options.workers))


if __name__ == "__main__":
    main()
