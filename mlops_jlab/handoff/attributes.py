"""Objects whose attributes somebody else holds too: ``vars(args)`` by a name, or ``self.__dict__ = self``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from types import FunctionType, ModuleType
from typing import Any


def among(dicts: Collection[int], objects: Iterable[object]) -> set[int]:
    """Which of the ``dicts`` are what one of the objects has its attributes in, as ``vars`` gives it."""
    if not dicts:
        return set()
    found = (id(_attributes(one)) for one in objects if type(one).__dictoffset__)
    return {number for number in found if number in dicts}


def _attributes(value: object) -> object:
    if isinstance(value, (type, ModuleType, FunctionType)):
        return None
    try:
        return object.__getattribute__(value, "__dict__")
    except AttributeError:
        return None


def is_shared(value: object, shared: Collection[int]) -> bool:
    """Whether an object has its attributes in one of the dicts in ``shared``, or in itself."""
    if not (shared or isinstance(value, dict)):
        return False
    held = _attributes(value)
    return held is not None and (held is value or id(held) in shared)


def reduced(value: Any) -> Any:
    """How pickle writes such an object, so that the other one sees what is set in it elsewhere as well."""
    own = _attributes(value)
    made = value.__reduce_ex__(5)
    if not isinstance(made, tuple) or len(made) < 3:
        return made
    if own is value:
        return (*made[:2], (), None, made[4], put_in_itself) if isinstance(made[2], dict) else made
    is_own = made[2] is own or (isinstance(made[2], tuple) and made[2] and made[2][0] is own)
    return (*made[:2], made[2], *(*made[3:5], None, None)[:2], put) if is_own else made


def put_in_itself(value: Any, _state: tuple[()]) -> None:
    """Called by pickle for an object that has its attributes in itself."""
    value.__dict__ = value


def put(value: Any, state: Any) -> None:
    """Called by pickle with the very dict that another value is, or holds, and what slots hold beside it."""
    own, slots = state if isinstance(state, tuple) else (state, None)
    value.__dict__ = own
    for name, item in (slots or {}).items():
        setattr(value, name, item)
