"""One column of several profiles in the same bins, so that distributions stand side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.frames import Kind
from mlops_jlab.profiles.sketches import Quantiles

BINS = 12
_TAIL = 0.005  # share of rows at each end that may lie in the outer bins, however far out they are
_FEW = 12  # different numbers up to which each is a bin of its own


@dataclass(frozen=True)
class Bins:
    """Shares of the rows with a value, by bin: ``shares`` has one list for each profile, each adding up to 1.

    Bins are named by ``labels`` (categories, or few different numbers), else they lie between ``edges``, of
    which there is one more than bins; then ``beyond`` says at which ends rows lie beyond the edges too.
    ``lengths`` says that it is the lengths of texts that are counted.
    """

    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    shares: tuple[tuple[float, ...], ...] = ()
    beyond: tuple[bool, bool] = (False, False)
    lengths: bool = False


OTHERS = "others"


def of(columns: Sequence[ColumnProfile | None], bins: int = BINS) -> Bins:
    """The bins of columns; of one that is None or of another kind than the first there are no rows."""
    first = next((column for column in columns if column is not None and column.kind is not Kind.EMPTY), None)
    if first is None or first.kind is Kind.OTHER:
        return Bins()
    alike = [column if column is not None and column.kind is first.kind else None for column in columns]
    if first.kind in (Kind.TEXT, Kind.BOOLEAN) and not _is_free_text(first):
        return _categories(alike, bins)
    found = [column.quantiles if column is not None else None for column in alike]
    some = [one for one in found if one is not None and len(one.values)]
    if not some:
        return Bins()
    if first.kind is not Kind.TIME:
        values = np.unique(np.concatenate([one.values for one in some]))
        whole = bool((values == np.round(values)).all())
        if len(values) <= _FEW and (whole or all(one.exact for one in some)):
            shares = tuple(_at(one, values) for one in found)
            named = tuple(f"{value:.6g}" for value in values)
            return Bins(named, shares=shares, lengths=first.kind is Kind.TEXT)
        if whole:
            return _whole(found, some, bins, lengths=first.kind is Kind.TEXT)
    return _numbers(found, some, bins, lengths=first.kind is Kind.TEXT)


def _is_free_text(column: ColumnProfile) -> bool:
    counted = sum(column.top.values())
    return bool(len(column.quantiles.values)) and (
        column.rarer > counted or (len(column.top) > 50 and max(column.top.values()) <= counted / 100)
    )


def _categories(columns: Sequence[ColumnProfile | None], bins: int) -> Bins:
    """The most frequent of each, those of the first in front, and all others in one bin."""
    weights: dict[str, float] = {}
    for column in columns:
        for name, count in column.top.items() if column is not None else ():
            share = count / max(column.rows - column.missing, 1)  # type: ignore[union-attr]  # it has a top
            weights[name] = max(weights.get(name, 0.0), share)
    order = sorted(weights, key=lambda name: (-weights[name], name))
    labels = order if len(order) <= bins else order[: bins - 1]
    labels = sorted(labels, key=lambda name: -_share(columns[0], name))
    shares = [[_share(column, name) for name in labels] for column in columns]
    rest = [
        max(0.0, 1 - sum(row)) if column is not None and any(row) else 0.0
        for column, row in zip(columns, shares, strict=True)
    ]
    if max(rest, default=0.0) > 1e-9:
        labels = [*labels, OTHERS]
        shares = [[*row, more] for row, more in zip(shares, rest, strict=True)]
    return Bins(tuple(labels), shares=tuple(tuple(row) for row in shares))


def _share(column: ColumnProfile | None, name: str) -> float:
    if column is None:
        return 0.0
    total = sum(column.top.values()) + column.rarer
    return column.top.get(name, 0.0) / total if total else 0.0


def _at(one: Quantiles | None, values: Any) -> tuple[float, ...]:
    if one is None or not len(one.values):
        return (0.0,) * len(values)
    return tuple(np.diff(np.concatenate([[0.0], one.rank(values)])).tolist())


def _ends(some: Sequence[Quantiles]) -> tuple[float, float]:
    """Between which nearly all rows lie."""
    low = min(float(one.quantile(_TAIL)) for one in some)
    high = max(float(one.quantile(1 - _TAIL)) for one in some)
    if low < high:
        return low, high
    return min(float(one.values[0]) for one in some), max(float(one.values[-1]) for one in some)


def _whole(found: Sequence[Quantiles | None], some: Sequence[Quantiles], bins: int, *, lengths: bool) -> Bins:
    """Whole numbers: as many in each bin, so that none is empty for the place of its edges."""
    low, high = _ends(some)
    width = max(1.0, float(np.ceil((high - low + 1) / bins)))
    count = int(np.ceil((high - low + 1) / width))
    first = low + width * np.arange(count)
    last = first + width - 1
    shares = []
    for one in found:
        until = one.rank(last[:-1]) if one is not None else np.zeros(count - 1)
        end = 1.0 if one is not None and len(one.values) else 0.0
        shares.append(tuple(np.diff(np.concatenate([[0.0], until, [end]])).tolist()))
    labels = [f"{a:.6g}" if width == 1 else f"{a:.6g}–{b:.6g}" for a, b in zip(first, last, strict=True)]
    if any(one.values[0] < low for one in some):
        labels[0] = f"≤ {last[0]:.6g}"
    if any(one.values[-1] > last[-1] for one in some):
        labels[-1] = f"≥ {first[-1]:.6g}"
    return Bins(tuple(labels), shares=tuple(shares), lengths=lengths)


def _numbers(
    found: Sequence[Quantiles | None], some: Sequence[Quantiles], bins: int, *, lengths: bool
) -> Bins:
    low, high = _ends(some)
    if low == high:
        label = f"{low:.6g}"
        return Bins((label,), shares=tuple((0.0 if one is None else 1.0,) for one in found), lengths=lengths)
    edges = _edges(low, high, bins)
    shares = []
    for one in found:
        if one is None or not len(one.values):
            shares.append((0.0,) * (len(edges) - 1))
            continue
        until = _smooth_rank(one, edges[1:-1])
        shares.append(tuple(np.diff(np.concatenate([[0.0], until, [1.0]])).tolist()))
    beyond = any(one.values[0] < edges[0] for one in some), any(one.values[-1] > edges[-1] for one in some)
    return Bins(edges=tuple(edges.tolist()), shares=tuple(shares), beyond=beyond, lengths=lengths)


def _edges(low: float, high: float, bins: int) -> Any:
    """Round numbers at equal distances; plain ones where the range is too wide or too narrow for that."""
    reach = high - low
    if np.isfinite(reach) and reach > max(abs(low), abs(high)) * 1e-9:
        power = 10.0 ** np.floor(np.log10(reach / bins))
        for step in (power, 2 * power, 2.5 * power, 5 * power, 10 * power, 20 * power):
            first, last = np.floor(low / step + 1e-9), np.ceil(high / step - 1e-9)
            if last - first <= bins:
                return np.array([float(f"{edge:.12g}") for edge in np.arange(first, last + 1) * step])
    steps = np.arange(bins + 1) / bins
    return low * (1 - steps) + high * steps  # the range may be wider than a float


def _smooth_rank(one: Quantiles, at: Any) -> Any:
    """The share of rows below each place; between the values of a coarse distribution it rises evenly."""
    if one.exact:
        below = np.concatenate([[0.0], np.cumsum(one.weights)])
        return below[np.searchsorted(one.values, at, side="left")] / max(below[-1], 1e-300)
    middles = np.cumsum(one.weights) - one.weights / 2
    return np.interp(at, one.values, middles / max(one.total, 1e-300), left=0.0, right=1.0)
