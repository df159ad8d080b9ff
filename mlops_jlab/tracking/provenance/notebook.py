"""Which notebook or script this process executes, and the cells that it has executed."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

NOTEBOOK = "MLOPS_JLAB_NOTEBOOK"  # set by whoever runs a notebook headless


def source() -> Path | None:
    """The notebook or script that runs here, as far as anybody knows."""
    for given in (os.environ.get(NOTEBOOK), _from_editor(), os.environ.get("JPY_SESSION_NAME")):
        if given:
            path = Path(given)
            if path.suffix == ".ipynb" or path.is_file():
                return path.absolute()
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main and shell() is None:
        return Path(main).absolute()
    return None


def _from_editor() -> str:
    return str(vars(sys.modules["__main__"]).get("__vsc_ipynb_file__", ""))


def shell() -> Any:
    """IPython's shell if this is one, without importing IPython."""
    module = sys.modules.get("IPython")
    getter = getattr(module, "get_ipython", None)
    return getter() if getter is not None else None


def is_kernel() -> bool:
    """Whether cells are executed here."""
    return getattr(shell(), "kernel", None) is not None


def executed_cells() -> list[str]:
    """The sources of the cells that this kernel has executed, in their order."""
    here = shell()
    return [str(text) for text in here.user_ns.get("In", []) if text] if here is not None else []
