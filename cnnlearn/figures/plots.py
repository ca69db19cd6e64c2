"""How images, maps and explanations are drawn. Every figure is shown with a text for those who cannot see it.

Colours can be told apart by colour-blind readers: viridis for maps that are never negative, and for signed ones PuOr
with equal limits on both sides, so that zero is white, orange speaks against and purple for.
"""

import io
from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from cnnlearn.explainers.explanation import Explanation
from cnnlearn.figures.over_image import drawn
from cnnlearn.figures.palette import AGAINST, FOR, LINES, SIGNED, UNSIGNED

SIDE = 2.2  # inches a picture


def show(figure: Figure, alt: str) -> None:
    """Displays a figure in a notebook as a small PNG that carries its alternative text."""
    from IPython.display import display
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=90, facecolor="white", bbox_inches="tight", pad_inches=0.05)
    Image.open(drawn).convert("RGB").quantize(256).save(small, format="png", optimize=True)
    display(
        {"image/png": small.getvalue(), "text/plain": f"[figure: {alt}]"},
        metadata={"image/png": {"alt": alt}},
        raw=True,
    )


def row_of_axes(count: int, columns: int | None = None, side: float = SIDE):
    """A figure with `count` axes without ticks, `columns` in a row (None: all), and the list of these axes."""
    columns = min(columns or count, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(side * columns, (side + 0.3) * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for ax in axes:
        ax.set_xticks([])
        ax.set_yticks([])
    for ax in axes[count:]:
        ax.remove()
    return figure, list(axes[:count])


def pictures(images: Sequence, titles: Sequence[str] = (), columns: int | None = None) -> Figure:
    """Images side by side: uint8 or floats in [0, 1], (H, W, 3), or (H, W) for grey."""
    figure, axes = row_of_axes(len(images), columns)
    for ax, image in zip(axes, images, strict=True):
        limits = (0, 255) if np.asarray(image).dtype == np.uint8 else (0, 1)
        ax.imshow(image, cmap="gray", vmin=limits[0], vmax=limits[1], interpolation="nearest")
    return _titled(figure, axes, titles)


def heatmaps(maps: Sequence, titles: Sequence[str] = (), signed: bool = False, columns: int | None = None) -> Figure:
    """Maps (H, W) side by side, each with its own scale beside it; `signed` maps have zero in the middle, in white."""
    figure, axes = row_of_axes(len(maps), columns, side=2.6)  # the scales take some of the width
    for ax, heatmap in zip(axes, maps, strict=True):
        largest = float(np.abs(heatmap).max()) or 1.0
        lowest, colours = (-largest, SIGNED) if signed else (0, UNSIGNED)
        drawn = ax.imshow(heatmap, cmap=colours, vmin=lowest, vmax=largest, interpolation="nearest")
        figure.colorbar(drawn, ax=ax, shrink=0.75)
    return _titled(figure, axes, titles)


def explanations(image, found: Sequence[Explanation], classes: Sequence[str] = ()) -> Figure:
    """An image (H, W, 3) in [0, 1], and beside it each explanation laid over it by `over_image.drawn`."""
    figure, axes = row_of_axes(1 + len(found))
    axes[0].imshow(image)
    titles = ["image"]
    for ax, explanation in zip(axes[1:], found, strict=True):
        ax.imshow(drawn(explanation, image))
        name = classes[explanation.target] if classes else f"class {explanation.target}"
        titles.append(f"{explanation.method}: {name}")
    return _titled(figure, axes, titles)


def gaze(images: Sequence, paths: Sequence, titles: Sequence[str] = (), columns: int | None = None) -> Figure:
    """Images (H, W, 3) in [0, 1] with the places that an eye visits: (row, column) of each, numbered in order."""
    figure, axes = row_of_axes(len(images), columns, side=2.8)
    for ax, image, path in zip(axes, images, paths, strict=True):
        ax.imshow(image)
        rows, across = np.reshape(path, (-1, 2)).T
        ax.plot(across, rows, "-", color="black", linewidth=3)
        ax.plot(across, rows, "-", color="white", linewidth=1.5)
        ax.plot(across, rows, "o", color="white", markeredgecolor="black", markersize=11)
        for number, (row, column) in enumerate(path, 1):
            ax.text(column, row, str(number), ha="center", va="center_baseline", fontsize=8)
    return _titled(figure, axes, titles)


def bars(names: Sequence[str], values: Sequence[float], label: str = "") -> Figure:
    """Numbers with names as horizontal bars, the first on top: orange below zero, purple above."""
    figure = Figure(figsize=(5, 0.6 + 0.28 * len(names)), layout="constrained")
    ax = figure.subplots()
    ax.barh(range(len(names)), values, color=[AGAINST if value < 0 else FOR for value in values])
    ax.set_yticks(range(len(names)), names)
    ax.invert_yaxis()
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_xlabel(label)
    return figure


def curves(lines: dict[str, Sequence[float]], xlabel: str, ylabel: str, start: int = 0) -> Figure:
    """Named lines over the same steps, which count from `start`; told apart by dashes and colours."""
    figure = Figure(figsize=(5, 3.2), layout="constrained")
    ax = figure.subplots()
    styles = zip(LINES, ("-", "--", ":", "-."), strict=True)
    for (name, values), (colour, dashes) in zip(lines.items(), styles, strict=False):
        ax.plot(range(start, start + len(values)), values, dashes, color=colour, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.legend()
    return figure


def matrix(counts, names: Sequence[str], xlabel: str, ylabel: str) -> Figure:
    """A square table of counts (C, C), each written into its cell, with the names of its rows and columns."""
    figure = Figure(figsize=(6, 5.4), layout="constrained")
    ax = figure.subplots()
    ax.imshow(counts, cmap=UNSIGNED)
    for (i, j), count in np.ndenumerate(counts):
        dark = count < np.max(counts) / 2
        ax.text(j, i, str(count), ha="center", va="center", fontsize=8, color="white" if dark else "black")
    ax.set_xticks(range(len(names)), names, rotation=45, ha="right")
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel=xlabel, ylabel=ylabel)
    return figure


def _titled(figure, axes, titles):
    for ax, title in zip(axes, titles, strict=False):
        ax.set_title(title, fontsize=10)
    return figure
