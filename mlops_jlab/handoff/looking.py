"""What there is to see of one object: a flat part that is compared as it is, and the objects that it holds.

Nothing here calls ``==``, ``len`` or an iterator of the user's own classes: a subclass of ``list`` is looked
at as a list, and beside that by its attributes.
"""

from __future__ import annotations

import array
import collections
import copyreg
import enum
import functools
import itertools
import marshal
import pathlib
import sys
import types
import weakref
from collections.abc import Callable, Hashable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mlops_jlab.handoff import locks
from mlops_jlab.handoff.attributes import attributes_of
from mlops_jlab.handoff.bare import adds_memory, pairs_of
from mlops_jlab.handoff.definitions import code_of
from mlops_jlab.handoff.layout import axes_of
from mlops_jlab.handoff.quietly import attribute, is_a

ATOMS = frozenset({int, float, complex, str, bytes, bool, type(None), type(...), type(NotImplemented)})
_ORDERED = frozenset({int, float, complex, bool})  # a set of these has the same order everywhere
NAMED = (type, types.ModuleType, types.BuiltinFunctionType, types.MethodDescriptorType, enum.Enum)
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_POINTER = 8  # bytes
# What libraries keep beside a value to be quicker next time, and leave out of a pickle for that reason.
_QUICKER = {"pandas": ("_cache", "_item_cache")}


_MADE_AGAIN = (".base", "._sharedmask", "._fill_value")  # of masked arrays, when they are asked for
_LOOKED_AT = frozenset({"numpy", "pandas", "pyarrow"})  # in a way of their own
_NOT_OF_FRAMES = ("_mgr", "_item_cache", "_flags", "_typ", "_metadata", "_cacher")


@dataclass
class Look:
    """What is seen of one object. ``flat`` is compared, ``parts`` are gone into, each with its label.

    ``memory`` is what an array looks at; ``opaque`` says that nothing could be seen at all.
    """

    flat: Hashable
    parts: list[tuple[str, Any]]
    memory: Any = None
    opaque: bool = False


def is_atom(value: object) -> bool:
    """Whether the value has neither parts nor an identity that matters."""
    return type(value) in ATOMS


def atom(value: object) -> Hashable:
    """What equals another's if nobody can tell the two apart: NaN equals NaN, and 0.0 is not -0.0."""
    if type(value) in (float, complex):
        return repr(value)
    return value


def look(value: Any) -> Look:
    """What there is to see of ``value``."""
    kind = type(value)
    if kind in ATOMS:
        return Look(atom(value), [])
    if issubclass(kind, NAMED):
        return _named(value)
    for base, looker in _LOOKERS.items():
        if issubclass(kind, base):
            return _with_state(value, looker(value))
    for test, looker in _LIBRARIES:
        if test(value):
            return looker(value)
    return _object(value)


def _named(value: Any) -> Look:
    owner = attribute(value, "__self__")
    if is_a(value, types.BuiltinFunctionType) and owner is not None:
        if not is_a(owner, types.ModuleType):
            return Look(value.__name__, [(".__self__", owner)])
    return Look(("only the very same", id(value)), [])


def _listed(items: list[Any], flat: Hashable = ()) -> Look:
    if ATOMS.issuperset(map(type, items)) and type(NotImplemented) not in map(type, items):
        return Look((flat, marshal.dumps(items, 2)), [])
    return Look((flat, len(items)), [(f"[{place}]", item) for place, item in enumerate(items)])


def _mapping(value: dict[Any, Any]) -> Look:
    pairs = pairs_of(value)
    if all(type(key) in ATOMS for key, _ in pairs):
        keys = _listed([key for key, _ in pairs])
        items = [item for _, item in pairs]
        if ATOMS.issuperset(map(type, items)):
            return Look((keys.flat, _listed(items).flat), [])
        return Look(keys.flat, [(f"[{key!r:.40}]", item) for key, item in pairs])
    parts = [(f"'s key {place}", key) for place, (key, _) in enumerate(pairs)]
    return Look(len(pairs), parts + [(f"'s value {place}", item) for place, (_, item) in enumerate(pairs)])


