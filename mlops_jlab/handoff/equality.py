"""Whether two values are the same to anybody who looks: types, contents, order, NaN as NaN."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any


def difference(one: Any, other: Any) -> str:
    """Where ``one`` and ``other`` differ, in words; nothing if they are the same."""
    return _differ(one, other, "", set())


def _differ(one: Any, other: Any, at: str, seen: set[tuple[int, int]]) -> str:
    if one is other or (id(one), id(other)) in seen:
        return ""
    seen.add((id(one), id(other)))
    if type(one).__qualname__ != type(other).__qualname__:
        return f"{at or 'the value'}: {type(one).__qualname__} and {type(other).__qualname__}"
    if isinstance(one, float):
        same = one == other or (one != one and other != other)
        return "" if same else _say(one, other, at)
    if isinstance(one, (types.FunctionType, type)):
        return "" if one.__qualname__ == other.__qualname__ else _say(one, other, at)
    if isinstance(one, (str, bytes, int, complex, bool, type(None))):
        return "" if one == other else _say(one, other, at)
    libraries = _by_library(one, other, at, seen)
    if libraries is not None:
        return libraries
    if isinstance(one, Mapping):
        if list(map(repr, one)) != list(map(repr, other)):
            return f"{at or 'the value'}: keys {list(one)[:5]!r} and {list(other)[:5]!r}"
        pairs = zip(one.items(), other.items(), strict=True)
        return _first(_differ(a, b, f"{at}[{key!r}]", seen) for (key, a), (_, b) in pairs)
    if isinstance(one, Sequence):
        if len(one) != len(other):
            return f"{at or 'the value'}: {len(one)} and {len(other)} items"
        items = enumerate(zip(one, other, strict=True))
        return _first(_differ(a, b, f"{at}[{place}]", seen) for place, (a, b) in items)
    if isinstance(one, (set, frozenset)):
        same = sorted(map(repr, one)) == sorted(map(repr, other))
        return "" if same else _say(one, other, at)
    return _by_state(one, other, at, seen)


def _first(differences: Any) -> str:
    return next((found for found in differences if found), "")


def _say(one: object, other: object, at: str) -> str:
    return f"{at or 'the value'}: {one!r:.80} and {other!r:.80}"


def _by_library(one: Any, other: Any, at: str, seen: set[tuple[int, int]]) -> str | None:
    """Arrays and frames by their libraries' own comparison; ``None`` for anything else."""
    numpy, pandas = sys.modules.get("numpy"), sys.modules.get("pandas")
    if numpy is not None and isinstance(one, numpy.ndarray):
        alike = one.shape == other.shape and one.dtype == other.dtype
        if alike and one.dtype.hasobject and one.dtype.names is None:
            pairs = zip(numpy.ndindex(one.shape), one.flat, other.flat, strict=True)
            return _first(_differ(a, b, f"{at}{list(place)}", seen) for place, a, b in pairs)
        number = one.dtype.kind in "fc"
        same = alike and bool(numpy.array_equal(one, other, equal_nan=number))
        return "" if same else _say(one, other, at)
    if numpy is not None and isinstance(one, numpy.generic):
        return "" if one == other or (one != one and other != other) else _say(one, other, at)
    if pandas is not None and isinstance(one, (pandas.DataFrame, pandas.Series, pandas.Index)):
        kind = type(one).__mro__[[c.__name__ for c in type(one).__mro__].index(_family(one, pandas))]
        check = getattr(pandas.testing, f"assert_{kind.__name__.lower()}_equal".replace("data", ""))
        try:
            check(one, other, check_exact=True)
        except AssertionError as error:
            return f"{at or 'the value'}: {' '.join(str(error).split())[:200]}"
        return "" if getattr(one, "attrs", {}) == getattr(other, "attrs", {}) else f"{at}: attrs"
    return None


def _family(value: Any, pandas: Any) -> str:
    return next(n for n in ("DataFrame", "Series", "Index") if isinstance(value, getattr(pandas, n)))


def _by_state(one: Any, other: Any, at: str, seen: set[tuple[int, int]]) -> str:
    """Other objects: by what they would write into a pickle."""
    try:
        mine, theirs = one.__reduce_ex__(4), other.__reduce_ex__(4)
    except (TypeError, AttributeError, ValueError, RecursionError):
        return "" if one == other else _say(one, other, at)
    if isinstance(mine, str) or isinstance(theirs, str):
        return "" if mine == theirs else _say(one, other, at)
    label = at or type(one).__name__
    for place, (a, b) in enumerate(zip(mine, theirs, strict=False)):
        if place in (3, 4):  # iterators over items
            a, b = list(a or ()), list(b or ())
        if found := _differ(a, b, label, seen):
            return found
    return ""
