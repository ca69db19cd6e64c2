"""`cnnlearn explain`: pictures in, a table and a page out; what cannot be done is said in one sentence."""

import re
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from cnnlearn.cli import app
from cnnlearn.exercises.fixtures.networks import small_network
from cnnlearn.explain.classifier import Subject, open_subject
from cnnlearn.explain.methods import background, chosen_methods
from cnnlearn.explain.page import certificate
from cnnlearn.explain.run import explain
from cnnlearn.explainers import EXPLAINERS
from cnnlearn.explainers.explanation import Explanation
from cnnlearn.explainers.grad_cam import GradCAM
from cnnlearn.figures.over_image import drawn, in_words, png

CLASSES = ("apple", "pear", "sour apple", "plum")
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "fruit.keras"
    small_network("gap softmax", 1).save(path)
    path.with_suffix(".txt").write_text("\n".join(CLASSES))
    return path


@pytest.fixture
def pictures(tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("b.png", "a <i>.png"):
        Image.fromarray(RNG.integers(0, 256, (12, 10, 3)).astype(np.uint8)).save(folder / name)
    (folder / "broken.png").write_text("nothing")
    (folder / "notes.txt").write_text("no picture")
    return folder


def subject(head="gap softmax"):
    return Subject("fruit", small_network(head, 1), CLASSES)


def call(*arguments):
    return CliRunner().invoke(app, ["explain", *map(str, arguments)])


def asked(model_file, *more):
    return ("--model", model_file, "--class-names", model_file.with_suffix(".txt"), *more)


# The command


@pytest.mark.slow
def test_a_folder_becomes_a_page(model_file, pictures, tmp_path):
    out = tmp_path / "new" / "page.html"
    result = call(pictures, *asked(model_file, "--method", "gradcam,gradient", "--target", "pear", "--out", out))
    assert result.exit_code == 0, result.output
    assert "broken.png' is no picture" in result.output and f"Written: {out}" in result.output.replace("\n", "")
    page = out.read_text()
    assert page.count("<figure>") == page.count('<img alt="') == 2 * 3
    assert "Grad-CAM" in page and "pear" in page and "a &lt;i&gt;.png" in page and "<i>" not in page
    assert "http" not in re.sub(r"data:image/png;base64,[^\"]*", "", page), "the page needs something beside it"
    assert page.index("a &lt;i&gt;.png") < page.index("b.png"), "in the order of the names"


def test_a_folder_of_pictures_comes_out(model_file, pictures, tmp_path):
    out = tmp_path / "out"
    result = call(pictures / "b.png", *asked(model_file, "--method", "gradcam,lime", "--top", 2, "--out", out))
    assert result.exit_code == 0, result.output
    files = sorted(out.glob("*.png"))
    assert len(files) == 2 * 2 and all(Image.open(file).size == (224, 224) for file in files)
    assert "completeness_gap" in result.output or "r2" in result.output


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--method", "gradcam,magic"), "no method 'magic'"),
        (("--method", ","), "no method"),
        (("--method", "lime", "--layer", "features"), "looks at a layer"),
        (("--layer", "feature"), "no layer 'feature'"),
        (("--target", "peer"), "no class 'peer'. Did you mean: pear?"),
        (("--target", "4"), "there is no class 4"),
        (("--target", "zebra"), "Give its index"),
        (("--model", "ResNet5"), "names like it"),
        (("--model", "no.keras"), "no file 'no.keras'"),
        (("--weights", "none.h5", "--model", "ResNet50"), "no file of weights"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(model_file, pictures, tmp_path, arguments, sentence):
    chosen = dict(zip(("--model", "--out", "--method"), (model_file, tmp_path / "x.html", "gradcam"), strict=True))
    if "--model" not in arguments:
        chosen["--class-names"] = model_file.with_suffix(".txt")
    chosen |= dict(zip(arguments[::2], arguments[1::2], strict=True))
    result = call(pictures / "b.png", *(part for pair in chosen.items() for part in pair))
    assert result.exit_code == 1 and sentence in str(result.exception), result.output
    assert "\n" not in str(result.exception) and not (tmp_path / "x.html").exists()


def test_without_a_single_picture(model_file, pictures):
    result = call(pictures / "broken.png", pictures / "none.png", *asked(model_file))
    assert result.exit_code == 1 and "no picture to explain" in str(result.exception)


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ([keras.Input((4,)), keras.layers.Dense(3)], "does not take images"),
        ([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(3)], "does not take images"),
        ([keras.Input((8, 8, 3)), keras.layers.Flatten(), keras.layers.Dense(3)], "3 classes, but 4 names"),
    ],
)
def test_files_that_hold_no_classifier_of_images(layers, sentence, tmp_path, model_file):
    keras.Sequential(layers).save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match=sentence):
        open_subject(str(tmp_path / "other.keras"), class_names=model_file.with_suffix(".txt"))
    (tmp_path / "text.keras").write_text("no model")
    with pytest.raises(ValueError, match="could not be opened"):
        open_subject(str(tmp_path / "text.keras"))


# What is explained


