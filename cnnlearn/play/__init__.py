"""Something to play with: small interactive figures, one for a lesson.

`play.cam()` at the end of a notebook's cell shows the figure of lesson 03; no extension is needed.
"""

from cnnlearn.play.page import Figure, page

__all__ = ["cam", "page", "shapley"]


def cam() -> Figure:
    """Lesson 03: feature maps switched on and off, weighed and added up to a class activation map and its logit."""
    return Figure("cam")


def shapley() -> Figure:
    """Lesson 07: the order in which the parts of a picture come, what each adds, and the average over orders."""
    return Figure("shapley")
