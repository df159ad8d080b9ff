"""Which names a piece of code makes its own, by Python's scoping rules."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence


def imported_names(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """The names that an import binds, each with the full name of what it stands for."""
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield (alias.asname, alias.name) if alias.asname else (alias.name.split(".")[0],) * 2
        elif alias.name != "*":
            module = "." * node.level + (node.module or "")
            yield alias.asname or alias.name, f"{module}.{alias.name}"


def pattern_names(pattern: ast.AST) -> Iterator[str]:
    """The names that a ``case`` pattern captures."""
    for node in ast.walk(pattern):
        if isinstance(node, (ast.MatchAs, ast.MatchStar)) and node.name:
            yield node.name
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest


def local_names(nodes: Sequence[ast.AST], declared: set[str]) -> set[str]:
    """The names bound in ``nodes``, nested scopes left out; ``global`` names go to ``declared``."""
    found: set[str] = set()
    todo: list[ast.AST] = list(nodes)
    while todo:
        node = todo.pop()
        found.update(_bound_here(node))
        if isinstance(node, ast.Global):
            declared.update(node.names)
        todo.extend(_same_scope(node))
    return found - declared


def _bound_here(node: ast.AST) -> Iterable[str]:
    if isinstance(node, ast.Name) and isinstance(node.ctx, (ast.Store, ast.Del)):
        return [node.id]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name]
    if isinstance(node, ast.arg):
        return [node.arg]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return [name for name, _full in imported_names(node)]
    if isinstance(node, ast.ExceptHandler) and node.name:
        return [node.name]
    if isinstance(node, ast.pattern):
        return pattern_names(node)
    return ()


def _same_scope(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a node that bind in the same scope; a walrus escapes its comprehension."""
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        yield from node.decorator_list
        yield from node.args.defaults
    elif isinstance(node, ast.ClassDef):
        yield from node.decorator_list
    elif isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        for inner in ast.walk(node):
            if isinstance(inner, ast.NamedExpr):
                yield inner.target
    elif not isinstance(node, ast.Lambda):
        yield from ast.iter_child_nodes(node)
