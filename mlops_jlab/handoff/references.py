"""How things that live in the notebook itself are named inside a pickle."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from mlops_jlab.errors import HandoffError


def notebook_attribute(path: str) -> object:
    """What ``path`` (``Name`` or ``Class.attribute``) stands for in the notebook's namespace."""
    first, *rest = path.split(".")
    names = vars(sys.modules["__main__"])
    if first not in names:
        raise HandoffError(
            f"a value that was handed over is made of {first!r}, which this step does not define",
            hint=f"move the cell that defines {first} to setup",
        )
    found: object = names[first]
    for part in rest:
        found = getattr(found, part)
    return found


def imported_module(name: str) -> ModuleType:
    """The module that a variable stood for."""
    return importlib.import_module(name)
