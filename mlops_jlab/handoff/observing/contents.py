"""What an object holds, as a short text that is another one if the object is, or holds something else.

It asks nothing of the objects themselves: no ``__eq__``, no property, no ``__repr__`` is called.
"""

from __future__ import annotations

import re
import types
import weakref
from collections import deque
from collections.abc import Callable
from itertools import islice
from typing import Any

from mlops_jlab.handoff.observing.versions import NONE, Mark, version_of

_PLAIN = frozenset({int, float, complex, bool, str, bytes, type(None), type(Ellipsis), range, slice})
_HASHED = frozenset({int, float, bool, str, bytes, type(None)})  # alike if they are equal and of one type
_SEQUENCES = frozenset({list, tuple, deque})
_SETS = frozenset({set, frozenset})
_FIXED = frozenset({tuple, frozenset})  # only what they hold can change
_CODE = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
# Objects of these never change: as good as functions, or the words of type hints.
_CONSTANT = frozenset(
    "typing:* functools:_lru_cache_wrapper numpy:ufunc numpy:_ArrayFunctionDispatcher __future__:_Feature "
    "re._constants:_NamedIntConstant".split()
)
_WEAK = (weakref.WeakValueDictionary, weakref.WeakKeyDictionary, weakref.WeakSet, weakref.ref)
_BY_ITSELF, _DICT, _SEVERAL = "itself", "dict", "several"
_MOST = 2_000  # entries of a container that are looked at
DEPTH = 2
COMPILED = "pattern"
NOTHING = f"NoneType {hash((type(None), None))}"


class Contents:
    """Gives objects their texts.

    ``is_noise`` says which attributes do not count. ``known`` are numbers of dicts that hold nothing that
    could change, by version; those of versions up to that of ``mark`` are added.
    """

    def __init__(
        self, is_noise: Callable[[str], bool], known: dict[int, int] | None = None, mark: Mark = NONE
    ) -> None:
        self._is_noise = is_noise
        self._noisy: dict[str, bool] = {}
        self._sorts: dict[type, Any] = {}
        self._newest = mark.version
        self.known: dict[int, int] = known if known is not None else {}
        self._lasts = True  # nothing that was looked at since could change in place
        self._told = True  # nothing but the dicts that were passed by
        self._dicts: list[tuple[int, int]] = []  # their places and versions, outer ones first
        self._texts: dict[tuple[int, int], tuple[str, tuple[tuple[int, int], ...] | None]] = {}

    def text(self, value: object, depth: int = DEPTH) -> tuple[str, tuple[tuple[int, int], ...] | None]:
        """The text, down to ``depth`` containers, and the dicts that it stands on, by place and version.

        While it is the same object and they have these versions, compared in this order, the text is the
        same. Nothing for what can change without a dict's telling of it.
        """
        kind = type(value)
        if kind in _PLAIN:
            return f"{kind.__name__} {hash((kind, _comparable(value)))}", ()
        if issubclass(kind, _CODE):
            return f"code {id(value)}", ()
        if kind is re.Pattern:
            return f"{COMPILED} {id(value)}", ()
        found = self._texts.get((id(value), depth))  # a quarter of them stand under several names
        if found is None:
            self._lasts, self._told, self._dicts = True, True, []
            text = f"{id(value)} {self._digest(value, depth)}"
            found = self._texts[id(value), depth] = text, tuple(self._dicts) if self._told else None
        return found

    def _digest(self, value: object, depth: int) -> int:
        """A number for what an object holds, down to ``depth``; below it, who it is."""
        kind = type(value)
        if kind in _PLAIN:
            return hash((kind, _comparable(value)))
        if depth == 0:
            return id(value)
        sort = self._sorts.get(kind)
        if sort is None:
            sort = self._sorts[kind] = _sort_of(kind)
        try:
            if sort is _BY_ITSELF:
                return id(value)
            if sort is _DICT:
                return self._of_dict(value, depth)  # type: ignore[arg-type]  # it is one, by its class
            if sort is _SEVERAL:
                self._moves(kind in _FIXED)
                some = list(islice(value, _MOST))  # type: ignore[call-overload]
                return hash((id(kind), self._several(some, depth - 1, ordered=kind in _SEQUENCES)))
            self._moves()
            own = _read(sort, value)
            return id(value) if own is None else hash((id(value), self._of_dict(own, depth, attributes=True)))
        except RuntimeError:  # somebody changes it meanwhile
            self._moves()
            return id(value)

    def _moves(self, not_at_all: bool = False) -> None:
        """What is looked at may change in place."""
        self._lasts &= not_at_all
        self._told &= not_at_all

    def _of_dict(self, value: dict[Any, Any], depth: int, *, attributes: bool = False) -> int:
        # Entries of one that is known are not touched: in a copy of a process that would copy their pages.
        version = version_of(value)
        self._dicts.append((id(value), version))
        self._told &= 0 < version <= self._newest
        key = version * 8 + depth * 2 + attributes
        found = self.known.get(key) if version else None
        if found is None:
            self._lasts = True
            found = self._of_items(value, depth, attributes)
            if self._lasts and 0 < version <= self._newest:
                self.known[key] = found
        self._lasts = False  # it may have another version next time
        return found

    def _of_items(self, value: dict[Any, Any], depth: int, attributes: bool) -> int:
        keys, values = list(dict.keys(value)), list(dict.values(value))
        if attributes:
            lasting = [place for place, key in enumerate(keys) if not self._is_noisy(str(key))]
            if len(lasting) < len(keys):
                keys, values = [keys[place] for place in lasting], [values[place] for place in lasting]
        if len(keys) > _MOST:
            return len(keys)
        return hash((len(keys), self._several(keys, depth - 1), self._several(values, depth - 1)))

    def _several(self, values: list[object], depth: int, *, ordered: bool = True) -> int:
        kinds = list(map(type, values))
        if _HASHED.issuperset(kinds):  # most often, and without a step of ours for each
            return hash((tuple(kinds), tuple(values)) if ordered else (frozenset(kinds), frozenset(values)))
        digests = [self._digest(one, depth) for one in values]
        return hash(tuple(digests) if ordered else frozenset(digests))

    def _is_noisy(self, attribute: str) -> bool:
        found = self._noisy.get(attribute)
        if found is None:
            found = self._noisy[attribute] = self._is_noise(attribute)
        return found


def attributes_of(value: object) -> dict[str, Any] | None:
    """What an object keeps, without a call of anything of its own."""
    return _read(_sort_of(type(value)), value)


def _read(getter: Any, value: object) -> dict[str, Any] | None:
    found = getter.__get__(value) if type(getter) is types.GetSetDescriptorType else None
    return found if type(found) is dict else None


def _sort_of(kind: type) -> Any:
    """How an object of a class is looked at: as one of three sorts, or by what gives its attributes."""
    if issubclass(kind, dict):
        return _DICT
    if kind in _SEQUENCES or kind in _SETS:
        return _SEVERAL
    if issubclass(kind, (*_CODE, *_WEAK)) or _is_constant(kind):
        return _BY_ITSELF
    for base in type.mro(kind) if type(kind) is type else ():
        getter = type.__getattribute__(base, "__dict__").get("__dict__")
        if getter is not None:
            return getter
    return _BY_ITSELF


def _is_constant(kind: type) -> bool:
    module, name = (type.__getattribute__(kind, word) for word in ("__module__", "__name__"))
    return not _CONSTANT.isdisjoint((f"{module}:{name}", f"{module}:*"))


def _comparable(value: object) -> object:
    if type(value) is slice:
        return id(value)
    return "nan" if value != value else value  # a float that is no number