def _defaultdict(value: Any) -> Look:
    found = _mapping(value)
    return Look(found.flat, [(".default_factory", value.default_factory), *found.parts])


def _set(value: Any) -> Look:
    base = set if is_a(value, set) else frozenset
    items = list(base.__iter__(value))
    if not _ORDERED.issuperset(map(type, items)):  # by addresses, or by hashes that no two processes share
        items.sort(key=_kind_and_content)
    return _listed(items)


def _kind_and_content(value: Any) -> str:
    found = look(value)
    inner = [repr(atom(part)) if is_atom(part) else type(part).__qualname__ for _, part in found.parts]
    return f"{type(value).__qualname__} {found.flat!r} {inner}"


def _function(value: types.FunctionType) -> Look:
    parts: list[tuple[str, Any]] = [
        (".__defaults__", value.__defaults__),
        (".__kwdefaults__", value.__kwdefaults__),
        (".__dict__", {key: item for key, item in vars(value).items() if key != "__wrapped__"}),
    ]
    cells = value.__closure__ or ()
    parts += [(f"'s {name}", cell) for name, cell in zip(value.__code__.co_freevars, cells, strict=False)]
    return Look((value.__qualname__, value.__module__, code_of(value.__code__)), parts)


def _cell(value: types.CellType) -> Look:
    try:
        return Look("filled", [("", value.cell_contents)])
    except ValueError:
        return Look("empty", [])


def _error(value: BaseException) -> Look:
    held = (value.__cause__, value.__context__, value.__suppress_context__)
    labels = (".__cause__", ".__context__", ".__suppress_context__")
    trace = "there" if value.__traceback__ is not None else None
    parts = [(".args", value.args), (".__traceback__", trace), *zip(labels, held, strict=True)]
    return Look((), parts)


def _memoryview(value: memoryview) -> Look:
    flat = (value.format, value.shape, value.strides, value.readonly, value.tobytes())
    return Look(flat, [(".obj", value.obj)])


def _cached(value: Any) -> Look:
    """A function with a cache: its content is nowhere to be seen, only how much there is of it."""
    return Look((id(value), value.cache_info()), [])


_LOOKERS: dict[type, Callable[[Any], Look]] = {
    collections.defaultdict: _defaultdict,
    dict: _mapping,
    list: lambda value: _listed(list(list.__iter__(value))),
    tuple: lambda value: _listed(list(tuple.__iter__(value))),
    set: _set,
    frozenset: _set,
    collections.deque: lambda value: _listed(list(collections.deque.__iter__(value)), value.maxlen),
    bytearray: lambda value: Look(bytes(value), []),
    memoryview: _memoryview,
    array.array: lambda value: Look((value.typecode, value.tobytes()), []),
    bool: lambda value: Look(value, []),
    int: lambda value: Look(int.__repr__(value), []),
    float: lambda value: Look(float.__repr__(value), []),
    complex: lambda value: Look(complex.__repr__(value), []),
    str: lambda value: Look(str.__str__(value), []),
    bytes: lambda value: Look(bytes.__repr__(value), []),
    pathlib.PurePath: lambda value: Look(str(value), []),
    range: lambda value: Look((value.start, value.stop, value.step), []),
    slice: lambda value: Look((), [(".start", value.start), (".stop", value.stop), (".step", value.step)]),
    types.FunctionType: _function,
    types.CellType: _cell,
    types.MethodType: lambda value: Look((), [(".__self__", value.__self__), (".__func__", value.__func__)]),
    types.CodeType: lambda value: Look(code_of(value), []),
    types.MappingProxyType: lambda value: Look((), [("", value | {})]),
    functools.partial: lambda value: Look(
        (), [(".func", value.func), (".args", value.args), (".keywords", value.keywords)]
    ),
    functools._lru_cache_wrapper: _cached,
    property: lambda value: Look((), [(".fget", value.fget), (".fset", value.fset), (".fdel", value.fdel)]),
    staticmethod: lambda value: Look((), [("", value.__func__)]),
    classmethod: lambda value: Look((), [("", value.__func__)]),
    weakref.ReferenceType: lambda value: Look((), [("()", value())]),
    BaseException: _error,
}


