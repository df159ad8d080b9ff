"""Wrapping functions of libraries, and taking every wrapper off again."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

_MISSING = object()


class Patches:
    """What was put in the place of what. A patch of ours is recognised and not made twice."""

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any, Any]] = []

    def wrap(self, owner: Any, name: str, wrapper: Callable[..., Any]) -> None:
        """``owner.name(...)`` becomes ``wrapper(original, ...)``."""
        found = vars(owner).get(name)
        if not callable(found) or any(o is owner and n == name for o, n, _, _ in self._done):
            return

        @functools.wraps(found)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            return wrapper(found, *args, **kwargs)

        self.put(owner, name, wrapped)

    def put(self, owner: Any, name: str, value: Any) -> None:
        """``owner.name`` becomes ``value``."""
        self._done.append((owner, name, vars(owner).get(name, _MISSING), value))
        setattr(owner, name, value)

    def undo(self) -> None:
        """Puts back what was there, unless somebody else has patched it since."""
        for owner, name, before, mine in reversed(self._done):
            if vars(owner).get(name) not in (mine, getattr(mine, "__func__", mine)):
                continue
            if before is _MISSING:
                delattr(owner, name)
            else:
                setattr(owner, name, before)
        self._done.clear()
