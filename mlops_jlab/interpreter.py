"""Our own programs in a new interpreter, where no file in the working directory stands in for a module.

With ``-m`` and ``-c`` Python looks for modules in the working directory first: an ``enum.py`` beside a
notebook would be taken for the library's. What a step imports is found there all the same, by its kernel.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

PATH = "PYTHONPATH"


def words(*arguments: str) -> list[str]:
    """The command that starts this interpreter with ``arguments``."""
    return [sys.executable, "-P", *arguments]


def environment(given: Mapping[str, str] = os.environ, **more: str) -> dict[str, str]:
    """The variables ``given`` and ``more``, for a process with another working directory.

    What ``PYTHONPATH`` names is what it names here: no entry of it means the other directory.
    """
    found = {**given, **more}
    if PATH in found:
        places = [os.path.abspath(place) for place in found[PATH].split(os.pathsep) if place]
        found[PATH] = os.pathsep.join(places)
        if not places:
            del found[PATH]
    return found
