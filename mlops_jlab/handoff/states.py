"""What functions and classes of the notebook keep beside their source text: it travels as a value."""

from __future__ import annotations

import enum
import functools
import opcode
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_jlab.handoff.definitions import code_of, held_in, is_filled
from mlops_jlab.handoff.quietly import is_a

STATE = "()"  # "f()" names the state that the function or class f keeps
_OF_ENUMS = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_", "_inverted_"})
_WRITERS = ("dataclasses", "attr._make")  # of methods
_WRAPPERS = (classmethod, staticmethod)
_TAKES_OUT = opcode.opmap["DELETE_ATTR"]


def state_of(value: Any, *, names: bool = False) -> dict[str, object] | None:
    """What a function or class of the notebook keeps beside its source text, if anything.

    With ``names``, those that a class has are something: others may have been taken out.
    """
    if _dispatches(value):
        return _registered(value)
    if is_a(value, types.FunctionType):
        return _of_function(value)
    if is_a(value, enum.EnumMeta):
        return _of_members(value)
    return _of_class(value, names=names) if is_a(value, type) else None


def of_object(value: object) -> dict[str, object]:
    """The state of a callable object: itself, which its name stands for too."""
    return {"object": value}


def is_of_object(state: object) -> bool:
    """Whether a state is an object that a name stands for."""
    return type(state) is dict and state.keys() == {"object"}


def caches_in(value: object, module: str = "__main__") -> Iterator[functools._lru_cache_wrapper[Any]]:
    """The functions of ``functools.cache`` that a value is, or that are methods of a class of ``module``."""
    if is_a(value, functools._lru_cache_wrapper):
        yield value
    elif is_a(value, type) and value.__module__ == module:
        for item in vars(value).values():
            if is_a(item, type) and item.__qualname__.startswith(f"{value.__qualname__}."):
                yield from caches_in(item, module)
            for piece in (item, *_pieces_of(item)):
                if is_a(piece, functools._lru_cache_wrapper):
                    yield piece


def may_take_out(value: object) -> bool:
    """Whether a function, or a method of a class, takes attributes out of objects."""
    if is_a(value, type):
        return any(may_take_out(one) for item in vars(value).values() for one in _functions_in(item))
    return is_a(value, types.FunctionType) and _code_takes_out(value.__code__)


def _code_takes_out(code: types.CodeType) -> bool:
    inner = (one for one in code.co_consts if is_a(one, types.CodeType))
    named = {"delattr", "__delattr__"}.intersection(code.co_names)
    return bool(named) or _TAKES_OUT in code.co_code[::2] or any(_code_takes_out(one) for one in inner)


def _registered(value: Any) -> dict[str, object]:
    return {"registered": [(kind, one) for kind, one in value.registry.items() if kind is not object]}


def _of_function(
    value: types.FunctionType, holders: tuple[types.FunctionType, ...] = ()
) -> dict[str, object] | None:
    filled = tuple(held_in(value))
    defaults, keywords = value.__defaults__ or (), value.__kwdefaults__ or {}
    attributes = {k: v for k, v in vars(value).items() if k != "__wrapped__"}
    plain = all(is_a(item, (type, types.FunctionType)) for item in filled)
    if plain and not (attributes or defaults or keywords):
        return None
    return {
        "defaults": defaults, "keyword defaults": keywords, "attributes": attributes,
        "closure": tuple(_or_made(item, (*holders, value)) for item in filled),
    }  # fmt: skip


@dataclass(frozen=True)
class _Made:
    """A function that an own module's import makes again, under no name of its own: what it keeps."""

    state: dict[str, object] | None


class _AsImported(enum.Enum):
    """Stands for a part of a state that is left as an import makes it."""

    PART = "part"


AS_IMPORTED = _AsImported.PART


