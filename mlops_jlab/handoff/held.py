"""Objects that are globals of modules: a value that is one of them is not saved with what it is.

Looking at the sixty thousand globals of two thousand modules in each copy of a step's process would copy
every page that they lie on. So it is found out once which of them could be changed in place, or are nothing
yet; a warm parent asks, and what is forked from it knows.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from types import ModuleType

from mlops_jlab.handoff.sharing import can_be_shared

_EMPTY = (None, True, False)  # a module that has not made it yet may say so


class Held:
    """The names of each module that may hold an object that can be changed."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[ModuleType, int]] = {}
        self._names: dict[str, tuple[str, ...]] = {}

    def look(self, own: frozenset[str] = frozenset()) -> None:
        """Looks through modules that are new or have more or fewer globals now, and the user's ``own``."""
        for name, module in _modules():
            here = vars(module)
            module_then, size = self._seen.get(name, (None, 0))
            if module_then is module and size == len(here) and name not in own:
                continue
            self._seen[name] = (module, len(here))
            self._names[name] = tuple(key for key, value in list(here.items()) if _may_matter(key, value))

    def by_identity(self, own: frozenset[str] = frozenset()) -> dict[int, str]:
        """The objects that modules hold now and that could be changed there: what each is called."""
        self.look(own)
        found: dict[int, str] = {}
        for name, module in _modules():
            here = vars(module)
            for key in self._names.get(name, ()):
                value = here.get(key)
                if value is not None and can_be_shared(value):
                    found.setdefault(id(value), f"{name}.{key}")
        return found | _of_loggers()


def _of_loggers() -> dict[int, str]:
    """The lists of handlers and filters that loggers have, which are globals of no module."""
    known = [logging.root, *logging.root.manager.loggerDict.values()]
    found = [one for one in known if isinstance(one, logging.Logger)]
    return {
        id(vars(one)[what]): f"{what} of the logger {one.name!r}"
        for one in found
        for what in ("handlers", "filters")
    }


def _modules() -> Iterator[tuple[str, ModuleType]]:
    for name, module in list(sys.modules.items()):
        if type(module) is ModuleType and name not in ("__main__", "__mp_main__"):
            yield name, module


def _may_matter(key: str, value: object) -> bool:
    return not key.startswith("__") and (any(value is one for one in _EMPTY) or can_be_shared(value))


HELD = Held()
