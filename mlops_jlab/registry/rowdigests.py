"""Rows by what is in them: a number for each, the same in whatever order, frame or number type it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

MOST = 20_000  # hashes that are kept of a set of rows: the smallest, which are a fair sample of all
_DIGITS = 3  # that numbers which are nearly the same have in common
_EXACT = 2**53  # up to here all whole numbers are floating-point numbers


def of(data: Any, columns: Sequence[str], truth: Any = None, *, near: bool = False) -> Any:
    """A hash for each row of a DataFrame, of some columns and, if it is given, its target.

    Numbers count by their value, whatever their type; with ``near`` by their first three digits.
    """
    import pandas

    names = {str(name): name for name in data.columns}
    parts = {name: _plain(data[names[name]], near) for name in columns}
    if truth is not None:
        parts["~target"] = _plain(pandas.Series(np.asarray(truth)), near)
    frame = pandas.DataFrame({name: np.asarray(values) for name, values in parts.items()})
    return pandas.util.hash_pandas_object(frame, index=False).to_numpy()


def _plain(values: Any, near: bool) -> Any:
    kind = getattr(values.dtype, "kind", "O")
    if kind == "b" or (kind in "iu" and not len(values[abs(values) > _EXACT])):
        return _rounded(values.to_numpy(dtype=float), near)
    if kind == "f":
        return _rounded(values.to_numpy(dtype=float), near)
    texts = values.astype(object).map(lambda value: str(value))
    return texts.str.normalize("NFKC").str.strip().str.casefold().to_numpy() if near else texts.to_numpy()


def _rounded(values: Any, near: bool) -> Any:
    if not near:
        return values + 0.0  # -0.0 is 0.0
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        scale = 10.0 ** (np.floor(np.log10(np.abs(values))) - _DIGITS + 1)
        return np.where(np.isfinite(scale) & (scale > 0), np.round(values / scale) * scale, values) + 0.0


def sketch(hashes: Any) -> tuple[bytes, int]:
    """The smallest of the different hashes in order, eight bytes each, and how many different ones."""
    different = np.unique(np.asarray(hashes, dtype="<u8"))
    return different[:MOST].tobytes(), len(different)


def shared(one: bytes, other: bytes) -> float:
    """Which share of the rows of the first sketch are in the other as well, from 0 to 1."""
    mine, theirs = np.frombuffer(one, "<u8"), np.frombuffer(other, "<u8")
    if not len(mine) or not len(theirs):
        return 0.0
    if len(theirs) >= MOST:
        mine = mine[mine <= theirs[-1]]  # beyond that the other sketch says nothing
    return float(np.isin(mine, theirs).mean()) if len(mine) else 0.0
