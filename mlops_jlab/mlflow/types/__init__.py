"""Types of what models take and give: columns of tables, arrays, and parameters of ``predict``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class DataType(StrEnum):
    """The types of columns."""

    boolean = "boolean"
    integer = "integer"
    long = "long"
    float = "float"
    double = "double"
    string = "string"
    binary = "binary"
    datetime = "datetime"


@dataclass(frozen=True)
class ColSpec:
    """One column of a table."""

    type: DataType | str
    name: str | None = None
    required: bool = True

    def to_dict(self) -> dict[str, Any]:
        """The column as ``MLmodel`` has it."""
        found: dict[str, Any] = {"type": str(DataType(self.type)), "required": self.required}
        return found | ({"name": self.name} if self.name is not None else {})


@dataclass(frozen=True)
class TensorSpec:
    """An array: of ``type``, with a ``shape`` whose -1 stands for any number."""

    type: Any
    shape: tuple[int, ...]
    name: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The array as ``MLmodel`` has it."""
        spec = {"dtype": str(self.type), "shape": list(self.shape)}
        return {"type": "tensor", "tensor-spec": spec} | ({"name": self.name} if self.name else {})


class Schema:
    """The columns, or the arrays, that go in or come out."""

    def __init__(self, inputs: Sequence[ColSpec | TensorSpec]) -> None:
        self.inputs = list(inputs)

    def __iter__(self) -> Iterator[ColSpec | TensorSpec]:
        return iter(self.inputs)

    def __len__(self) -> int:
        return len(self.inputs)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # as a list has none

    def __repr__(self) -> str:
        return repr(self.to_dict())

    def is_tensor_spec(self) -> bool:
        """Whether these are arrays."""
        return bool(self.inputs) and isinstance(self.inputs[0], TensorSpec)

    def has_input_names(self) -> bool:
        """Whether columns or arrays have names."""
        return bool(self.inputs) and self.inputs[0].name is not None

    def input_names(self) -> list[str | int]:
        """The names, or the places of those that have none."""
        return [one.name if one.name is not None else place for place, one in enumerate(self.inputs)]

    def input_types(self) -> list[Any]:
        """The types."""
        return [one.type for one in self.inputs]

    def to_dict(self) -> list[dict[str, Any]]:
        """The columns or arrays, one dict each."""
        return [one.to_dict() for one in self.inputs]

    def to_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Schema:
        """The schema that :meth:`to_json` has written."""
        return cls([_read(one) for one in json.loads(text)])


def _read(one: dict[str, Any]) -> ColSpec | TensorSpec:
    if one["type"] == "tensor":
        spec = one["tensor-spec"]
        return TensorSpec(spec["dtype"], tuple(spec["shape"]), one.get("name"))
    return ColSpec(DataType(one["type"]), one.get("name"), bool(one.get("required", True)))


@dataclass(frozen=True)
class ParamSpec:
    """One parameter of ``predict``."""

    name: str
    dtype: DataType | str
    default: Any
    shape: tuple[int, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The parameter as ``MLmodel`` has it."""
        return {"name": self.name, "type": str(self.dtype), "default": self.default,
                "shape": list(self.shape) if self.shape else None}  # fmt: skip


class ParamSchema:
    """The parameters of ``predict``."""

    def __init__(self, params: Sequence[ParamSpec]) -> None:
        self.params = list(params)

    def to_dict(self) -> list[dict[str, Any]]:
        """The parameters, one dict each."""
        return [one.to_dict() for one in self.params]

    def to_json(self) -> str:
        """The same as JSON."""
        return json.dumps(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> ParamSchema:
        """The parameters that :meth:`to_json` has written."""
        return cls([ParamSpec(one["name"], one["type"], one["default"]) for one in json.loads(text)])

    def __repr__(self) -> str:
        return repr(self.to_dict())


__all__ = ["ColSpec", "DataType", "ParamSchema", "ParamSpec", "Schema", "TensorSpec"]
