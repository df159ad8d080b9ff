"""What own modules hold, put back into the very objects that stand there.

Others have these objects too: a class that lists its instances, a module that imported one by name, the
default of a function. So what a module's globals hold is written by where it stands, wherever it is met,
and is read as the object that the module's import has made there, which then gets what it had.
"""

from __future__ import annotations

import ast
import functools
import os
import sys
import types
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mlops_jlab.handoff import bare
from mlops_jlab.handoff.attributes import REDUCES, attributes_of
from mlops_jlab.handoff.endings import ends
from mlops_jlab.handoff.references import imported_module
from mlops_jlab.handoff.sharing import can_be_shared
from mlops_jlab.loaded import file_of, globals_of

KEY = "~place"  # begins the key of an object that a pickle tells by its place
_BUILT_IN = (list, dict, set, OrderedDict, defaultdict, deque)
_AS: dict[type, type] = {one: one for one in (*_BUILT_IN, types.SimpleNamespace)} | {Counter: dict}
_SAYS = REDUCES | {"__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__"}
_NOTHING = object()
_HOLDERS = (dict, list, tuple, set, frozenset, deque, functools.partial, types.CellType)
_OF_DATA = ("numpy", "pandas", "scipy", "polars", "pyarrow", "torch")


class Place(NamedTuple):
    """A global of a module, and what it stands for."""

    module: str
    name: str
    value: object


@dataclass
class Content:
    """What the object at a place has, which is of a ``kind`` that is, or builds on, ``base``."""

    kind: type
    base: type
    state: bare.State

    def put_in(self, target: object) -> None:
        """Gives it to the object that stands there now."""
        bare.refill(target, self.base, self.state)


@dataclass
class Globals:
    """The globals of one module, on their way: all their ``names``, and those that travel with what they are.

    ``places`` says which objects are written by where they stand; it does not travel itself.
    """

    module: str
    names: list[str]
    held: dict[str, Any]
    places: Mapping[int, Place] = field(default_factory=dict)

    def place_of(self, value: object) -> tuple[str, str, str, type] | None:
        """What a pickle says of an object instead of what it is, if its place does it."""
        place = self.places.get(id(value))
        return None if place is None else (KEY, place.module, place.name, type(value))

    def __getstate__(self) -> dict[str, Any]:
        return {"module": self.module, "names": self.names, "held": self.held}


class Places:
    """What stood at each place that was asked for: one object for all who ask, and none for two places."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], object] = {}
        self._taken: dict[int, tuple[str, str]] = {}

    def forget(self) -> None:
        """What is asked for from now on is what stands there now."""
        self._found.clear()
        self._taken.clear()

    def at(self, module: str, name: str, kind: type) -> object:
        """The object of a module's global, or a new one of its ``kind`` if it stands for another now."""
        known = self._found.get((module, name), _NOTHING)
        if type(known) is kind:
            return known
        found = globals_of(imported_module(module)).get(name, _NOTHING)
        if type(found) is not kind or self._taken.get(id(found), (module, name)) != (module, name):
            base: Any = base_of(kind) or object
            found = base.__new__(kind)
        self._found[module, name] = found
        self._taken[id(found)] = (module, name)
        return found


PLACES = Places()


def base_of(kind: type) -> type | None:
    """What objects of a class are beside their attributes, if such an object can be filled again in place."""
    if kind in _AS:
        return _AS[kind]
    if not bare.is_own(kind) or issubclass(kind, type) or any(map(ends, kind.__mro__[:-1])):
        return None
    for one in kind.__mro__:
        if one is object or one in _BUILT_IN:
            return one
        if _SAYS & vars(one).keys() or (bare.adds_memory(one) and not bare.is_own(one)):
            return None
    return None


def known(modules: Iterable[str]) -> dict[int, Place]:
    """The objects that the globals of ``modules`` hold and that can be filled again, by identity.

    One that several of them hold stands where its name is not only imported.
    """
    found: dict[int, Place] = {}
    for module in modules:
        own = sys.modules[module]
        for name, value in list(globals_of(own).items()):
            if name[:2] == "__" or base_of(type(value)) is None or attributes_of(value) is value:
                continue
            if id(value) not in found or (
                name in _assigned(own)
                and found[id(value)].name not in _assigned(sys.modules[found[id(value)].module])
            ):
                found[id(value)] = Place(module, name, value)
    return found


def _assigned(module: types.ModuleType) -> frozenset[str]:
    path = file_of(module)
    try:
        return _names_set(path, os.stat(path).st_mtime_ns)
    except OSError:
        return frozenset()


@functools.cache
def _names_set(path: str, _changed: int) -> frozenset[str]:
    """The names that the source of a module sets otherwise than by an import."""
    try:
        tree = ast.parse(Path(path).read_bytes())
    except (SyntaxError, ValueError):
        return frozenset()
    return frozenset(
        node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    )


def is_kept(value: object) -> bool:
    """Whether an object is one that a module keeps its state in, and not one that a library looks after."""
    kind = type(value)
    return can_be_shared(value) and (
        bare.is_own(kind) or issubclass(kind, _HOLDERS) or kind.__module__.partition(".")[0] in _OF_DATA
    )


def content(value: object) -> Content:
    """What an object has that can be filled again in place."""
    base = base_of(type(value)) or object
    return Content(type(value), base, bare.state_of(value, base))
