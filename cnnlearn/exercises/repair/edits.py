"""Single edits of a function's syntax tree, those first that people need most often."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

REDUCTIONS = ("sum", "mean", "max", "min", "std", "var", "argmax", "argmin", "prod", "any", "all", "median")
# Functions that are taken for one another.
FAMILIES = (
    ("sum", "mean", "max", "min", "prod"),
    ("argmax", "argmin"),
    ("std", "var"),
    ("maximum", "minimum"),
    ("any", "all"),
    ("floor", "ceil", "round"),
    ("zeros", "ones"),
    ("zeros_like", "ones_like"),
    ("amax", "amin"),
    ("log", "log2", "log10", "log1p"),
)
# Calls around an expression that may be one too many.
WRAPPERS = ("abs", "sqrt", "square", "maximum", "clip", "float", "int", "round", "transpose", "exp", "log", "flip")
AXES = (0, 1, 2, -1, -2, (0, 1), (1, 2), (-2, -1), None)
COMPARISONS = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
}
OPERATORS = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add,),
    ast.Mult: (ast.Div, ast.Add),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Div, ast.Mod),
    ast.Mod: (ast.FloorDiv,),
}


@dataclass(frozen=True)
class Edit:
    """kind: what is changed, in words; `new` takes the place of `old` in a field of `parent`, in a list at `index`.

    old and new may be lists of statements.
    """

    kind: str
    parent: ast.AST
    field: str
    index: int | None
    old: object
    new: object

    def apply(self):
        self._put(self.new)

    def undo(self):
        self._put(self.old)

    def _put(self, value):
        if self.index is None:
            setattr(self.parent, self.field, value)
        else:
            getattr(self.parent, self.field)[self.index] = value


def edits(function: ast.FunctionDef, numpy: str | None) -> Iterator[Edit]:
    """All edits of the catalogue. numpy: the name under which the function knows NumPy, if it does."""
    places = list(_places(function))
    names = sorted(
        {a.arg for a in function.args.args}
        | {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and _stored(n)}
    )
    for rule in (_axis, _comparison, _operator, _exchanged, _family, _constant, _unwrapped, _boolean):
        for parent, field, index, node in places:
            for kind, new in rule(node):
                yield Edit(kind, parent, field, index, node, ast.copy_location(new, node))
    yield from _statements(function)
    for parent, field, index, node in places:
        if _worth_wrapping(parent, field):
            for kind, new in _wrapped(node, numpy):
                yield Edit(kind, parent, field, index, node, ast.copy_location(new, node))
    for parent, field, index, node in places:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
            for name in names:
                if name != node.id:
                    new = ast.copy_location(ast.Name(name, ast.Load()), node)
                    yield Edit("a variable", parent, field, index, node, new)


def _stored(node):
    return isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)


def _places(function):
    """Where each expression of the body stands: parent, field, index in a list or None, node."""
    for statement in function.body:
        for parent in ast.walk(statement):
            for field, value in ast.iter_fields(parent):
                if isinstance(value, ast.expr):
                    yield parent, field, None, value
                elif isinstance(value, list):
                    yield from ((parent, field, i, item) for i, item in enumerate(value) if isinstance(item, ast.expr))


def _called(node):
    """The last name of what is called: "mean" of np.mean and of x.mean; "" if the node is no call."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _call(node, keywords=None, args=None, func=None):
    return ast.Call(
        func or node.func, node.args if args is None else args, node.keywords if keywords is None else keywords
    )


def _axis(node):
    if _called(node) == "":
        return
    others = [k for k in node.keywords if k.arg != "axis"]
    given = next((ast.unparse(k.value) for k in node.keywords if k.arg == "axis"), "None")
    if given != "None" or _called(node) in REDUCTIONS:
        for axis in AXES:
            if repr(axis) != given:
                value = ast.parse(repr(axis), mode="eval").body
                yield "the axis", _call(node, [*others, ast.keyword("axis", value)])
    if _called(node) in (*REDUCTIONS, "norm"):
        without = [k for k in node.keywords if k.arg != "keepdims"]
        yield (
            "keepdims",
            _call(node, without if len(without) < len(node.keywords) else [*without, _true("keepdims")]),
        )
    if _called(node) in ("std", "var"):
        without = [k for k in node.keywords if k.arg != "ddof"]
        changed = without if len(without) < len(node.keywords) else [*without, ast.keyword("ddof", ast.Constant(1))]
        yield "ddof", _call(node, changed)


def _true(name):
    return ast.keyword(name, ast.Constant(True))


def _comparison(node):
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield "the comparison", ast.Compare(node.left, [other()], node.comparators)


def _operator(node):
    if isinstance(node, ast.BinOp):
        for other in OPERATORS.get(type(node.op), ()):
            yield "the operator", ast.BinOp(node.left, other(), node.right)
        if not isinstance(node.op, (ast.Add, ast.Mult)):
            yield "the order of two operands", ast.BinOp(node.right, node.op, node.left)


def _exchanged(node):
    if isinstance(node, ast.Call):
        for i in range(len(node.args) - 1):
            args = [*node.args[:i], node.args[i + 1], node.args[i], *node.args[i + 2 :]]
            yield "the order of two arguments", _call(node, args=args)
    if isinstance(node, ast.Tuple) and isinstance(node.ctx, ast.Load):
        for i in range(len(node.elts) - 1):
            items = [*node.elts[:i], node.elts[i + 1], node.elts[i], *node.elts[i + 2 :]]
            yield "the order of two values", ast.Tuple(items, ast.Load())
        yield "the order of the values", ast.Tuple(node.elts[::-1], ast.Load())
    if isinstance(node, ast.IfExp):
        yield "which value stands on which side of the condition", ast.IfExp(node.test, node.orelse, node.body)


