"""What pickle does not say of data libraries' objects, and what of them another process would not have."""

from __future__ import annotations

import array
import copyreg
import sys
from collections.abc import Mapping
from typing import Any

from mlops_jlab.handoff.quietly import attribute

_LITTLE = 4096  # bytes
# What pandas itself keeps in a frame or series.
_PANDAS = frozenset(
    {"_mgr", "_typ", "_metadata", "_item_cache", "_attrs", "_flags", "_name", "_cacher", "_is_copy", "_cache"}
)
# What numpy keeps in a masked array and leaves out of its pickle.
_OF_MASKED = ("_hardmask", "_sharedmask", "_optinfo", "_basedict")


def reduced(obj: Any) -> Any:
    """What a pickle says of a library's object that says too much or too little of itself, or nothing."""
    kind = type(obj)
    if attribute(kind, "__arrow_array__") is not None:
        return _of_arrow(obj)
    if kind.__name__ == "MaskedArray" and kind.__module__.startswith("numpy.ma"):
        return _of_masked(obj)
    return None


def cannot(obj: Any, names: Mapping[str, object]) -> str:
    """What of an object another process would not have, though pickle writes the object, or nothing."""
    kind = type(obj)
    if (numpy := sys.modules.get("numpy")) is not None and kind is numpy.ndarray:
        base = _memory_of(obj, numpy)
        if isinstance(base, (array.array, bytearray, memoryview)) and any(
            one is base for one in names.values()
        ):
            return f"a view of the memory of {base!r:.40}"
    if numpy is not None and kind is numpy.void and _dimensions_of_base(obj):
        return "a row of an array, into which what is set in the row goes"
    if kind.__module__.partition(".")[0] == "pandas" and kind.__name__ in ("DataFrame", "Series"):
        known = {*_PANDAS, *kind._accessors, *kind._metadata}
        if own := sorted(vars(obj).keys() - known):
            return f"a {kind.__name__} with an attribute of its own: {own[0]}"
    return ""


def _of_arrow(obj: Any) -> Any:
    """What pandas says of an array of Arrow's, without the copy that it makes of a single whole piece."""
    pieces = getattr(obj, "_pa_array", None)
    if pieces is None or not type(obj).__module__.startswith("pandas.") or pieces.num_chunks != 1:
        return None
    piece = pieces.chunk(0)
    if piece.offset or piece.get_total_buffer_size() > piece.nbytes + _LITTLE:
        return None  # a part of something larger, which would come along
    state = {**vars(obj), "_pa_array": piece}
    if "_cache" in state:
        state["_cache"] = {}  # as pandas does
    return copyreg.__newobj__, (type(obj),), state  # type: ignore[attr-defined]


def _of_masked(obj: Any) -> Any:
    make, made, state = obj.__reduce__()
    more = {name: vars(obj)[name] for name in _OF_MASKED if name in vars(obj)}
    return make, made, (state, more), None, None, put_in_masked


def put_in_masked(value: Any, state: tuple[Any, Mapping[str, Any]]) -> None:
    """Called by pickle with what a masked array says of itself, and what it leaves out."""
    value.__setstate__(state[0])
    vars(value).update(state[1])


def _memory_of(value: Any, numpy: Any) -> object:
    """What has the memory that an array looks at."""
    base = value
    while type(base) is numpy.ndarray and base.base is not None:
        base = base.base
    return base.obj if isinstance(base, memoryview) else base


def _dimensions_of_base(obj: Any) -> int:
    """Of the array that numpy's scalar is a part of; a copy of one has a base without any."""
    return int(getattr(obj.base, "ndim", 0))
