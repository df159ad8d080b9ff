"""The rules of checks of data in cells, read when they are written and not at night."""

from __future__ import annotations

from collections.abc import Iterator

from mlops_jlab.checks.rules import read
from mlops_jlab.dataflow import rulecells
from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.notebooks import Notebook
from mlops_jlab.notebook.python import parse_cell

_CALL = "check_data"


def check_data_rules(notebook: Notebook) -> Iterator[Finding]:
    """What is wrong with the rules of a notebook's checks of data, with the line of each that is none."""
    for cell in notebook.tagged:
        if _CALL not in cell.source:
            continue
        code = parse_cell(cell.source)
        for call in rulecells.calls(code.tree, _CALL):
            value = rulecells.given(call, "rules", 1)
            lines = rulecells.lines(value, notebook) if value is not None else None
            for problem in read([text for _line, text in lines])[1] if lines else ():
                line = rulecells.line_in(code, lines[problem.line - 1][0]) if lines else 0
                yield Finding(
                    Severity.ERROR, "data-rule", problem.message, problem.hint, cell.index, cell.id, line
                )
