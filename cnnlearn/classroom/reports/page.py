"""index.html: one page for the teacher, with all in it: scores, and for each exercise which mistake how many made."""

import html
from collections import Counter
from pathlib import Path

from cnnlearn.classroom.text import clean, line
from cnnlearn.classroom.verdicts import Status
from cnnlearn.classroom.wording import explanation, messages, verdict
from cnnlearn.exercises import exercises_of

# Told apart by colour-blind readers (Okabe & Ito), and each named in words beside it.
COLOURS = {
    "right": "#0072b2",
    "wrong: a mistake of the bank": "#d55e00",
    "wrong in another way": "#e69f00",
    "stopped: crashed, timed out, out of memory, tampered": "#882255",
    "not started, missing or nothing to read": "#bbbbbb",
    "grader's fault": "#000000",
}
GROUPS = list(COLOURS)
STYLE = """
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 68rem; margin: 2rem auto;
  padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2.5rem; } h3 { margin: 1.6rem 0 0.2rem; font-size: 1.05rem; }
code { font-family: ui-monospace, monospace; }
.facts { color: #555; } svg { display: block; max-width: 100%; height: auto; }
.key { display: flex; flex-wrap: wrap; gap: 0.3rem 1.4rem; padding: 0; list-style: none; }
.swatch { display: inline-block; width: 0.9em; height: 0.9em; margin-right: 0.4em; vertical-align: -0.1em; }
ul.mistakes { margin: 0.3rem 0 0; padding-left: 1.2rem; } .who { color: #555; font-size: 0.9em; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 0.9rem; }
th, td { border-bottom: 1px solid #ddd; padding: 0.3rem 0.6rem; text-align: left; vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
tbody th { font-weight: 600; min-width: 9rem; max-width: 16rem; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; margin: 0.2rem 0; font-size: 0.85em; color: #444; }
details summary { cursor: pointer; }
"""


def write(run, folder: Path) -> None:
    (folder / "index.html").write_text(contents(run), encoding="utf-8")


