"""Values → bytes and back, with object identity, and with a clear refusal of what cannot travel.

Large leaves (arrays, frames) are stored as objects of their own and referred to, so that a value
that is handed on again unchanged costs nothing.
"""

from __future__ import annotations

import contextvars
import io
import pickle
import sys
import threading
import types
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Protocol

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff import attributes, bare, functions, inplace, libraries, locks, nans
from mlops_jlab.handoff.definitions import identity_of, is_plain, reach_of
from mlops_jlab.handoff.endings import ends
from mlops_jlab.handoff.layout import is_loose, loose, parts_of
from mlops_jlab.handoff.quietly import attribute, is_a, is_notebooks_own
from mlops_jlab.handoff.references import (
    NOWHERE,
    find,
    full_name,
    imported_module,
    is_put_there,
    library_method,
    library_parts,
    librarys_own,
    module_attribute,
    notebook_attribute,
)
from mlops_jlab.handoff.tensors import Storages

_LITTLE = 4096  # bytes
_STACK = 512 << 20  # bytes of address space, of which only what is used is taken
_CURE = "make it in the step that uses it"
_DEPTH = 200_000
_ATOMS = (int, float, complex, str, bytes, bool, type(None), type, range, slice)
_STAYS = {
    "generator": ("a generator", "make it a list: list(...)"),
    "coroutine": ("a coroutine", "await it and hand the result on"),
    "async_generator": ("an asynchronous generator", "collect it into a list"),
    "frame": ("a stack frame", "keep what is needed of it"),
    "TextIOWrapper": ("an open file", "read what is needed, or open it again in the step below"),
    "BufferedReader": ("an open file", "read what is needed, or open it again in the step below"),
    "BufferedWriter": ("an open file", "close it and open it again in the step below"),
    "DataFrameGroupBy": ("a pandas groupby", "hand the DataFrame on and group it again below"),
    "SeriesGroupBy": ("a pandas groupby", "hand the Series on and group it again below"),
    "Rolling": ("a pandas window", "hand the Series or DataFrame on and make it again below"),
    "Expanding": ("a pandas window", "hand the Series or DataFrame on and make it again below"),
    "ExponentialMovingWindow": ("a pandas window", "hand the Series or DataFrame on and make it again below"),
    "DatetimeIndexResampler": ("a pandas resampler", "hand the Series or DataFrame on and resample it below"),
    "finalize": ("something that is done when a value is gone", "do it in the step that made the value"),
    "Connection": ("a database connection", "connect again in the step that needs it"),
    "Cursor": ("a database cursor", "fetch the rows and hand them on"),
    "dict_keyiterator": ("an iterator over a dict", "make it a list: list(...)"),
    "dict_valueiterator": ("an iterator over a dict", "make it a list: list(...)"),
    "dict_itemiterator": ("an iterator over a dict", "make it a list: list(...)"),
    "set_iterator": ("an iterator over a set", "make it a list: list(...)"),
    "socket": ("a socket", "connect again in the step that needs it"),
    "Thread": ("a thread", "join it and hand the result on"),
}

# Generators that whole modules share, by their class. What they give out next is handed on by itself.
_EVERYBODYS = {"Random": ("random", "_inst"), "RandomState": ("numpy.random.mtrand", "_rand")}


class CannotTravel(HandoffError):
    """A value, or a part of it, that cannot leave its process."""


class Buffers(Protocol):
    """Takes the memory that a pickle refers to."""

    def append(self, buffer: pickle.PickleBuffer, /) -> None:
        """One piece of it, in the order of the pickle."""


