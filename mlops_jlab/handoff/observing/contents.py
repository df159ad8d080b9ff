"""What an object holds, as a short text that is another one if the object is, or holds something else.

It asks nothing of the objects themselves: no ``__eq__``, no property, no ``__repr__`` is called.
"""

from __future__ import annotations

import builtins
import re
import types
import weakref
from collections import deque
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from mlops_jlab.handoff.observing.footprint import Places, is_known
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
NOTHING_ELSE = Places()
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
        self._counts = mark.version > 0 and is_known()  # whether anybody asks for places
        self._told = self._counts  # nothing but what leaves a footprint
        self._loose = False  # what is looked at could be let go, and another come to stand in its place
        self._places = Places()
        self._slots: dict[int, tuple[bool | None, Places]] = {}  # where instances keep their attributes
        self._texts: dict[tuple[int, int], tuple[str, Places | None]] = {}

    def text(
        self, value: object, depth: int = DEPTH, *, placed: bool = True
    ) -> tuple[str, Places | None]:  # fmt: skip
        """The text, down to ``depth`` containers, and the places in memory on which it depends.

        While it is the same object, and the bytes there are the same, the text is. None if what the object
        holds can change without that, if there are too many of them, or unless they are to be ``placed``.
        """
        kind = type(value)
        if kind in _PLAIN:
            return f"{kind.__name__} {hash((kind, _comparable(value)))}", NOTHING_ELSE
        if issubclass(kind, _CODE):
            return f"code {id(value)}", NOTHING_ELSE
        if kind is re.Pattern:
            return f"{COMPILED} {id(value)}", NOTHING_ELSE
        found = self._texts.get((id(value), depth))  # a quarter of them stand under several names
        if found is None:
            self._lasts, self._loose, self._places = True, False, Places()
            self._told = self._counts and placed
            text = f"{id(value)} {self._digest(value, depth)}"
            found = self._texts[id(value), depth] = text, self._places if self._told else None
        return found

    def _note_attributes(self, value: object) -> bool:
        """Whether they stand in the instance itself, and not in a dict: to ask for them makes them one."""
        if id(value) not in self._slots:
            places = Places()
            self._slots[id(value)] = places.of_attributes(value), places
        inline, places = self._slots[id(value)]
        self._told = inline is not None
        self._places += places
        return inline is True

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
                return hash((id(kind), self._of_several(value, kind, depth)))
            return self._of_instance(value, sort, depth)
        except RuntimeError:  # somebody changes it meanwhile
            self._lasts = self._told = False
            return id(value)

    def _of_several(self, value: Any, kind: type, depth: int) -> int:
        some, loose = list(islice(value, _MOST)), self._loose
        if kind not in _FIXED:
            self._lasts, self._loose = False, True
        if self._loose and self._told:
            self._told = len(value) <= _MOST and self._places.of_several(value) and self._are_placed(some)
        found = self._several(some, depth - 1, ordered=kind in _SEQUENCES)
        self._loose = loose
        return found

    def _are_placed(self, values: Iterable[object]) -> bool:
        """Notes what is plain among them: it is known by its value, as another may come to its place."""
        return self._places.of_plain(one for one in values if type(one) in _PLAIN)

    def _of_instance(self, value: object, getter: Any, depth: int) -> int:
        inline, self._lasts = False, False
        if self._told:
            inline = self._note_attributes(value)
        own = _read(getter, value)
        if own is None:
            return id(value)
        if not inline:
            return hash((id(value), self._of_dict(own, depth, attributes=True)))
        loose, self._loose = self._loose, True
        self._told = self._told and self._are_placed(own.values())
        found = self._of_items(own, depth, attributes=True)
        self._loose = loose
        return hash((id(value), found))

    def _of_dict(self, value: dict[Any, Any], depth: int, *, attributes: bool = False) -> int:
        if value is vars(builtins):  # which each module's globals hold, and each shown result changes
            return id(value)
        # Entries of one that is known are not touched: in a copy of a process that would copy their pages.
        version = version_of(value)
        self._told &= 0 < version <= self._newest
        if self._told:
            self._places.of_dict(value)
        key = version * 8 + depth * 2 + attributes
        found = self.known.get(key) if version else None
        if found is None:
            self._lasts = True
            loose, self._loose = self._loose, False
            found = self._of_items(value, depth, attributes)
            self._loose = loose
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
