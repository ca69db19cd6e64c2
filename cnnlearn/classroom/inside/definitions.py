"""Finding an answer in the cells of a notebook, from definitions alone; this runs in the worker.

Cells are parsed one by one. Of their statements only those are run that the answer needs: the ones that bind its name,
and in turn the names that these use. So a broken cell, a failing import or a slow constant costs only what needs it,
and no cell that merely does something (trains, plots, prints) is run at all.
"""

import ast
import builtins
import linecache
import re
import symtable
from collections.abc import Sequence
from dataclasses import dataclass

MAGIC = re.compile(r"\s*([%!?]|.*\?\s*$|[A-Za-z_]\w*(\s*,\s*\w+)*\s*=\s*[%!])")  # lines that only IPython understands
WRAPPERS = ("%%time", "%%timeit", "%%capture", "%%prun", "%%python")  # magics of a cell whose rest is Python


class Missing(LookupError):
    """No callable of that name can be had; the message says why."""


@dataclass(frozen=True)
class Statement:
    code: ast.stmt
    file: str
    binds: frozenset
    uses: frozenset


def find(name: str, cells: Sequence[tuple[str, str]], namespace: dict):
    """The last callable that the cells (label, source) bind to `name`, defined in `namespace`. Missing if none."""
    statements = [statement for label, source in cells for statement in _statements(label, source)]
    needed = _needed(name, statements)
    failed = {}
    for statement in statements:
        if statement.binds & needed or "*" in statement.binds:
            try:
                exec(compile(ast.Module([statement.code], []), statement.file, "exec"), namespace)
            except (Exception, SystemExit) as error:
                failed |= dict.fromkeys(statement.binds, f"{statement.file} failed: {type(error).__name__}")
    if name not in namespace:
        raise Missing(failed.get(name, "no cell defines it"))
    if not callable(namespace[name]):
        raise Missing("what has this name is not a function")
    return namespace[name]


def excerpt(name: str, cells: Sequence[tuple[str, str]]) -> str:
    """The code that `find` would run, without its comments."""
    statements = [statement for label, source in cells for statement in _statements(label, source)]
    needed = _needed(name, statements)
    return "\n\n".join(ast.unparse(s.code) for s in statements if s.binds & needed or "*" in s.binds)


def imports(name: str, cells: Sequence[tuple[str, str]]) -> set[str]:
    """The packages that the code which `find` would run may import, at once or when it is called."""
    statements = [statement for label, source in cells for statement in _statements(label, source)]
    needed = _needed(name, statements)
    nodes = [node for s in statements if s.binds & needed or "*" in s.binds for node in ast.walk(s.code)]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    return {name.partition(".")[0] for name in names}


def _needed(name, statements):
    """`name`, and all that its definition needs, directly or by way of others."""
    needed, before = {name}, set()
    while needed != before:
        before = set(needed)
        for statement in statements:
            if statement.binds & needed:
                needed |= statement.uses
    return needed


def _statements(label, source):
    try:
        tree = _parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = source.splitlines(keepends=True)
    linecache.cache[label] = (len(source), None, lines, label)  # so that an error can show the line
    for code in tree.body:
        if not isinstance(code, (ast.Expr, ast.Delete, ast.Return, ast.Raise, ast.Assert)):
            try:
                yield Statement(code, label, *_names(code))
            except (SyntaxError, ValueError, RecursionError):
                continue


def _parse(source):
    try:
        return ast.parse(source)
    except SyntaxError:
        return ast.parse(_without_magics(source))


def _without_magics(source):
    lines = source.splitlines()
    first = next((i for i, line in enumerate(lines) if line.strip()), 0)
    if lines[first].lstrip().startswith("%%"):
        if not lines[first].lstrip().startswith(WRAPPERS):
            raise SyntaxError("a cell of another language")
        lines[first] = "pass"
    indented = [(line, line[: len(line) - len(line.lstrip())]) for line in lines]
    return "\n".join(f"{indent}pass" if MAGIC.match(line) else line for line, indent in indented)


def _names(code):
    """The names that a statement binds at the top level (or changes, as in `table[0] = 1`), and those that it uses."""
    module = symtable.symtable(ast.unparse(code), "<cell>", "exec")
    binds = {s.get_name() for s in module.get_symbols() if s.is_assigned() or s.is_imported()}
    for target in getattr(code, "targets", [getattr(code, "target", None)]):
        while isinstance(target, (ast.Attribute, ast.Subscript)):
            target = target.value
        if isinstance(target, ast.Name):
            binds.add(target.id)
    if isinstance(code, ast.ImportFrom) and code.names[0].name == "*":
        binds.add("*")

    def used(table):
        names = {s.get_name() for s in table.get_symbols() if s.is_referenced() and (table is module or s.is_global())}
        return names.union(*map(used, table.get_children()))

    return frozenset(binds), frozenset(used(module) - set(dir(builtins)))