def _or_made(item: Any, holders: tuple[types.FunctionType, ...]) -> object:
    """A function that a closure holds, or what it keeps, of which ``holders`` are told already."""
    if not is_a(item, types.FunctionType) or item is holders[-1] or item.__module__ == "__main__":
        return item
    if any(item is one for one in holders):
        return _Made(None)  # what it keeps is told where it was met first
    found: Any = sys.modules.get(item.__module__)
    for part in item.__qualname__.split("."):
        found = getattr(found, part, None)
    if found is item:
        return item
    return _Made(_registered(item) if _dispatches(item) else _of_function(item, holders))


def _of_members(value: enum.EnumMeta) -> dict[str, object] | None:
    """What the members of an enumeration keep beside name and value."""
    found: dict[str, Any] = dict(value.__members__)
    members = {
        name: {key: item for key, item in vars(member).items() if key not in _OF_ENUMS}
        for name, member in found.items()
    }
    return {"members": members} if any(members.values()) else None


def _of_class(value: type, *, names: bool) -> dict[str, object] | None:
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
            if any(_keeps_something(piece, value.__module__) for piece in pieces):
                kept[name] = [_of_generated(one) if _is_generated(one) else state_of(one) for one in pieces]
        elif is_a(item, type):
            if item.__qualname__ != own and not name.startswith("__"):
                later[name] = item
            elif item.__qualname__ == own and (inner := state_of(item, names=names)) is not None:
                kept[name] = [inner]
        elif not name.startswith(private) and (
            not hasattr(item, "__get__") or type(item).__module__ in ("__main__", value.__module__)
        ):
            attributes[name] = item
    if not (attributes or later or kept or names):
        return None
    public = sorted(name for name in vars(value) if name[:1] != "_")
    return {"class": attributes, "names": public, "later": later, "kept": kept}


def _functions_in(item: object) -> list[types.FunctionType]:
    """The functions that a method, a property or their like is made of."""
    return [one for one in _pieces_of(item) if is_a(one, types.FunctionType)]


def _pieces_of(item: object) -> list[object]:
    if is_a(item, property):
        return [item.fget, item.fset, item.fdel]
    if is_a(item, _WRAPPERS):
        return [item.__func__]
    if is_a(item, functools.singledispatchmethod):
        return [item.dispatcher]
    return [item.func] if is_a(item, functools.cached_property) else [item]


def _is_put_in(function: types.FunctionType, own: str, name: str) -> bool:
    """Whether the body of the class does not say itself what stands there; libraries make methods of it."""
    return function.__qualname__ != own and (function.__module__ == "__main__" or name[:2] != "__")


def _keeps_something(method: types.FunctionType, module: str) -> bool:
    """Whether a method that stands in ``module`` keeps what could change: in decorators, or as defaults."""
    if _dispatches(method):
        own = method.__qualname__.rpartition(".")[0] + "."
        return any(not one.__qualname__.startswith(own) for one in _registry(method).values())
    if method.__globals__ is not vars(sys.modules.get(module, sys)):
        return False
    if _is_generated(method):
        return _of_generated(method) is not None
    return (
        bool(vars(method).keys() - {"__wrapped__"})
        or bool(method.__defaults__ or method.__kwdefaults__)
        or not all(is_a(item, (type, types.FunctionType)) for item in held_in(method))
    )


def _is_generated(method: types.FunctionType) -> bool:
    """Whether a library has written the method, as dataclasses write theirs."""
    return method.__code__.co_filename[:1] == "<"


def _of_generated(method: types.FunctionType) -> dict[str, object] | None:
    """The defaults of such a method, which are those of the body of its class; the library's own are left."""
    defaults = tuple(map(_or_as_made, method.__defaults__ or ()))
    keywords = {name: _or_as_made(item) for name, item in (method.__kwdefaults__ or {}).items()}
    if all(item is AS_IMPORTED for item in (*defaults, *keywords.values())):
        return None
    return {"defaults": defaults, "keyword defaults": keywords, "attributes": {}, "closure": ()}


def _or_as_made(item: object) -> object:
    """A default of a method that a library has written, unless it is the library's own."""
    return AS_IMPORTED if type(item).__module__ in _WRITERS else item


