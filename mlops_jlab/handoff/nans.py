"""Which NaN is which: ``x in [x]`` asks for the very object, and NaN equals nothing."""

from __future__ import annotations

import math
import sys
from typing import Any

_MARK = "nan"
_KNOWN = (("math", math.nan),)


def _everybodys() -> list[tuple[str, object]]:
    """The NaN that modules have, by the module's name."""
    numpy = sys.modules.get("numpy")
    return [*_KNOWN, ("numpy", getattr(numpy, "nan", None))]


def is_own(value: object) -> bool:
    """Whether the value is a NaN that no module has."""
    return type(value) is float and value != value and all(value is not one for _, one in _everybodys())


class Written:
    """Gives each NaN of one pickle its key."""

    def __init__(self) -> None:
        self._places: dict[int, int] = {}
        self._alive: list[object] = []

    def key(self, value: float) -> tuple[str, str | int]:
        """The module that has this very NaN, or the number of the object in the pickle."""
        for name, one in _everybodys():
            if value is one:
                return _MARK, name
        if id(value) not in self._places:
            self._places[id(value)] = len(self._places)
            self._alive.append(value)
        return _MARK, self._places[id(value)]


class Read:
    """Finds the NaN of each key, or makes it."""

    def __init__(self) -> None:
        self._made: dict[object, float] = {}

    def value(self, key: Any) -> float | None:
        """The NaN that is meant, or nothing if the key is that of something else."""
        if key[0] != _MARK:
            return None
        if isinstance(key[1], str):
            if key[1] == "numpy":
                import numpy

                return numpy.nan
            return math.nan
        return self._made.setdefault(key[1], float(_MARK))
