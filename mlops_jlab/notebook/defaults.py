"""New defaults in a ``parameters`` cell: the values change, all else of the cell stays as it is written."""

from __future__ import annotations

import ast
from collections.abc import Mapping

from mlops_jlab.entities.notebooks import Notebook, Role
from mlops_jlab.errors import InputError
from mlops_jlab.notebook.parameters import read_parameters


def with_defaults(notebook: Notebook, texts: Mapping[str, str]) -> dict[int, str]:
    """For each cell (by index) that changes, its new source. ``texts`` are values as on a command line.

    Raises:
        InputError: no cell declares such a parameter, or its value is no plain one.
        ParameterError: a text is no value of its parameter.
    """
    left = dict(texts)
    found: dict[int, str] = {}
    for cell in notebook.cells:
        if cell.role is not Role.PARAMETERS:
            continue
        declared = {parameter.name: parameter for parameter in read_parameters(cell)[0]}
        values = {name: declared[name].from_text(left.pop(name)) for name in [*left] if name in declared}
        source = _rewritten(cell.source, values)
        if source != cell.source:
            found[cell.index] = source
    if left:
        raise InputError(
            f"no parameters cell declares {', '.join(left)}", hint="is this the notebook of the sweep?"
        )
    return found


def _rewritten(source: str, values: Mapping[str, object]) -> str:
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise InputError("the parameters cell is not plain Python", hint="set the values by hand") from error
    lines = [line.encode() for line in source.splitlines(keepends=True)]
    starts = [sum(map(len, lines[:number])) for number in range(len(lines) + 1)]
    text = source.encode()
    for statement in reversed(tree.body):  # from the end, so that places before stay
        name, old = _assigned(statement)
        if name not in values:
            continue
        new = values[name]
        if not isinstance(new, (bool, int, float, str, list, dict, type(None))):
            raise InputError(f"{name} is not a plain value", hint="set it by hand")
        where = old if old is not None else statement
        end = starts[(where.end_lineno or 1) - 1] + (where.end_col_offset or 0)
        start = starts[where.lineno - 1] + where.col_offset if old is not None else end
        written = repr(new) if old is not None else f" = {new!r}"
        text = text[:start] + written.encode() + text[end:]
    return text.decode()


def _assigned(statement: ast.stmt) -> tuple[str, ast.expr | None]:
    target: ast.expr | None = None
    if isinstance(statement, ast.AnnAssign):
        target, value = statement.target, statement.value
    elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    return (target.id, value) if isinstance(target, ast.Name) else ("", None)
