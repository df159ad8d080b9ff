"""The modules of this process, looked at without asking them: a lazy one loads itself when it is asked."""

from __future__ import annotations

from typing import Any


def globals_of(module: object) -> dict[str, Any]:
    """What stands in ``module``, which may be anything that was put among the loaded modules."""
    try:
        found = object.__getattribute__(module, "__dict__")
    except AttributeError:
        return {}
    return found if isinstance(found, dict) else {}


def file_of(module: object) -> str:
    """The file that ``module`` was read from, or nothing."""
    path = globals_of(module).get("__file__")
    return path if isinstance(path, str) else ""
