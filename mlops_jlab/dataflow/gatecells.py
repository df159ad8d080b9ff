"""The rules in cells that are tagged as gates, read when they are tagged and not at night."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlops_jlab.dataflow import rulecells
from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.notebooks import Cell, Notebook
from mlops_jlab.gates.rules import ANY_METRIC, read
from mlops_jlab.notebook.python import parse_cell


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
            own = _own_metrics(call)
            found.setdefault(cell.step, []).extend(rule.text for rule in read(texts, own)[0])
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
        for problem in read([text for _line, text in lines], _own_metrics(call))[1]:
            line = rulecells.line_in(code, lines[problem.line - 1][0]) if lines else 0
            yield Finding(
                Severity.ERROR, "gate-rule", problem.message, problem.hint, cell.index, cell.id, line
            )


def _calls(tree: ast.AST) -> Iterator[ast.Call]:
    return (call for call in rulecells.calls(tree, "compare") if rulecells.given(call, "rules") is not None)


def _own_metrics(call: ast.Call) -> list[str]:
    """The names of metrics that the call brings along; any name where they do not stand there as text."""
    given = next((keyword.value for keyword in call.keywords if keyword.arg == "metrics"), None)
    if given is None:
        return []
    keys = given.keys if isinstance(given, ast.Dict) else [None]
    names = [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]
    return names if len(names) == len(keys) else [ANY_METRIC]


def _lines(call: ast.Call, notebook: Notebook) -> list[tuple[int, str]] | None:
    """The rules with the tree's line of each (0 for another cell's); None if they are computed."""
    value = rulecells.given(call, "rules")
    return None if value is None else rulecells.lines(value, notebook)
