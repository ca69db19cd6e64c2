"""Shapley and Owen values of real networks: their oracles, certificates, peers, and a network that stays as it was."""

import keras
import numpy as np
import pytest

from cnnlearn.engine import forward
from cnnlearn.exercises.fixtures.games import game
from cnnlearn.exercises.fixtures.networks import small_network
from cnnlearn.explainers import shapley
from cnnlearn.explainers.coalitions import kernel_coalitions, pairs_of_size
from cnnlearn.explainers.exact_shap import ExactShap
from cnnlearn.explainers.kernel_shap import KernelShap, kernel_error
from cnnlearn.explainers.owen_shap import OwenShap
from cnnlearn.explainers.permutation_shap import PermutationShap
from cnnlearn.perturbation import partition_trees
from cnnlearn.perturbation.fills import fill_for
from cnnlearn.perturbation.masked_logits import MaskedLogits
from cnnlearn.perturbation.partition_trees import halving_tree, owen_walk, superpixel_tree
from cnnlearn.shapley import kernel_shap, owen_values, shapley_exact, shapley_kernel

RNG = np.random.default_rng(2)
IMAGES = RNG.random((3, 8, 8, 3)).astype(np.float32)
ROWS, COLUMNS = np.indices((8, 8))
SIX = ROWS // 3 * 2 + COLUMNS // 4  # three rows of two parts, the last of them lower
METHODS = (ExactShap, PermutationShap, KernelShap, OwenShap)


@pytest.fixture(scope="module")
def model():
    return small_network("gap softmax", 3)


def columns(value):
    return lambda masks: value(masks)[:, None]


def counting(value):
    def counted(masks):
        counted.calls += len(masks)
        counted.seen.update(map(bytes, masks))
        return value(masks)

    counted.calls, counted.seen = 0, set()
    return counted


def walk(value, tree, budget):
    players = len(partition_trees.Groups(tree).order)
    empty, full = value(np.array([[False] * players, [True] * players]))
    return owen_walk(value, tree, budget, empty, full)


# Trees


def test_a_grid_is_halved_across_its_longer_side():
    assert halving_tree(2, 2) == ((0, 1), (2, 3))
    assert halving_tree(1, 3) == (0, (1, 2))
    assert halving_tree(3, 2) == ((0, 1), ((2, 3), (4, 5)))
    assert sorted(partition_trees.Groups(halving_tree(7, 5)).order) == list(range(35))


def test_superpixels_are_halved_by_their_places():
    assert superpixel_tree(SIX) == ((0, (2, 1)), (4, (3, 5)))
    quarters = ROWS // 4 * 2 + COLUMNS // 4
    assert superpixel_tree(quarters) == ((0, 1), (2, 3))
    assert superpixel_tree(np.zeros((4, 4), int)) == 0


def test_groups_are_numbered_halved_and_shown_as_their_tree_says():
    groups = partition_trees.Groups((4, ((0, 3), (1, 2))))
    assert groups.order.tolist() == [4, 0, 3, 1, 2] and groups.sizes.tolist() == [5, 1, 4, 2, 1, 1, 2, 1, 1]
    assert groups.halves(np.array([0, 2, 6])).tolist() == [[1, 2], [3, 6], [7, 8]]
    assert groups.masks([(), (6,), (1, 5)]).astype(int).tolist() == [[0] * 5, [0, 1, 1, 0, 0], [0, 0, 0, 1, 1]]
    totals = np.zeros((9, 1))
    totals[[0, 3, 7]] = [[5], [4], [1]]
    assert groups.share(totals)[:, 0].tolist() == [3, 2, 1, 3, 1]


@pytest.mark.parametrize("tree", [((0, 1), (2, 3)), (4, ((0, 3), (1, 2))), halving_tree(3, 2)])
def test_a_walk_to_the_end_gives_owen_values(tree):
    players = len(partition_trees.Groups(tree).order)
    value = game("random", players, 1)
    np.testing.assert_allclose(walk(columns(value), tree, 10**6)[:, 0], owen_values(value, tree), atol=1e-12)


