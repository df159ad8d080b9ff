"""How far two distributions are apart, by the names that people know; each takes two profiles."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError, nearest
from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.frames import Kind
from mlops_jlab.profiles.sketches import Quantiles

_BINS = 10
_LEAST_SHARE = 1e-4  # of an empty bin, as is the custom for PSI
LARGEST = 100.0  # of an effect that has no bound
_SPREAD = 1e-12  # relative to the values: less is the noise of floats


def is_counted(column: ColumnProfile) -> bool:
    """Whether a column is compared by its categories and not by its numbers."""
    return column.kind in (Kind.TEXT, Kind.BOOLEAN)


def ranks_apart(one: Quantiles, other: Quantiles) -> float:
    """The largest difference of the two cumulative distributions: the statistic of Kolmogorov and Smirnov.

    What the coarseness of a distribution that is not exact may have added is taken off.
    """
    at = np.union1d(one.values, other.values)
    if not len(at):
        return 0.0
    apart = float(np.abs(one.rank(at) - other.rank(at)).max())
    return max(0.0, apart - _coarseness(one, other))


def _coarseness(*parts: Quantiles) -> float:
    """Half of the largest step of each that is no step of the data."""
    found = 0.0
    for part in parts:
        if not part.exact and len(part.weights):
            found += float(np.median(part.weights)) / part.total / 2
    return found


def wasserstein(one: Quantiles, other: Quantiles) -> float:
    """The area between the two cumulative distributions, in units of the values; exact at most 1e300."""
    at = np.union1d(one.values, other.values)
    if len(at) < 2:
        return 0.0
    apart = np.abs(one.rank(at[:-1]) - other.rank(at[:-1]))
    some = apart > 0
    with np.errstate(over="ignore"):
        found = float((apart[some] * np.diff(at)[some]).sum())
    return min(found, 1e300)


def shift(one: ColumnProfile, other: ColumnProfile) -> float:
    """Wasserstein's distance in standard deviations of the reference (of the other, where that has none)."""
    distance = wasserstein(one.quantiles, other.quantiles)
    if not distance:
        return 0.0
    size = float(max(np.abs(one.quantiles.values).max(initial=0.0), 1e-300))
    own = spread(one)
    scale = own if own > size * _SPREAD else spread(other)
    if distance <= size * _SPREAD:
        return 0.0
    return min(distance / scale, LARGEST) if scale > 0 else LARGEST


def spread(column: ColumnProfile) -> float:
    """The standard deviation of a column's numbers; of texts that of their lengths."""
    if column.finite:
        return column.deviation
    found = column.quantiles
    if not len(found.values):
        return 0.0
    mean = np.average(found.values, weights=found.weights)
    return math.sqrt(float(np.average((found.values - mean) ** 2, weights=found.weights)))


def counts(one: ColumnProfile, other: ColumnProfile) -> tuple[Any, Any]:
    """Rows in each part of the values: categories, or ten bins with equal shares of the reference.

    The last part is that of all other categories.
    """
    if is_counted(one) and is_counted(other):
        names = sorted({*one.top, *other.top})
        return tuple(
            np.array([*(column.top.get(name, 0.0) for name in names), column.rarer])
            for column in (one, other)
        )
    edges = np.unique(one.quantiles.quantile(np.arange(1, _BINS) / _BINS))
    found = []
    for column in (one, other):
        until = np.concatenate([[0.0], column.quantiles.rank(edges), [1.0]])
        found.append(np.diff(until) * column.quantiles.total)
    return found[0], found[1]


def shares(one: ColumnProfile, other: ColumnProfile) -> tuple[Any, Any]:
    """The same as shares of all rows with a value."""
    a, b = counts(one, other)
    return a / max(a.sum(), 1e-300), b / max(b.sum(), 1e-300)


def psi(one: ColumnProfile, other: ColumnProfile) -> float:
    """The population stability index over ten bins of the reference, or over categories."""
    a, b = (np.maximum(part, _LEAST_SHARE) for part in shares(one, other))
    return float(((b - a) * np.log(b / a)).sum())


def jensen_shannon(one: ColumnProfile, other: ColumnProfile) -> float:
    """Jensen and Shannon's distance (the root of the divergence, base 2): from 0 to 1."""
    a, b = shares(one, other)
    middle = (a + b) / 2
    divergence = 0.0
    for part in (a, b):
        some = part > 0
        divergence += float((part[some] * np.log2(part[some] / middle[some])).sum()) / 2
    return math.sqrt(max(0.0, min(divergence, 1.0)))


def cohens_w(one: ColumnProfile, other: ColumnProfile) -> float:
    """Cohen's w of two lists of shares, against their middle: 0.1 is small, 0.3 medium, 0.5 large."""
    a, b = shares(one, other)
    middle = (a + b) / 2
    some = middle > 0
    return math.sqrt(float(((a[some] - b[some]) ** 2 / middle[some]).sum()))


def chi_square(one: ColumnProfile, other: ColumnProfile) -> float:
    """Pearson's statistic that both have the same shares; parts in which few are expected are one."""
    return chi_square_test(*counts(one, other))[0]


def chi_square_test(a: Any, b: Any) -> tuple[float, int]:
    """Pearson's statistic of two rows of counts, and its degrees of freedom (0: nothing to compare)."""
    total = a.sum() + b.sum()
    if not a.sum() or not b.sum():
        return 0.0, 0
    both = a + b
    fewest = both * (min(a.sum(), b.sum()) / total)
    few = fewest < 5
    a, b = (np.append(part[~few], part[few].sum()) for part in (a, b))
    both = a + b
    some = both > 0
    a, b, both = a[some], b[some], both[some]
    if len(both) < 2:
        return 0.0, 0
    found = 0.0
    for part in (a, b):
        expected = both * (part.sum() / total)
        found += float(((part - expected) ** 2 / expected).sum())
    return found, len(both) - 1


def kolmogorov_smirnov(one: ColumnProfile, other: ColumnProfile) -> float:
    """The largest difference of the cumulative distributions; of categories that of any set of them."""
    if is_counted(one) and is_counted(other):
        a, b = shares(one, other)
        return float(np.abs(a - b).sum() / 2)
    return ranks_apart(one.quantiles, other.quantiles)


DISTANCES: dict[str, Callable[[ColumnProfile, ColumnProfile], float]] = {
    "psi": psi, "ks": kolmogorov_smirnov, "wasserstein": shift, "jensen-shannon": jensen_shannon,
    "chi-square": chi_square, "w": cohens_w,
}  # fmt: skip


def distance(name: str, one: ColumnProfile, other: ColumnProfile) -> float:
    """The distance of that name between a column of the reference and the same one of current data.

    ``wasserstein`` is in standard deviations of the reference.

    Raises:
        InputError: there is no distance of that name.
    """
    if name not in DISTANCES:
        raise InputError(
            f"there is no distance {name!r}{nearest(name, DISTANCES)}", hint=", ".join(DISTANCES)
        )
    return DISTANCES[name](one, other)
