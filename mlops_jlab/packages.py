"""Packages that the product uses in the user's process, whatever files lie beside the notebook.

There the notebook's folder comes first among the places of modules: a ``skops.py`` in it would be taken for
the package that keeps models. The user's own ``import skops`` still finds that file, as in any kernel.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import PathFinder
from importlib.metadata import PackageNotFoundError, distribution
from types import ModuleType

from mlops_jlab import loaded

_lock = threading.RLock()
_apart: dict[str, dict[str, ModuleType]] = {}  # what is ours of packages whose names somebody else has


@contextmanager
def installed(name: str) -> Iterator[None]:
    """Within it ``import NAME`` gives the package that is installed, also where a file has its name.

    A package that is not installed as a distribution of that name is looked for as ever.
    """
    try:
        home = os.path.realpath(str(distribution(name).locate_file("")))
    except PackageNotFoundError:
        home = ""
    if not home or _is_found(name, home):
        yield
        return
    with _lock:  # while others import under this name, they get the package too
        places, theirs = list(sys.path), _taken(name)
        sys.path[:] = [place for place in places if place and not _misleads(name, place, home)]
        sys.modules.update(_apart.pop(name, {}))
        try:
            yield
        finally:
            _apart[name] = _taken(name)
            sys.modules.update(theirs)
            sys.path[:] = places


def _is_found(name: str, home: str) -> bool:
    if name in sys.modules:
        return _lies_in(loaded.file_of(sys.modules[name]), home)
    spec = PathFinder.find_spec(name)
    return spec is None or _lies_in(spec.origin or "", home)


def _misleads(name: str, place: str, home: str) -> bool:
    spec = PathFinder.find_spec(name, [place])
    beside = os.path.realpath(place) == os.path.realpath(os.curdir)
    return beside or (spec is not None and not _lies_in(spec.origin or "", home))


def _lies_in(file: str, home: str) -> bool:
    return os.path.realpath(file).startswith(home + os.sep)


def _taken(name: str) -> dict[str, ModuleType]:
    """Takes the modules of a package out of those that are loaded."""
    own = [key for key in sys.modules if key == name or key.startswith(f"{name}.")]
    return {key: sys.modules.pop(key) for key in own}
