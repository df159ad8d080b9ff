"""What the user's own modules keep in their globals, and what they replaced in other modules.

An installed package is taken as it is. A module beside the notebook is part of the work: a counter in
it, a cache, or a function that it puts in another module's place would be there in Run All.
"""

from __future__ import annotations

import contextvars
import functools
import io
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlops_jlab.handoff import pure, snapshot, states
from mlops_jlab.handoff.attributes import attributes_of
from mlops_jlab.handoff.held import HELD
from mlops_jlab.handoff.quietly import attribute, is_a, module_of
from mlops_jlab.handoff.references import imported_module
from mlops_jlab.loaded import file_of, globals_of, is_installed, is_local

_NAMES = "~names"  # all that a module has: others were deleted since it was imported
_HALFWAY = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet)
_LOCKS = (type(threading.Lock()), type(threading.RLock()))


class _Facts:
    """What is to be known of each module that is loaded, found out once a module.

    A warm parent asks, and what is forked from it knows: looking at two thousand modules in each child
    would copy every page that they lie on.
    """

    def __init__(self, fact: Callable[[str, types.ModuleType], str]) -> None:
        self._fact = fact
        self._seen: dict[str, types.ModuleType] = {}
        self._found: dict[str, str] = {}

    def all(self) -> dict[str, str]:
        """The fact for each module that has it, by the module's name, in order."""
        for name, module in list(sys.modules.items()):
            if self._seen.get(name) is not module:
                self._seen[name] = module
                self._found.pop(name, None)
                if fact := self._fact(name, module):
                    self._found[name] = fact
        return {name: self._found[name] for name in sorted(self._found) if name in sys.modules}


def _local_file(name: str, module: types.ModuleType) -> str:
    path = file_of(module)
    return path if is_local(name, path) else ""


def _package_file(name: str, module: types.ModuleType) -> str:
    path = "" if "." in name else file_of(module)
    return path if is_installed(path) else ""


def _version(name: str, module: types.ModuleType) -> str:
    if "." in name or name.startswith("_") or name in sys.stdlib_module_names:
        return ""
    version = globals_of(module).get("__version__")
    return version if is_a(version, str) else ""


_local, _packages, _versions = _Facts(_local_file), _Facts(_package_file), _Facts(_version)


def look() -> None:
    """Finds out now what the functions of this module say later, of all modules that are loaded."""
    for facts in (_local, _packages, _versions):
        facts.all()
    HELD.look()


def local_modules() -> list[str]:
    """The user's own modules that are loaded now."""
    return list(_local.all())


def files_of_local() -> list[str]:
    """The source files of the user's own modules that are loaded now."""
    return sorted(set(_local.all().values()))


def files_of_packages() -> dict[str, str]:
    """For each installed package that is loaded now, one of its files."""
    return _packages.all()


def loaded_versions() -> dict[str, str]:
    """The versions of the packages that this kernel has really imported, by module name."""
    return _versions.all()


def what_stays(names: Mapping[str, object]) -> tuple[str, list[str]]:
    """What the user's own modules hold that only their process has, in words, or nothing.

    The second of the pair are those of ``names`` that stand for own modules, or things of them.
    """
    found = staying()
    if not found:
        return "", []
    own = set(local_modules())
    bound = [name for name, value in list(names.items()) if _comes_from(value) in own]
    return ", ".join(found.values()), bound


def staying() -> dict[str, str]:
    """The same by module: what a new import of it would not have, in words."""
    found: dict[str, str] = {}
    for name in local_modules():
        words = [
            f"{name}.{key} {what}"
            for key, value in list(vars(sys.modules[name]).items())
            if not key.startswith("__") and (what := _stays(value, name))
        ]
        if words:
            found[name] = ", ".join(words)
    return found


def _comes_from(value: object) -> object:
    if is_a(value, types.ModuleType):
        return value.__name__
    return module_of(value)


def _stays(value: Any, module: str) -> str:
    if is_a(value, (functools._lru_cache_wrapper, type)):
        if module_of(value) != module:
            return ""
        asked = pure.asks_caches(sys.modules[module])
        kept = [one for one in states.caches_in(value, module) if asked or not pure.may_forget(one)]
        calls = sum(sum(one.cache_info()[:2]) for one in kept)
        return f"remembers what it gave ({calls} calls)" * bool(calls)
    if is_a(value, _HALFWAY):
        return "is halfway"
    if is_a(value, io.IOBase):
        return "is an open file" * (not value.closed and value not in (sys.stdout, sys.stderr, sys.stdin))
    if is_a(value, _WEAK):
        return "knows living objects" * bool(len(value))
    if is_a(value, threading.local):
        return "belongs to a thread" * bool(vars(value))
    if is_a(value, contextvars.ContextVar):
        return "is set" * (value in contextvars.copy_context())
    return "is locked" * (is_a(value, _LOCKS) and "unlocked" not in repr(value))


