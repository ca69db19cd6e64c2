"""What `cnnlearn explain` leaves behind: one HTML page that needs nothing beside it, or a folder of pictures."""

import base64
import html
import re
from collections.abc import Sequence
from pathlib import Path

from cnnlearn.explain.classifier import Subject
from cnnlearn.explain.run import Result
from cnnlearn.explainers.explanation import brief
from cnnlearn.figures.over_image import drawn, in_words, layers, png

FIGURES = """
.row { display: flex; flex-wrap: wrap; gap: 1.2rem; }
figure { margin: 0; width: 224px; }
figure img { width: 224px; height: auto; display: block; image-rendering: pixelated; }
figcaption { font-size: 0.85rem; overflow-wrap: anywhere; }
table { border-collapse: collapse; margin-bottom: 1rem; } td, th { padding: 0.1rem 0.8rem 0.1rem 0; text-align: left; }
.key span { white-space: nowrap; }
.key i { display: inline-block; width: 1em; height: 1em; vertical-align: -0.15em; margin: 0 0.3em; }
@media (max-width: 30rem) { figure, figure img { width: 100%; } }
"""
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; color: #1a1a1a;
  background: #fff; }
h2 { border-top: 1px solid #bbb; margin-top: 2.5rem; padding-top: 1rem; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { body { color: #eee; background: #181818; } }
"""
KEY = (
    '<p class="key">Maps in yellow and green show evidence for the class. In the others '
    '<span><i style="background:#542788"></i>purple</span> speaks for the class and '
    '<span><i style="background:#b35806"></i>orange</span> against it. '
    "Grey pictures show gradients, colour by colour.</p>"
)


def certificate(facts: dict) -> str:
    """A certificate in one line: "completeness gap 1.2e-06, evaluations 1000"; of an array its ends."""
    return ", ".join(f"{name.replace('_', ' ')} {brief(value)}" for name, value in facts.items())


def write(path: Path, subject: Subject, results: Sequence[Result]) -> list[Path]:
    """Writes the results, and returns the files. A path that ends in .html is a page, any other a folder."""
    if path.suffix.lower() in (".html", ".htm"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(subject, results), encoding="utf-8")
        return [path]
    path.mkdir(parents=True, exist_ok=True)
    files = []
    for number, result in enumerate(results):
        stem = f"{number:03}-{_plain(Path(result.name).stem)}"
        for method, found in result.found.items():
            for explanation in [] if isinstance(found, str) else found:
                file = path / f"{stem}-{method}-{_plain(subject.classes[explanation.target])}.png"
                file.write_bytes(png(drawn(explanation, result.image)))
                files.append(file)
    return files


def page(subject: Subject, results: Sequence[Result]) -> str:
    """The page: each picture, its top classes, and what each method shows of it, with alternative texts."""
    parts = "".join(section(subject, result) for result in results)
    title = f"What {html.escape(subject.name)} looked at"
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{FIGURES}{STYLE}</style></head>'
        f"<body><main><h1>{title}</h1>{KEY}{parts}</main></body></html>\n"
    )


def section(subject: Subject, result: Result, layered: bool = False) -> str:
    """A picture, its top classes and its maps, as HTML.

    layered: each map is an image of its own over the picture, so that whoever shows it can say how much of the colours
    is laid over it, by the CSS variable --share.
    """
    rows = "".join(f"<tr><td>{html.escape(subject.classes[i])}</td><td>{p:.1%}</td></tr>" for i, p in result.top)
    table = f"<table><thead><tr><th>class</th><th>probability</th></tr></thead><tbody>{rows}</tbody></table>"
    original = _img(result.image, f"The picture {result.name}.")
    figures = [_figure(original, "the picture, as the network takes it")]
    refusals = []
    for method, found in result.found.items():
        if isinstance(found, str):
            refusals.append(f"<p><b>{html.escape(method)}</b>: {html.escape(found)}</p>")
            continue
        for explanation in found:
            target = subject.classes[explanation.target]
            caption = f"{explanation.method}: {target}. {certificate(explanation.certificate)}"
            alt = in_words(explanation, result.name, target)
            if layered:
                ground, cover, gain = layers(explanation, result.image)
                style = f' class="cover" style="opacity: calc({gain} * var(--share))"'
                shown = f'<div class="layers">{_img(ground, "")}{_img(cover, alt, style)}</div>'
            else:
                shown = _img(drawn(explanation, result.image), alt)
            figures.append(_figure(shown, caption))
    shown = "".join(figures)
    return f'<h2>{html.escape(result.name)}</h2>{table}<div class="row">{shown}</div>{"".join(refusals)}'


def _img(picture, alt, more=""):
    data = base64.b64encode(png(picture)).decode()
    return f'<img alt="{html.escape(alt)}"{more} src="data:image/png;base64,{data}">'


def _figure(shown, caption):
    return f"<figure>{shown}<figcaption>{html.escape(caption)}</figcaption></figure>"


def _plain(name):
    return re.sub(r"[^\w.-]+", "_", name)[:60]
