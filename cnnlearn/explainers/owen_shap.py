"""Owen values on a tree of parts (Owen 1977; nested trees, Winter 1989)."""

import numpy as np

from cnnlearn.explainers.shapley import ShapleyMethod
from cnnlearn.perturbation.partition_trees import halving_tree, owen_walk, superpixel_tree


class OwenShap(ShapleyMethod):
    """Owen values on a tree of the parts: the largest gains are split first, until the evaluations are spent.

    segments: None for the pixels themselves, on the halving grid of SHAP's partition explainer; or as in the other
    methods, on a tree that halves the superpixels by their places. Nothing is random.
    """

    method = "Owen values"

    def __init__(self, model, *, segments=None, fill="blur", max_evals: int = 1000):
        super().__init__(model, segments=segments, fill=fill, max_evals=max_evals)

    def parts(self, image):
        if self.segments is None:
            return np.arange(image.shape[0] * image.shape[1]).reshape(image.shape[:2])
        return super().parts(image)

    def split(self, game, segments):
        tree = halving_tree(*segments.shape) if self.segments is None else superpixel_tree(segments)
        return owen_walk(game, tree, self.max_evals - 2, game.empty, game.full), {}
