"""How things that live in the notebook itself are named inside a pickle."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from types import FunctionType, MethodType, ModuleType
from typing import Any

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff.definitions import identity_of, is_the_same
from mlops_jlab.handoff.quietly import is_a

NOWHERE = object()


def notebook_attribute(path: str, identity: tuple[str, ...] = ()) -> object:
    """What ``path`` (``Name`` or ``Class.attribute``) stands for in the notebook's namespace.

    Raises:
        HandoffError: nothing, or another function or class than that with this ``identity``.
    """
    found = find(path, vars(sys.modules["__main__"]))
    first = path.partition(".")[0]
    if found is NOWHERE:
        raise HandoffError(
            f"a value that was handed over is made of {path!r}, which this step does not define",
            hint=f"move the cell that defines {first} to setup",
        )
    if identity and is_a(found, (FunctionType, type)) and not is_the_same(identity_of(found), identity):
        raise HandoffError(
            f"a value that was handed over is made of {path!r} as it was before it was defined again",
            hint=f"give the second {first} a name of its own, or make the value after its definition",
        )
    return found


def find(path: str, names: Mapping[str, object]) -> object:
    """What lies at ``path``, or :data:`NOWHERE`; ``f.<x>`` is what ``f`` calls ``x`` in its closure."""
    first, *rest = path.split(".")
    found = names.get(first, NOWHERE)
    for part in rest:
        if part.startswith("<") and is_a(found, FunctionType):
            found = _in_closure(found, part[1:-1])
        else:
            found = getattr(found, part, NOWHERE)
    return found


def _in_closure(function: FunctionType, name: str) -> object:
    for key, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        if key == name:
            try:
                return cell.cell_contents
            except ValueError:
                return NOWHERE  # not bound yet
    return NOWHERE


def imported_module(name: str) -> ModuleType:
    """The module that a variable stood for."""
    return importlib.import_module(name)


def is_put_there(value: object) -> bool:
    """Whether a function or class that was found in a library is one that the notebook has put there."""
    if is_a(value, FunctionType):
        return value.__globals__ is vars(sys.modules["__main__"])
    return is_a(value, type) and value.__module__ == "__main__"


def librarys_own(found: Any, name: str) -> Any:
    """What was ``found`` in a library by its ``name``.

    Raises:
        HandoffError: the notebook has put it there since, and something else was meant.
    """
    if is_put_there(found):
        raise HandoffError(
            f"a value that was handed over is, or holds, {name}, in whose place the notebook has put "
            "something else since",
            hint="keep what was there, and put the other in its place, in one and the same step",
        )
    return found


def full_name(function: Any) -> str:
    """The module and name of a function."""
    return f"{function.__module__}.{function.__qualname__}"


def library_parts(method: MethodType) -> tuple[object, str]:
    """What a library's method is found by."""
    return method.__self__, method.__func__.__name__


def library_method(owner: object, name: str) -> Any:
    """Called by pickle for a method of a library's class."""
    found = getattr(owner, name)
    librarys_own(getattr(found, "__func__", None), f"{type(owner).__qualname__}.{name}")
    return found


def module_attribute(name: str, attribute: str) -> object:
    """The object that a module's global stands for."""
    return getattr(imported_module(name), attribute)
