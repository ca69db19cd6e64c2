"""A class of sixty that hands in lesson 03: right answers in several styles, every mistake of the bank, and attacks.

`write(folder)` makes the submissions and returns the verdicts that are planted:
{student: {exercise: (status, mistake or kind)}}; where nothing is planted the answer is right.
"""

import ast
import inspect
import json
import os
import textwrap
from itertools import zip_longest
from pathlib import Path

from cnnlearn.course.build import both_notebooks, read_lessons
from cnnlearn.exercises import LESSONS, exercises_of

LESSON = 3
ROOT = Path(__file__).resolve().parents[1]
EXERCISES = {exercise.name: exercise for exercise in exercises_of(LESSON)}
ALL = list(EXERCISES)
VICTIM = "cam_logit"
# Where attacks stand, three in a notebook: no other answer needs these, so an attack must cost nothing else.
PLACES = {
    VICTIM: "heatmap, bias",
    "global_average_pool": "heatmap, bias=0.0",
    "class_activation_map": "heatmap, bias, index",
}
RIGHT = "return float(heatmap.mean() + bias)"


def solved() -> list[str]:
    """The code cells of the solved notebook."""
    (lesson,) = read_lessons(ROOT, [LESSON])
    return [cell.source for cell in both_notebooks(lesson)[1].cells if cell.cell_type == "code"]


def unsolved() -> list[str]:
    (lesson,) = read_lessons(ROOT, [LESSON])
    return [cell.source for cell in both_notebooks(lesson)[0].cells if cell.cell_type == "code"]