def _family(node):
    for family in FAMILIES:
        if _called(node) in family:
            for other in family:
                if other != _called(node):
                    func = node.func
                    func = ast.Attribute(func.value, other, func.ctx) if isinstance(func, ast.Attribute) else None
                    yield "the function that is called", _call(node, func=func or ast.Name(other, ast.Load()))


def _constant(node):
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        for value in (node.value - 1, node.value + 1, 0, 1, 2, 1 - node.value, 2 * node.value, node.value / 2):
            kept = int(value) if type(node.value) is int and value == int(value) else value
            if kept != node.value:
                new = ast.Constant(abs(kept))
                yield "a number", new if kept >= 0 else ast.UnaryOp(ast.USub(), new)


def _unwrapped(node):
    if _called(node) in (*WRAPPERS, "copy") and (node.args or isinstance(node.func, ast.Attribute)):
        for inner in node.args[:2]:
            yield f"a {_called(node)} too many", inner
        if not node.args:
            yield f"a {_called(node)} too many", node.func.value
    if isinstance(node, ast.Attribute) and node.attr == "T":
        yield "a transpose too many", node.value
    if isinstance(node, ast.UnaryOp):
        yield "a sign or a not too many", node.operand
    if isinstance(node, ast.BinOp):
        yield "a term or factor too many", node.left
        yield "a term or factor too many", node.right
    if isinstance(node, ast.Subscript) and "::" in ast.unparse(node.slice):
        yield "a slice too many", node.value


def _boolean(node):
    if isinstance(node, ast.BoolOp):
        yield "and or or", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    if isinstance(node, (ast.Compare, ast.BoolOp)):
        yield "a not that is missing", ast.UnaryOp(ast.Not(), node)


def _worth_wrapping(parent, field):
    if isinstance(parent, (ast.Assign, ast.Return, ast.AugAssign)):
        return field == "value"
    return isinstance(parent, (ast.BinOp, ast.Call, ast.Tuple, ast.Compare, ast.For)) and field not in (
        "func",
        "target",
    )


def _wrapped(node, numpy):
    if isinstance(getattr(node, "ctx", None), ast.Store):
        return

    def call(name, *more):
        return ast.Call(ast.Attribute(ast.Name(numpy, ast.Load()), name, ast.Load()), [node, *more], [])

    one, zero = ast.Constant(1), ast.Constant(0)
    if numpy:
        yield "a root that is missing", call("sqrt")
        yield "an absolute value that is missing", call("abs")
        yield "a ReLU that is missing", call("maximum", zero)
        yield "a clip that is missing", call("clip", zero, one)
    yield "a square that is missing", ast.BinOp(node, ast.Pow(), ast.Constant(2))
    yield "the sign", ast.UnaryOp(ast.USub(), node)
    yield "one more", ast.BinOp(node, ast.Add(), one)
    yield "one less", ast.BinOp(node, ast.Sub(), one)
    yield "what is left to 1", ast.BinOp(one, ast.Sub(), node)
    if not isinstance(node, ast.Constant):
        yield "a transpose that is missing", ast.Attribute(node, "T", ast.Load())
        yield "a copy that is missing", ast.Call(ast.Attribute(node, "copy", ast.Load()), [], [])
        yield "a float that is missing", ast.Call(ast.Name("float", ast.Load()), [node], [])
        yield "an int that is missing", ast.Call(ast.Name("int", ast.Load()), [node], [])


def _statements(function):
    """Edits of whole lines: one too many, one that stands too deep, a return that is missing, = for +=."""
    for parent in ast.walk(function):
        for field in ("body", "orelse"):
            block = getattr(parent, field, None)
            if not isinstance(block, list):
                continue
            for i, statement in enumerate(block):
                if len(block) > 1:
                    yield Edit("a line too many", parent, field, None, block, block[:i] + block[i + 1 :])
                if isinstance(statement, (ast.For, ast.While, ast.If)) and len(statement.body) > 1:
                    last = statement.body[-1]
                    shorter = _with_body(statement, statement.body[:-1])
                    moved = [*block[:i], shorter, last, *block[i + 1 :]]
                    yield Edit("how deep a line stands", parent, field, None, block, moved)
                if isinstance(statement, ast.AugAssign):
                    for other in (*OPERATORS.get(type(statement.op), ()),):
                        new = ast.AugAssign(statement.target, other(), statement.value)
                        yield Edit("the operator", parent, field, i, statement, ast.copy_location(new, statement))
                if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], (ast.Name, ast.Subscript)):
                    new = ast.AugAssign(statement.targets[0], ast.Add(), statement.value)
                    yield Edit("= for +=", parent, field, i, statement, ast.copy_location(new, statement))
    last = function.body[-1]
    if isinstance(last, (ast.Assign, ast.Expr)):
        new = ast.copy_location(ast.Return(last.value), last)
        yield Edit("a return that is missing", function, "body", len(function.body) - 1, last, new)
    if isinstance(last, (ast.For, ast.While, ast.If)):
        for name in sorted({n.id for n in ast.walk(function) if isinstance(n, ast.Name) and _stored(n)}):
            new = ast.copy_location(ast.Return(ast.Name(name, ast.Load())), last)
            yield Edit("a return that is missing", function, "body", None, function.body, [*function.body, new])


def _with_body(statement, body):
    fields = {name: value for name, value in ast.iter_fields(statement)} | {"body": body}
    return ast.copy_location(type(statement)(**fields), statement)