def _dispatches(value: Any) -> bool:
    """Whether it is a generic function of ``functools.singledispatch``."""
    return type(value) is types.FunctionType and type(vars(value).get("registry")) is types.MappingProxyType


def _registry(value: Any) -> Mapping[type, Any]:
    found: Mapping[type, Any] = value.registry
    return found


def without(state: Mapping[str, Any], is_left: Callable[[object], bool]) -> dict[str, object]:
    """A state without the parts that are left as an import makes them."""

    def pruned(items: Mapping[str, object]) -> dict[str, object]:
        return {name: item for name, item in items.items() if not is_left(item)}

    def marked(items: Sequence[object]) -> tuple[object, ...]:
        return tuple(part(item) for item in items)

    def part(item: object) -> object:
        if type(item) is _Made:
            return _Made(None if item.state is None else without(item.state, is_left))
        return AS_IMPORTED if is_left(item) else item

    found: dict[str, object] = dict(state)
    if "keyword defaults" in state:
        found["keyword defaults"] = {name: part(item) for name, item in state["keyword defaults"].items()}
    for key in ("class", "later", "attributes"):
        if key in state:
            found[key] = pruned(state[key])
    for key in ("closure", "defaults"):
        if key in state:
            found[key] = marked(state[key])
    if "kept" in state:
        found["kept"] = {
            name: [one if one is None else without(one, is_left) for one in states]
            for name, states in state["kept"].items()
        }
    if "members" in state:
        found["members"] = {name: pruned(member) for name, member in state["members"].items()}
    if "registered" in state:
        found["registered"] = [(kind, one) for kind, one in state["registered"] if not is_left(one)]
    return found


def put_state(value: Any, state: Mapping[str, Any]) -> None:
    """Gives a function or class that was defined again the state that it had."""
    if is_a(value, type) and "class" in state:
        for name, item in state["class"].items():
            setattr(value, name, item)
        for name in [name for name in vars(value) if name[:1] != "_" and name not in state["names"]]:
            delattr(value, name)
        for name, item in state["later"].items():
            if not _is_made_alike(vars(value).get(name), item):
                setattr(value, name, item)
        for name, states in state["kept"].items():
            item = vars(value).get(name)
            owners = [item] if is_a(item, type) else _functions_in(item)
            for owner, one in zip(owners, states, strict=False):
                if one is not None:
                    put_state(owner, one)
    elif is_a(value, enum.EnumMeta) and "members" in state:
        members: dict[str, Any] = dict(value.__members__)
        for name, kept in state["members"].items():
            if name in members:
                vars(members[name]).update(kept)
    elif "registered" in state:
        for kind, one in state["registered"]:
            if value.registry.get(kind) is not one:
                value.register(kind, one)
    elif is_a(value, types.FunctionType) and "closure" in state:
        value.__defaults__ = tuple(_over(value.__defaults__ or (), state["defaults"])) or None
        made, kept = value.__kwdefaults__ or {}, state["keyword defaults"]
        value.__kwdefaults__ = {
            name: made.get(name) if one is AS_IMPORTED else one for name, one in kept.items()
        } or None
        vars(value).update(state["attributes"])
        filled = [cell for cell in value.__closure__ or () if is_filled(cell)]
        for cell, content in zip(filled, state["closure"], strict=False):
            if content is AS_IMPORTED:
                continue
            if not is_a(content, _Made):
                cell.cell_contents = content
            elif content.state is not None:
                put_state(cell.cell_contents, content.state)


def _over(made: Sequence[object], kept: Sequence[object]) -> Iterator[object]:
    for position, item in enumerate(kept):
        if item is not AS_IMPORTED:
            yield item
        elif position < len(made):
            yield made[position]


def _is_made_alike(there: object, item: object) -> bool:
    """Whether the source has made the same again, which others may know already."""
    if type(there) is not type(item) or is_a(item, type):
        return there is item
    mine, theirs = ([code_of(f.__code__) for f in _functions_in(one)] for one in (there, item))
    return mine == theirs
