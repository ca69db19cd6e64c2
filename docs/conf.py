"""How the book is made of the solved lessons, the guides and the docstrings: `make book`, without a network."""

import sys
from pathlib import Path

import nbformat

from cnnlearn import __version__

DOCS = Path(__file__).parent
ROOT = DOCS.parent
sys.path.insert(0, str(DOCS))

import docstrings  # noqa: E402

project = "cnnlearn"
author = "The cnnlearn authors"
release = __version__
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx-mathjax-offline"]
exclude_patterns = ["classroom"]
highlight_language = "none"  # of commands and formulas; the cells of notebooks say that they are Python
default_role = "code"  # docstrings mark names by single backticks
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say more: shapes, units, ranges
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 2
nb_execution_mode = "off"  # the solutions hold their outputs; nbval compares them
nb_code_prompt_show = "Show the solution"
nb_code_prompt_hide = "Fold the solution"

html_theme = "pydata_sphinx_theme"
html_title = "cnnlearn"
html_static_path = ["static"]
html_css_files = ["book.css"]
html_js_files = [("book.js", {"defer": "defer"})]
html_show_sourcelink = False
html_domain_indices = False  # the search finds modules
html_theme_options = {
    "logo": {"text": "cnnlearn"},
    "navbar_align": "left",
    "show_toc_level": 2,
    "navbar_persistent": ["search-button"],
    "navigation_with_keys": True,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
copyright = "The cnnlearn authors, MIT licence"


def fold_solutions(app, config):
    """Copies the solved lessons to docs/lessons/, their solutions tagged so that MyST-NB folds them."""
    lessons = DOCS / "lessons"
    lessons.mkdir(exist_ok=True)
    for path in sorted((ROOT / "solutions").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.metadata.get("nbgrader", {}).get("solution"):
                cell.metadata.setdefault("tags", []).append("hide-input")
        text = nbformat.writes(notebook)
        copy = lessons / path.name
        if not copy.exists() or copy.read_text(encoding="utf-8") != text:  # an unchanged page is not built again
            copy.write_text(text, encoding="utf-8")


def rewrite(app, what, name, object, options, lines):
    lines[:] = docstrings.to_rst(lines)


def setup(app):
    app.connect("autodoc-process-docstring", rewrite)
    app.connect("config-inited", fold_solutions)
