"""Objects of the user's own classes: written by what they hold, and made again without code of their classes.

Pickle asks a class how its objects are saved (``__reduce__``, ``__getstate__``, ``items``), and makes them
again by its ``__new__``, ``__setstate__``, ``append`` and ``__setitem__``. None of that runs in the notebook:
it would print, count, forget, or fail for want of an attribute that is not there yet.
"""

from __future__ import annotations

import collections
import copyreg
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlops_jlab.handoff.attributes import REDUCES, attributes_of
from mlops_jlab.handoff.quietly import attribute, module_of
from mlops_jlab.loaded import file_of, is_local

State = tuple[Mapping[str, Any] | None, Mapping[str, Any] | None, Any]  # attributes, slots, what it holds
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: made by a class statement
_POINTER = 8  # bytes
_ASKED = frozenset({"__getattr__", "__getattribute__"})
_HOOKS = REDUCES | _ASKED | {
    "__new__", "__getstate__", "__setstate__", "__getnewargs__", "__getnewargs_ex__", "__class__",
}  # fmt: skip
_OF_CONTAINERS = _HOOKS | {"__init__", "__iter__", "items", "append", "extend", "__setitem__", "update"}
_LOSSY = (collections.defaultdict, collections.Counter)  # they leave out the attributes of a class above
# What is made at once with all that it holds, and how that is seen.
_WHOLE: dict[type, Callable[[Any], Any]] = {
    tuple: lambda value: tuple(tuple.__iter__(value)),
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    str: str.__str__,
    bytes: lambda value: bytes.__getitem__(value, slice(None)),
    int: int.__int__,
    float: float.__float__,
    complex: complex.__complex__,
}
# What is filled when it is there, beside its attributes.
_FILLED: tuple[type, ...] = (
    collections.defaultdict, collections.OrderedDict, collections.Counter, dict, list, set, collections.deque,
    bytearray,
)  # fmt: skip
_OF_ERRORS = ("args", "__cause__", "__context__", "__suppress_context__")
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType)
_KNOWN = (*_WHOLE, *_FILLED, *_FUNCTIONS, type(None), type, types.ModuleType)


def is_own(kind: type) -> bool:
    """Whether a class is the user's: of the notebook, or of a module beside it."""
    name = kind.__module__
    return name == "__main__" or is_local(name, file_of(sys.modules.get(name)))


def pairs_of(value: dict[Any, Any]) -> list[tuple[Any, Any]]:
    """The keys and values of a dict of whatever class, in order."""
    if not issubclass(type(value), collections.OrderedDict):
        return list(dict.items(value))
    ordered: Any = value  # its own ``items`` would ask the class for each value
    return [(key, dict.__getitem__(value, key)) for key in collections.OrderedDict.__iter__(ordered)]


def adds_memory(kind: type) -> bool:
    """Whether objects of a class have something that is no attribute: it is written in C."""
    if not kind.__flags__ & _HEAP:
        return True
    slots = sum(type(item) is types.MemberDescriptorType for item in vars(kind).values())
    own = kind.__basicsize__ - (kind.__base__ or object).__basicsize__ - _POINTER * slots
    return own > 2 * _POINTER  # ``__dict__`` and ``__weakref__``


def base_of(kind: type) -> type | None:
    """The built-in class that a class of the user's own builds on, if its objects have to be written bare.

    Nothing for classes whose objects pickle makes again without any code of theirs, for those that say by
    ``__reduce__`` what stands for an object (it may be found by its name), and for those that build on a
    library's class which has something to say, or is written in C.
    """
    if not is_own(kind) or kind in copyreg.dispatch_table:
        return None
    meta: Any = type(kind)
    own = {name for one in meta.__mro__ if is_own(one) for name in _ASKED & vars(one).keys()}
    for one in kind.__mro__:
        names = vars(one).keys()
        if is_own(one):
            if REDUCES & names:
                return None
            own |= {name for name in names if _is_written(vars(one)[name], one.__module__)}
        elif one is object:
            return one if _HOOKS & own or ("__setattr__" in own and any(_slots_of(kind))) else None
        elif one in _FILLED or one in _WHOLE:
            return one if _OF_CONTAINERS & own or one in _LOSSY else None
        elif _is_plain_error(one):
            return one
        elif _HOOKS & names or adds_memory(one):
            return None
    return None


