"""What the user's own modules keep in their globals, and what they replaced in other modules.

An installed package is taken as it is. A module beside the notebook is part of the work: a counter in
it, a cache, or a function that it puts in another module's place would be there in Run All.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import io
import sys
import threading
import types
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from mlops_jlab.handoff import inplace, locks, pure, snapshot, states
from mlops_jlab.handoff.bare import is_own
from mlops_jlab.handoff.held import HELD
from mlops_jlab.handoff.inplace import PLACES, Content, Globals
from mlops_jlab.handoff.pickling import of_its_process
from mlops_jlab.handoff.quietly import is_a, module_of
from mlops_jlab.handoff.references import find, imported_module
from mlops_jlab.loaded import file_of, globals_of, is_installed, is_local

_HALFWAY = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_WEAK = (weakref.WeakKeyDictionary, weakref.WeakValueDictionary, weakref.WeakSet)


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


class Standing(contextlib.ContextDecorator):
    """What stands where in own modules: looked at once while nothing of the notebook's runs.

    It is a context of that kind. Outside of one everything is looked at each time.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._places: dict[int, inplace.Place] | None = None
        self._kept: dict[str, tuple[Globals, dict[str, str]]] = {}
        self._seen: snapshot.Snapshot | None = None

    def __enter__(self) -> None:
        self._depth += 1
        self.changed()

    def __exit__(self, *_about: object) -> None:
        self._depth -= 1
        self.changed()

    def changed(self) -> None:
        """Something was put elsewhere, or imported, since it was looked at."""
        self._places, self._kept, self._seen = None, {}, None

    def places(self) -> dict[int, inplace.Place]:
        """Those of the objects that can be filled again in place."""
        places = inplace.known(local_modules()) if self._places is None else self._places
        if self._depth:
            self._places = places
        return places

    def kept(self, name: str) -> tuple[Globals, dict[str, str]]:
        """What of a module travels, and what does not."""
        kept = self._kept.get(name) or _kept(name, self.places())
        if self._depth:
            self._kept[name] = kept
        return kept

    def seen(self) -> snapshot.Snapshot:
        """What the modules hold that is no global."""
        seen = self._seen
        if seen is None:
            seen = snapshot.take({name: self.kept(name)[0] for name in local_modules()}, _notebook())
        if self._depth:
            self._seen = seen
        return seen


STANDING = Standing()


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
        held = vars(sys.modules[name])
        words = {key: _stays(value, name) for key, value in list(held.items()) if key[:2] != "__"}
        words = {key: what for key, what in words.items() if what} or STANDING.kept(name)[1]
        if words:
            told = (f"{name}.{key.removesuffix(states.STATE)} {what}" for key, what in words.items())
            found[name] = ", ".join(told)
    return _in_common() | found


def _in_common() -> dict[str, str]:
    """Modules that hold one object which is no global: each import would make its own, in words."""
    found: dict[str, str] = {}
    first: dict[int, str] = {}
    for name, key, value in _kept_in(STANDING.seen()) if len(local_modules()) > 1 else ():
        other = first.setdefault(key, name)
        if other != name:
            found[name] = found[other] = f"{other} and {name} have one {type(value).__name__} in common"
    return found


def shared_with(seen: snapshot.Snapshot, names: Iterable[str]) -> str:
    """A value among ``names`` that holds an object which an own module holds too, in words, or nothing."""
    if not local_modules():
        return ""
    standing = {key: f"{place.module}.{place.name}" for key, place in STANDING.places().items()}
    within = {key: name for name, key, _ in _kept_in(STANDING.seen())}
    for name in names:
        objects = seen.values[name].objects if name in seen.values else frozenset()
        for known in (standing, within):
            if common := objects & known.keys():
                return f"{name} and {min(known[key] for key in common)} are, or hold, one object"
    return ""


def _kept_in(seen: snapshot.Snapshot) -> Iterator[tuple[str, int, object]]:
    """For each module what it holds and may change, by identity."""
    for name, one in seen.values.items():
        for key in one.objects:
            value = seen.alive.get(key)
            if inplace.is_kept(value):
                yield name, key, value


def _notebook() -> dict[str, object]:
    return vars(sys.modules["__main__"])


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
    return "is locked" * (is_a(value, locks.KINDS) and locks.is_held(value))


