"""Which names in a notebook's namespace are the session's: IPython's, Python's, and our own."""

from __future__ import annotations

import re
import sys

from mlops_jlab.handoff.quietly import module_of

_ALWAYS = re.compile(
    r"(_|__|___|_i{1,3}|_i?\d+|_ih|_oh|_dh|_exit_code|_mlops_\w+"
    r"|__(name|package|loader|spec|builtins?|annotations|warningregistry|session|vsc_ipynb_file)__)\Z"
)
_DOC = "Automatically created module for IPython interactive environment"
# Names that a notebook may take for itself, and where that comes from which IPython or Python puts there.
_GIVEN = {
    "exit": ("IPython.core.autocall", "_sitebuiltins"),
    "quit": ("IPython.core.autocall", "_sitebuiltins"),
    "open": ("IPython.core.interactiveshell", "_io", "io"),
    "get_ipython": ("IPython.core.interactiveshell", "IPython.core.getipython"),
}
_HISTORIES = {"In": "_ih", "Out": "_oh"}


def is_sessions(name: str, value: object) -> bool:
    """Whether what stands under ``name`` belongs to the session rather than to the notebook."""
    if name in _GIVEN:
        return module_of(value) in _GIVEN[name]
    if name in _HISTORIES:
        return vars(sys.modules["__main__"]).get(_HISTORIES[name]) is value
    if name == "__doc__":
        return value is None or value == _DOC
    return _ALWAYS.match(name) is not None