class NotebookPickler(pickle.Pickler):
    """Pickles by reference what the notebook defines, and leaves as references.

    ``leaf`` is asked about each large object and gives its key, or nothing to have it written
    in line. ``seen`` collects the identities of all objects that could be shared. With ``identify`` it is
    written which definitions were meant. In the dicts in ``shared`` objects have their attributes.
    """

    def __init__(
        self,
        file: io.BytesIO | Any,
        names: Mapping[str, object],
        leaf: Callable[[object], object | None],
        seen: dict[int, object] | None = None,
        buffers: Buffers | None = None,
        *,
        identify: bool = False,
        shared: Collection[int] = (),
    ) -> None:
        callback = buffers.append if buffers is not None else None
        super().__init__(file, protocol=5, buffer_callback=callback)
        self._names = names
        self._leaf = leaf
        self._seen = seen
        self._identify = identify
        self._shared = shared
        self._within: dict[int, str] | None = None
        self._bases: dict[type, type | None] = {}
        self._storages = Storages()
        self._nans = nans.Written()
        self._globals: inplace.Globals | None = None

    def persistent_id(self, obj: object) -> object | None:
        """Called by pickle for every object: notes it, and replaces leaves by their keys."""
        if issubclass(type(obj), _ATOMS):
            if type(obj) is float and obj != obj:
                if self._seen is not None:
                    self._seen.setdefault(id(obj), obj)
                return self._nans.key(obj)
            return None
        if self._globals is not None and (found := self._globals.place_of(obj)):
            return found
        if type(obj) is inplace.Globals:
            self._globals = obj
        if self._seen is not None:
            self._seen.setdefault(id(obj), obj)
        return self._leaf(obj)

    def reducer_override(self, obj: Any) -> Any:
        """Called by pickle for what it has no built-in way to write."""
        kind = type(obj)
        if kind in weakref.ProxyTypes:
            raise CannotTravel("a weak proxy", hint="make it again in the step that uses it")
        if issubclass(kind, types.ModuleType):
            if kind.__name__ == "_LazyModule" and kind.__module__ == "importlib.util":
                raise CannotTravel("a module that is not loaded yet", hint="import it where it is used")
            return imported_module, (obj.__name__,)
        if (found := self._storages.reduce(obj)) is not None:
            return found
        if (found := libraries.reduced(obj)) is not None:
            return found
        if kind in locks.KINDS and not locks.is_held(obj):
            return locks.reduced(obj)
        if found := of_its_process(kind):
            raise CannotTravel(f"{found[0]} ({kind.__module__}.{kind.__name__})", hint=found[1])
        if kind not in self._bases:
            self._bases[kind] = bare.base_of(kind)
        base = self._bases[kind]
        if why := _cannot(obj, self._names, is_bare=base is not None):
            raise CannotTravel(why, hint="use it up in the step that makes it")
        if kind is types.FunctionType:
            if home := functions.home_of(obj):
                return functions.reduced_of_module(obj, home, identify=self._identify)
            if is_notebooks_own(obj):
                return self._function(obj)
        if is_put_there(obj) and not is_notebooks_own(obj):
            raise CannotTravel(f"a function of the notebook's that stands for {full_name(obj)}")
        if kind is types.MethodType:
            own = is_notebooks_own(obj.__func__)
            return functions.reduced_method(obj) if own else (library_method, library_parts(obj))
        if kind is types.CellType:
            return functions.reduced_cell(obj)
        if issubclass(kind, type) and is_notebooks_own(obj):
            return notebook_attribute, (
                self._path_of(obj),
                identity_of(obj) if self._identify else reach_of(obj, self._names),
            )
        if is_loose(obj):
            return loose, parts_of(obj)
        if (place := _EVERYBODYS.get(kind.__name__)) and _attribute(*place) is obj:
            return module_attribute, place
        if (give := _current(obj)) is not None:
            return give, ()
        if attributes.is_shared(obj, self._shared):
            return attributes.reduced(obj)
        made = bare.reduced(obj, base) if base is not None else None
        return NotImplemented if made is None else made

    def _function(self, obj: types.FunctionType) -> Any:
        path = obj.__qualname__ if self._stands_at(obj.__qualname__, obj) else ""
        whole = not path or (self._identify and is_plain(obj))
        if not path:
            if self._within is None:
                self._within = functions.within(self._names)
            path = self._within.get(id(obj), "")
            whole = not path
            path = path or self._name_of(obj)
        return functions.reduced(obj, path, self._names, identify=self._identify, whole=whole)

    def _stands_at(self, path: str, obj: object) -> bool:
        found = find(path, self._names) if "<locals>" not in path else NOWHERE
        return found is obj or attribute(found, "__func__") is obj

    def _name_of(self, obj: object) -> str:
        return next((name for name, value in self._names.items() if value is obj), "")

    def _path_of(self, obj: type) -> str:
        if self._stands_at(obj.__qualname__, obj):
            return obj.__qualname__
        if name := self._name_of(obj):
            return name
        if "<locals>" in obj.__qualname__:
            raise CannotTravel(
                f"{obj.__qualname__.replace('.<locals>', '')}, which is defined inside a function",
                hint="define it at the top level of a cell, or make the value in the step that uses it",
            )
        raise CannotTravel(
            f"{obj.__qualname__}, of which the notebook has since made a second one",
            hint="make the value again after the new definition",
        )


def of_its_process(kind: type) -> tuple[str, str] | None:
    """What objects of such a class are, if they belong to their process, and the cure."""
    if kind in locks.KINDS:
        return "a lock that is held", "release it in the step that takes it"
    return None if is_notebooks_own(kind) else _STAYS.get(kind.__name__)


def _cannot(obj: object, names: Mapping[str, object], *, is_bare: bool) -> str:
    """What about an object another process would not have, though pickle writes the object, or nothing."""
    kind = type(obj)
    for one in kind.__mro__[:-1]:
        if ends(one):
            return f"a {one.__qualname__}, which does something when it is gone"
    if not is_bare and (left := attributes.left_out(obj)):
        return f"a {kind.__qualname__} with the attribute {left}, which its base class does not save"
    return libraries.cannot(obj, names)


