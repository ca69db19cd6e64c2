"""The course's table: what it measures is right, a stopped run goes on, a cluster makes the same table."""

import json
import sys

import numpy as np
import pytest
from typer.testing import CliRunner

from cnnlearn import evaluate
from cnnlearn.cli import app
from cnnlearn.engine import altered_copies, probabilities
from cnnlearn.exercises.fixtures.networks import small_network
from cnnlearn.experiments import comparison, comparison_view
from cnnlearn.explainers.grad_cam import GradCAM


def without_seconds(rows):
    return repr([row for row in rows if row["measure"] != "seconds"])  # as text, in which NaN equals NaN


class Oracle:
    """Knows in which quarter of the picture each target lies."""

    def explain(self, images, targets):
        rows = np.atleast_2d(targets)
        found = []
        for place in range(rows.shape[1]):
            values = np.full(images.shape[:2], -1.0)
            if rows.shape[1] == 4:
                half = images.shape[0] // 2
                row, column = divmod(place, 2)
                values[row * half : (row + 1) * half, column * half : (column + 1) * half] = 1
            found.append(comparison.Explanation(values, int(rows[0, place]), "oracle", images))
        return found


def small_setting():
    """The real thing with a network that is soon run, two methods and an oracle."""

    def methods(model):
        return {
            "Grad-CAM": GradCAM(model),
            "oracle": Oracle(),
            "random order": comparison.Prior(model, comparison._random),
        }

    model = small_network("gap softmax", 1)
    forgetful = altered_copies.randomized(model, np.random.default_rng(0))
    return (
        probabilities.Probabilities(model),
        methods(model),
        methods(forgetful),
        methods(altered_copies.for_size(model, 16, 16)),
    )


def small_images(count):
    rng = np.random.default_rng(0)
    return rng.random((count, 8, 8, 3)).astype(np.float32), np.arange(count) % 4


@pytest.fixture(scope="module")
def setting():
    return small_setting()


@pytest.fixture
def small(monkeypatch, setting):
    monkeypatch.setattr(comparison, "_setting", lambda: setting)
    monkeypatch.setattr(comparison, "chosen_images", small_images)


def row_of(found, method, measure, fill=""):
    (row,) = (r for r in found if (r["method"], r["measure"], r["fill"]) == (method, measure, fill))
    return row


def test_the_oracle_scores_one_and_chance_a_quarter(small, tmp_path):
    found = comparison.run(80, tmp_path)
    assert row_of(found, "oracle", "grid share")["mean"] == 1
    chance = row_of(found, "random order", "grid share")
    assert chance["low"] <= 0.25 <= chance["high"] and chance["images"] == 20
    assert row_of(found, "random order", "randomisation")["mean"] == 1
    assert row_of(found, "Grad-CAM", "insertion", "blur")["images"] == 80


def test_areas_are_those_of_the_curves(small):
    images, labels = small_images(4)
    rows = comparison.measure_group(1, images, labels)
    model = small_network("gap softmax", 1)
    values = GradCAM(model).explain(images[2], 2)[0].values
    predict = probabilities.probability_of(model, 2)
    grey = np.full((8, 8, 3), 0.5)
    expected = {
        "deletion": evaluate.deletion_curve(predict, images[2], values, comparison.STEPS, 0.5),
        "insertion": evaluate.insertion_curve(predict, images[2], values, comparison.STEPS, grey),
    }
    for measure, curve in expected.items():
        (row,) = (
            r for r in rows if (r["image"], r["method"], r["measure"], r["fill"]) == (6, "Grad-CAM", measure, "grey")
        )
        assert row["value"] == pytest.approx(evaluate.area_under(curve), abs=1e-5)


def test_a_stopped_run_goes_on_and_gives_the_same_table(small, tmp_path, monkeypatch):
    whole = comparison.run(16, tmp_path / "whole")
    real, asked = comparison.measure_group, []

    def interrupted(number, *rest):
        asked.append(number)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return real(number, *rest)

    monkeypatch.setattr(comparison, "measure_group", interrupted)
    with pytest.raises(KeyboardInterrupt):
        comparison.run(16, tmp_path / "stopped")
    found = comparison.run(16, tmp_path / "stopped")
    assert asked == [0, 1, 2, 2, 3]
    assert without_seconds(found) == without_seconds(whole)


def test_the_table_is_read_as_it_was_written(small, tmp_path):
    found = comparison.run(4, tmp_path)
    read = comparison.read(tmp_path / comparison.TABLE)
    assert [row["mean"] for row in read] == pytest.approx([row["mean"] for row in found], nan_ok=True)
    assert "Grad-CAM" in comparison_view.as_text(read)
    assert len(comparison_view.figure(read).axes) == 4


def test_the_command_says_what_is_wrong_in_a_sentence(tmp_path):
    result = CliRunner().invoke(app, ["evaluate", "--images", "5", "--out", str(tmp_path)])
    assert result.exit_code == 1 and "multiple of 4" in result.output


def test_chosen_images_are_named_right_and_differ_in_class():
    images, labels = comparison.chosen_images(200)
    assert images.shape == (200, 32, 32, 3) and np.bincount(labels).tolist() == [20] * 10
    assert all(len(set(labels[i : i + 4])) == 4 for i in range(0, 200, 4))


def small_group(number, images, labels):
    """`measure_group` in a worker's process, with the small setting, built once there."""
    if comparison._setting.__name__ != "<lambda>":
        setting = small_setting()
        comparison._setting = lambda: setting
    return comparison.measure_group(number, images, labels)


@pytest.mark.slow
def test_a_cluster_of_two_processes_makes_the_same_table(small, tmp_path, monkeypatch):
    cloudpickle = pytest.importorskip("cloudpickle")
    distributed = pytest.importorskip("distributed")
    cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the workers do not find this file
    alone = comparison.run(8, tmp_path / "alone")
    monkeypatch.setattr(comparison, "_measured", small_group)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        together = comparison.run(8, tmp_path / "together", cluster.scheduler_address)
    assert without_seconds(together) == without_seconds(alone)
    assert len(json.loads((tmp_path / "together" / "groups" / "000.json").read_text())) > 20


def test_the_shipped_table_is_of_at_least_200_images_and_all_methods():
    found = comparison.read()
    names = set(comparison.methods(small_network_for_names()))
    assert {row["method"] for row in found} == names
    assert all(int(row["images"]) >= 200 for row in found if row["measure"] in ("insertion", "deletion"))
    assert all(row["low"] <= row["mean"] <= row["high"] for row in found)


def small_network_for_names():
    from cnnlearn import networks

    return networks.gap_network()