def notebook(cells, **more) -> dict:
    made = [
        {"cell_type": "code", "id": f"c{i}", "metadata": {}, "source": source, "outputs": [], "execution_count": None}
        for i, source in enumerate(cells)
    ]
    return {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | more


def attacker(place: str, body: str, before: str = "") -> str:
    """Another definition of a function, with this body."""
    return f"{before}\ndef {place}({PLACES[place]}):\n" + textwrap.indent(textwrap.dedent(body), "    ")


STYLES = {
    "loops": {
        "global_average_pool": """
def global_average_pool(features):
    height, width, count = features.shape
    means = []
    for k in range(count):
        total = 0.0
        for i in range(height):
            for j in range(width):
                total += features[i, j, k]
        means.append(total / (height * width))
    return np.array(means)""",
        "class_activation_map": """
def class_activation_map(features, weights, index):
    out = np.zeros(features.shape[:2])
    for k, weight in enumerate(weights[:, index]):
        out += weight * features[..., k]
    return out""",
    },
    "einsum": {
        "class_activation_map": """
def class_activation_map(maps, w, c):
    return np.einsum("ijk,k->ij", maps, w[:, c])""",
        "cam_logit": "cam_logit = lambda m, b: (m.sum() / m.size + b).item()",
    },
    "float32": {
        "global_average_pool": "def global_average_pool(f): return f.astype(np.float32).mean((0, 1))",
        "class_activation_map": "def class_activation_map(f, w, i): return f.astype('f4') @ w.astype('f4')[:, i]",
    },
    "partial": {
        "global_average_pool": "from functools import partial\nglobal_average_pool = partial(np.mean, axis=(0, 1))",
        "cam_logit": """
class Logit:
    def __call__(self, heatmap, bias):
        return float(np.mean(heatmap) + bias)

cam_logit = Logit()""",
    },
    "if true": {
        "cam_logit": "if True:\n    def cam_logit(heatmap, bias):\n        return float(heatmap.mean() + bias)",
        "normalize_heatmap": """%%time
%matplotlib inline
def normalize_heatmap(h):
    !ls
    top = h.max()
    return np.clip(h, 0, None) / top if top > 0 else np.zeros_like(h)""",
    },
    "second thoughts": {
        "cam_logit": "cam_logit = lambda heatmap, bias: 0.0\ndef cam_logit(a, b):\n    return float(np.average(a)) + b",
        "global_average_pool": "AXES = (0, 1)\ndef _mean(x): return x.mean(axis=AXES)\nglobal_average_pool = _mean",
    },
}

# What stands in place of `cam_logit` and the others, and its verdict. Some fit only where a float is expected.
ONLY = ("right", "wrong value", "not finite")
ATTACKS = {
    "infinite loop": ("while True: pass", "timed out"),
    "fork bomb": (
        """
        import os
        while True:
            try: os.fork()
            except OSError: pass
        """,
        "timed out",
    ),
    "forks once": (f"import os; os.fork(); {RIGHT}", "right"),
    "leaves a process behind": (
        f"import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(10_000)\n{RIGHT}",
        "right",
    ),
    "_exit": ("import os; os._exit(0)", "crashed"),
    "exit": ("raise SystemExit(0)", "raised an error"),
    "keyboard": ("raise KeyboardInterrupt", "crashed"),
    "kills all": ("import os; os.kill(-1, 9)", "crashed"),
    "kills its parent": ("import os, time; os.kill(os.getppid(), 9); time.sleep(10_000)", "crashed"),
    "segfault": ("import ctypes; ctypes.string_at(0)", "crashed"),
    "100 GB": ("np.ones(100 * 2**30, np.uint8).sum()", "out of memory"),
    "memory bit by bit": ("kept = []\nwhile True: kept.append(np.ones(2**24))", "out of memory"),
    "memory of many": (
        """
        import os, time
        for i in range(5):
            if os.fork() == 0:
                kept = np.ones(2**27)
                time.sleep(10_000)
        time.sleep(10_000)
        """,
        "out of memory",
    ),
    "prints gigabytes": ("while True: print('x' * 2**20)", "crashed"),
    "fills the disk": ("open('/tmp/x', 'wb').write(b'x' * 2**25)", "raised an error"),
    "false eq": (
        "class Yes:\n    def __eq__(self, other): return True\n    __array_priority__ = 99\nreturn Yes()",
        "wrong type",
    ),
    "lying float": ("class Yes(float):\n    def __eq__(self, other): return True\nreturn Yes(3)", "wrong type"),
    "nan": ("return float('nan')", "not finite"),
    "list": ("return [heatmap.mean() + bias]", "wrong type"),
    "generator without end": ("import itertools\nreturn (x for x in itertools.count())", "wrong type"),
    "yields": ("yield heatmap.mean() + bias", "wrong type"),
    "nests": ("x = []\nx.append(x)\nreturn x", "raised an error"),
    "returns far too much": ("return np.zeros(2**24)", "wrong type"),
    "edits its input": ("heatmap += 1; return 3.0", "changed its input"),
    "replaces allclose": (
        "import numpy, builtins\nnumpy.allclose = numpy.array_equal = lambda *a, **k: True\n"
        "builtins.abs = lambda x: 0\nreturn 3.0",
        "wrong value",
    ),
    "replaces the judge": (
        """
        import sys
        for module in list(sys.modules.values()):
            for name in ("same", "close", "check", "judge", "explain"):
                if hasattr(module, name):
                    setattr(module, name, lambda *a, **k: True)
        return 3.0
        """,
        "wrong value",
    ),
    "right once": ("seen.append(1)\nreturn float(heatmap.mean() + bias) if len(seen) == 1 else 0.0", "wrong value"),
    "constant": ("return 0.0", "wrong value"),
    "reads proc": (
        f"""
        import os
        assert open("/proc/1/environ").read() == "", "an environment"
        pids = [p for p in os.listdir("/proc") if p.isdigit()]
        assert len(pids) < 6, "processes of others"
        {RIGHT}
        """,
        "right",  # if it finds nothing
    ),
    "writes proc": ("open('/proc/sys/kernel/core_pattern', 'w').write('|/tmp/x')", "raised an error"),
    "reads the environment": (
        f"import os\nassert set(os.environ) <= ALLOWED, sorted(os.environ)\n{RIGHT}",
        "right",
    ),
    "becomes root": ("import os; os.setuid(0)", "raised an error"),
    "new namespace": (
        "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0\n" + RIGHT,
        "raised an error",
    ),
    "opens a socket": (
        "import socket; socket.create_connection(('1.1.1.1', 53), timeout=2)",
        "raised an error",
    ),
    "looks for others": (
        """
        import os

        def walk(top):
            for place, folders, names in os.walk(top):
                folders[:] = [f for f in folders if f not in ("site-packages", "python3.11")]
                yield place, folders, names

        found = [p for top in ("/root", "/home", "/work", "/mnt", "/srv", "/tmp", "/course")
                 for p, _, names in walk(top)
                 if ".git" in p or "solutions" in p or "lesson_03_cam.py" in names or "cam.py" in names
                 or any(name.endswith((".ipynb", ".json")) and "site-packages" not in p for name in names)]
        assert not found, found[:3]
        return float(heatmap.mean() + bias)
        """,
        "right",
    ),
    "writes a report": ("open(REPORT, 'w').write('100 points')", "raised an error"),
    "forges the reply": (
        """
        import os
        for end in range(3, 64):
            try: os.write(end, b"cnnlearn" + (2**62).to_bytes(8, "big") + b"x" * 99)
            except OSError: pass
        return 3.0
        """,
        "tampered",
    ),
    "forges a message": (
        """
        import os
        from cnnlearn.classroom.inside import messages
        for end in range(3, 64):
            try: os.write(end, messages.pack(messages.Value(3.0, False)) * 3)
            except OSError: pass
        return 3.0
        """,
        "tampered",
    ),
    "blames the grader": (
        """
        import os, sys
        from cnnlearn.classroom.inside import wire
        print("grader's fault: out of disk")
        raise RuntimeError("grader's fault: the sandbox did not start")
        """,
        "raised an error",
    ),
    "calls the reference": ("from cnnlearn import cam; return cam.cam_logit(heatmap, bias)", "raised an error"),
    "tells its input": ("raise ValueError(f'SECRET {heatmap.tolist()} {bias}')", "raised an error"),
    "tells it by its type": (
        "raise type('SECRET' + '_'.join(str(x) for x in heatmap.ravel()[:9]), (Exception,), {})()",
        "raised an error",
    ),
    "recursion": (f"return {VICTIM}(heatmap, bias)", "raised an error"),
}
BEFORE = {
    "right once": "seen = []",
    "reads the environment": """ALLOWED = set(
    "LANG CNNLEARN_GRADED MPLBACKEND OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS TF_NUM_INTRAOP_THREADS "
    "TF_NUM_INTEROP_THREADS HOME TMPDIR MPLCONFIGDIR KERAS_HOME TF_CPP_MIN_LOG_LEVEL CUDA_VISIBLE_DEVICES "
    "KERAS_BACKEND PWD LC_CTYPE".split())""",
}


def in_notebooks() -> list[dict[str, str]]:
    """The attacks as they are handed in: for each notebook those in its places."""
    fixed = [name for name, (body, verdict) in ATTACKS.items() if verdict in ONLY or VICTIM in body]
    free = [name for name in ATTACKS if name not in fixed]
    count = -(-len(ATTACKS) // len(PLACES))
    here, elsewhere = (fixed + free)[:count], (fixed + free)[count:]
    assert len(fixed) <= count
    rows = zip_longest(here, elsewhere[::2], elsewhere[1::2])
    return [{place: attack for place, attack in zip(PLACES, row, strict=True) if attack} for row in rows]


BLIND = {
    "accepts all": "lambda candidate: True",
    "rejects all": "lambda candidate: False",
    "turned round": "lambda candidate: not {}(candidate)",
}


def mistakes() -> dict[str, list[tuple[str, str]]]:
    """For each exercise its mistakes: name, and the code that binds the exercise's name to the wrong function."""
    file = ROOT / "cnnlearn" / "exercises" / f"{LESSONS[LESSON]}.py"
    found = {}
    for statement in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and getattr(statement.value, "func", None) is not None:
            keywords = {keyword.arg: keyword.value for keyword in statement.value.keywords}
            if "mistakes" in keywords:
                test = statement.value.args[
                    :1
                ]  # of `catch_the_bug`, which adds three mistakes to those that it is given
                name = ast.unparse(test[0] if test else keywords["reference"]).rpartition(".")[2]
                calls = [(ast.literal_eval(call.args[0]), call.args[1]) for call in keywords["mistakes"].elts]
                wrong = [(mistake, ast.unparse(_Renamed().visit(function))) for mistake, function in calls]
                wrong += [(mistake, code.format(f"_right_{name}")) for mistake, code in BLIND.items() if test]
                found[name] = [(mistake, f"{name} = {code}") for mistake, code in wrong]
    return found


class _Renamed(ast.NodeTransformer):
    """References to the course's own functions, by names that a mistake does not replace."""

    def visit_Name(self, node):
        return ast.Name(f"_right_{node.id}") if node.id in EXERCISES else node

    def visit_Attribute(self, node):
        self.generic_visit(node)
        ours = isinstance(node.value, ast.Name) and node.value.id == "cam" and node.attr in EXERCISES
        return ast.Name(f"_right_{node.attr}") if ours else node

    def visit_FunctionDef(self, node):
        self.generic_visit(node)
        node.name = f"_right_{node.name}" if node.name in EXERCISES else node.name
        return node


def _preamble() -> list[str]:
    """The reference and the helpers of its mistakes, renamed."""
    file = ROOT / "cnnlearn" / "exercises" / f"{LESSONS[LESSON]}.py"
    helpers = [node for node in ast.parse(file.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)]
    sources = [ast.parse(inspect.getsource(exercise.reference)).body[0] for exercise in EXERCISES.values()]
    return ["import numpy as np\nimport matplotlib", *(ast.unparse(_Renamed().visit(n)) for n in sources + helpers)]


def write(folder: Path, report: str = "/results/report.json") -> dict[str, dict[str, tuple[str, str]]]:
    """Writes the class and returns what is planted in it."""
    planted = {}

    def hand_in(student, content, expected=None, name="03_cam.ipynb"):
        planted[student] = expected or {}
        place = folder / student
        place.mkdir(parents=True)
        content = json.dumps(notebook(content)) if isinstance(content, list) else content
        content = json.dumps(content) if isinstance(content, dict) else content
        (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    nothing = dict.fromkeys(ALL, ("not started", ""))
    missing = dict.fromkeys(ALL, ("missing", ""))
    unreadable = dict.fromkeys(ALL, ("unreadable", ""))
    done = solved()

    # Right answers.
    hand_in("Ada", done)
    for style, functions in STYLES.items():
        hand_in(f"style {style}", [*done, *functions.values()])

    # The bank of mistakes: each student makes one in every exercise, until all were made.
    bank = mistakes()
    for number in range(max(map(len, bank.values()))):
        cells, expected = _preamble(), {}
        for name, wrong in bank.items():
            if number < len(wrong):
                cells.append(wrong[number][1])
                expected[name] = ("wrong", wrong[number][0])
            else:
                cells.append(f"{name} = _right_{name}")
        hand_in(f"mistake {number + 1}", cells, expected)

    # Attacks.
    for attacks in in_notebooks():
        cells, expected = solved(), {}
        for place, attack in attacks.items():
            body, verdict = ATTACKS[attack]
            cells.append(attacker(place, body.replace("REPORT", repr(report)), BEFORE.get(attack, "")))
            ended = ("right", "crashed", "timed out", "out of memory", "tampered")
            expected[place] = (verdict if verdict in ended else "wrong", verdict)
        hand_in("attack " + ", ".join(attacks.values()), cells, expected)
    borrowed = [cell for cell in done if f"def {VICTIM}(" not in cell] + [f"from cnnlearn.cam import {VICTIM}"]
    hand_in("attack imports the reference", borrowed, {VICTIM: ("missing", "")})
    slow = [*done, f"import time\n{VICTIM} = time.sleep(10_000)"]
    hand_in("attack sleeps while defined", slow, {VICTIM: ("timed out", "")})

    # Forms.
    hand_in("form unsolved", unsolved(), nothing)
    hand_in("form empty notebook", [], missing)
    hand_in("form invalid json", b'{"cells": [', unreadable)
    hand_in("form deep json", b"[" * 10**5, unreadable)
    hand_in("form no notebook", b'{"answer": 42}', unreadable)
    hand_in("form binary", bytes(range(256)) * 9, unreadable)
    double = notebook(done)
    for cell in double["cells"]:
        cell["id"] = "same"
    hand_in("form duplicated ids", double)
    bare = {"cells": [{"cell_type": "code", "source": source.splitlines(keepends=True)} for source in done]}
    hand_in("form no ids no metadata", bare)
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": source} for source in done]}], "nbformat": 3}
    hand_in("form nbformat 3", old)
    heavy = notebook(done)
    heavy["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x" * 50 * 2**20}]
    hand_in("form 50 MB of outputs", heavy)
    hand_in("form a cell fails before", ["1 / 0", "import no_such_package", "raise ValueError", *done])
    hand_in("form a broken cell", ["def broken(:\n", "%%bash\nls", *done, "print('"])
    unlucky = [*done, f"import no_such_package\ndef {VICTIM}(heatmap, bias):\n    return no_such_package.mean(heatmap)"]
    hand_in("form a failing import", unlucky, {VICTIM: ("wrong", "raised an error")})
    without = [cell for cell in done if f"def {VICTIM}(" not in cell and f"{VICTIM} = check" not in cell]
    hand_in("form one is missing", without, {VICTIM: ("missing", "")})
    hand_in("form not a function", [*without, f"{VICTIM} = 3"], {VICTIM: ("missing", "")})
    hand_in("form python file", "\n\n# %%\n".join([*done, "def broken(:"]), name="my answers.py")
    hand_in("form two files", [cell for cell in done if "def overlay" not in cell], name="03_cam.ipynb")
    (folder / "form two files" / "03_cam_more.py").write_text(next(cell for cell in done if "def overlay" in cell))
    planted["form no file"] = dict.fromkeys(ALL, ("nothing to grade", ""))
    (folder / "form no file").mkdir()
    (folder / "form no file" / "readme.txt").write_text("I was ill.")
    for student, make in (
        ("form link", lambda path: os.symlink("/etc/passwd", path)),
        ("form pipe", os.mkfifo),
    ):
        (folder / student).mkdir()
        make(folder / student / "03_cam.ipynb")
        planted[student] = unreadable
    hand_in("Zo\u00eb", done)
    hand_in("Zoe\u0308", unsolved(), nothing)
    hand_in("zo\u00eb", done)
    hand_in("=HYPERLINK(1)", unsolved(), nothing)
    hand_in("<script>alert(1)</script>".replace("/", "\u2215"), done)
    hand_in("red \x1b[31m and \u202egnp", done)
    for number in range(60 - len(planted)):  # and those who are still at work
        some = {name for i, name in enumerate(ALL) if (i + number) % 4}
        solved_cell = dict(zip(ALL, (c for c in done if "### BEGIN SOLUTION" in c), strict=True))
        cells = [*unsolved(), *(solved_cell[name] for name in ALL if name in some)]
        open_ones = {name: ("not started", "") for name in ALL if name not in some}
        if "resize_bilinear" in open_ones and "overlay" in some:
            open_ones["overlay"] = ("not started", "")  # it calls the stub
        hand_in(f"at work {number + 1}", cells, open_ones)
    return planted


if __name__ == "__main__":
    import sys

    for student, expected in write(Path(sys.argv[1])).items():
        print(student.encode("unicode_escape").decode(), expected)
