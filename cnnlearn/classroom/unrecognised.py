"""A report on a wrong answer that the judge could not name, so that the bank of mistakes grows: `cnnlearn report`."""

import platform
import re
import textwrap
from importlib import metadata
from pathlib import Path

from cnnlearn.classroom.inside.definitions import Missing, excerpt, find
from cnnlearn.classroom.notebooks import LARGEST, Unreadable, cells
from cnnlearn.exercises import find as find_exercise
from cnnlearn.exercises.judge import judge
from cnnlearn.files.repository import address

FORM = "unrecognised-mistake.yml"  # in .github/ISSUE_TEMPLATE/
REPORT = """\
The answer, and what it needs:

```python
{code}
```

What the judge said:

{said}

{right} of {cases} cases right.
cnnlearn {version}, NumPy {numpy}, TensorFlow {tensorflow}, Python {python}, {system}."""
CHECK = re.compile(r"^(\w+) = check\(\1\)$", re.MULTILINE)  # would put the course's own function in its place


def report(notebook: Path, name: str) -> str:
    """The code of a learner's answer, without comments or anything else of the notebook, and the verdict on it.

    The answer is run in this process, as `check` does: it is for notebooks of one's own. ValueError, in a sentence, if
    there is no such exercise or answer, or nothing to report.
    """
    try:
        exercise = find_exercise(name)
        if notebook.stat().st_size > LARGEST:
            raise Unreadable(f"it is larger than {LARGEST // 2**20} MB")
        sources = [(label, CHECK.sub("", source)) for label, source in cells(notebook.name, notebook.read_bytes())]
        verdict = judge(exercise, find(name, sources, {}))
    except OSError as error:
        raise ValueError(f"{notebook} cannot be read: {error.strerror}.") from None
    except Unreadable as error:
        raise ValueError(f"{notebook} cannot be read: {error}.") from None
    except Missing as error:
        raise ValueError(f"There is no function {name} in {notebook}: {error}.") from None
    except LookupError as error:
        raise ValueError(error.args[0]) from None
    if verdict.right or verdict.kind.value == "not started":
        raise ValueError(f"There is nothing to report: {name} is {verdict.kind.value}.")
    return REPORT.format(
        code=excerpt(name, sources),
        said=textwrap.indent(repr(verdict), "    "),
        right=verdict.cases[0],
        cases=verdict.cases[1],
        version=metadata.version("cnnlearn"),
        numpy=metadata.version("numpy"),
        tensorflow=metadata.version("tensorflow"),
        python=platform.python_version(),
        system=platform.system(),
    )


def form() -> str:
    """The address of the form that takes a report."""
    return f"{address()}/issues/new?template={FORM}"
