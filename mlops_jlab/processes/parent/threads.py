"""What belongs to one thread alone: thread-local values and re-entrant locks, so that a fork can have them.

A process is forked by a helper thread, which is the main thread of the child. Values in
``threading.local`` belong to the old main thread, and a re-entrant lock to the thread that holds it.
:func:`install` must be called before anything is imported that makes either.
"""

from __future__ import annotations

import _thread
import ctypes
import sys
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_locals: weakref.WeakValueDictionary[int, Any] = weakref.WeakValueDictionary()  # some cannot be hashed
_locks: weakref.WeakSet[Any] = weakref.WeakSet()
_make_lock = _thread.RLock


class _Local(_thread._local):
    """``threading.local`` that is known to :func:`values`."""

    def __new__(cls, /, *args: Any, **more: Any) -> Any:
        made = super().__new__(cls, *args, **more)
        _locals[id(made)] = made
        return made


def _lock(*args: Any, **more: Any) -> Any:
    """Factory function that returns a new reentrant lock."""
    made = _make_lock(*args, **more)
    _locks.add(made)
    return made


def install() -> None:
    """From now on, thread-local values and re-entrant locks are known to this module."""
    for name, stand_in in (("local", _Local), ("RLock", _lock)):
        stand_in.__name__ = stand_in.__qualname__ = name
        stand_in.__module__ = "threading"
        setattr(threading, name, stand_in)


def are_known() -> bool:
    """Whether :func:`install` was called, before anything else was imported."""
    return threading.local is _Local


def values() -> list[tuple[Any, dict[str, Any]]]:
    """Each thread-local object with what it holds for the calling thread."""
    found = []
    for one in list(_locals.values()):
        kept = _thread._local.__getattribute__(one, "__dict__")
        if kept:
            found.append((one, dict(kept)))
    return found


def give(kept: list[tuple[Any, dict[str, Any]]]) -> None:
    """Lets the calling thread have the values that another thread had."""
    for one, content in kept:
        mine = _thread._local.__getattribute__(one, "__dict__")
        mine.clear()
        mine.update(content)


# What libraries keep for each thread in C, and tell and take again: by the module that does.
_KEPT_IN_C: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], None]]] = {
    "torch": (lambda torch: torch.is_grad_enabled(), lambda torch, on: torch.set_grad_enabled(on)),
    "xgboost": (lambda xgb: xgb.get_config(), lambda xgb, given: xgb.set_config(**given)),
    "scipy.special": (lambda special: special.geterr(), lambda special, given: special.seterr(**given)),
}


def settings() -> dict[str, Any]:
    """What the calling thread is told for good, beside values: by Python, and by libraries in C."""
    found: dict[str, Any] = {
        "trace": sys.gettrace(), "profile": sys.getprofile(), "errno": ctypes.get_errno(),
        "origins": sys.get_coroutine_origin_tracking_depth(),
    }  # fmt: skip
    for name, (told, _) in _KEPT_IN_C.items():
        if (module := sys.modules.get(name)) is not None:
            with suppress(Exception):  # it may be on its way in, or a stand-in
                found[name] = told(module)
    return found


def give_settings(given: dict[str, Any]) -> None:
    """Tells the calling thread what another one was told."""
    for name, value in given.items():
        if name in _KEPT_IN_C:
            with suppress(Exception):
                _KEPT_IN_C[name][1](sys.modules[name], value)
    ctypes.set_errno(given["errno"])
    sys.set_coroutine_origin_tracking_depth(given["origins"])
    sys.setprofile(given["profile"])
    sys.settrace(given["trace"])


def become(main: threading.Thread) -> None:
    """``main`` was the main thread before a fork: it is the thread of the child, and lives on.

    Python has put the thread that forked in its place; objects that know the old one would know a dead one.
    """
    mine = threading.current_thread()
    if mine is main or not all(hasattr(main, name) for name in ("_tstate_lock", "_is_stopped", "_ident")):
        mine.name = main.name  # since Python 3.13 they cannot change places
        return
    for name in ("_tstate_lock", "_ident", "_native_id"):
        setattr(main, name, getattr(mine, name))
    main._is_stopped = False  # type: ignore[attr-defined]
    threading._active[main.ident] = main  # type: ignore[attr-defined]
    threading._main_thread = main  # type: ignore[attr-defined]
    threading._dangling.add(main)  # type: ignore[attr-defined]
    threading._dangling.discard(mine)  # type: ignore[attr-defined]


def holds_a_lock() -> bool:
    """Whether the calling thread holds a re-entrant lock, which no other thread could give back."""
    return any(lock._is_owned() for lock in list(_locks))