def reduced(value: Any, base: type) -> Any:
    """How pickle writes such an object, or nothing if only its class can say it: it holds a lock, a file."""
    kind = type(value)
    own = attributes_of(value)
    slots = dict(_slots(value))
    says = attribute(kind, "__getstate__") is not object.__getstate__
    if says and any(map(_stays, (*(own.values() if isinstance(own, dict) else ()), *slots.values()))):
        return None
    content = (seen(value),) if (seen := _WHOLE.get(base)) is not None else ()
    state = (own or None, slots or None, None if content else _content(value, base))
    return make, (base, kind, *content), state, None, None, fill


def state_of(value: object, base: type) -> State:
    """What an object has in its attributes and slots, and what it holds as a ``base``."""
    own = attributes_of(value)
    return dict(own) if isinstance(own, dict) else None, dict(_slots(value)) or None, _content(value, base)


def refill(value: object, base: type, state: State) -> None:
    """Gives an object what another one of its class had, in place of what it has."""
    if isinstance(own := attributes_of(value), dict):
        own.clear()
    for name, _ in list(_slots(value)):
        object.__delattr__(value, name)
    if base is not object and (clear := vars(base).get("clear")) is not None:
        clear(value)
    fill(value, state)


def make(base: Any, kind: type, *content: Any) -> Any:
    """Called by pickle: an object without attributes, of which the class is not told."""
    return base.__new__(kind, *content)


def fill(value: Any, state: State) -> None:
    """Called by pickle with the attributes, what is in slots, and what a container holds."""
    own, slots, content = state
    if own is not None:
        held = object.__getattribute__(value, "__dict__")
        held.update((sys.intern(key) if type(key) is str else key, item) for key, item in own.items())
    for name, item in (slots or {}).items():
        object.__setattr__(value, name, item)
    if content is not None:
        _put(value, content)


def _is_written(item: object, module: str) -> bool:
    """Whether the source of a class says what stands in it, and not who made a named tuple of it."""
    return module_of(attribute(item, "__func__") or item) in (module, "builtins")


def _is_plain_error(kind: type) -> bool:
    size = BaseException.__basicsize__
    return issubclass(kind, BaseException) and not kind.__flags__ & _HEAP and kind.__basicsize__ == size


def _slots_of(kind: type) -> Iterator[tuple[str, Any]]:
    for one in kind.__mro__:
        if one.__flags__ & _HEAP:
            for name, slot in vars(one).items():
                if type(slot) is types.MemberDescriptorType:
                    yield name, slot


def _slots(value: Any) -> Iterator[tuple[str, Any]]:
    """What is in the slots of an object; the others are empty."""
    for name, slot in _slots_of(type(value)):
        try:
            yield name, slot.__get__(value)
        except AttributeError:
            continue


def _stays(value: object) -> bool:
    """Whether pickle has no way to write an object of a class that is written in C."""
    kind = type(value)
    if issubclass(kind, _KNOWN) or not adds_memory(kind):
        return False
    try:
        value.__reduce_ex__(5)
    except TypeError:
        return True
    return False


def _content(value: Any, base: type) -> Any:
    if issubclass(base, dict):
        pairs = pairs_of(value)
        factory = value.default_factory if base is collections.defaultdict else None
        return [key for key, _ in pairs], [item for _, item in pairs], factory
    if base is collections.deque:
        return list(collections.deque.__iter__(value)), value.maxlen
    if base is bytearray:
        return bytearray.__getitem__(value, slice(None))
    if issubclass(base, BaseException):
        return tuple(object.__getattribute__(value, name) for name in _OF_ERRORS)
    return list(base.__iter__(value)) if base in (list, set) else None


def _put(value: Any, content: Any) -> None:
    if issubclass(type(value), BaseException):
        for name, item in zip(_OF_ERRORS, content, strict=True):
            object.__setattr__(value, name, item)
    elif issubclass(type(value), dict):
        keys, items, factory = content
        put = collections.OrderedDict if issubclass(type(value), collections.OrderedDict) else dict
        for key, item in zip(keys, items, strict=True):
            put.__setitem__(value, key, item)
        if issubclass(type(value), collections.defaultdict):
            object.__setattr__(value, "default_factory", factory)
    elif issubclass(type(value), collections.deque):
        collections.deque.__init__(value, *content)
    elif issubclass(type(value), set):
        set.update(value, content)
    else:
        next(one for one in (list, bytearray) if issubclass(type(value), one)).extend(value, content)
