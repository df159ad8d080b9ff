"""Rules that stand as text in a call, with the line of each: what can be read before anything is executed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_jlab.entities.notebooks import Notebook
from mlops_jlab.notebook.python import Code, parse_cell


def calls(tree: ast.AST, name: str) -> Iterator[ast.Call]:
    """The calls of a function or method of that name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called == name:
                yield node


def given(call: ast.Call, keyword: str, place: int = -1) -> ast.expr | None:
    """What a call gives for an argument, by its name or its place."""
    named = next((one.value for one in call.keywords if one.arg == keyword), None)
    if named is None and 0 <= place < len(call.args):
        return call.args[place]
    return named


def lines(value: ast.expr, notebook: Notebook) -> list[tuple[int, str]] | None:
    """The rules with the tree's line of each (0 for another cell's); None if they are computed."""
    if isinstance(value, ast.Name):
        constant = _constant(notebook, value.id)
        return None if constant is None else [(0, text) for text in constant.splitlines()]
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        first = value.lineno
        return [(first + place, text) for place, text in enumerate(value.value.splitlines())]
    if isinstance(value, (ast.List, ast.Tuple)):
        items = [item for item in value.elts if isinstance(item, ast.Constant)]
        if len(items) == len(value.elts) and all(isinstance(item.value, str) for item in items):
            return [(item.lineno, str(item.value)) for item in items]
    return None


def line_in(code: Code, number: int) -> int:
    """The line in a cell of a line of its tree; 0 where it is in no cell."""
    return code.lines[min(number, len(code.lines)) - 1] if code.lines and number else 0


def _constant(notebook: Notebook, name: str) -> str | None:
    """The text that a name is bound to, if it is bound once and to a text."""
    bound = [
        node.value
        for cell in notebook.tagged
        for node in parse_cell(cell.source).tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id == name
    ]
    if len(bound) == 1 and isinstance(bound[0], ast.Constant) and isinstance(bound[0].value, str):
        return bound[0].value
    return None