def contents(run) -> str:
    title = f"Lesson {run.lesson:02}: {len(run.grades)} submissions"
    sandbox = "in a sandbox" if run.sandboxed else "without a sandbox"
    parts = [
        f"<h1>{title}</h1>",
        f'<p class="facts">Graded {sandbox} with the seed {run.seed}: the same seed gives the same cases again.</p>',
        "<h2>Scores</h2>",
        _scores(run.grades),
        "<h2>What was misunderstood</h2>",
        '<ul class="key">' + "".join(f"<li>{_swatch(name)}{_safe(name)}</li>" for name in GROUPS) + "</ul>",
        *(_exercise(run, exercise) for exercise in exercises_of(run.lesson)),
        "<h2>Students</h2>",
        _students(run),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{title}</title><style>{STYLE}</style></head>\n<body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def group(result) -> str:
    """Which of the colours a result has."""
    if result.status is Status.WRONG:
        return GROUPS[1] if result.mistake else GROUPS[2]
    stopped = (Status.CRASHED, Status.TIMED_OUT, Status.OUT_OF_MEMORY, Status.TAMPERED)
    named = {Status.RIGHT: GROUPS[0], Status.GRADERS_FAULT: GROUPS[5]} | dict.fromkeys(stopped, GROUPS[3])
    return named.get(result.status, GROUPS[4])


def _safe(text):
    return html.escape(line(str(text)))


def _swatch(name):
    return f'<span class="swatch" style="background: {COLOURS[name]}"></span>'


def _scores(grades):
    """A histogram: how many students have which share of the points."""
    if not grades:
        return "<p>Nobody handed in.</p>"
    bins = Counter(min(int(10 * grade.points / max(grade.possible, 1)), 9) for grade in grades)
    most = max(bins.values())
    shares = sorted(grade.points for grade in grades)
    middle = (shares[(len(shares) - 1) // 2] + shares[len(shares) // 2]) / 2
    said = f"Of {grades[0].possible} points the median is {middle:g}, "
    said += f"the lowest {shares[0]:g}, the highest {shares[-1]:g}."
    drawn = ""
    for i in range(10):
        tall = 110 * bins[i] / most
        x = 20 + 64 * i
        drawn += f'<rect x="{x}" y="{130 - tall:.1f}" width="56" height="{tall:.1f}" fill="{COLOURS["right"]}"/>'
        drawn += f'<text x="{x + 28}" y="{125 - tall:.1f}" text-anchor="middle">{bins[i] or ""}</text>'
        drawn += f'<text x="{x + 28}" y="148" text-anchor="middle">{10 * i}–{10 * i + 10} %</text>'
    counts = ", ".join(f"{bins[i]} with {10 * i} to {10 * i + 10} %" for i in range(10) if bins[i])
    return (
        f'<p>{said}</p><svg viewBox="0 0 680 156" width="680" font-size="12" font-family="system-ui, sans-serif" '
        f'role="img" aria-label="Students by their share of the points: {counts}.">{drawn}'
        '<line x1="14" y1="130" x2="664" y2="130" stroke="#555"/></svg>'
    )


def _exercise(run, exercise):
    """A bar of all students, and a list of what went wrong: mistakes of the bank first, the most frequent on top."""
    told = messages(run.lesson)
    results = [(grade, result) for grade in run.grades for result in grade.results if result.exercise == exercise.name]
    counts = Counter(group(result) for _, result in results)
    wrong = {}
    for grade, result in results:
        if result.status is not Status.RIGHT:
            wrong.setdefault(verdict(result), []).append((grade, result))
    items = ""
    for name, made in sorted(wrong.items(), key=lambda item: (not item[1][0][1].mistake, -len(item[1]), item[0])):
        message = told.get((exercise.name, made[0][1].mistake), "")
        who = ", ".join(_safe(grade.student) for grade, _ in made[:8]) + (" …" if len(made) > 8 else "")
        sentence = f": {_safe(message)}" if message else ""
        items += f'<li><b>{len(made)} × {_safe(name)}</b>{sentence} <span class="who">({who})</span></li>'
    return (
        f"<h3><code>{exercise.name}</code>: {counts[GROUPS[0]]} of {len(results)} right</h3>"
        f'{_bar(exercise.name, counts, len(results))}<ul class="mistakes">{items}</ul>'
    )


def _bar(name, counts, total):
    drawn, x = "", 0.0
    for each in GROUPS:
        wide = 680 * counts[each] / max(total, 1)
        if counts[each]:
            drawn += f'<rect x="{x:.1f}" y="0" width="{wide:.1f}" height="24" fill="{COLOURS[each]}" stroke="#fff"/>'
            ink = "#000" if each in (GROUPS[2], GROUPS[4]) else "#fff"
            if wide > 14:
                drawn += f'<text x="{x + wide / 2:.1f}" y="16" text-anchor="middle" fill="{ink}">{counts[each]}</text>'
        x += wide
    said = "; ".join(f"{counts[each]} {_safe(each)}" for each in GROUPS if counts[each])
    return (
        f'<svg viewBox="0 0 680 24" width="680" font-size="12" font-family="system-ui, sans-serif" role="img" '
        f'aria-label="{name}: {said}.">{drawn}</svg>'
    )


def _students(run):
    head = "".join(f"<th scope='col'><code>{e.name}</code></th>" for e in exercises_of(run.lesson))
    rows = ""
    for grade in run.grades:
        cells = "".join(f"<td>{_cell(result)}</td>" for result in grade.results)
        points = f'<td class="number">{grade.points:g} / {grade.possible}</td>'
        rows += f'<tr><th scope="row">{_safe(grade.student)}</th>{points}{cells}</tr>\n'
    return (
        '<div class="scroll"><table><thead><tr><th scope="col">student</th><th scope="col">points</th>'
        f"{head}</tr></thead><tbody>\n{rows}</tbody></table></div>"
    )


def _cell(result):
    """The verdict, and folded behind it what the student was told and said."""
    short = f"{_swatch(group(result))}{_safe(verdict(result))}"
    if result.status is Status.RIGHT:
        return short
    more = "\n".join(explanation(result))
    more += f"\nThe error's own words: {clean(result.said)}" if result.said else ""
    more += f"\nPrinted: {clean(result.printed)}" if result.printed.strip() else ""
    return f"<details><summary>{short}</summary><pre>{html.escape(more)}</pre></details>"
