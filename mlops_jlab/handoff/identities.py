"""Numbers that may be the address of an object: what ``id`` has given means nothing in another process.

They are looked for in what the notebook itself has put together: containers, functions, and objects of its
own classes and of Python's. Libraries that use addresses (matplotlib's transforms) know how to be saved.
"""

from __future__ import annotations

import array
import gc
import re
import sys
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from mlops_jlab.handoff.attributes import attributes_of
from mlops_jlab.handoff.quietly import is_a

_LOWEST = 1 << 32  # addresses of objects are above it, and so are most of their hashes
_IN_TEXT = re.compile(r"0x([0-9a-f]{8,16})|(\d{10,19})")
_SHORT, _LONG = 9, 1000  # characters of a text that is looked through
_MOST = 20_000  # objects that are looked at
_EVERYBODYS = (type, ModuleType)  # what they hold is not a value's
_OWN = sys.stdlib_module_names | {"__main__"}


def numbers_in(value: object) -> tuple[set[int], set[int]]:
    """Whole numbers in the value, and those that stand in texts, if they are large enough.

    Beside them the addresses of the dicts that it is, or holds: an object may have its attributes in one.
    """
    found: set[int] = set()
    dicts: set[int] = set()
    seen: set[int] = set()
    todo: list[Any] = [value]
    while todo and len(seen) < _MOST:
        one = todo.pop()
        kind = type(one)
        if kind is int:
            if one > _LOWEST:
                found.add(one)
        elif kind is str:
            if _SHORT < len(one) < _LONG:
                found |= {int(h, 16) if h else int(d) for h, d in _IN_TEXT.findall(one)}
        elif id(one) not in seen:
            seen.add(id(one))
            if kind is dict:
                dicts.add(id(one))
            todo += _inside(one, kind)
    return found, dicts


def memory_addresses(living: Iterable[Any]) -> Iterator[int]:
    """Where the arrays among ``living`` objects have their items: ``x.ctypes.data`` gives that."""
    numpy = sys.modules.get("numpy")
    for one in living:
        if numpy is not None and type(one) is numpy.ndarray:
            yield one.__array_interface__["data"][0]
        elif type(one) is array.array:
            yield one.buffer_info()[0]


def _inside(value: Any, kind: type) -> list[Any]:
    """What a container, a function, or an object of the notebook's classes and of Python's own holds."""
    if is_a(value, _EVERYBODYS) or kind.__module__.partition(".")[0] not in _OWN:
        return []
    is_function = is_a(value, FunctionType)
    own: object = None
    if is_function or kind.__dictoffset__:
        own = vars(value) if is_function else attributes_of(value)
    if not is_a(own, dict) or own is value:
        return gc.get_referents(value)[:_MOST]
    around = (own, value.__globals__, value.__builtins__) if is_function else (own,)
    inner = [one for one in gc.get_referents(value) if not any(one is other for other in around)]
    return [*inner[:_MOST], *own.values()]
