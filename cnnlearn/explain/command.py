"""The command `cnnlearn explain`: from names to a table on the screen and a page or a folder of pictures."""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from cnnlearn.explain.classifier import Subject, chosen_targets, open_subject
from cnnlearn.explain.methods import chosen_methods
from cnnlearn.explain.page import certificate, write
from cnnlearn.explain.run import Result, explain
from cnnlearn.files.pictures import PictureError, load

PICTURES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def run(
    sources: Sequence[str],
    model: str,
    methods: str,
    targets: Sequence[str],
    top: int,
    layer: str | None,
    evaluations: int,
    out: Path,
    weights: Path | None,
    class_names: Path | None,
) -> None:
    """Explains and writes. SystemExit with one sentence for what cannot be done; a picture that fails is left out."""
    try:
        names = chosen_methods(methods, layer)
        pictures = _pictures(sources)
        subject = open_subject(model, weights, class_names)
        results = explain(subject, pictures, names, chosen_targets(subject, targets), layer, top, evaluations)
        files = write(out, subject, results)
    except (OSError, ValueError) as error:
        sys.exit(" ".join(str(error).split()))
    report(subject, results)
    print(f"Written: {files[0]}" if len(files) == 1 else f"Written: {len(files)} pictures in {out}")


def report(subject: Subject, results: Sequence[Result]) -> None:
    """Prints for each picture its top classes, and each explanation's certificate."""
    console = Console()
    for result in results:
        top = ", ".join(f"{subject.classes[index]} {share:.1%}" for index, share in result.top)
        console.print(f"{result.name}: {top}", markup=False, soft_wrap=True)
        table = Table("method", "class", "certificate")
        for method, found in result.found.items():
            if isinstance(found, str):
                table.add_row(method, "—", found)
                continue
            for one in found:
                table.add_row(method, subject.classes[one.target], certificate(one.certificate))
        console.print(table)


def _pictures(sources) -> dict[str, np.ndarray]:
    """The pictures by their names; those in a folder in the order of their names. ValueError if there is none."""
    found = {}
    for name in [name for source in sources for name in _expanded(source)]:
        try:
            found[name] = load(name)
        except PictureError as error:
            print(error, file=sys.stderr)
    if not found:
        raise ValueError("There is no picture to explain.")
    return found


def _expanded(source):
    if "://" in source or not Path(source).is_dir():
        return [source]
    return sorted(str(path) for path in Path(source).iterdir() if path.suffix.lower() in PICTURES)
