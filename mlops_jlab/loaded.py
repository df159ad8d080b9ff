"""The modules of this process, looked at without asking them: a lazy one loads itself when it is asked."""

from __future__ import annotations

import os
import sys
from typing import Any

_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")


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


def is_local(name: str, origin: object) -> bool:
    """Whether the module ``name``, read from ``origin``, is the user's own rather than installed."""
    if not isinstance(origin, str) or not origin.endswith(".py") or name in ("__main__", "__mp_main__"):
        return False
    top = name.partition(".")[0]
    if top == "mlops_jlab" or top in sys.stdlib_module_names:
        return False
    return not origin.startswith((sys.prefix, sys.base_prefix)) and not is_installed(origin)


def is_installed(path: str) -> bool:
    """Whether a file belongs to an installed package."""
    return any(place in path for place in _INSTALLED)
