"""Which exercises are solved: `cnnlearn progress`."""

from rich.console import Console
from rich.table import Table

from cnnlearn.exercises import LESSONS, exercises_of, progress


def overview(console: Console | None = None) -> None:
    """Prints a table of all exercises with verdict, tries and hints, and the points reached."""
    entries = progress.read()
    table = Table("lesson", "exercise", "verdict", "tries", "hints", "points")
    reached = total = 0
    for lesson in LESSONS:
        for number, exercise in enumerate(exercises_of(lesson)):
            entry = entries.get(exercise.name, {})
            solved = entry.get("verdict") == "right"
            reached, total = reached + solved * exercise.points, total + exercise.points
            table.add_row(
                "" if number else f"{lesson:02}",
                exercise.name,
                "✓ right" if solved else entry.get("verdict") or "not started",
                str(entry.get("tries", 0)),
                str(entry.get("hints", 0)),
                f"{solved * exercise.points}/{exercise.points}",
            )
        table.add_section()
    console = console or Console()
    console.print(table)
    console.print(f"{reached} of {total} points. The file: {progress.path()}")
