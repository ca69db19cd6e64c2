"""Shapley and Owen values of the parts of an image, for any Keras classifier: four ways to the same kind of map.

The players are superpixels (pixels for `OwenShap`, unless it is given superpixels); a coalition is the image with all
other parts hidden; it is worth the logits that the network gives it.
"""

from collections.abc import Callable, Iterable

import numpy as np
from tqdm import tqdm

from cnnlearn.explainers.explanation import Explanation, as_images, as_targets
from cnnlearn.explainers.third_order import kernel_shap_with_triples
from cnnlearn.perturbation.coalitions import kernel_coalitions, pairs_of_size
from cnnlearn.perturbation.fills import fill_for
from cnnlearn.perturbation.masked_logits import PATIENCE, MaskedLogits
from cnnlearn.perturbation.partition_trees import halving_tree, owen_walk, superpixel_tree
from cnnlearn.perturbation.superpixels import superpixels
from cnnlearn.shapley import efficiency_gap, kernel_shap, shapley_exact, shapley_permutations

MOST_EXACT = 20  # players: a million coalitions
MOST_PAIRS = 1000  # to which triples are fitted: the time for it grows with the cube of their number
REPEATS = 20  # at least so many estimates, apart from each other, tell how much they vary


class Game:
    """What coalitions of an image's parts are worth: the logits of some classes, floats (k, T).

    Nobody and all are asked once, when the game begins; `asked` counts the coalitions that the network was shown.
    """

    def __init__(self, logits: Callable[[np.ndarray, object], np.ndarray], players: int, targets):
        self.logits, self.players = logits, players
        ends = np.array([[False] * players, [True] * players])
        empty, full = logits(ends, None)
        self.targets = np.array([full.argmax()]) if targets is None else targets
        self.empty, self.full, self.asked = empty[self.targets], full[self.targets], 2

    def __call__(self, masks) -> np.ndarray:
        somebody = masks.any(axis=1)
        outputs = np.where(somebody[:, None], self.full, self.empty)
        inner = np.flatnonzero(somebody & ~masks.all(axis=1))
        if len(inner):
            outputs[inner] = self.logits(masks[inner], self.targets)
            self.asked += len(inner)
        return outputs


class ShapleyMethod:
    """Splits the difference between the logit of an image and that of nothing shown among the image's parts.

    model: any Keras classifier of images, functional or sequential, which is never changed; logits are taken below a
    softmax. segments: the parts, for all images: labels (H, W), a name that `superpixels` knows, or a function that
    makes labels of an image. fill: what a hidden part is replaced by, as `fill_for` takes it. evaluations: how many
    masked images the network is shown for each image, at most. seed: each image is explained by a generator with this
    seed, whatever else is explained with it.
    """

    method = ""

    def __init__(self, model, segments="slic", fill="blur", evaluations: int = 1000, seed: int = 0):
        self.model, self.segments, self.fill = model, segments, fill
        self.evaluations, self.seed = evaluations, seed
        self._masked = MaskedLogits(model)

    def split(self, game: Game, segments) -> tuple[np.ndarray, dict[str, object]]:
        """The values (n, T) of a game's players, and what the certificate says besides: numbers, or one a target."""
        raise NotImplementedError

    def budget(self, players: int) -> int:
        """How many coalitions will be asked, for the progress bar."""
        return self.evaluations

    def explain(self, images, targets=None, batch: int | None = None) -> list[Explanation]:
        """Explanations with values (H, W) that add up to the logit less that of nothing shown.

        The value of a part is shared evenly by its pixels. images: floats (H, W, 3) or (N, H, W, 3) in the model's own
        range. targets: None (for each image the class with the largest logit), a class, one for each image, or several
        a row, (N, T), which all come from the same model calls. batch: how many masked images the network is shown at a
        time; it changes speed and memory alone. Returns N·T explanations, those of the first image first. The
        certificate holds "gap", "evaluations", and where they apply "standard error" (the largest of all parts) and
        "seed".
        """
        images = as_images(images)
        rows: Iterable = [None] * len(images)
        if targets is not None:
            rows = as_targets(targets, len(images), self.model.output_shape[-1])
        explanations = []
        with tqdm(delay=PATIENCE, unit=" images", leave=False) as bar:
            bar.total = 0
            for image, row in zip(images, rows, strict=True):
                explanations += self._explain(image, row, batch, bar)
        return explanations

    def parts(self, image) -> np.ndarray:
        """The labels of an image's parts, integers (H, W), ids 0 … n − 1."""
        return superpixels(image, self.segments(image) if callable(self.segments) else self.segments)

    def _explain(self, image, targets, batch, bar):
        segments = self.parts(image)
        fill, sizes = fill_for(self.fill, image, segments), np.bincount(segments.ravel())
        bar.total += self.budget(len(sizes))

        def logits(masks, classes):
            return self._masked(image, segments, masks, fill, classes, batch, bar).astype(float)

        game = Game(logits, len(sizes), targets)
        values, facts = self.split(game, segments)
        for i, target in enumerate(game.targets):
            gap = efficiency_gap(values[:, i], game.empty[i], game.full[i])
            own = {name: fact[i].item() if isinstance(fact, np.ndarray) else fact for name, fact in facts.items()}
            certificate = {"logit": game.full[i].item(), "gap": gap, "evaluations": game.asked, **own}
            yield Explanation((values[:, i] / sizes)[segments], int(target), self.method, certificate)