def _with_state(value: Any, found: Look) -> Look:
    """``found``, and the attributes that a class of the user's own adds to a built-in one."""
    if type(value) in _LOOKERS and not is_a(value, BaseException):
        return found
    if is_a(value, (types.FunctionType, types.MethodType, pathlib.PurePath)):
        return found
    return Look(found.flat, found.parts + list(_attributes(value)), found.memory)


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    """The attributes in ``__dict__``, in order, and in the slots of all classes."""
    quicker = next((q for package, q in _QUICKER.items() if type(value).__module__.startswith(package)), ())
    held = attributes_of(value)
    if type(held) is dict:
        own = type(value).__module__ == "__main__"  # elsewhere the order of attributes is nobody's business
        for key in held if own else sorted(held, key=str):
            if key not in quicker:
                yield f".{key}", held[key]
    for kind in type(value).__mro__:
        for key, slot in vars(kind).items():
            if type(slot) is types.MemberDescriptorType and key not in quicker and kind.__flags__ & _HEAP:
                try:
                    yield f".{key}", slot.__get__(value)
                except AttributeError:
                    continue  # an empty slot


def _object(value: Any) -> Look:
    kind: Any = type(value)
    if kind in locks.KINDS:
        return Look("locked" if locks.is_held(value) else "free", [])
    parts = list(_attributes(value))
    if kind.__module__ == "_ctypes" or kind.__qualname__ == "PyCapsule":
        return Look(id(value), [], opaque=True)
    if not _keeps_more(kind) and not any(_is_pointer(part) for _, part in parts):
        return Look((), parts)
    return _reduced(value)


def _is_pointer(value: Any) -> bool:
    """Whether the value is an address, which says nothing about what lies there."""
    return type(value).__qualname__ == "PyCapsule" or any(
        c.__module__ == "_ctypes" for c in type(value).__mro__
    )


@functools.cache
def _keeps_more(kind: type) -> bool:
    """Whether objects of a class keep something that is no attribute: some class above is written in C."""
    return any(adds_memory(one) for one in kind.__mro__[:-1])


def _reduced(value: Any) -> Look:
    """By what it would write into a pickle, its attributes among it."""
    reduce = copyreg.dispatch_table.get(type(value))
    try:
        made = reduce(value) if reduce else value.__reduce_ex__(4)
    except (TypeError, AttributeError, ValueError, NotImplementedError, RuntimeError):
        return Look(id(value), [], opaque=True)
    if is_a(made, str):
        return Look(("only the very same", id(value)), [])
    own = list(_memory_of_cython(value))
    labels = ("'s maker", "'s arguments", "'s state", "'s items", "'s items", "'s setter")
    parts = [(label, part) for label, part in zip(labels, made, strict=False) if part is not None]
    return Look((), own + [(label, list(part) if label == "'s items" else part) for label, part in parts])


def _memory_of_cython(value: Any) -> Iterator[tuple[str, Any]]:
    """The arrays that an object of a class of Cython's gives out: a pickle may have copies of them.

    It is asked for each: in a copy of the process, where nobody sees what that may do.
    """
    numpy: Any = sys.modules.get("numpy")
    for kind in type(value).__mro__ if numpy is not None else ():
        if "__pyx_vtable__" not in vars(kind) or kind.__module__.partition(".")[0] in _LOOKED_AT:
            continue
        for key, getter in vars(kind).items():
            if type(getter) is types.GetSetDescriptorType and not key.startswith("_"):
                found = None
                with suppress(Exception):  # it may raise anything, as when there is nothing yet
                    found = getter.__get__(value)
                if is_a(found, numpy.ndarray):
                    yield f".{key}", found


def _array(value: Any) -> Look:
    numpy = sys.modules["numpy"]
    flags = value.flags
    layout = (flags.c_contiguous, flags.f_contiguous, flags.writeable, flags.aligned, axes_of(value))
    flat = (
        value.dtype.str,
        repr(value.dtype.descr if value.dtype.names else value.dtype),
        value.shape,
        layout,
    )
    parts: list[tuple[str, Any]] = []
    if type(value) is not numpy.ndarray:
        parts = [part for part in _attributes(value) if part[0] not in _MADE_AGAIN]
        parts += [(".fill_value", value.fill_value)] if hasattr(value, "_fill_value") else []
    plain = value.view(numpy.ndarray)
    if value.dtype.hasobject:
        return _objects(flat, plain, parts)
    return Look(flat, parts, memory=plain)


