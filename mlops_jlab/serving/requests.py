"""What a request asks for, as a table: our own form, MLflow's, and the Open Inference Protocol's."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mlops_jlab.errors import InputError

MOST_ROWS = 100_000
_HINT = 'send {"rows": [{"COLUMN": VALUE, ...}, ...]}'


def parsed(body: bytes) -> Mapping[str, Any]:
    """The JSON object in a body.

    Raises:
        InputError: it is none, or is nested too deeply.
    """
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("the body is no JSON", hint=_HINT) from error
    if not isinstance(content, dict):
        raise InputError("the body is no JSON object", hint=_HINT)
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
            return _frame(content[key], names)
    split = content.get("dataframe_split")
    if isinstance(split, dict) and isinstance(split.get("data"), list):
        return _frame(split["data"], split.get("columns") or names)
    raise InputError("the body has no rows", hint=_HINT)


def _frame(given: Any, names: Sequence[str]) -> pd.DataFrame:
    if isinstance(given, dict) and all(isinstance(column, list) for column in given.values()):
        count = max(map(len, given.values()), default=0)
    elif isinstance(given, list):
        count = len(given)
    else:
        raise InputError("the rows are no list", hint=_HINT)
    if not 0 < count <= MOST_ROWS:
        raise InputError(f"there are {count:,} rows", hint=f"from 1 to {MOST_ROWS:,} at once")
    try:
        if isinstance(given, list) and not isinstance(given[0], dict):
            width = len(given[0])
            if not names or width != len(names):
                raise InputError(f"a row has {width} values, and the model takes {len(names)} columns")
            return pd.DataFrame(given, columns=list(names))
        return pd.DataFrame(given)
    except InputError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"the rows are no table: {str(error)[:200]}", hint=_HINT) from error


def tensors(content: Mapping[str, Any], names: Sequence[str]) -> pd.DataFrame:
    """The rows of a request in the Open Inference Protocol, version 2: a tensor a column, or one of all.

    Raises:
        InputError: it is no such request.
    """
    inputs = content.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs) or not inputs:
        raise InputError(
            "the body has no inputs", hint="a list of tensors with name, shape, datatype and data"
        )
    if len(inputs) == 1 and len(_shape(inputs[0])) == 2 and _shape(inputs[0])[1] > 1:
        rows, width = _shape(inputs[0])
        data = _flat(inputs[0], rows * width)
        return _frame([data[at : at + width] for at in range(0, len(data), width)], names)
    counts = {math.prod(_shape(one)) for one in inputs}
    if len(counts) != 1:
        raise InputError("the tensors are not of one length")
    return _frame({str(one.get("name")): _flat(one, math.prod(_shape(one))) for one in inputs}, names)


def _shape(tensor: Mapping[str, Any]) -> list[int]:
    shape = tensor.get("shape")
    if (
        not isinstance(shape, list)
        or not shape
        or not all(type(n) is int and 0 < n <= MOST_ROWS for n in shape)
    ):
        raise InputError(f"the tensor {str(tensor.get('name'))[:60]!r} has no shape")
    return shape


def _flat(tensor: Mapping[str, Any], count: int) -> list[Any]:
    data = tensor.get("data")
    while isinstance(data, list) and data and isinstance(data[0], list):
        if not all(isinstance(part, list) for part in data):
            break
        data = [value for part in data for value in part]
    if not isinstance(data, list) or len(data) != count:
        raise InputError(f"the tensor {str(tensor.get('name'))[:60]!r} has other data than its shape says")
    return data


def answers(said: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What a model says of each row, by column, as JSON can hold it; NaN is null."""
    return {name: [_plain(value) for value in pd.Series(values).tolist()] for name, values in said.items()}


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def tensor(name: str, values: list[Any]) -> dict[str, Any]:
    """One column of an answer as a tensor."""
    kind = "BYTES"
    if all(isinstance(value, bool) for value in values):
        kind = "BOOL"
    elif all(isinstance(value, int) for value in values):
        kind = "INT64"
    elif all(isinstance(value, (int, float)) or value is None for value in values):
        kind = "FP64"
    return {"name": name, "shape": [len(values)], "datatype": kind, "data": values}
