"""The fields of a request → the arguments of the function that answers it: its signature is the schema."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, get_type_hints

from mlops_jlab.errors import InputError, nearest

Answer = Callable[..., dict[str, Any] | None]
Items = list[dict[str, Any]]


class Pairs(dict[str, str]):
    """Tags or params: the protocol has them as a list of key and value."""


# What a field that is left out stands for.
NO_ITEMS: Items = []
NO_PAIRS = Pairs()
NO_TEXTS: list[str] = []


@dataclass(frozen=True)
class Endpoint:
    """A method and a path below ``/api/2.0``, and the function that answers there."""

    method: str
    path: str
    answer: Answer


class Endpoints(list[Endpoint]):
    """The endpoints of a part of the protocol."""

    def get(self, path: str) -> Callable[[Answer], Answer]:
        """Marks the function that answers GET at a path."""
        return self._at("GET", path)

    def post(self, path: str) -> Callable[[Answer], Answer]:
        """Marks the function that answers POST at a path."""
        return self._at("POST", path)

    def patch(self, path: str) -> Callable[[Answer], Answer]:
        """Marks the function that answers PATCH at a path."""
        return self._at("PATCH", path)

    def delete(self, path: str) -> Callable[[Answer], Answer]:
        """Marks the function that answers DELETE at a path."""
        return self._at("DELETE", path)

    def _at(self, method: str, path: str) -> Callable[[Answer], Answer]:
        def marked(answer: Answer) -> Answer:
            self.append(Endpoint(method, f"/mlflow/{path}", answer))
            return answer

        return marked


def body(content: bytes) -> dict[str, Any]:
    """The fields in the body of a request.

    Raises:
        InputError: it is not a JSON object.
    """
    if not content.strip():
        return {}
    try:
        found = json.loads(content)
    except ValueError as error:
        raise InputError(f"the request is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise InputError("the request is not a JSON object", hint='write {"run_id": "..."}')
    return found


@cache
def _fields(answer: Answer) -> dict[str, tuple[Any, bool]]:
    """Kind of each argument, and whether it must be given."""
    hints = get_type_hints(answer)
    return {
        name: (hints[name], one.default is inspect.Parameter.empty)
        for name, one in inspect.signature(answer).parameters.items()
    }


def arguments(answer: Answer, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call.

    Raises:
        InputError: a field is missing, is not known here, or is of another kind.
    """
    fields = _fields(answer)
    found = {name: value for name, value in given.items() if value is not None}
    if (
        "run_uuid" in found and "run_id" in fields
    ):  # its old name, which clients still send beside the new one
        found.setdefault("run_id", found.pop("run_uuid"))
        found.pop("run_uuid", None)
    for name in found:
        if name not in fields:
            raise InputError(
                f"the field {name!r} is not known here{nearest(name, fields)}",
                hint=f"known are: {', '.join(fields) or 'none'}",
            )
    for name, (_, needed) in fields.items():
        if needed and found.get(name) in (None, ""):
            raise InputError(f"Missing value for required parameter '{name}'")
    return {name: _converted(name, value, fields[name][0]) for name, value in found.items()}


def _converted(name: str, value: Any, kind: Any) -> Any:
    try:
        if kind is Pairs:
            return Pairs({str(one["key"]): str(one.get("value", "")) for one in value})
        if kind == Items:
            return [dict(one) for one in value]
        if kind == list[str]:
            return [value] if isinstance(value, str) else [str(one) for one in value]
        if kind in (int, float):
            return kind(value)
        if isinstance(value, (Mapping, Sequence)) and not isinstance(value, str):
            raise TypeError
        return str(value)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"the field {name!r} cannot be read: {str(value)[:80]}") from error
