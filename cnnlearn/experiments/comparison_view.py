"""The course's table as text and as a figure."""

from matplotlib.figure import Figure

from cnnlearn.experiments.comparison import FILLS, MEASURES

COLOURS = ("#0072b2", "#d55e00", "#009e73")  # told apart by colour-blind readers, and by the markers
MARKERS = ("o", "s", "^")


def as_text(found: list[dict], fill: str = "grey") -> str:
    """One line a method: each measure's mean and 95 % interval; insertion and deletion with one fill."""
    cells = {(row["method"], row["measure"]): row for row in found if row["fill"] in ("", fill)}
    lines = ["{:<21}".format(f"fill: {fill}") + "".join(f"{measure:<20}" for measure in MEASURES)]
    for method in dict.fromkeys(row["method"] for row in found):
        numbers = [_number(cells.get((method, measure))) for measure in MEASURES]
        lines.append(f"{method:<21}" + "".join(f"{number:<20}" for number in numbers))
    return "\n".join(line.rstrip() for line in lines)


def _number(row):
    if row is None:
        return ""
    digits = 3 if row["measure"] == "seconds" else 2
    mean, low, high = (f"{round(row[name], digits) + 0.0:.{digits}f}" for name in ("mean", "low", "high"))  # no −0.00
    return f"{mean} [{low}, {high}]"


def figure(found: list[dict], measures=("insertion", "deletion", "grid share", "randomisation")) -> Figure:
    """A panel for each measure: a point a method with its interval; insertion and deletion in three colours of fill."""
    methods = list(dict.fromkeys(row["method"] for row in found))
    drawn = Figure(figsize=(1.6 + 2.3 * len(measures), 1 + 0.27 * len(methods)), layout="constrained")
    axes = drawn.subplots(1, len(measures), sharey=True, squeeze=False)[0]
    for ax, measure in zip(axes, measures, strict=True):
        fills = FILLS if measure in ("insertion", "deletion") else ("",)
        for k, fill in enumerate(fills):
            rows = {r["method"]: r for r in found if r["measure"] == measure and r["fill"] == fill}
            places = [methods.index(name) + 0.22 * (k - (len(fills) - 1) / 2) for name in rows]
            for place, row in zip(places, rows.values(), strict=True):
                ax.plot([row["low"], row["high"]], [place, place], color=COLOURS[k], linewidth=1.2)
            means = [row["mean"] for row in rows.values()]
            ax.plot(means, places, MARKERS[k], color=COLOURS[k], markersize=4, label=fill)
        ax.set_title(measure, fontsize=10)
        ax.grid(axis="y", color="0.92")
    handles, names = axes[0].get_legend_handles_labels()
    drawn.legend(handles, [f"fill: {name}" for name in names], loc="outside lower center", ncols=3, fontsize=8)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].invert_yaxis()
    return drawn
