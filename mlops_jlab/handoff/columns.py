"""The arrays in which pandas' frames keep their columns: who holds one by itself sees what is set in it."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable
from typing import Any

from mlops_jlab.handoff.quietly import is_a

_INNER = ("_ndarray", "_data", "_mask", "_left", "_right", "_sparse_values")  # of pandas' own arrays


def is_frame(value: object) -> bool:
    """Whether it is a frame or a series of pandas'."""
    pandas = sys.modules.get("pandas")
    if pandas is None or not hasattr(pandas, "Series"):  # it may still be in the middle of its import
        return False
    return issubclass(type(value), (pandas.DataFrame, pandas.Series))


def is_column(value: object) -> bool:
    """Whether it is one of pandas' own arrays: of integers with gaps, of categories, of texts."""
    kind = type(value)
    return kind.__module__.partition(".")[0] == "pandas" and any(
        one.__name__ == "ExtensionArray" for one in kind.__mro__
    )


def arrays_of(frames: Iterable[Any]) -> list[Any]:
    """The arrays of the frames, and those within pandas' own ones."""
    found: list[Any] = [block.values for frame in frames for block in getattr(frame._mgr, "blocks", ())]
    for one in found:
        if is_column(one):
            found += [part for name in _INNER if _is_array(part := getattr(one, name, None))]
    return found


def alone(objects: Collection[object]) -> list[Any]:
    """Of the objects those arrays that are not just the arrays of frames among them."""
    within = {id(one) for one in arrays_of(one for one in objects if is_frame(one))}
    return [one for one in objects if _is_array(one) and id(one) not in within]


def _is_array(value: object) -> bool:
    numpy = sys.modules.get("numpy")
    return is_column(value) or (numpy is not None and is_a(value, numpy.ndarray))
