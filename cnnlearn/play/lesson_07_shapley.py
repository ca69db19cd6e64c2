"""What the figure of lesson 07 needs: a horse in four parts, all 16 scores, and the exact Shapley values."""

import numpy as np

from cnnlearn.play.parts import every_choice
from cnnlearn.shapley import shapley_exact


def compute() -> dict:
    """The data of the figure, computed with the course's network."""
    data = every_choice(37, parts=5, fill="blur")
    logits = np.array(data["logits"])
    players = len(logits).bit_length() - 1
    data["exact"] = shapley_exact(lambda masks: logits[masks @ 2 ** np.arange(players)], players).round(4).tolist()
    return data
