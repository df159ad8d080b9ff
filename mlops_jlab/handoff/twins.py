"""Names that hold one object, where values come back as two: only who asks for identities can tell.

Frames have an index in common more often than not, and pandas makes a copy of it when one of them is given
another. Only its names are changed in place.
"""

from __future__ import annotations

import enum
import sys
import types
from collections.abc import Iterator, Mapping
from typing import Any

_MOST = 200  # entries of one container that are looked at
_EVERYBODYS = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, enum.Enum, bool)
_SMALL = range(-5, 257)  # of which Python has one each


INDEX = "an index"


def twins_in(values: Mapping[str, object]) -> dict[str, str]:
    """Two names that have an object in common, in words, by what kind of object it is."""
    first: dict[int, str] = {}
    found: dict[str, str] = {}
    for name, value in values.items():
        for what, one in _parts(value):
            known = first.setdefault(id(one), name)
            if known != name:
                found.setdefault(what, f"{known} and {name} have {what} in common")
    return found


def _parts(value: Any) -> Iterator[tuple[str, object]]:
    """Each with what it is. Objects that lists and dicts share come back as one."""
    kind = type(value)
    inner: list[Any] = []
    if kind is dict:
        inner = list(value.values())[:_MOST]
    elif kind in (list, tuple):
        inner = list(value[:_MOST])
    for one in (value, *inner):
        if _is_unchangeable(one):
            yield f"one {type(one).__name__}", one
        elif _is_frame(one):
            for axis in one._mgr.axes:
                yield from _of_index(axis)
        elif _is_index(one):
            yield from _of_index(one)


def _of_index(value: Any) -> Iterator[tuple[str, object]]:
    """Itself, and what all views of it have in common, which pandas asks for with ``is_``."""
    yield INDEX, value
    if getattr(value, "_id", None) is not None:
        yield "the labels of an index", value._id


def _is_unchangeable(value: Any) -> bool:
    kind = type(value)
    if isinstance(value, _EVERYBODYS):
        return False
    if kind is int:
        return value not in _SMALL
    return kind in (float, complex) or (kind in (str, bytes, tuple, frozenset) and len(value) > (kind is str))


def _is_frame(value: object) -> bool:
    pandas = sys.modules.get("pandas")
    kinds = (getattr(pandas, "DataFrame", ()), getattr(pandas, "Series", ()))
    return bool(pandas) and type(value) in kinds


def _is_index(value: object) -> bool:
    index = getattr(sys.modules.get("pandas"), "Index", None)
    return isinstance(index, type) and isinstance(value, index)
