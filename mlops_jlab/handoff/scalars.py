"""The plain numbers, truth values and short texts among a notebook's names."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from mlops_jlab.masking import is_secret_name, masked

Scalar = bool | int | float | str

LONGEST = 200  # characters of a text
_MOST = 1_000  # names
_WIDEST = 64  # bits of a whole number


def scalars_of(names: Mapping[str, object]) -> dict[str, Scalar]:
    """The names that stand for one value of Python or numpy, and that value as Python has it.

    No code of the notebook's runs: only types of Python's and numpy's own are looked into. Names that begin
    with an underscore, and texts that are secrets by their name or look, are left out.
    """
    found: dict[str, Scalar] = {}
    for name, value in list(names.items()):
        scalar = None if name.startswith("_") else _scalar(value)
        if scalar is None or (isinstance(scalar, str) and (is_secret_name(name) or masked(scalar) != scalar)):
            continue
        found[name] = scalar
        if len(found) == _MOST:
            break
    return found


def _scalar(value: object) -> Scalar | None:
    """Asks the value itself nothing, nor its class: a proxy or a metaclass may answer anything, or raise."""
    if _is_one_of_numpys(type(value)) and value.shape == ():  # type: ignore[attr-defined]
        value = value.item()  # type: ignore[attr-defined]
    if not any(type(value) is kind for kind in (bool, int, float, str)):
        return None
    if isinstance(value, str):
        return value if len(value) <= LONGEST else None
    if isinstance(value, int):
        return value if value.bit_length() <= _WIDEST else None
    return value if isinstance(value, float) else None


def _is_one_of_numpys(kind: type) -> bool:
    """Whether ``kind`` is an array's or a number's class of numpy's own, not one derived from it."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return False
    return kind is numpy.ndarray or (issubclass(kind, numpy.generic) and kind.__module__ == "numpy")
