"""Objects whose attributes somebody else holds too: ``vars(args)`` by a name, or ``self.__dict__ = self``."""

from __future__ import annotations

import copyreg
import enum
import logging
from collections.abc import Collection, Iterable
from types import FunctionType, ModuleType
from typing import Any

from mlops_jlab.handoff.quietly import is_a

REDUCES = frozenset({"__reduce__", "__reduce_ex__"})  # how a class says what stands for its objects


def among(dicts: Collection[int], objects: Iterable[object]) -> dict[int, int]:
    """Objects that have their attributes in one of the ``dicts``, as ``vars`` gives it, and in which one."""
    if not dicts:
        return {}
    found = ((id(one), id(attributes_of(one))) for one in objects if type(one).__dictoffset__)
    return {number: held for number, held in found if held in dicts}


def attributes_of(value: object) -> object:
    """The very dict in which an object has its attributes, whatever its class says, or nothing."""
    if is_a(value, (type, ModuleType, FunctionType)):
        return None
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None


def is_shared(value: object, shared: Collection[int]) -> bool:
    """Whether an object has its attributes in one of the dicts in ``shared``, or in itself."""
    if not (shared or is_a(value, dict)):
        return False
    held = attributes_of(value)
    return held is not None and (held is value or id(held) in shared)


def reduced(value: Any) -> Any:
    """How pickle writes such an object, so that the other one sees what is set in it elsewhere as well."""
    own = attributes_of(value)
    reduce = copyreg.dispatch_table.get(type(value))
    made = reduce(value) if reduce else value.__reduce_ex__(5)
    if not isinstance(made, tuple) or len(made) < 3:
        return made
    if own is value:
        return (*made[:2], (), None, made[4], put_in_itself) if isinstance(made[2], dict) else made
    first, *slots = made[2] if isinstance(made[2], tuple) and made[2] else (made[2],)
    if not _is_like(first, own):
        return made  # what comes of it is seen when it is proved
    state = (own, *slots) if isinstance(made[2], tuple) else own
    return (*made[:2], state, *(*made[3:5], None, None)[:2], put)


def travels(value: object) -> bool:
    """Whether an object and who else holds its attributes still have the same ones when they were saved."""
    try:
        made = reduced(value)
    except Exception:  # of the user's own class
        return False
    return isinstance(made, tuple) and made[5:] in ((put,), (put_in_itself,))


def _is_like(state: object, own: Any) -> bool:
    """Whether a class saves all attributes of its objects, as they are: ``__getstate__`` may make a copy."""
    if type(state) is not dict or type(own) is not dict or list(state) != list(own):
        return state is own
    return all(mine is theirs for mine, theirs in zip(state.values(), own.values(), strict=True))


def left_out(value: Any) -> str:
    """An attribute of an object of the notebook's that a base class does not save, by name, or nothing.

    So do those of numpy's arrays, ``Counter``, ``datetime``, ``Decimal``, ``Path``, ``Random`` and others.
    """
    kind = type(value)
    own = attributes_of(value) if kind.__module__ == "__main__" else None
    if not own or not is_a(own, dict):
        return ""
    says = next(one for one in kind.__mro__ if not REDUCES.isdisjoint(vars(one)))
    if says.__module__ == "__main__" or says in (object, enum.Enum, logging.Logger, BaseException):
        return ""
    try:
        made = value.__reduce_ex__(5)
    except Exception:  # pickle says it better
        return ""
    state = made[2] if isinstance(made, tuple) and len(made) > 2 else None
    parts = state if isinstance(state, tuple) else (state,)
    if isinstance(made, str) or any(isinstance(part, dict) and part.keys() >= own.keys() for part in parts):
        return ""
    bases = says.__mro__[:-1]
    codes = [item.__code__ for base in bases for item in vars(base).values() if is_a(item, FunctionType)]
    return next((str(name) for name in own if not any(name in code.co_names for code in codes)), "")


def put_in_itself(value: Any, _state: tuple[()]) -> None:
    """Called by pickle for an object that has its attributes in itself."""
    object.__setattr__(value, "__dict__", value)


def put(value: Any, state: Any) -> None:
    """Called by pickle with the very dict that another value is, or holds, and what slots hold beside it."""
    own, slots = state if isinstance(state, tuple) else (state, None)
    object.__setattr__(value, "__dict__", own)
    for name, item in (slots or {}).items():
        object.__setattr__(value, name, item)
