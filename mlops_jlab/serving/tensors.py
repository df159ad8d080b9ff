"""Requests and answers of the Open Inference Protocol, version 2, in JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError
from mlops_jlab.registry import references
from mlops_jlab.serving import requests
from mlops_jlab.serving.requests import MOST_ROWS

_KINDS = {
    "bool": "BOOL", "int8": "INT8", "int16": "INT16", "int32": "INT32", "int64": "INT64", "uint8": "UINT8",
    "uint16": "UINT16", "uint32": "UINT32", "uint64": "UINT64", "float16": "FP16", "float32": "FP32",
    "float64": "FP64",
}  # fmt: skip
_KNOWN = frozenset((*_KINDS.values(), "BYTES"))


def tensors(content: Mapping[str, Any], names: Sequence[str]) -> pd.DataFrame:
    """The rows of a request: a tensor a column, or one of all.

    Raises:
        InputError: it is no such request.
    """
    inputs = content.get("inputs")
    if not isinstance(inputs, list) or not all(isinstance(one, dict) for one in inputs) or not inputs:
        raise InputError(
            "the body has no inputs", hint="a list of tensors with name, shape, datatype and data"
        )
    first = _shape(inputs[0])
    whole = len(first) == 2 and (first[1] > 1 or str(inputs[0].get("name")) not in names)
    if len(inputs) == 1 and whole:
        rows, width = first
        data = _flat(inputs[0], rows * width)
        return requests.frame_of([data[at : at + width] for at in range(0, len(data), width)], names)
    counts = {math.prod(_shape(one)) for one in inputs}
    if len(counts) != 1:
        raise InputError("the tensors are not of one length")
    return requests.frame_of(
        {str(one.get("name")): _flat(one, math.prod(_shape(one))) for one in inputs}, names
    )


def _named(tensor: Mapping[str, Any]) -> str:
    return f"the tensor {str(tensor.get('name'))[:60]!r}"


def _shape(tensor: Mapping[str, Any]) -> list[int]:
    shape = tensor.get("shape")
    if (
        not isinstance(shape, list)
        or not shape
        or not all(type(n) is int and 0 < n <= MOST_ROWS for n in shape)
    ):
        raise InputError(f"{_named(tensor)} has no shape")
    return shape


def _flat(tensor: Mapping[str, Any], count: int) -> list[Any]:
    kind, data = tensor.get("datatype"), tensor.get("data")
    if not isinstance(kind, str) or kind not in _KNOWN:
        raise InputError(f"{_named(tensor)} has no datatype", hint=f"one of {', '.join(sorted(_KNOWN))}")
    if data is None and "binary_data_size" in (tensor.get("parameters") or {}):
        raise InputError(f"{_named(tensor)} is binary", hint="send its data in JSON")
    while isinstance(data, list) and data and isinstance(data[0], list):
        if not all(isinstance(part, list) for part in data):
            break
        data = [value for part in data for value in part]
    if not isinstance(data, list) or len(data) != count:
        raise InputError(f"{_named(tensor)} has other data than its shape says")
    return data


def wanted(content: Mapping[str, Any]) -> list[str]:
    """The outputs that a request asks for by name; none if it asks for all.

    Raises:
        InputError: they are no list of outputs.
    """
    given = content.get("outputs") or []
    if not isinstance(given, list) or not all(isinstance(one, dict) and "name" in one for one in given):
        raise InputError("the outputs are not a list of names", hint='"outputs": [{"name": "prediction"}]')
    return [str(one["name"]) for one in given]


def answer(
    version: ModelVersion, said: Mapping[str, list[Any]], names: Sequence[str], name: str
) -> dict[str, Any]:
    """What a version says of the rows, each column a tensor: all of them, or those in ``names``.

    Raises:
        InputError: one of them is no output.
    """
    for one in names:
        if one not in said:
            raise InputError(f"there is no output {one[:60]!r}", hint=f"there are: {', '.join(said)}")
    return {
        "model_name": version.model, "model_version": str(version.version), "id": name,
        "outputs": [tensor(one, said[one]) for one in names or said],
    }  # fmt: skip


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


def about(version: ModelVersion) -> dict[str, Any]:
    """What a version takes and gives."""
    signature = version.about.get("signature", {})
    classes = signature.get("classes")
    said = signature.get("outputs", [])
    kind = str(said[0]["dtype"]) if said else ""
    chances = [f"probability {name}" for name in classes or ()]
    return {
        "name": version.model, "versions": [str(version.version)], "platform": "mlops-jlab",
        "inputs": [_column(name, dtype) for name, dtype in references.columns_of(signature)],
        "outputs": [
            _column(references.PREDICTION, kind), *(_column(one, "float64") for one in chances),
        ],
    }  # fmt: skip


def _column(name: str, dtype: str) -> dict[str, Any]:
    return {"name": name, "datatype": _KINDS.get(dtype.lower(), "BYTES"), "shape": [-1]}
