"""Numbers that may be the address of an object: what ``id`` has given means nothing in another process.

They are looked for in what the notebook itself has put together: its containers and the attributes of its own
classes. Libraries that use addresses (matplotlib's transforms) know how to be saved.
"""

from __future__ import annotations

import re
from collections import deque
from typing import Any

_LOWEST = 1 << 32  # addresses of objects are above it, and so are most of their hashes
_IN_TEXT = re.compile(r"0x([0-9a-f]{8,16})|(\d{10,19})")
_SHORT, _LONG = 9, 1000  # characters of a text that is looked through
_MOST = 20_000  # objects that are looked at


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


def _inside(value: Any, kind: type) -> list[Any]:
    own = kind.__module__ == "__main__"
    found: list[Any] = []
    if kind is dict or (own and issubclass(kind, dict)):
        found = [*dict.keys(value), *dict.values(value)]
    for plain in (list, tuple, set, frozenset, deque):
        if kind is plain or (own and issubclass(kind, plain)):
            found = list(plain.__iter__(value))
    if own and isinstance(getattr(value, "__dict__", None), dict):
        found += list(vars(value).values())
    return found[:_MOST]