def _objects(flat: Hashable, plain: Any, parts: list[tuple[str, Any]]) -> Look:
    items = plain.ravel().tolist()
    if plain.dtype.kind != "O" or ATOMS.issuperset(map(type, items)):
        found = _listed(items)
        return Look((flat, found.flat), found.parts + parts)
    places = itertools.product(*map(range, plain.shape))
    return Look(flat, [(str(list(at)), item) for at, item in zip(places, items, strict=True)] + parts)


def _number(value: Any) -> Look:
    return Look((value.dtype.str, repr(value.dtype), value.tobytes()), [])


def _dtype(value: Any) -> Look:
    return Look((value.str, repr(value), value.alignment), [("'s metadata", dict(value.metadata or {}))])


def _frame(value: Any) -> Look:
    manager = value._mgr
    flat = (
        value.flags.allows_duplicate_labels,
        *(block.mgr_locs.as_array.tobytes() for block in manager.blocks),
    )
    parts = [(f".{name}", item) for name, item in vars(value).items() if name not in _NOT_OF_FRAMES]
    names = ("columns", "index") if len(manager.axes) == 2 else ("index",)
    parts += [(f".{name}", axis) for name, axis in zip(names, manager.axes, strict=True)]
    return Look(flat, parts + [("'s values", block.values) for block in manager.blocks])


def _index(value: Any) -> Look:
    if hasattr(value, "_range"):
        return Look((), [("", value._range), (".name", value._name)])
    if hasattr(value, "_codes"):
        names = [
            (".levels", [level.rename(None) for level in value._levels]),
            (".codes", list(value._codes)),
            (".names", list(value.names)),
        ]
        return Look((), names)
    return Look((), [("", value._data), (".name", value._name)])


def _arrow(value: Any) -> Look:
    """Arrow's arrays by their content alone: they cannot be changed, wherever they lie."""
    whole = value.combine_chunks() if hasattr(value, "chunks") else value
    pieces = whole.chunks if hasattr(whole, "chunks") else [whole]
    arrow = sys.modules["pyarrow"]
    settled = [arrow.concat_arrays([piece]) if piece.offset else piece for piece in pieces]
    return Look((str(value.type), len(value), value.null_count, tuple(_content(one) for one in settled)), [])


def _content(value: Any) -> bytes:
    arrow = sys.modules["pyarrow"]
    batch = arrow.record_batch([value], names=[""])
    return bytes(batch.serialize())


def _tensor(value: Any) -> Look:
    flat = (str(value.dtype), tuple(value.shape), value.stride(), value.requires_grad, str(value.device))
    parts = [(".grad", value.grad if value.is_leaf else None), *_attributes(value)]
    plain = value.detach().cpu()
    if plain.is_sparse or plain.is_quantized or str(plain.dtype) == "torch.bfloat16":
        return Look((flat, repr(plain.storage().tolist() if not plain.is_sparse else plain)), parts)
    return Look(flat, parts, memory=plain.numpy())


def _is(module: str, *names: str) -> Callable[[Any], bool]:
    """Tells objects of a library's classes, if the library is there."""

    def test(value: Any) -> bool:
        library = sys.modules.get(module)
        kinds = tuple(k for name in names if is_a(k := getattr(library, name, None), type))
        return bool(kinds) and is_a(value, kinds)

    return test


_LIBRARIES: tuple[tuple[Callable[[Any], bool], Callable[[Any], Look]], ...] = (
    (_is("numpy", "ndarray"), _array),
    (_is("numpy", "generic"), _number),
    (_is("numpy", "dtype"), _dtype),
    (_is("pandas", "DataFrame", "Series"), _frame),
    (_is("pandas", "Index"), _index),
    (_is("pyarrow", "Array", "ChunkedArray"), _arrow),
    (_is("torch", "Tensor"), _tensor),
)  # fmt: skip