def capture(name: str) -> Globals:
    """The globals of a module that can travel, and what its functions and classes keep."""
    return STANDING.kept(name)[0]


def _kept(name: str, known: Mapping[int, inplace.Place]) -> tuple[Globals, dict[str, str]]:
    """The globals of a module that can travel, and in words why others, which it may have changed, cannot.

    What a library made (a client, a pool) is left as the module's import makes it.
    """
    found = Globals(name, _names_in(sys.modules[name]), dict(_items(name, known)), known)
    lost: dict[str, str] = {}
    if not _refusals({"": found}):
        return found, lost
    for key in _refusals(_one_by_one(found)):
        value = found.held[key]
        if key.endswith(states.STATE):
            found.held[key] = states.without(value, _is_left)
        elif type(value) is not Content and _is_librarys(value):
            del found.held[key]
    for key, why in _refusals(_one_by_one(found)).items():
        del found.held[key]
        lost[key] = f"is, or holds, {why}"
    return found, lost


def _one_by_one(found: Globals) -> dict[str, Globals]:
    return {key: replace(found, held={key: value}) for key, value in found.held.items()}


def _refusals(values: Mapping[str, object]) -> dict[str, str]:
    """Those of the values that cannot travel, and in words why."""
    seen = snapshot.take(values, _notebook()).values
    return {name: one.refused[0] for name, one in seen.items() if one.refused is not None}


def _items(name: str, known: Mapping[int, inplace.Place]) -> Iterator[tuple[str, Any]]:
    """What of a module's globals is written, each as it is or as what the object at this place has."""
    for key, value in list(vars(sys.modules[name]).items()):
        if key.startswith("__") or is_a(value, types.ModuleType):
            continue
        if is_a(value, (types.FunctionType, type)):
            state = states.state_of(value) if value.__module__ == name else None
            if state is not None:
                yield key + states.STATE, state
            if _is_under_another_name(key, value, name):
                yield key, value
        elif (place := known.get(id(value))) and place[:2] == (name, key):
            yield key, inplace.content(value)
        elif is_own(type(value)) or not (module_of(value) == name and callable(value)):
            yield key, value


def _is_left(part: object) -> bool:
    """Whether a part of a state cannot travel, and is a library's."""
    return _is_librarys(part) and bool(_refusals({"": part}))


def _is_librarys(value: object) -> bool:
    """Whether an object is one that a library made, and not what the user's module keeps things in."""
    if is_a(value, types.FunctionType):
        name = str(value.__globals__.get("__name__"))
        return name != "__main__" and not is_local(name, file_of(sys.modules.get(name)))
    kind = type(value)
    if inplace.is_kept(value) or issubclass(kind, (types.MethodType, *_HALFWAY)) or of_its_process(kind):
        return False
    home = sys.modules.get(kind.__module__)
    return find(kind.__qualname__, {} if home is None else globals_of(home)) is kind


def _is_under_another_name(key: str, value: Any, module: str) -> bool:
    """Whether a global is bound to a function or class of another place: it may be bound to another one."""
    if (value.__module__, value.__qualname__) == (module, key):
        return False
    home = sys.modules.get(value.__module__)
    return home is not None and globals_of(home).get(value.__qualname__) is value


def _names_in(module: types.ModuleType) -> list[str]:
    held = vars(module).items()
    return sorted(key for key, value in held if key[:2] != "__" and not is_a(value, types.ModuleType))


def restore(name: str, found: Globals) -> None:
    """Gives the module its globals back: what can be filled in place, where others may hold it."""
    module = sys.modules[name]
    for key in set(_names_in(module)).difference(found.names):
        delattr(module, key)
    targets: dict[str, Any] = {}
    for key, value in found.held.items():
        if not key.endswith(states.STATE):
            targets[key] = PLACES.at(name, key, value.kind) if type(value) is Content else value
    filled = [(value, targets[key]) for key, value in found.held.items() if type(value) is Content]
    for value, target in sorted(filled, key=lambda one: issubclass(one[0].base, (dict, set))):
        value.put_in(target)  # keys, which may ask for their attributes, come last
    for key, target in targets.items():
        if vars(module).get(key) is not target:
            setattr(module, key, target)
    for key, state in found.held.items():
        owner = vars(module).get(key.removesuffix(states.STATE)) if key.endswith(states.STATE) else None
        if owner is not None:
            states.put_state(owner, state)
    STANDING.changed()


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
