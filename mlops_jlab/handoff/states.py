"""What functions and classes of the notebook keep beside their source text: it travels as a value."""

from __future__ import annotations

import enum
import sys
import types
from collections.abc import Mapping
from typing import Any

from mlops_jlab.handoff.definitions import PLAIN, code_of, held_in, is_filled

STATE = "()"  # "f()" names the state that the function or class f keeps
_OF_ENUMS = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_"})
_WRAPPERS = (classmethod, staticmethod)


def state_of(value: Any) -> dict[str, object] | None:
    """What a function or class of the notebook keeps beside its source text, if anything."""
    if _dispatches(value):
        return {"registered": [(kind, one) for kind, one in value.registry.items() if kind is not object]}
    if isinstance(value, types.FunctionType):
        return _of_function(value)
    if isinstance(value, enum.EnumMeta):
        return _of_members(value)
    return _of_class(value) if isinstance(value, type) else None


def _of_function(value: types.FunctionType) -> dict[str, object] | None:
    filled = tuple(held_in(value))
    defaults, keywords = value.__defaults__ or (), value.__kwdefaults__ or {}
    attributes = {k: v for k, v in vars(value).items() if k != "__wrapped__"}
    plain = all(isinstance(item, (type, types.FunctionType)) for item in filled)
    if plain and not (attributes or defaults or keywords):
        return None
    return {
        "defaults": defaults, "keyword defaults": keywords, "attributes": attributes, "closure": filled,
    }  # fmt: skip


def _of_members(value: enum.EnumMeta) -> dict[str, object] | None:
    """What the members of an enumeration keep beside name and value."""
    found: dict[str, Any] = dict(value.__members__)
    members = {
        name: {key: item for key, item in vars(member).items() if key not in _OF_ENUMS}
        for name, member in found.items()
    }
    return {"members": members} if any(members.values()) else None


def _of_class(value: type) -> dict[str, object] | None:
    """Attributes; methods and classes that were put in later, or keep something themselves."""
    attributes: dict[str, object] = {}
    later: dict[str, object] = {}
    kept: dict[str, list[object]] = {}
    private = "_" if issubclass(value, tuple) else ("__", "_abc_")
    for name, item in vars(value).items():
        own = f"{value.__qualname__}.{name}"
        pieces = _functions_in(item)
        if pieces:
            if any(_is_put_in(piece, own, name) for piece in pieces):
                later[name] = item
            if any(_keeps_something(piece) for piece in pieces):
                kept[name] = [_of_function(piece) for piece in pieces]
        elif isinstance(item, type):
            if item.__qualname__ != own and not name.startswith("__"):
                later[name] = item
        elif not name.startswith(private) and not hasattr(item, "__get__"):
            attributes[name] = item
    if not (attributes or later or kept):
        return None
    names = sorted(name for name in vars(value) if name[:1] != "_")
    return {"class": attributes, "names": names, "later": later, "kept": kept}


def _functions_in(item: object) -> list[types.FunctionType]:
    """The functions that a method, a property or their like is made of."""
    found: list[object] = [item]
    if isinstance(item, property):
        found = [item.fget, item.fset, item.fdel]
    elif isinstance(item, _WRAPPERS):
        found = [item.__func__]
    return [one for one in found if isinstance(one, types.FunctionType)]


def _is_put_in(function: types.FunctionType, own: str, name: str) -> bool:
    """Whether the body of the class does not say itself what stands there; libraries make methods of it."""
    return function.__qualname__ != own and (function.__module__ == "__main__" or name[:2] != "__")


def _keeps_something(method: types.FunctionType) -> bool:
    """Whether a method that the notebook wrote keeps what could change: in decorators, or as defaults."""
    if method.__globals__ is not vars(sys.modules["__main__"]) or method.__code__.co_filename[:1] == "<":
        return False
    defaults = (*(method.__defaults__ or ()), *(method.__kwdefaults__ or {}).values())
    return (
        bool(vars(method).keys() - {"__wrapped__"})
        or not all(isinstance(item, (*PLAIN, type, types.FunctionType)) for item in defaults)
        or not all(isinstance(item, (type, types.FunctionType)) for item in held_in(method))
    )


def _dispatches(value: Any) -> bool:
    """Whether it is a generic function of ``functools.singledispatch``."""
    registry = getattr(value, "registry", None)
    return isinstance(value, types.FunctionType) and isinstance(registry, types.MappingProxyType)


def put_state(value: Any, state: Mapping[str, Any]) -> None:
    """Gives a function or class that was defined again the state that it had."""
    if isinstance(value, type) and "class" in state:
        for name, item in state["class"].items():
            setattr(value, name, item)
        for name in [name for name in vars(value) if name[:1] != "_" and name not in state["names"]]:
            delattr(value, name)
        for name, item in state["later"].items():
            if not _is_made_alike(vars(value).get(name), item):
                setattr(value, name, item)
        for name, states in state["kept"].items():
            for function, one in zip(_functions_in(vars(value).get(name)), states, strict=False):
                if one is not None:
                    put_state(function, one)
    elif isinstance(value, enum.EnumMeta) and "members" in state:
        members: dict[str, Any] = dict(value.__members__)
        for name, kept in state["members"].items():
            if name in members:
                vars(members[name]).update(kept)
    elif "registered" in state:
        for kind, one in state["registered"]:
            if value.registry.get(kind) is not one:
                value.register(kind, one)
    elif isinstance(value, types.FunctionType) and "closure" in state:
        value.__defaults__ = tuple(state["defaults"]) or None
        value.__kwdefaults__ = dict(state["keyword defaults"]) or None
        vars(value).update(state["attributes"])
        filled = [cell for cell in value.__closure__ or () if is_filled(cell)]
        for cell, content in zip(filled, state["closure"], strict=False):
            cell.cell_contents = content


def _is_made_alike(there: object, item: object) -> bool:
    """Whether the source has made the same again, which others may know already."""
    if type(there) is not type(item) or isinstance(item, type):
        return there is item
    mine, theirs = ([code_of(f.__code__) for f in _functions_in(one)] for one in (there, item))
    return mine == theirs