def _attribute(module: str, name: str) -> object:
    return getattr(sys.modules.get(module), name, None)


def _current(obj: object) -> Any:
    """What gives this very object in any process, which no module holds: a decimal context, a generator."""
    decimal: Any = sys.modules.get("decimal")
    if decimal is not None and issubclass(type(obj), decimal.Context):
        return decimal.getcontext if contextvars.copy_context().run(decimal.getcontext) is obj else None
    numpy: Any = sys.modules.get("numpy.random")
    if numpy is not None and issubclass(type(obj), numpy.BitGenerator):
        give = getattr(numpy, "get_bit_generator", None)  # numpy 1.24
        return give if give is not None and give() is obj else None
    return None


class NotebookUnpickler(pickle.Unpickler):
    """Reads what :class:`NotebookPickler` wrote; ``leaf`` gives the object of a key."""

    def __init__(self, file: Any, buffers: Iterable[Any], leaf: Callable[[object], object]) -> None:
        super().__init__(file, buffers=buffers)
        self._leaf = leaf
        self._nans = nans.Read()
        self.packages: set[str] = set()

    def persistent_load(self, pid: object) -> object:
        """Called by pickle for each reference to a leaf."""
        if type(pid) is tuple and pid[:1] == (inplace.KEY,):
            return inplace.PLACES.at(*pid[1:])
        found = self._nans.value(pid)
        return self._leaf(pid) if found is None else found

    def find_class(self, module: str, name: str) -> Any:
        """What the notebook defines is looked up where it is defined now."""
        if module == "__main__":
            return notebook_attribute(name)
        self.packages.add(module.partition(".")[0])
        return librarys_own(super().find_class(module, name), f"{module}.{name}")


def deeply(work: Callable[[], Any]) -> Any:
    """What ``work`` gives, though it goes deeper than Python likes; it is begun anew for that.

    Pickle goes into objects by recursion: a list that is linked by attributes needs a deep stack.
    """
    try:
        return work()
    except RecursionError as error:
        too_deep = error
    found: list[Any] = []
    limit, size = sys.getrecursionlimit(), threading.stack_size(_STACK)

    def outcome() -> None:
        try:
            found.append((work(), None))
        except BaseException as error:  # it is raised again, in the thread that waits
            found.append((None, error))

    try:
        thread = threading.Thread(target=contextvars.copy_context().run, args=(outcome,))
        sys.setrecursionlimit(max(limit, _DEPTH))
        thread.start()
        thread.join()
    except RuntimeError as error:  # there is no room for its stack under the step's limit on memory
        raise too_deep from error
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    result, raised = found[0]
    if raised is not None:
        raise raised
    return result


def refusal(error: BaseException) -> tuple[str, str]:
    """What is wrong with a value that pickle refused, and the cure."""
    if isinstance(error, CannotTravel):
        return error.message, error.hint
    if isinstance(error, RecursionError):
        return "objects within objects, too deep to be saved", "hand on a list of them instead"
    return f"something that cannot be pickled ({type(error).__name__}: {error})"[:300], _CURE


# What pickling raises for what cannot be pickled: no contract says, and a user's class may raise anything.
REFUSALS = (Exception, SystemExit)


def is_large_leaf(value: Any) -> bool:
    """Whether ``value`` is an array or frame without Python objects in it, stored on its own."""
    numpy = sys.modules.get("numpy")
    if numpy is not None and type(value) is numpy.ndarray:
        return bool(value.nbytes >= 4096 and not value.dtype.hasobject)
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "Series"):  # it may still be in the middle of its import
        return False
    if not issubclass(type(value), (pandas.DataFrame, pandas.Series)):
        return False
    dtypes = value.dtypes if issubclass(type(value), pandas.DataFrame) else [value.dtype]
    plain = not any(type(dtype).__name__ == "ObjectDType" for dtype in dtypes)
    return plain and type(value) in (pandas.DataFrame, pandas.Series) and not value.attrs


def array_owner(value: object) -> object:
    """The array whose memory ``value`` is a view of, or ``value`` itself."""
    numpy = sys.modules.get("numpy")
    while numpy is not None and is_a(value, numpy.ndarray):
        if not isinstance(value.base, numpy.ndarray):
            break
        value = value.base
    return value


def view_of(value: Any, owner: Any) -> tuple[int, tuple[int, ...], tuple[int, ...], Any]:
    """Offset (bytes), shape, strides and dtype of ``value`` within the memory of ``owner``."""
    start = value.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
    return start, value.shape, value.strides, value.dtype


def rebuild_view(
    owner: Any, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], dtype: Any
) -> Any:
    """An array that shares the memory of ``owner``."""
    import numpy

    whole = owner
    if not owner.flags.c_contiguous:
        whole = owner.reshape(-1, order="A").view(numpy.uint8)
    return numpy.ndarray(shape, dtype, buffer=whole, offset=offset, strides=strides)
