"""Whether code asks for the time only to say how long something took."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

_NAMES = ("time", "time_ns")


def only_durations(trees: list[ast.Module], handed_on: Collection[str] = ()) -> bool:
    """Whether each call of ``time.time`` in the code is one side of a difference of two such calls.

    A call may be bound to a name first, if nothing else is ever bound to it and it is used for differences
    alone: not one that is ``handed_on``.
    """
    nodes = [node for tree in trees for node in ast.walk(tree)]
    modules, functions = _aliases(nodes)
    if "*" in functions or _hides(nodes, modules):
        return False

    def is_clock(node: ast.expr) -> bool:
        if not isinstance(node, ast.Call) or node.args or node.keywords:
            return False
        asked = node.func
        if isinstance(asked, ast.Name):
            return asked.id in functions
        return (
            isinstance(asked, ast.Attribute) and asked.attr in _NAMES
            and isinstance(asked.value, ast.Name) and asked.value.id in modules
        )  # fmt: skip

    bound = [node for node in nodes if isinstance(node, ast.Assign) and is_clock(node.value)]
    names = {target.id for node in bound for target in node.targets if isinstance(target, ast.Name)}
    if names.intersection(handed_on):
        return False
    fine: set[int] = {id(node.value) for node in bound if all(isinstance(t, ast.Name) for t in node.targets)}
    fine |= {id(target) for node in bound for target in node.targets}

    def is_moment(node: ast.expr) -> bool:
        return is_clock(node) or (isinstance(node, ast.Name) and node.id in names)

    for node in nodes:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Sub):
            if is_moment(node.left) and is_moment(node.right):
                fine |= {id(node.left), id(node.right)}
    inner = {id(node.func) for node in nodes if isinstance(node, ast.Call) and is_clock(node)}
    return all(id(node) in fine or id(node) in inner for node in _mentions(nodes, names, modules, functions))


def _hides(nodes: list[ast.AST], modules: set[str]) -> bool:
    """Whether the module is handed about as a value, or code is made of text."""
    owners = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    names = [node for node in nodes if isinstance(node, ast.Name)]
    texts = {"eval", "exec", "globals", "locals", "vars", "__import__", "compile"}
    return any(node.id in texts or (node.id in modules and id(node) not in owners) for node in names)


def _aliases(nodes: list[ast.AST]) -> tuple[set[str], set[str]]:
    """The names under which the module and its functions are known."""
    modules, functions = set(), set()
    for node in nodes:
        if isinstance(node, ast.Import):
            modules |= {one.asname or one.name for one in node.names if one.name == "time"}
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            functions |= {one.asname or one.name for one in node.names if one.name in (*_NAMES, "*")}
    return modules, functions


def _mentions(
    nodes: list[ast.AST], names: set[str], modules: set[str], functions: set[str]
) -> Iterator[ast.AST]:
    """Wherever the clock, or a name for a moment, is mentioned."""
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            asked = node.func
            if isinstance(asked, ast.Name) and asked.id in functions:
                yield node
            elif isinstance(asked, ast.Attribute) and asked.attr in _NAMES:
                if isinstance(asked.value, ast.Name) and asked.value.id in modules:
                    yield node
        elif isinstance(node, ast.Attribute) and node.attr in _NAMES:
            if isinstance(node.value, ast.Name) and node.value.id in modules:
                yield node
        elif isinstance(node, ast.Name) and node.id in names | functions:
            yield node
