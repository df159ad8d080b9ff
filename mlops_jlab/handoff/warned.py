"""Warnings that Python has shown and will not show again: they are remembered beside the code that warned.

Each module has its ``__warningregistry__``, which counts until somebody changes the filters, be it for a
moment. What counts no more is left out. Looking at values
changes the filters for a moment, too: see :func:`held`.
"""

from __future__ import annotations

import _warnings
import importlib
import sys
import types
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

_REGISTRY = "__warningregistry__"
_ANYWHERE = -1
Shown = tuple[str, str, str, int]  # the text, the category's module and name, the line (0: any, -1: anywhere)


class _Probe(Warning):
    pass


_held: list[dict[str, list[Shown]]] = []


@contextmanager
def held() -> Iterator[None]:
    """What is done inside leaves the memory as it was, and :func:`capture` gives what it was before."""
    _held.append(capture())
    try:
        yield
    finally:
        restore(_held.pop())


def capture() -> dict[str, list[Shown]]:
    """By module, the warnings that will not be shown again; those to be shown once anywhere under ``""``."""
    if _held:
        return _held[-1]
    registries = _registries()
    version = _version() if registries else None
    found = {}
    for name, registry in [*registries, ("", warnings.onceregistry)]:  # type: ignore[attr-defined]
        shown = sorted(_known(registry)) if not name or registry.get("version") == version else []
        if shown:
            found[name] = shown
    return found


def restore(state: dict[str, list[Shown]]) -> None:
    """Lets Python remember these warnings, and no others, to have been shown."""
    version = _version()
    for _name, registry in [*_registries(), ("", warnings.onceregistry)]:  # type: ignore[attr-defined]
        registry.clear()
    for name, shown in state.items():
        with suppress(Exception):
            keys: dict[object, object] = {key: 1 for key in map(_key, shown) if key}
            if name:
                module = sys.modules.get(name) or importlib.import_module(name)
                vars(module).setdefault(_REGISTRY, {}).update(keys | {"version": version})
            else:
                warnings.onceregistry.update(keys)  # type: ignore[attr-defined]


def of_the_notebook(state: dict[str, list[Shown]]) -> bool:
    """Whether one of the warnings is of a kind that the notebook defines, so that no other process has it."""
    return any(module == "__main__" for shown in state.values() for _text, module, _name, _line in shown)


def _registries() -> list[tuple[str, dict[Any, Any]]]:
    return [
        (name, registry)
        for name, module in list(sys.modules.items())
        if type(module) is types.ModuleType and name != "__mp_main__"
        if type(registry := vars(module).get(_REGISTRY)) is dict
    ]


def _known(registry: dict[Any, Any]) -> Iterator[Shown]:
    for key, shown in registry.items():
        match key:
            case (str() as text, type() as category, *line) if shown:
                yield text, category.__module__, category.__qualname__, line[0] if line else _ANYWHERE


def _key(shown: Shown) -> tuple[object, ...]:
    text, module, name, line = shown
    category = getattr(sys.modules.get(module) or importlib.import_module(module), name, None)
    if not isinstance(category, type):
        return ()
    return (text, category) if line == _ANYWHERE else (text, category, line)


def _version() -> object:
    """The number that filters have now; Python tells it to none but a registry that is used."""
    registry: dict[Any, Any] = {}
    show = warnings._showwarnmsg  # type: ignore[attr-defined]
    once = dict(warnings.onceregistry)  # type: ignore[attr-defined]
    warnings._showwarnmsg = lambda _message: None  # type: ignore[attr-defined]
    try:
        with suppress(_Probe):
            _warnings.warn_explicit("", _Probe, "", 0, "", registry)
    finally:
        warnings._showwarnmsg = show  # type: ignore[attr-defined]
        warnings.onceregistry.clear()  # type: ignore[attr-defined]
        warnings.onceregistry.update(once)  # type: ignore[attr-defined]
    return registry.get("version")
