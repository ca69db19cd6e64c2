"""scores.csv: one row a student, and for each exercise its points and its verdict."""

from __future__ import annotations

import csv
from pathlib import Path

from cnnlearn.classroom.text import cell
from cnnlearn.classroom.wording import verdict


def write(run, folder: Path) -> None:
    names = [result.exercise for result in run.grades[0].results] if run.grades else []
    head = ["student", "points", "possible", *(f"{name}{part}" for name in names for part in ("", " verdict"))]
    with open(folder / "scores.csv", "w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(head)
        for grade in run.grades:
            row = [cell(grade.student), f"{grade.points:g}", grade.possible]
            for result in grade.results:
                row += [f"{result.points:g}", cell(verdict(result))]
            table.writerow(row)