@pytest.mark.parametrize("budget", [0, 1, 2, 7, 20, 63, 1000])
def test_a_walk_adds_up_and_keeps_to_its_budget(budget):
    value = counting(columns(game("random", 12, 2)))
    values = walk(value, halving_tree(4, 3), budget)
    empty, full = value(np.array([[False] * 12, [True] * 12]))
    assert values.sum() == pytest.approx((full - empty).item(), abs=1e-12)
    assert value.calls - 4 <= budget


@pytest.mark.parametrize("budget, calls", [(998, 8), (20_000, 90)])
def test_a_walk_asks_few_times_and_not_too_much_at_once(budget, calls):
    value, asked = columns(game("random", 12, 2)), []

    def logged(masks):
        asked.append(len(masks))
        return value(masks[:, :12])

    owen_walk(logged, halving_tree(32, 32), budget, np.zeros(1), np.ones(1))
    assert sum(asked) == budget and max(asked) <= 256 and len(asked) <= calls


@pytest.mark.parametrize("levels", [2, 4])
def test_a_whole_walk_costs_what_it_must_and_asks_nothing_twice(levels):
    value = counting(lambda masks: masks @ np.arange(2.0**levels)[:, None])
    walk(value, halving_tree(2 ** (levels // 2), 2 ** (levels // 2)), 10**9)
    assert value.calls == len(value.seen) == 2 * (4**levels - 1) // 3 + 2


def test_a_walk_goes_where_the_gains_are():
    """One pixel matters, on 256: 16 questions lead to it, and all others get nothing."""
    values = walk(lambda masks: 5.0 * masks[:, [77]], halving_tree(16, 16), 2 * (4 * 255))
    assert values[77, 0] == pytest.approx(5) and np.abs(np.delete(values, 77)).max() < 1e-12
    few = walk(lambda masks: 5.0 * masks[:, [77]], halving_tree(16, 16), 60)
    assert few.argmax() == 77 or few[77, 0] == few.max() > 5 / 64


# Coalitions for Kernel SHAP


@pytest.mark.parametrize("players, budget", [(2, 2), (5, 30), (6, 62), (7, 20), (12, 998), (50, 998), (9, 0), (1, 10)])
def test_coalitions_are_distinct_pairs_within_the_budget(players, budget):
    masks, weights, strata = kernel_coalitions(players, budget, np.random.default_rng(0))
    half = len(masks) // 2
    assert len(masks) <= budget and len(masks) >= min(budget - 1, 2**players - 2) - 1
    assert (masks[:half] == ~masks[half:]).all() and (weights[:half] == weights[half:]).all()
    assert len(np.unique(masks, axis=0)) == len(masks) and len(strata) == half
    assert ((masks.sum(axis=1) > 0) & (masks.sum(axis=1) < players)).all()


def test_each_size_weighs_what_the_kernel_gives_it():
    masks, weights, strata = kernel_coalitions(12, 998, np.random.default_rng(1))
    sizes = masks.sum(axis=1)
    whole = set(sizes[np.tile(strata == 0, 2)])
    assert whole == {1, 2, 10, 11}
    for size in range(1, 12):
        wanted = shapley_kernel(12, size) * pairs_of_size(12, size) * (2 if size == 6 else 1)
        assert weights[sizes == size].sum() == pytest.approx(wanted), size


def test_all_coalitions_give_exact_values_and_no_error():
    value = columns(game("random", 6, 3))
    masks, weights, strata = kernel_coalitions(6, 62, np.random.default_rng(0))
    empty, full = value(np.array([[False] * 6, [True] * 6]))
    values = kernel_shap(masks, value(masks), empty, full, weights)
    np.testing.assert_allclose(values, shapley_exact(value, 6), atol=1e-9)
    error = kernel_error(masks, value(masks) - empty - masks @ values, weights, strata)
    assert (error == 0).all()


@pytest.mark.slow
@pytest.mark.parametrize("players, budget", [(10, 400), (12, 300)])
def test_kernel_shap_has_no_bias_and_its_standard_error_is_right(players, budget):
    value = columns(game("random", players, 4))
    empty, full = value(np.array([[False] * players, [True] * players]))
    found, errors = [], []
    for seed in range(200):
        masks, weights, strata = kernel_coalitions(players, budget, np.random.default_rng(seed))
        outputs = value(masks)
        found.append(kernel_shap(masks, outputs, empty, full, weights))
        errors.append(kernel_error(masks, outputs - empty - masks @ found[-1], weights, strata))
    spread = np.std(found, axis=0, ddof=1)
    bias = np.mean(found, axis=0) - shapley_exact(value, players)
    assert (np.abs(bias) < 4 * spread / np.sqrt(len(found))).all()
    ratio = np.sqrt(np.mean(np.square(errors), axis=0).mean() / (spread**2).mean())
    assert 0.8 < ratio < 1.25


# The methods on a network


def masked_by_hand(model, image, segments, fill, target):
    """A game from whole images made by NumPy, and the plain model."""
    logits = keras.Model(model.input, model.get_layer("logits").output)
    filled = fill_for(fill, image, segments)

    def value(masks):
        shown = masks[:, segments][..., None]
        return logits.predict(np.where(shown, image, filled), verbose=0)[:, target].astype(float)

    return value


def by_part(explanation, segments):
    return np.bincount(segments.ravel(), weights=explanation.values.ravel())


@pytest.mark.slow
@pytest.mark.parametrize("fill", ["grey", "blur", "segment mean", 0.25])
def test_exact_values_are_those_of_a_game_made_by_hand(model, fill):
    found = ExactShap(model, segments=SIX, fill=fill).explain(IMAGES[0], 1)[0]
    exact = shapley_exact(masked_by_hand(model, IMAGES[0], SIX, fill, 1), 6)
    np.testing.assert_allclose(by_part(found, SIX), exact, atol=1e-5)
    assert found.certificate["evaluations"] == 64 and found.certificate["completeness_gap"] == pytest.approx(
        0, abs=1e-9
    )


@pytest.mark.slow
def test_owen_values_are_those_of_a_game_made_by_hand(model):
    found = OwenShap(model, segments=SIX, fill="grey").explain(IMAGES[0], 2)[0]
    expected = owen_values(masked_by_hand(model, IMAGES[0], SIX, "grey", 2), superpixel_tree(SIX))
    np.testing.assert_allclose(by_part(found, SIX), expected, atol=1e-5)


def test_the_other_methods_come_to_the_exact_values(model):
    exact = ExactShap(model, segments=SIX, fill="grey").explain(IMAGES[1], 0)[0].values
    kernel = KernelShap(model, segments=SIX, fill="grey", max_evals=64).explain(IMAGES[1], 0)[0]
    np.testing.assert_allclose(kernel.values, exact, atol=1e-6)
    assert kernel.certificate["std_error"].max() == 0
    orders = PermutationShap(model, segments=SIX, fill="grey", max_evals=2000).explain(IMAGES[1], 0)[0]
    error = np.abs(by_part(orders, SIX) - np.bincount(SIX.ravel(), exact.ravel())).max()
    assert error < 4 * orders.certificate["std_error"].max() < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("evaluations", [10, 40])
def test_values_add_up_and_the_budget_is_kept(model, method, evaluations):
    settings = {} if method is ExactShap else {"max_evals": evaluations}
    for found in method(model, segments=SIX, fill="grey", **settings).explain(IMAGES):
        value = masked_by_hand(model, IMAGES[0], SIX, "grey", found.target)
        certificate = found.certificate
        assert abs(certificate["completeness_gap"]) < 1e-9
        least = 12 if method is PermutationShap else 0  # one pair of orders
        assert method is ExactShap or certificate["evaluations"] <= max(evaluations, least)
    full, empty = value(np.array([[True] * 6]))[0], value(np.array([[False] * 6]))[0]
    first = method(model, segments=SIX, fill="grey", **settings).explain(IMAGES[0], found.target)[0]
    assert first.values.sum() == pytest.approx(full - empty, abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_several_classes_come_from_one_set_of_calls(model, method):
    together = method(model, segments=SIX).explain(IMAGES[:2], [[0, 3], [2, 1]])
    assert [one.target for one in together] == [0, 3, 2, 1]
    alone = method(model, segments=SIX).explain(IMAGES[1], 1)[0]
    if method is not OwenShap:  # whose path depends on all classes that are asked
        np.testing.assert_allclose(together[3].values, alone.values, atol=1e-5)
    assert together[3].certificate["evaluations"] == alone.certificate["evaluations"]


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_batch_size_changes_nothing(model, method, monkeypatch):
    one = method(model, segments=SIX).explain(IMAGES[:2], 1)
    monkeypatch.setattr(forward, "LARGEST_BATCH", 3)
    two = method(model, segments=SIX).explain(IMAGES[:2], 1)
    for first, second in zip(one, two, strict=True):
        np.testing.assert_allclose(first.values, second.values, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("method", (PermutationShap, KernelShap))
def test_the_seed_decides(model, method):
    def explain(seed):
        return method(model, segments=SIX, max_evals=24, seed=seed).explain(IMAGES[2], 1)[0]

    assert (explain(5).values == explain(5).values).all() and explain(5).certificate["seed"] == 5
    assert np.abs(explain(5).values - explain(6).values).max() > 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_the_model_stays_as_it_was(model, method):
    weights, before = model.get_weights(), model.predict(IMAGES, verbose=0)

    def fails(hidden):
        raise OSError("no fill")

    method(model, segments=SIX).explain(IMAGES[0])
    with pytest.raises(OSError, match="no fill"):
        method(model, segments=SIX, fill=fails).explain(IMAGES[0])
    assert all((one == two).all() for one, two in zip(weights, model.get_weights(), strict=True))
    assert (model.predict(IMAGES, verbose=0) == before).all()


def test_pixels_are_the_players_of_owen_values(model):
    found = OwenShap(model, max_evals=400).explain(IMAGES[0], 1)[0]
    assert found.values.shape == (8, 8) and abs(found.certificate["completeness_gap"]) < 1e-9
    assert found.certificate["evaluations"] == 400
    assert len(np.unique(found.values)) > 20


def test_what_cannot_be_is_refused(model):
    with pytest.raises(ValueError, match=r"64 parts have 2\^64 coalitions"):
        ExactShap(model, segments=np.arange(64).reshape(8, 8)).explain(IMAGES[0])
    with pytest.raises(ValueError, match="classes 0 to 3"):
        KernelShap(model, segments=SIX).explain(IMAGES[0], 4)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_a_single_part_gets_everything(model, method):
    found = method(model, segments=np.zeros((8, 8), int), fill="grey").explain(IMAGES[0], 0)[0]
    value = masked_by_hand(model, IMAGES[0], np.zeros((8, 8), int), "grey", 0)
    assert found.values.sum() == pytest.approx(np.diff(value(np.array([[False], [True]]))).item(), abs=1e-4)


def test_a_bar_appears_only_where_a_call_takes_a_while(model, monkeypatch, capfd):
    OwenShap(model).explain(IMAGES[0])
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(shapley, "PATIENCE", 0)
    OwenShap(model).explain(IMAGES[0])
    assert "images" in capfd.readouterr().err


# Peers


def test_the_exact_explainer_of_shap_agrees(model):
    shap = pytest.importorskip("shap")
    masked, fill = MaskedLogits(model), fill_for("grey", IMAGES[0], SIX)

    def value(masks):
        return masked(IMAGES[0], SIX, masks > 0.5, fill).astype(float)

    explainer = shap.explainers.Exact(value, shap.maskers.Independent(np.zeros((1, 6))))
    theirs = explainer(np.ones((1, 6))).values[0]
    ours = ExactShap(model, segments=SIX, fill="grey").explain(IMAGES[0], [0, 1, 2, 3])
    for target, explanation in enumerate(ours):
        np.testing.assert_allclose(by_part(explanation, SIX), theirs[:, target], atol=1e-6)


def test_the_partition_explainer_of_shap_agrees_at_a_whole_walk(model):
    """Both on a grid of 4 × 4 blocks, each cut by the halving tree down to its single cells."""
    shap = pytest.importorskip("shap")
    blocks = ROWS // 2 * 4 + COLUMNS // 2
    masked, fill = MaskedLogits(model), fill_for("grey", IMAGES[0], blocks)

    def value(masks):
        return masked(IMAGES[0], blocks, masks > 0.5, fill).astype(float)

    grid = shap.maskers.Image(0.0, (4, 4, 1))
    explainer = shap.explainers.Partition(lambda cells: value(cells.reshape(-1, 16)), grid)
    theirs = explainer(np.ones((1, 4, 4, 1)), max_evals=10**6, silent=True).values.reshape(16, 4)
    ours = walk(value, halving_tree(4, 4), 10**6)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
