"""One column in a few numbers: how many, how many missing, range, moments, quantiles, categories."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from blake3 import blake3

from mlops_jlab.masking import masked
from mlops_jlab.policies import standing
from mlops_jlab.profiles import sketches, texts
from mlops_jlab.profiles.frames import Column, Kind
from mlops_jlab.profiles.sketches import EMPTY, Quantiles
from mlops_jlab.profiles.texts import TextProfile

MOST = 1_000  # categories that are counted one by one; rarer ones are counted together
_NAMES = 50  # different values up to which a column of text is taken for categories
_LONGEST = 60  # characters of a category's name


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """What is known of one column.

    ``rows`` counts all, ``missing`` those without a value, ``infinite`` infinite numbers. ``minimum`` to
    ``squares`` (the sum of squared differences from the mean) are of finite numbers, exact; of times in
    seconds since 1970. ``quantiles`` is their distribution, of texts that of their lengths in characters.
    ``top`` counts categories, ``rarer`` the rows of all others; ``sampled`` says that distribution and
    counts are from a part of the rows. ``text`` is known of free texts.
    """

    name: str
    kind: Kind
    dtype: str
    rows: int
    missing: int = 0
    infinite: int = 0
    finite: int = 0
    minimum: float = math.nan
    maximum: float = math.nan
    mean: float = math.nan
    squares: float = 0.0
    quantiles: Quantiles = EMPTY
    top: Mapping[str, float] = field(default_factory=dict)
    rarer: float = 0.0
    sampled: bool = False
    text: TextProfile | None = None

    @property
    def missing_share(self) -> float:
        """The share of rows without a value; 0 where there are no rows."""
        return self.missing / self.rows if self.rows else 0.0

    @property
    def deviation(self) -> float:
        """The standard deviation of the finite numbers."""
        return math.sqrt(max(self.squares, 0.0) / self.finite) if self.finite else math.nan

    @property
    def distinct(self) -> int | None:
        """How many different values there are, where all of them were counted; else None."""
        if self.sampled or self.kind is Kind.OTHER:
            return None
        if self.kind in (Kind.TEXT, Kind.BOOLEAN):
            return len(self.top) if not self.rarer else None
        return len(self.quantiles.values) if self.quantiles.exact else None


def of(column: Column, chosen: Any, weight: float) -> ColumnProfile:
    """The profile of a column; ``chosen`` are the places of rows (None: all), each for ``weight`` rows.

    Of a column that the policy calls personal only how many rows have a value.
    """
    series = column.series
    if standing.is_personal(column.name):
        missing = int(series.isna().sum())
        return ColumnProfile(column.name, Kind.OTHER, column.dtype, len(series), missing=missing)
    base = ColumnProfile(column.name, column.kind, column.dtype, len(series), sampled=chosen is not None)
    if column.kind in (Kind.NUMBER, Kind.TIME):
        return _numbers(base, column, chosen, weight)
    missing = int(series.isna().sum())
    base = replace(base, missing=missing, kind=base.kind if missing < len(series) else Kind.EMPTY)
    if base.kind in (Kind.OTHER, Kind.EMPTY):
        return base
    some = (series if chosen is None else series.take(chosen)).dropna()
    counts = some.value_counts()
    counts = counts[counts > 0]
    names = [masked(category(value)) for value in counts.index[:MOST]]
    top = _added(zip(names, (counts.to_numpy()[:MOST] * weight).tolist(), strict=True))
    rarer = float(counts.to_numpy()[MOST:].sum() * weight)
    lengths = EMPTY
    if base.kind is Kind.TEXT:
        lengths = _lengths(counts, weight)
    free = base.kind is Kind.TEXT and len(counts) > _NAMES and len(counts) > len(some) / 2
    return replace(base, top=top, rarer=rarer, quantiles=lengths, text=texts.of(some) if free else None)


def _lengths(counts: Any, weight: float) -> Quantiles:
    found = np.fromiter((len(str(value)) for value in counts.index), float, len(counts))
    return sketches.weighted(found, counts.to_numpy() * weight, exact=weight == 1.0)


def category(value: Any) -> str:
    """The name by which a value is counted; of a long one the beginning and a digest."""
    text = str(value)
    if len(text) <= _LONGEST:
        return text.encode("utf-8", "replace").decode()
    digest = blake3(text.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{text[: _LONGEST - 10]}…{digest}".encode("utf-8", "replace").decode()


def _numbers(base: ColumnProfile, column: Column, chosen: Any, weight: float) -> ColumnProfile:
    values = column.numbers()
    usable = np.isfinite(values)
    count = int(np.count_nonzero(usable))
    if count == len(values):
        some = values if chosen is None else values[chosen]
        finite = values
    else:
        missing = int(np.count_nonzero(np.isnan(values)))
        base = replace(base, missing=missing, infinite=len(values) - count - missing)
        finite = values[usable]
        some = finite if chosen is None else values[chosen]
        some = some[np.isfinite(some)]
    if base.missing == base.rows and base.dtype in ("object", "null[pyarrow]"):
        return replace(base, kind=Kind.EMPTY)
    if not count:
        return base
    with np.errstate(over="ignore", invalid="ignore"):
        mean = float(finite.mean())
        squares = float(finite.var() * count)
    return replace(
        base, finite=count, minimum=float(finite.min()), maximum=float(finite.max()), mean=mean,
        squares=squares, quantiles=sketches.of(some, weight),
    )  # fmt: skip


def merged(parts: Sequence[ColumnProfile]) -> ColumnProfile:
    """The profile of all rows together; of columns of different kinds only what they have in common."""
    filled = [part for part in parts if part.kind is not Kind.EMPTY]
    first = filled[0] if filled else parts[0]
    base = replace(
        first, rows=sum(p.rows for p in parts), missing=sum(p.missing for p in parts),
        infinite=sum(p.infinite for p in parts), sampled=any(p.sampled for p in parts),
        dtype=" or ".join(sorted({p.dtype for p in filled or parts})),
    )  # fmt: skip
    if len({part.kind for part in filled}) > 1:
        return ColumnProfile(base.name, Kind.OTHER, base.dtype, base.rows, base.missing, base.infinite)
    for part in filled[1:]:
        base = _moments(base, part)
    counts = _added(item for part in filled for item in part.top.items())
    order = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    rarer = sum(part.rarer for part in filled) + sum(count for _name, count in order[MOST:])
    quantiles = sketches.merged([part.quantiles for part in filled])
    text = texts.merged([part.text for part in filled])
    return replace(base, quantiles=quantiles, top=dict(order[:MOST]), rarer=rarer, text=text)


def _moments(one: ColumnProfile, other: ColumnProfile) -> ColumnProfile:
    if not other.finite:
        return one
    if not one.finite:
        return replace(
            one, finite=other.finite, minimum=other.minimum, maximum=other.maximum, mean=other.mean,
            squares=other.squares,
        )  # fmt: skip
    count = one.finite + other.finite
    apart = other.mean - one.mean
    return replace(
        one, finite=count, minimum=min(one.minimum, other.minimum), maximum=max(one.maximum, other.maximum),
        mean=one.mean + apart * (other.finite / count),
        squares=one.squares + other.squares + apart * apart * (one.finite * other.finite / count),
    )  # fmt: skip


def _added(items: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, count in items:
        found[name] = found.get(name, 0.0) + count
    return found
