"""Signatures: what a model takes and gives, found by looking at rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema, TensorSpec

_INTEGERS = {
    "int64": DataType.long,
    "uint32": DataType.long,
    "int32": DataType.integer,
    "int16": DataType.integer,
    "int8": DataType.integer,
    "uint16": DataType.integer,
    "uint8": DataType.integer,
}


class ModelSignature:
    """What a model takes, gives, and what ``predict`` may be told beside the data."""

    def __init__(
        self, inputs: Schema | None = None, outputs: Schema | None = None, params: ParamSchema | None = None
    ) -> None:
        self.inputs, self.outputs, self.params = inputs, outputs, params

    def to_dict(self) -> dict[str, Any]:
        """The signature as ``MLmodel`` has it: three texts of JSON."""
        return {
            key: None if part is None else part.to_json()
            for key, part in (("inputs", self.inputs), ("outputs", self.outputs), ("params", self.params))
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> ModelSignature:
        """The signature that :meth:`to_dict` has written."""
        inputs, outputs, params = (found.get(key) for key in ("inputs", "outputs", "params"))
        return cls(
            Schema.from_json(inputs) if inputs else None,
            Schema.from_json(outputs) if outputs else None,
            ParamSchema.from_json(params) if params else None,
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelSignature) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # as its parts have none

    def __repr__(self) -> str:
        return f"inputs: \n  {self.inputs}\noutputs: \n  {self.outputs}\nparams: \n  {self.params}\n"


def infer_signature(
    model_input: Any = None, model_output: Any = None, params: Mapping[str, Any] | None = None
) -> ModelSignature:
    """The signature of a model that has given ``model_output`` for ``model_input``.

    Both are a DataFrame, a Series, an array, a list, or a dict of columns.

    Raises:
        InputError: it is something else.
    """
    return ModelSignature(
        None if model_input is None else schema_of(model_input),
        None if model_output is None else schema_of(model_output),
        None if params is None else ParamSchema([ParamSpec(k, _of_value(v), v) for k, v in params.items()]),
    )


def schema_of(data: Any) -> Schema:
    """The columns or the array that ``data`` are.

    Raises:
        InputError: they are neither.
    """
    if hasattr(data, "dtypes") and hasattr(data, "columns"):
        return Schema([_column(data[name], str(name)) for name in data.columns])
    if hasattr(data, "dtype") and hasattr(data, "name") and hasattr(data, "index"):  # a Series
        return Schema([_column(data, None if data.name is None else str(data.name))])
    if hasattr(data, "dtype") and hasattr(data, "shape"):
        return Schema([TensorSpec(data.dtype, (-1, *(int(size) for size in data.shape[1:])))])
    if isinstance(data, Mapping):
        return Schema(list(_of_dict(data)))
    if isinstance(data, (list, tuple)) and data:
        first = data[0]
        return Schema(list(_of_dict(first)) if isinstance(first, Mapping) else [ColSpec(_of_value(first))])
    if isinstance(data, (str, int, float, bool)):
        return Schema([ColSpec(_of_value(data))])
    raise InputError(f"a {type(data).__name__} has no signature", hint="give a DataFrame, an array or a dict")


def _of_dict(data: Mapping[Any, Any]) -> Iterator[ColSpec | TensorSpec]:
    for name, value in data.items():
        if hasattr(value, "dtype") and hasattr(value, "shape"):
            yield TensorSpec(value.dtype, (-1, *value.shape[1:]), str(name))
        else:
            yield ColSpec(
                _of_value(value[0] if isinstance(value, (list, tuple)) and value else value), str(name)
            )


def _column(series: Any, name: str | None) -> ColSpec:
    return ColSpec(_of_dtype(series), name, not bool(series.isna().any()))


def _of_dtype(series: Any) -> DataType:
    dtype = str(series.dtype).lower()
    if dtype in _INTEGERS:
        return _INTEGERS[dtype]
    if dtype.startswith("datetime"):
        return DataType.datetime
    plain = {
        "float64": DataType.double,
        "float32": DataType.float,
        "float16": DataType.float,
        "bool": DataType.boolean,
        "boolean": DataType.boolean,
    }
    if dtype in plain:
        return plain[dtype]
    some = series.dropna()
    return _of_value(some.iloc[0]) if dtype == "object" and len(some) else DataType.string


def _of_value(value: Any) -> DataType:
    value = value.item() if hasattr(value, "item") and getattr(value, "ndim", 1) == 0 else value
    kinds = (
        (bool, DataType.boolean),
        (int, DataType.long),
        (float, DataType.double),
        (bytes, DataType.binary),
    )
    return next((kind for python, kind in kinds if isinstance(value, python)), DataType.string)
