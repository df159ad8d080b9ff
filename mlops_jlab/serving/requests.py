"""What a request asks for, as a table: our own form, and MLflow's."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd

from mlops_jlab.errors import InputError

MOST_ROWS = 100_000
_MOST_COLUMNS = 20_000
_HINT = 'send {"rows": [{"COLUMN": VALUE, ...}, ...]}'


def parsed(body: bytes) -> Mapping[str, Any]:
    """The JSON object in a body.

    Raises:
        InputError: it is none, or is nested too deeply.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("the body is not valid JSON", hint=_HINT) from error
    if not isinstance(content, dict):
        raise InputError("the body is not a JSON object", hint=_HINT)
    return content


def rows_of(content: Mapping[str, Any], names: Sequence[str]) -> pd.DataFrame:
    """The rows of a request in our own form or in MLflow's.

    ``rows`` and ``dataframe_records`` are lists of objects, ``dataframe_split`` has ``columns`` and ``data``,
    ``instances`` and ``inputs`` are lists of objects, of rows in the order of ``names``, or lists by column.

    Raises:
        InputError: there are none, too many, or they are no table.
    """
    for key in ("rows", "dataframe_records", "instances", "inputs"):
        if key in content:
            return frame_of(content[key], names)
    split = content.get("dataframe_split")
    if isinstance(split, dict) and isinstance(split.get("data"), list):
        return frame_of(split["data"], split.get("columns") or names)
    raise InputError("the body has no rows", hint=_HINT)


def csv_of(body: bytes) -> Mapping[str, Any]:
    """A body in CSV, with a line of names, as the content of a request.

    Raises:
        InputError: it is none.
    """
    try:
        found = pd.read_csv(io.BytesIO(body))
    except (ValueError, UnicodeError) as error:
        raise InputError(f"the body is not valid CSV: {str(error)[:200]}") from error
    return {"rows": found.to_dict("list")}


def frame_of(given: Any, names: Sequence[str]) -> pd.DataFrame:
    """A list of objects or of rows in the order of ``names``, or lists by column, as a table.

    Raises:
        InputError: it is none of these, or has no rows or too many.
    """
    if isinstance(given, dict) and all(isinstance(column, list) for column in given.values()):
        count = max(map(len, given.values()), default=0)
    elif isinstance(given, list):
        count = len(given)
    else:
        raise InputError("the rows are not a list", hint=_HINT)
    if not 0 < count <= MOST_ROWS:
        raise InputError(f"there are {count:,} rows", hint=f"from 1 to {MOST_ROWS:,} at once")
    first = given if isinstance(given, dict) else given[0]
    if isinstance(first, (dict, list)) and len(first) > _MOST_COLUMNS:
        raise InputError(f"there are {len(first):,} columns", hint=f"{_MOST_COLUMNS:,} at most")
    try:
        if isinstance(given, list) and not isinstance(given[0], dict):
            if len(names) == 1 and not isinstance(given[0], list):
                given = [[value] for value in given]
            width = len(given[0])
            if not names or width != len(names):
                raise InputError(f"a row has {width} values, and the model takes {len(names)} columns")
            return _of_rows(given, list(names), are_known=True)
        return _of_records(given, names) if isinstance(given, list) else pd.DataFrame(given)
    except InputError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the rows are not a table: {str(error)[:200]}", hint=_HINT) from error


def _of_records(given: list[Any], names: Sequence[str]) -> pd.DataFrame:
    columns = list(given[0])
    if len(columns) == len(names) and given[0].keys() == set(names):
        columns = list(names)  # in the order in which the model takes them
    try:
        rows = [[row[name] for name in columns] for row in given]
    except (KeyError, TypeError):
        return pd.DataFrame(given)
    if not all(len(row) == len(columns) for row in given):
        return pd.DataFrame(given)
    return _of_rows(rows, columns, are_known=columns == names)


@lru_cache(maxsize=16)
def _index(names: tuple[str, ...]) -> pd.Index:
    """The names of columns as pandas holds them: to make that takes as long as all else of a small table."""
    return pd.Index(names)


def _of_rows(rows: list[Any], columns: list[str], *, are_known: bool) -> pd.DataFrame:
    """Numbers of one kind are one block, which is made, and read by models, in a third of the time.

    The names of columns are kept where they ``are_known`` to be the model's: those of a request may be any.
    """
    kinds = {type(value) for row in rows for value in row}
    if kinds in ({float}, {int}):
        block = np.array(rows)
        if block.ndim == 2 and block.dtype.kind in "if":
            return pd.DataFrame(block, columns=_index(tuple(columns)) if are_known else columns)
    return pd.DataFrame(rows, columns=columns)


def answers(said: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What a model says of each row, by column, as JSON can hold it; NaN is null."""
    return {
        name: [
            _plain(value) for value in (values if hasattr(values, "tolist") else pd.Series(values)).tolist()
        ]
        for name, values in said.items()
    }


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value
