"""What the user's own modules keep in their globals, and what they replaced in other modules.

An installed package is taken as it is. A module beside the notebook is part of the work: a counter in
it, a cache, or a function that it puts in another module's place would be there in Run All.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from functools import cache
from pathlib import PurePath
from typing import Any

from mlops_jlab.handoff import snapshot
from mlops_jlab.handoff.references import imported_module

_INSTALLED = {"site-packages", "dist-packages"}


@cache  # a warm parent asks of all that it has imported, and what is forked from it knows
def is_local(name: str, origin: object) -> bool:
    """Whether the module ``name``, read from ``origin``, is the user's own rather than installed."""
    if not isinstance(origin, str) or not origin.endswith(".py") or name in ("__main__", "__mp_main__"):
        return False
    if name.partition(".")[0] in ("mlops_jlab", *sys.stdlib_module_names):
        return False
    return not origin.startswith((sys.prefix, sys.base_prefix)) and not _INSTALLED & set(
        PurePath(origin).parts
    )


def local_modules() -> list[str]:
    """The user's own modules that are loaded now."""
    loaded = list(sys.modules.items())
    return sorted(name for name, module in loaded if is_local(name, getattr(module, "__file__", None)))


def files_of_local() -> list[str]:
    """The source files of the user's own modules that are loaded now."""
    return sorted({str(sys.modules[name].__file__) for name in local_modules()})


def files_of_packages() -> dict[str, str]:
    """For each installed package that is loaded now, one of its files."""
    found: dict[str, str] = {}
    for name, module in sorted(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if "." not in name and isinstance(path, str) and _INSTALLED & set(PurePath(path).parts):
            found[name] = path
    return found


def capture(name: str) -> dict[str, Any]:
    """The globals of a module that can travel, and what its functions and classes keep."""
    found: dict[str, Any] = {}
    for key, value in vars(sys.modules[name]).items():
        if key.startswith("__") or isinstance(value, types.ModuleType):
            continue
        if isinstance(value, (types.FunctionType, type)):
            state = snapshot.state_of(value) if value.__module__ == name else None
            if state is not None:
                found[key + snapshot.STATE] = state
        elif getattr(value, "__module__", None) != name or not callable(value):
            found[key] = value
    seen = snapshot.take(found, {}).values
    return {key: value for key, value in found.items() if seen[key].refused is None}


def restore(name: str, state: dict[str, Any]) -> None:
    """Gives the module its globals back, in place where others may hold them."""
    module = sys.modules[name]
    for key, value in state.items():
        if key.endswith(snapshot.STATE):
            owner = getattr(module, key.removesuffix(snapshot.STATE), None)
            if owner is not None:
                snapshot.put_state(owner, value)
        elif not _put_inside(vars(module).get(key), value):
            setattr(module, key, value)


def _put_inside(old: Any, new: Any) -> bool:
    if type(old) is not type(new):
        return False
    if isinstance(old, list):
        old[:] = new
    elif isinstance(old, (dict, set)):
        old.clear()
        old.update(new)
    elif hasattr(old, "__dict__") and not hasattr(type(old), "__slots__"):
        vars(old).clear()
        vars(old).update(vars(new))
    else:
        return False
    return True


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
        elif isinstance(value, type) and value.__module__ == module.__name__:
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