@pytest.mark.slow
def test_results_are_those_of_the_methods_one_by_one():
    images = {name: RNG.random((8, 8, 3)).astype(np.float32) for name in "abc"}
    results = explain(subject(), images, ["gradcam", "owen"], [2, 0], evaluations=50)
    for result in results:
        wanted = GradCAM(subject().model).explain(images[result.name], [2, 0])
        for found, one in zip(result.found["gradcam"], wanted, strict=True):
            np.testing.assert_allclose(found.values, one.values, atol=1e-6)
            assert found.target == one.target
        assert [one.target for one in result.found["owen"]] == [2, 0]
        assert sum(share for _, share in result.top) == pytest.approx(1, abs=1e-6)


def test_a_head_of_logits_gives_the_same_probabilities():
    image = RNG.random((1, 8, 8, 3)).astype(np.float32)
    found = subject("gap logits").probabilities(image)
    np.testing.assert_allclose(found, small_network("gap softmax", 1).predict(image, verbose=0), atol=1e-6)


def test_a_method_that_is_refused_stops_no_other():
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(3, 3, activation="gelu")(inputs))
    smooth = Subject("smooth", keras.Model(inputs, keras.layers.Dense(4)(x)), CLASSES)
    (result,) = explain(smooth, {"a": RNG.random((8, 8, 3))}, ["guided", "gradcam", "guided-gradcam"])
    assert "no ReLU" in result.found["guided"] and "no ReLU" in result.found["guided-gradcam"]
    assert result.found["gradcam"][0].values.shape == (8, 8)


@pytest.mark.slow
def test_all_methods_run_and_leave_the_network_alone():
    chosen = subject()
    before = chosen.model.get_weights()
    (result,) = explain(chosen, {"a": RNG.random((9, 9, 3))}, chosen_methods("all"), evaluations=40)
    assert list(result.found) == list(EXPLAINERS)
    for method, found in result.found.items():
        assert not isinstance(found, str), (method, found)
        picture = drawn(found[0], result.image)
        assert picture.shape == (8, 8, 3) and 0 <= picture.min() <= picture.max() <= 1, method
    assert all((a == b).all() for a, b in zip(before, chosen.model.get_weights(), strict=True))


def test_explainers_that_are_kept_say_the_same_again():
    chosen, pictures, kept = subject(), {"a": RNG.random((8, 8, 3))}, {}
    methods = [method for method in EXPLAINERS if method != "cam"]
    first, second = (explain(chosen, pictures, methods, [1], evaluations=20, explainers=kept)[0] for _ in range(2))
    assert len(kept) == len(methods)
    for method in methods:
        np.testing.assert_array_equal(first.found[method][0].values, second.found[method][0].values)


def test_names_of_classes():
    fruit = subject()
    assert [fruit.target(one) for one in ("3", "Pear", "apple", "sour", " plum ")] == [3, 1, 0, 2, 3]


@pytest.mark.slow
def test_the_background_is_always_the_same():
    assert background((8, 6)).shape == (24, 8, 6, 3)
    np.testing.assert_array_equal(background((8, 6)), background((8, 6)))


# How it is drawn


def values(row, column, value=1.0, size=9):
    found = np.zeros((size, size))
    found[row, column] = value
    return Explanation(found, 1, "a method", np.zeros((9, 9, 3)))


@pytest.mark.parametrize(
    ("explanation", "words"),
    [
        (values(0, 0), "at the top left, 100%"),
        (values(8, 4), "at the bottom centre"),
        (values(4, 4), "in the middle"),
        (values(4, 4, -1.0), "nothing speaks for it"),
    ],
)
def test_in_words(explanation, words):
    assert words in in_words(explanation, "cat.png", "pear")


def test_for_and_against_have_colours_of_their_own():
    grey = np.full((9, 9, 3), 0.5)
    purple, orange, plain = (drawn(values(4, 4, v), grey)[4, 4] for v in (1.0, -1.0, 0.0))
    assert purple[2] > purple[1] and orange[0] > orange[2] and np.ptp(plain) == 0


def test_a_certificate_is_one_short_line():
    facts = {"r2": 0.51234, "std_error": np.linspace(0.1, 0.3, 50), "evaluations": 200, "note": "none"}
    assert certificate(facts) == "r2 0.512, std error 0.1 to 0.3, evaluations 200, note none"


def test_small_pictures_are_enlarged_pixel_by_pixel():
    import io

    picture = RNG.random((32, 32, 3))
    large = np.asarray(Image.open(io.BytesIO(png(picture))))
    assert large.shape == (224, 224, 3)
    np.testing.assert_array_equal(large[3::7, 3::7], np.round(255 * picture))


@pytest.mark.slow
@pytest.mark.parametrize("figure", ["gradcam", "guided"])
def test_the_articles_figures_are_drawn_by_one_command(figure, tmp_path):
    """With the network that ships with the course; the article's own must be downloaded."""
    files = []
    for index in range(2):
        files.append(tmp_path / f"{index}.png")
        Image.fromarray(RNG.integers(0, 256, (240, 240, 3)).astype(np.uint8)).save(files[-1])
    script = Path(__file__).resolve().parents[1] / "lessons" / "article" / "figures.py"
    command = [sys.executable, script, figure, *files, "--network", "EfficientNetLite0", "--out", tmp_path / "out.html"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "out.html").read_text().count('<img alt="') == 2 * 3
