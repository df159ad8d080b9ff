"""The door to pandera: a schema of it as rules beside ours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_jlab.checks.results import MOST_ROWS, Outcome, RuleResult
from mlops_jlab.errors import InputError, MlopsError


def ask(schema: Any, frame: Any) -> Iterator[RuleResult]:
    """What a schema of pandera (an object or a model class) has against a DataFrame, column by column.

    Raises:
        InputError: it is no schema of pandera.
        MlopsError: pandera is not installed.
    """
    try:
        from pandera import errors
    except ImportError as error:
        raise MlopsError("a schema is checked by pandera", hint="pip install 'mlops-jlab[schema]'") from error
    if not hasattr(schema, "validate"):
        raise InputError(
            f"a {type(schema).__name__} is not a schema",
            hint="give a DataFrameSchema or DataFrameModel of pandera",
        )
    try:
        schema.validate(frame, lazy=True)
    except errors.SchemaErrors as error:
        yield from _results(error.failure_cases, len(frame), frame)
        return
    yield RuleResult(f"schema {_name(schema)}", "", Outcome.HOLDS)


def _name(schema: Any) -> str:
    return str(getattr(schema, "name", None) or getattr(schema, "__name__", "") or "of pandera")


def _results(cases: Any, rows: int, frame: Any) -> Iterator[RuleResult]:
    for (column, check), group in cases.groupby(["column", "check"], dropna=False, sort=False):
        labels = group["index"].dropna()
        places = frame.index.get_indexer_for(labels.unique()) if len(labels) else []
        kept = tuple(int(place) for place in places if place >= 0)[:MOST_ROWS]
        shown = ", ".join(repr(value)[:40] for value in group["failure_case"].head(3))
        name = "" if column != column or column is None else str(column)
        why = f"{len(labels):,} of {rows:,} rows: {shown}" if len(labels) else shown
        yield RuleResult(f"{name} {check}".strip(), name, Outcome.FAILS, why, len(labels), rows, kept)
