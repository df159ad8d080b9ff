"""The version of a dict: a number that CPython changes with each change of the dict, and gives to no other.

It says without a look at the entries that none was added, put in another's place or removed. A process and
its forks count on from the same number, each for itself: a version tells only of what was there before the
fork, so who compares across one takes a :class:`Mark` from before it: its numbers are the last that count.
"""

from __future__ import annotations

import abc
import ctypes
import gc
import struct
import sys
from functools import cache
from typing import Any, NamedTuple

_KNOWN = ((3, 11), (3, 12))  # later ones do not count
_PLACE = 3 * struct.calcsize("P")  # behind the count of references, the type and the number of entries
_read = ctypes.c_uint64.from_address


class Mark(NamedTuple):
    """The newest version of a dict, and how often a class was registered with an abstract one."""

    version: int
    registered: int


NONE = Mark(0, -1)  # no version counts
ALL = Mark(sys.maxsize, sys.maxsize)  # for who compares in one process: every version counts


def mark() -> Mark:
    """What has happened so far."""
    return Mark(now(), registered())


def version_of(content: dict[Any, Any]) -> int:
    """The version of a dict, or 0 where there is none."""
    return int(_read(id(content) + _PLACE).value) if are_counted() else 0


def namespace_of(kind: type) -> dict[str, Any]:
    """The dict behind the namespace of a class, not to be changed."""
    found: dict[str, Any] = gc.get_referents(type.__getattribute__(kind, "__dict__"))[0]
    return found


def registered() -> int:
    """A number that is another one when a class has been registered with any abstract one."""
    token = abc.get_cache_token()
    return token if isinstance(token, int) else -1


def now() -> int:
    """The last version that was given so far, or 0."""
    probe: dict[int, int] = {}
    probe[0] = 0
    return version_of(probe)


@cache
def are_counted() -> bool:
    """Whether this interpreter counts, and where that is read: one is tried out."""
    if sys.implementation.name != "cpython" or sys.version_info[:2] not in _KNOWN:
        return False

    def read(content: dict[Any, Any]) -> int:
        return int(_read(id(content) + _PLACE).value)

    probe: dict[Any, Any] = {1: [2], 3: 4}
    seen = [read(probe)]
    for change in (
        lambda: probe.update({1: 5}), lambda: probe.pop(3), lambda: probe.setdefault(6, 7), probe.clear,
    ):  # fmt: skip
        change()
        seen.append(read(probe))
    probe.get(1)
    return all(seen) and len(set(seen)) == len(seen) and read(probe) == seen[-1]
