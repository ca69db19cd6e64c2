"""Figures as HTML that needs nothing else: no server, no network, no kernel."""

import base64
import html
import json
import re
from pathlib import Path

from cnnlearn.files.shipped import data_path
from cnnlearn.play import data

MODULES = Path(__file__).parent / "modules"
TITLES = {
    "cam": "03 · Feature maps, weighed and added",
    "shapley": "07 · Who comes first?",
}
# What a reader hears, or sees where scripts are off.
PICTURES = {
    "cam": "A horse, its class activation map, and twelve of the 72 feature maps as switches. The three strongest maps "
    "are on: together with the bias they give 4.89 of the 8.96 of the class horse.",
    "shapley": "A horse cut into four parts, A to D. They come one by one onto a blurred picture, the score of the "
    "class horse grows with each, and bars compare what each part adds on average with its exact Shapley value.",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Something to play with in the lessons</title>
<style>body {{ font-family: system-ui, sans-serif; max-width: 48rem; margin: 0 auto; padding: 1rem; }}</style></head>
<body><main><h1>Something to play with</h1>
<p>Each figure asks you to guess before it shows.</p>
{sections}</main></body></html>
"""


class Figure:
    """An interactive figure; a notebook shows it, and `html()` is what it shows."""

    def __init__(self, name: str):
        self.name = name

    def __repr__(self):
        return f"<{TITLES[self.name]}: to be seen in a notebook>"

    def _repr_html_(self):
        return self.html()

    def html(self) -> str:
        """The figure with its script and data; where scripts are off, a picture with its alternative text stays."""
        still = base64.b64encode(data_path(f"play/{self.name}.png").read_bytes()).decode()
        fallback = (
            f'<img style="max-width:100%" alt="{html.escape(PICTURES[self.name])}" src="data:image/png;base64,{still}">'
        )
        numbers = json.dumps(data.read(self.name), separators=(",", ":")).replace("<", "\\u003c")
        # A notebook may show the figure twice: each script takes the first place that no other has taken.
        return (
            f'<div data-play="{self.name}">{fallback}</div><script>(() => {{\n{_script(self.name)}\n'
            f"const el = document.querySelector('[data-play={self.name}]');\n"
            f"el.dataset.play += '-shown';\nrender({{ data: {numbers}, el }});\n}})();</script>"
        )


def page(names=tuple(TITLES)) -> str:
    """One page with the figures; `#cam` in its address leads to that one."""
    sections = (f'<section id="{name}"><h2>{TITLES[name]}</h2>\n{Figure(name).html()}</section>\n' for name in names)
    return _PAGE.format(sections="".join(sections))


def _script(name):
    """The kit and one module as one plain script: a notebook cannot import one module from another."""
    sources = ((MODULES / f"{part}.js").read_text(encoding="utf-8") for part in ("kit", name))
    text = "\n".join(sources)
    text = re.sub(r'^import \{[^}]*\} from "\./kit\.js";\n', "", text, flags=re.MULTILINE)
    return re.sub(r"^export ", "", text, flags=re.MULTILINE)
