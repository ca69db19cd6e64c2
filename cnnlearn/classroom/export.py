"""What other graders take: the zip of a Gradescope autograder, and a source folder for nbgrader."""

import re
import zipfile
from importlib.metadata import requires
from pathlib import Path

from cnnlearn.classroom.worker_files import PACKAGE
from cnnlearn.exercises import LESSONS, exercises_of

LIGHT = ("matplotlib", "numpy", "platformdirs", "scikit-image", "tqdm", "typer")  # all that NumPy exercises need
DATE = (1980, 1, 1, 0, 0, 0)  # of the files in the zip, so that equal contents give equal zips

SETUP = """#!/usr/bin/env bash
# Run once, when Gradescope makes the autograder's image.
set -euo pipefail
apt-get update -qq
apt-get install -y -qq python3-venv bubblewrap
python3 -m venv /autograder/env
/autograder/env/bin/pip install --quiet {packages}
# What answers are judged by is for root alone: student code runs as another user.
chmod -R go-rwx /autograder/source
"""

RUN = """#!/usr/bin/env bash
# Run for each submission, as root, in a container of its own. Where that container allows no sandbox inside it, it is
# the sandbox itself: student code then runs in it as a user without rights.
cd /tmp
export PYTHONPATH=/autograder/source/course PYTHONDONTWRITEBYTECODE=1
grade() {{
    /autograder/env/bin/python -m cnnlearn.cli grade /autograder/submission --one --lesson {lesson} --workers 1 \\
        --format gradescope --out /tmp/grades "$@"
}}
grade || grade --no-sandbox
if ! cp /tmp/grades/gradescope/submission.json /autograder/results/results.json; then
    echo '{{"score": 0, "output": "The grader failed, not your answer. Please tell your teacher."}}' \\
        > /autograder/results/results.json
fi
"""


def gradescope(lesson: int, folder: Path) -> Path:
    """Writes the zip to upload, gradescope_NN_topic.zip, and returns its path.

    Lessons without TensorFlow exercises get an autograder without TensorFlow, which fits Gradescope's smallest box.
    """
    heavy = any(exercise.tensorflow for exercise in exercises_of(lesson))
    wanted = [need for need in requires("cnnlearn") or () if "extra ==" not in need]
    names = {need: re.split(r"[^\w.-]", need)[0].lower() for need in wanted}
    packages = [need for need in wanted if names[need] in LIGHT or (heavy and names[need] in ("tensorflow", "keras"))]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"gradescope_{LESSONS[lesson].removeprefix('lesson_')}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "setup.sh", SETUP.format(packages=" ".join(f"'{need}'" for need in packages)).encode(), 0o755)
        _add(archive, "run_autograder", RUN.format(lesson=lesson).encode(), 0o755)
        for file in sorted(PACKAGE.rglob("*.py")):
            _add(archive, f"course/cnnlearn/{file.relative_to(PACKAGE).as_posix()}", file.read_bytes(), 0o644)
    return path


def nbgrader(lesson: int, folder: Path, course: Path) -> Path:
    """Writes source/NN_topic/NN_topic.ipynb below `folder`, an nbgrader course, and returns its path.

    course: the folder that holds lessons/text/. The solutions are between nbgrader's marks, the outputs left out.
    """
    from cnnlearn.course.assemble import serialize
    from cnnlearn.course.build import both_notebooks, read_lessons

    (text,) = read_lessons(course, [lesson])
    _, solved = both_notebooks(text)
    path = folder / "source" / text.name / f"{text.name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(serialize(solved), encoding="utf-8")
    config = folder / "nbgrader_config.py"
    if not config.exists():
        config.write_text("c = get_config()\nc.ExecutePreprocessor.timeout = 300\n", encoding="utf-8")
    return path


def _add(archive, name, data, mode):
    entry = zipfile.ZipInfo(name, DATE)
    entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, (0o100000 | mode) << 16
    archive.writestr(entry, data)
