"""Objects of the notebook's that do something when they are gone."""

from __future__ import annotations

import gc
import sys


def doomed() -> str:
    """The first of them that is alive, in words, or nothing.

    When it is gone depends on all that holds it, be it a name that a later cell only binds anew.
    """
    kinds = [one for one in list(vars(sys.modules["__main__"]).values()) if issubclass(type(one), type)]
    ending = {id(kind): kind for kind in kinds for one in kind.__mro__ if ends(one)}
    if not ending:
        return ""
    found = next((ending[id(type(one))] for one in gc.get_objects() if id(type(one)) in ending), None)
    return "" if found is None else f"a {found.__qualname__} is alive, which does something when it is gone"


def ends(kind: type) -> bool:
    """Whether a class of the notebook's says what is to be done when one of its objects is gone."""
    own = type.__getattribute__(kind, "__dict__")
    return own.get("__module__") == "__main__" and "__del__" in own