def capture(name: str) -> dict[str, Any]:
    """The globals of a module that can travel, and what its functions and classes keep."""
    found: dict[str, Any] = {}
    for key, value in vars(sys.modules[name]).items():
        if key.startswith("__") or is_a(value, types.ModuleType):
            continue
        if is_a(value, (types.FunctionType, type)):
            state = states.state_of(value) if value.__module__ == name else None
            if state is not None:
                found[key + states.STATE] = state
            if _is_under_another_name(key, value, name):
                found[key] = value
        elif module_of(value) != name or not callable(value):
            found[key] = value
    seen = snapshot.take(found, {}).values
    kept = {key: value for key, value in found.items() if seen[key].refused is None}
    return {_NAMES: _names_in(sys.modules[name]), **kept}


def _is_under_another_name(key: str, value: Any, module: str) -> bool:
    """Whether a global is bound to a function or class of another place: it may be bound to another one."""
    if (value.__module__, value.__qualname__) == (module, key):
        return False
    home = sys.modules.get(value.__module__)
    return home is not None and globals_of(home).get(value.__qualname__) is value


def _names_in(module: types.ModuleType) -> list[str]:
    held = vars(module).items()
    return sorted(key for key, value in held if key[:2] != "__" and not is_a(value, types.ModuleType))


def restore(name: str, state: dict[str, Any]) -> None:
    """Gives the module its globals back, in place where others may hold them."""
    module = sys.modules[name]
    for key in set(_names_in(module)).difference(state.get(_NAMES, _names_in(module))):
        delattr(module, key)
    for key, value in state.items():
        if key == _NAMES:
            continue
        if key.endswith(states.STATE):
            owner = getattr(module, key.removesuffix(states.STATE), None)
            if owner is not None:
                states.put_state(owner, value)
        elif not _put_inside(vars(module).get(key), value):
            setattr(module, key, value)


def _put_inside(old: Any, new: Any) -> bool:
    if old is new:  # as the members of an enumeration are
        return True
    if type(old) is not type(new):
        return False
    if is_a(old, list):
        old[:] = new
    elif isinstance(old, (dict, set)):
        old.clear()
        old.update(new)
    elif _is_all_attributes(old):
        vars(old).clear()
        vars(old).update(vars(new))
    else:
        return False
    return True


def _is_all_attributes(value: Any) -> bool:
    """Whether an object is what its attributes are: a member of an enumeration, or a partial, is more."""
    kind: Any = type(value)
    plain = kind.__reduce__ is object.__reduce__ and kind.__reduce_ex__ is object.__reduce_ex__
    return plain and attributes_of(value) is not None and attribute(kind, "__slots__") is None


def capture_patches() -> dict[tuple[str, str], Any]:
    """Functions of the user's own modules that stand in other modules and classes, by place."""
    own = set(local_modules())
    if not own:
        return {}
    homes = own | {"__main__"}
    found: dict[tuple[str, str], Any] = {}
    for name, module in sorted(sys.modules.items()):
        if name in homes or type(module) is not types.ModuleType or name.startswith("mlops_jlab"):
            continue
        for path, value in _functions(module, homes):
            found[name, path] = value
    return found


def _functions(module: types.ModuleType, homes: set[str]) -> Iterator[tuple[str, Any]]:
    """The functions in a module, and in its own classes, that come from one of the ``homes``."""
    for key, value in list(vars(module).items()):
        if type(value) is types.FunctionType:
            if value.__module__ in homes:
                yield key, value
        elif issubclass(type(value), type) and value.__module__ == module.__name__:  # asks nothing of value
            for inner, attribute in list(vars(value).items()):
                if type(attribute) is types.FunctionType and attribute.__module__ in homes:
                    yield f"{key}.{inner}", attribute


def restore_patches(patches: dict[tuple[str, str], Any]) -> None:
    """Puts each function where it stood."""
    for (name, path), value in patches.items():
        owner: Any = imported_module(name)
        *classes, last = path.split(".")
        for part in classes:
            owner = getattr(owner, part)
        setattr(owner, last, value)


def not_loaded(names: Mapping[str, object]) -> str:
    """A module among the notebook's ``names`` that loads itself when it is asked, in words, or nothing."""
    for name, value in list(names.items()):
        if (type(value).__module__, type(value).__name__) == ("importlib.util", "_LazyModule"):
            return f"{name} is a module that is not loaded yet"
    return ""
