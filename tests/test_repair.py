"""One change to the learner's own code: it is found, proved, shown below the verdict and opened like a hint."""

import time

import numpy as np
import pytest

from cnnlearn.exercises import check, find, hint
from cnnlearn.exercises.judge import judge
from cnnlearn.exercises.repair import find_change
from cnnlearn.exercises.repair.search import SECONDS

# Wrong answers as beginners write them: the exercise, its arguments, the lines, the number of the line, the kind.
ANSWERS = [
    ("global_average_pool", "features", "return features.mean(axis=0)", 2, "the axis"),
    ("global_average_pool", "x", "total = x.sum(axis=(0, 1))\nreturn total / (x.shape[0] * x.shape[0])", 3, "a number"),
    ("to_float", "image", "if image.dtype != np.uint8:\n    return image / 255\nreturn image", 2, "the comparison"),
    ("as_batch", "image", "return np.expand_dims(image, 1)", 2, "a number"),
    ("channels_last", "planes", "return np.transpose(planes, (2, 1, 0))", 2, None),
    (
        "l2_normalize",
        "x, axis",
        "n = (x ** 2).sum(axis, keepdims=True)\nreturn x / np.where(n, n, 1)",
        2,
        "a root that is missing",
    ),
    ("relu_backward", "x, dy", "return np.where(x >= 0, dy, 0)", 2, "the comparison"),
    ("completeness_gap", "a, s, b", "return float(np.sum(a) - (s + 2 * b))", 2, None),
    ("channel_weights", "gradients", "return gradients.mean(axis=(1, 2))", 2, "the axis"),
]


def written(name, arguments, lines):
    source = f"def {name}({arguments}):\n" + "".join(f"    {line}\n" for line in lines.splitlines())
    namespace = {"np": np}
    exec(source, namespace)
    return namespace[name], source


@pytest.mark.parametrize("name, arguments, lines, number, kind", ANSWERS, ids=range(len(ANSWERS)))
def test_the_change_is_found_in_the_line(name, arguments, lines, number, kind):
    exercise = find(name)
    answer, source = written(name, arguments, lines)
    verdict = judge(exercise, answer)
    assert not verdict.right
    begun = time.perf_counter()
    change = find_change(exercise, answer, verdict.case, source)
    assert time.perf_counter() - begun < SECONDS + 2, "bounded in time"
    assert change and change.number == number, change
    assert kind in (None, change.kind), change


def test_a_change_that_is_right_by_accident_is_not_offered():
    answer, source = written("global_average_pool", "features", "return features[0, 0] * 0.37")
    exercise = find("global_average_pool")
    assert find_change(exercise, answer, judge(exercise, answer).case, source) is None


def test_a_loop_without_an_end_is_left():
    lines = "total, i = 0, 0\nwhile i < len(features):\n    total = total + 3 * features[i]\n    i += 1\nreturn total"
    answer, source = written("global_average_pool", "features", lines)
    begun = time.perf_counter()
    assert find_change(find("global_average_pool"), answer, (np.ones((2, 2, 1)),), source, seconds=0.5) is None
    assert time.perf_counter() - begun < 3


def global_average_pool(features):
    return features.mean(axis=(0, 2)) if features.ndim > 9 else features.mean(axis=1)


def test_it_stands_below_the_verdict_and_opens_like_a_hint(capsys):
    check(global_average_pool)
    printed = capsys.readouterr().out
    assert printed.index("✗") < printed.index("One change in your line 2 makes it right") and "^^^" in printed
    hint("global_average_pool")
    assert capsys.readouterr().out == "In line 2 it is about the axis.\n"
    hint("global_average_pool")
    assert "axis=(0, 1)" in capsys.readouterr().out
    hint("global_average_pool")
    assert "Hint 1" in capsys.readouterr().out