class ExactShap(ShapleyMethod):
    """Exact Shapley values, by showing the network all 2^n coalitions of at most 20 parts."""

    method = "exact Shapley values"

    def __init__(self, model, segments="slic", fill="blur"):
        super().__init__(model, segments, fill)

    def budget(self, players):
        return 2**players

    def split(self, game, segments):
        if game.players > MOST_EXACT:
            raise ValueError(
                f"{game.players} parts have 2^{game.players} coalitions; exact values are for {MOST_EXACT} parts at "
                "most. Take fewer parts, or KernelShap, PermutationShap or OwenShap."
            )
        return shapley_exact(game, game.players), {}


class PermutationShap(ShapleyMethod):
    """Shapley values from random orders of the parts in antithetic pairs, as many as the evaluations allow."""

    method = "permutation SHAP"

    def split(self, game, segments):
        rng = np.random.default_rng(self.seed)
        pairs = max(1, (self.evaluations - 2) // (2 * max(1, game.players - 1)))
        together = max(1, pairs // REPEATS)  # of which one repeat is made: a call for each pair would be slow
        repeats = pairs // together
        samples = np.array([shapley_permutations(game, game.players, 2 * together, rng) for _ in range(repeats)])
        error = np.full(len(game.targets), np.nan)
        if repeats > 1:
            error = (samples.std(axis=0, ddof=1) / np.sqrt(repeats)).max(axis=0)
        return samples.mean(axis=0), {"standard error": error, "seed": self.seed}


class KernelShap(ShapleyMethod):
    """Shapley values from a weighted regression on distinct coalitions in pairs, the sizes that weigh most as a whole.

    With 2^n evaluations or more the values are exact. Up to 2,000 evaluations what depends on three parts at once is
    fitted besides, which makes the error of the regression a half or less on image classifiers.
    """

    method = "Kernel SHAP"

    def split(self, game, segments):
        rng = np.random.default_rng(self.seed)
        masks, weights, strata = kernel_coalitions(game.players, self.evaluations - 2, rng)
        outputs = game(masks)
        if strata.any() and len(strata) <= MOST_PAIRS:
            values, left = kernel_shap_with_triples(masks, outputs, game.empty, game.full, weights)
        else:
            values = kernel_shap(masks, outputs, game.empty, game.full, weights)
            left = outputs - game.empty - masks @ values
        error = kernel_error(masks, left, weights, strata).max(axis=0)
        return values, {"standard error": error, "seed": self.seed}


class OwenShap(ShapleyMethod):
    """Owen values on a tree of the parts: the largest gains are split first, until the evaluations are spent.

    segments: None for the pixels themselves, on the halving grid of SHAP's partition explainer; or as in the other
    methods, on a tree that halves the superpixels by their places. Nothing is random.
    """

    method = "Owen values"

    def __init__(self, model, segments=None, fill="blur", evaluations: int = 1000):
        super().__init__(model, segments, fill, evaluations)

    def parts(self, image):
        if self.segments is None:
            return np.arange(image.shape[0] * image.shape[1]).reshape(image.shape[:2])
        return super().parts(image)

    def split(self, game, segments):
        tree = halving_tree(*segments.shape) if self.segments is None else superpixel_tree(segments)
        return owen_walk(game, tree, self.evaluations - 2, game.empty, game.full), {}


def kernel_error(masks, residuals, weights, strata) -> np.ndarray:
    """The standard error of Kernel SHAP's values, (n, T), from what a regression on `kernel_coalitions` left over.

    residuals: floats (2k, T). A pair moves the values by its residuals, weighed; how much this varies among the pairs
    drawn from a size, fewer being left as more were drawn, gives the variance. NaN where it cannot be known: with fewer
    coalitions than players, or one pair drawn from a size.
    """
    players = masks.shape[1]
    if len(masks) <= players and strata.any():
        return np.full((players, residuals.shape[1]), np.nan)
    centred = masks - masks.mean(axis=1, keepdims=True)
    pull = (centred * weights[:, None]) @ np.linalg.pinv(centred.T @ (centred * weights[:, None]))
    moves = np.einsum("hkn,hkt->knt", pull.reshape(2, -1, players), residuals.reshape(2, -1, residuals.shape[1]))
    variance = np.zeros(moves.shape[1:])
    for size in set(strata.tolist()) - {0}:
        drawn = moves[strata == size]
        left_out = 1 - len(drawn) / pairs_of_size(players, size)
        spread = drawn.var(axis=0, ddof=1) if len(drawn) > 1 else np.nan
        variance += left_out * len(drawn) * spread
    return np.sqrt(variance)
