"""The rules in cells that are tagged as gates, read when they are tagged and not at night."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.notebooks import Cell, Notebook
from mlops_jlab.gates.rules import read
from mlops_jlab.notebook.python import Code, parse_cell


def check_gates(notebook: Notebook) -> Iterator[Finding]:
    """What is wrong with the gates of a notebook, with the line of each rule that is none."""
    for cell in notebook.tagged:
        if cell.gate:
            yield from _check(notebook, cell)


def rules_of(notebook: Notebook) -> dict[str, list[str]]:
    """The rules of each step that has a gate, as far as they stand there as text."""
    found: dict[str, list[str]] = {}
    for cell in notebook.tagged:
        for call in _calls(parse_cell(cell.source).tree) if cell.gate else ():
            texts = [text for _line, text in _lines(call, notebook) or ()]
            found.setdefault(cell.step, []).extend(rule.text for rule in read(texts)[0])
    return found


def _check(notebook: Notebook, cell: Cell) -> Iterator[Finding]:
    code = parse_cell(cell.source)
    calls = list(_calls(code.tree))
    if not calls and not code.problem:
        yield Finding(
            Severity.NOTE, "gate-empty", "this cell is tagged as a gate and compares nothing",
            "call gate.compare(model, data, target, name=..., rules=...)", cell.index, cell.id,
        )  # fmt: skip
    for call in calls:
        lines = _lines(call, notebook)
        if lines is None:
            continue  # they are computed, and checked when they are
        for problem in read([text for _line, text in lines])[1]:
            line = _line_in(code, lines[problem.line - 1][0]) if lines else 0
            yield Finding(
                Severity.ERROR, "gate-rule", problem.message, problem.hint, cell.index, cell.id, line
            )


def _line_in(code: Code, number: int) -> int:
    return code.lines[min(number, len(code.lines)) - 1] if code.lines and number else 0


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name == "compare" and any(keyword.arg == "rules" for keyword in node.keywords):
                yield node


def _lines(call: ast.Call, notebook: Notebook) -> list[tuple[int, str]] | None:
    """The rules with the tree's line of each (0 for another cell's); None if they are computed."""
    value = next(keyword.value for keyword in call.keywords if keyword.arg == "rules")
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
