"""Names that hold one object, where values come back as two: only who asks for identities can tell.

Frames have an index in common more often than not, and pandas makes a copy of it when one of them is given
another. Only its names are changed in place.
"""

from __future__ import annotations

import enum
import sys
import types
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from typing import Any

from mlops_jlab.handoff import modules, states
from mlops_jlab.handoff.attributes import attributes_of
from mlops_jlab.handoff.quietly import is_a

_MOST = 200  # entries of one container that are looked at
_ALL = 1000  # objects of one name that are looked at, in containers of containers too
_EVERYBODYS = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, enum.Enum, bool)
_SMALL = range(-5, 257)  # of which Python has one each
_CONTAINERS = (list, tuple, set, frozenset, deque)
_HOLD_NOTHING = frozenset({int, float, complex, str, bytes, bool, type(None)})
_GROW = (list, dict, set, deque, bytearray)  # what is taken out of these leaves its room behind
_NUMBERS = (int, float, complex)  # of which a file has each place's own


INDEX = "an index"
ITSELF = "an index itself"  # it is held by a name or in a container, and not by a frame alone
BASE = "the base of an array"  # it comes back as a view of the file that holds it


CACHE = "a cache"  # a function that was called, and may forget what it gave
SIZE = "the size of a container"  # it has room to grow, and another one elsewhere
LOOKED_UP = "the labels of an index in memory"  # pandas remembers where each is, until it is saved
_LABELS = "the labels of an index"
_BESIDE = (BASE, SIZE, LOOKED_UP)  # what is told otherwise than by identity
IDENTITY = "identity"  # a step that may tell any two objects from one; INDEX is one that may tell two indexes
HELD_IDENTITY = "identity of what is held"  # the same of one that takes no index out of a frame


def told_apart(twins: Mapping[str, str], tells: Collection[str]) -> str:
    """Which of the ``twins`` a step notices that ``tells`` such things apart, in words, or nothing."""
    if IDENTITY in tells or HELD_IDENTITY in tells:
        other = _BESIDE if IDENTITY in tells else (*_BESIDE, INDEX, _LABELS)
        if why := next((words for what, words in twins.items() if what not in other), ""):
            return why
    for what in (*_BESIDE, CACHE):
        if what in tells and what in twins:
            return twins[what]
    return twins.get(INDEX, "") if INDEX in tells else ""


def twins_in(values: Mapping[str, object], names: Mapping[str, object] | None = None) -> dict[str, str]:
    """Two names that have an object in common, in words, by what kind of object it is.

    One name may be both: a number that a list holds twice comes back as two. Functions that may forget
    what they gave are looked for among all ``names``, and in own modules.
    """
    first: dict[int, str] = {}
    found = {} if names is None else _remembering(names)
    for name, value in values.items():
        if name.endswith(states.STATE) and states.is_of_object(value):
            continue
        numbers: set[int] = set()
        for one in _reached(value):
            if _is_array(one):
                found.setdefault(BASE, f"{name} is, or holds, an array, whose base is another one elsewhere")
            if is_a(one, _GROW):
                found.setdefault(SIZE, f"{name} is, or holds, a {type(one).__name__}, whose room is its own")
            if _is_looked_up(one):
                found.setdefault(LOOKED_UP, f"labels of {name} were looked up, which takes memory")
            for what, part in _parts(one):
                known = first.setdefault(id(part), name)
                if known != name and values[known] is value and not _is_unchangeable(value):
                    continue  # one value by two names is handed on as one
                if known != name:
                    shown = INDEX if what == ITSELF else what
                    found.setdefault(what, f"{known} and {name} have {shown} in common")
                elif type(part) in _NUMBERS:
                    if id(part) in numbers:
                        found.setdefault(what, f"{name} holds {what} twice")
                    numbers.add(id(part))
    return found


def _remembering(names: Mapping[str, object]) -> dict[str, str]:
    """A function with a cache that was used, in words, as of the kind :data:`CACHE`, or nothing."""
    places = [("__main__", "", names)]
    places += [(name, f"{name}.", vars(sys.modules[name])) for name in modules.local_modules()]
    for module, prefix, held in places:
        for name, value in list(held.items()):
            if any(any(one.cache_info()[:2]) for one in states.caches_in(value, module)):
                return {CACHE: f"{prefix}{name} remembers how often it was called"}
    return {}


def _parts(one: Any) -> Iterator[tuple[str, object]]:
    """What an object is, and of frames what they have that others may have too."""
    if _is_unchangeable(one):
        yield f"one {type(one).__name__}", one
    elif _is_frame(one):
        for axis in one._mgr.axes:
            yield from _of_index(axis)
    elif _is_index(one):
        yield from _of_index(one)
        yield ITSELF, one


def _reached(value: Any) -> Iterator[Any]:
    """The value, and what it holds: each container once, and what it holds as often as it does."""
    known: set[int] = set()
    todo, left = deque([value]), _ALL
    while todo and left:
        left -= 1
        one = todo.popleft()
        yield one
        if id(one) not in known and (inner := _inner(one)):
            known.add(id(one))
            todo.extend(inner)


def _inner(value: Any) -> list[Any]:
    kind = type(value)
    if kind in _HOLD_NOTHING:
        return []
    inner: list[Any] = []
    if issubclass(kind, dict):
        inner = [key for key in islice(dict.keys(value), _MOST) if type(key) is not str]
        inner += islice(dict.values(value), _MOST)
    elif issubclass(kind, _CONTAINERS):
        plain = next(one for one in _CONTAINERS if issubclass(kind, one))
        inner = list(islice(plain.__iter__(value), _MOST))
    if kind.__module__ == "__main__" and isinstance(kept := attributes_of(value), dict):
        inner += islice(kept.values(), _MOST)
    return inner


def _of_index(value: Any) -> Iterator[tuple[str, object]]:
    """Itself, and what all views of it have in common, which pandas asks for with ``is_``."""
    yield INDEX, value
    if getattr(value, "_id", None) is not None:
        yield _LABELS, value._id


def _is_unchangeable(value: Any) -> bool:
    kind = type(value)
    if is_a(value, _EVERYBODYS):
        return False
    if kind is int:
        return value not in _SMALL
    return kind in (float, complex) or (kind in (str, bytes, tuple, frozenset) and len(value) > (kind is str))


def _is_looked_up(value: Any) -> bool:
    """Whether pandas remembers where the labels of an index, or of a frame's rows, are."""
    index = value._mgr.axes[-1] if _is_frame(value) else value
    if not _is_index(index) or hasattr(index, "_range") or "_engine" not in getattr(index, "_cache", ()):
        return False
    return bool(index._engine.sizeof(deep=False))


def _is_array(value: object) -> bool:
    kind = getattr(sys.modules.get("numpy"), "ndarray", None)
    return kind is not None and issubclass(type(value), kind)


def _is_frame(value: object) -> bool:
    pandas = sys.modules.get("pandas")
    kinds = (getattr(pandas, "DataFrame", ()), getattr(pandas, "Series", ()))
    return bool(pandas) and type(value) in kinds


def _is_index(value: object) -> bool:
    index = getattr(sys.modules.get("pandas"), "Index", None)
    return is_a(index, type) and is_a(value, index)
