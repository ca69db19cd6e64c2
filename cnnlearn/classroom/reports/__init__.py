"""Reports of a run, one file a format. Each has `write(run, folder)`; `FORMATS` says which there are."""

from importlib import import_module
from pathlib import Path

FORMATS = {
    "csv": "one row a student, for a spreadsheet: scores.csv",
    "json": "everything, for programs: report.json",
    "junit": "for continuous integration: junit.xml",
    "gradescope": "results.json for each student, as Gradescope reads it: gradescope/",
    "classroom50": "result.json for each student, as Classroom 50 reads it: classroom50/",
    "feedback": "what each student should read: feedback/",
    "page": "the teacher's page: index.html",
}


def write(run, folder: Path, formats=tuple(FORMATS)) -> None:
    """Writes the reports of a run. ValueError for an unknown format."""
    for name in formats:
        if name not in FORMATS:
            raise ValueError(f"There is no format {name!r}; there are {', '.join(FORMATS)}.")
    folder.mkdir(parents=True, exist_ok=True)
    for name in formats:
        import_module(f"{__name__}.{name}").write(run, folder)
