"""Shapley and Owen values of the parts of an image, for any Keras classifier: four ways to the same kind of map.

The players are superpixels (pixels for `OwenShap`, unless it is given superpixels); a coalition is the image with all
other parts hidden; it is worth the logits that the network gives it.
"""

from collections.abc import Callable

import numpy as np
from tqdm import tqdm

from cnnlearn.engine.inputs import ranked
from cnnlearn.explainers.explainer import Explainer
from cnnlearn.perturbation.fills import fill_for
from cnnlearn.perturbation.masked_logits import PATIENCE, MaskedLogits
from cnnlearn.perturbation.superpixels import superpixels
from cnnlearn.shapley import efficiency_gap


class Game:
    """What coalitions of an image's parts are worth: the logits of some classes, floats (k, T).

    Nobody and all are asked once, when the game begins; `asked` counts the coalitions that the network was shown.
    """

    def __init__(self, logits: Callable[[np.ndarray, object], np.ndarray], players: int, targets):
        self.logits, self.players = logits, players
        ends = np.array([[False] * players, [True] * players])
        empty, full = logits(ends, None)
        (self.targets,) = ranked(targets[None], full[None])
        self.empty, self.full, self.asked = empty[self.targets], full[self.targets], 2

    def __call__(self, masks) -> np.ndarray:
        somebody = masks.any(axis=1)
        outputs = np.where(somebody[:, None], self.full, self.empty)
        inner = np.flatnonzero(somebody & ~masks.all(axis=1))
        if len(inner):
            outputs[inner] = self.logits(masks[inner], self.targets)
            self.asked += len(inner)
        return outputs


class ShapleyMethod(Explainer):
    """Splits the difference between the score of an image and that of nothing shown among the image's parts.

    The value of a part is shared evenly by its pixels, so that the values add up to that difference.

    Args:
        model: any Keras classifier of images, functional or sequential, which is never changed.
        segments: the parts, for all images: labels (H, W), a name that `superpixels` knows, or a function that makes
            labels of an image.
        fill: what a hidden part is replaced by, as `fill_for` takes it.
        max_evals: how many masked images the network is shown for each image, at most.
        seed: each image is explained by a generator with this seed, whatever else is explained with it.
    """

    view = "signed"

    def __init__(self, model, *, segments="slic", fill="blur", max_evals: int = 1000, seed: int = 0):
        super().__init__(model)
        self.segments, self.fill = segments, fill
        self.max_evals, self.seed = max_evals, seed
        self._masked = MaskedLogits(model)

    def split(self, game: Game, segments) -> tuple[np.ndarray, dict[str, object]]:
        """The values (n, T) of a game's players, and facts for the certificate: numbers, or arrays (n, T)."""
        raise NotImplementedError

    def budget(self, players: int) -> int:
        """How many coalitions will be asked, for the progress bar."""
        return self.max_evals

    def _explain(self, images, rows):
        with tqdm(delay=PATIENCE, unit=" images", leave=False) as bar:
            bar.total = 0
            for image, row in zip(images, rows, strict=True):
                yield from self._explain_one(image, row, bar)

    def parts(self, image) -> np.ndarray:
        """The labels of an image's parts, integers (H, W), ids 0 … n − 1."""
        return superpixels(image, self.segments(image) if callable(self.segments) else self.segments)

    def _explain_one(self, image, row, bar):
        segments = self.parts(image)
        fill, sizes = fill_for(self.fill, image, segments), np.bincount(segments.ravel())
        bar.total += self.budget(len(sizes))

        def logits(masks, classes):
            return self._masked(image, segments, masks, fill, classes, bar=bar).astype(float)

        game = Game(logits, len(sizes), row)
        values, facts = self.split(game, segments)
        for i, target in enumerate(game.targets):
            own = {name: fact[..., i] if isinstance(fact, np.ndarray) else fact for name, fact in facts.items()}
            yield self._explanation(
                image,
                (values[:, i] / sizes)[segments],
                target,
                game.full[i],
                game.empty[i].item(),
                segments,
                values[:, i],
                completeness_gap=efficiency_gap(values[:, i], game.empty[i], game.full[i]),
                evaluations=game.asked,
                **own,
            )
