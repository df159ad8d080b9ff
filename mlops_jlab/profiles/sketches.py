"""The distribution of numbers in at most so many weighted values; two of them make that of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

POINTS = 1024  # values that a distribution is kept in; of up to as many distinct ones all is known exactly


@dataclass(frozen=True, eq=False)
class Quantiles:
    """Values that occurred, ascending, and how many rows each stands for (two 1-D arrays of floats).

    ``exact`` says that each value stands for itself alone. Else a rank is off by at most ``1 / POINTS`` for
    each time that two were merged; the errors of many merges have no direction, and so mostly cancel.
    """

    values: Any
    weights: Any
    exact: bool = True

    @property
    def total(self) -> float:
        """Rows that it stands for."""
        return float(self.weights.sum())

    def rank(self, at: Any) -> Any:
        """The share of rows with a value up to ``at`` (a number or an array of them)."""
        until = np.concatenate([[0.0], np.cumsum(self.weights)])
        places = np.searchsorted(self.values, at, side="right")
        return until[places] / max(until[-1], 1e-300)

    def quantile(self, share: Any) -> Any:
        """The smallest value with at least this share of rows up to it; NaN where there are no rows."""
        if not len(self.values):
            return np.full(np.shape(share), np.nan)[()]
        until = np.cumsum(self.weights)
        places = np.searchsorted(until, np.asarray(share) * until[-1] * (1 - 1e-12), side="left")
        return self.values[np.minimum(places, len(self.values) - 1)]

    def histogram(self, bins: int = 10) -> tuple[list[float], list[float]]:
        """Edges of bins of equal width over the range, and the rows in each."""
        if not len(self.values):
            return [], []
        low, high = float(self.values[0]), float(self.values[-1])
        if low == high:
            return [low, high], [self.total]
        steps = np.arange(bins + 1) / bins
        edges = low * (1 - steps) + high * steps  # the range may be wider than a float
        edges[-1] = high
        found = np.clip(np.searchsorted(edges, self.values, side="right") - 1, 0, bins - 1)
        return edges.tolist(), np.bincount(found, self.weights, bins).tolist()

    def shortened(self, points: int) -> Quantiles:
        """The same in at most ``points`` values, the smallest and the largest among them."""
        if len(self.values) <= points:
            return self
        until = np.cumsum(self.weights)
        if points < 3:
            ends = np.unique(self.values[[0, -1]])
            return Quantiles(ends, np.full(len(ends), until[-1] / len(ends)), exact=False)
        # Where the shares begin is drawn, so that errors of many merges have no direction; the draw depends
        # on the data alone, so that the same data have the same profile.
        drawn = np.random.default_rng(int(until[-1]) % (1 << 32) + len(self.values)).random()
        asked = (drawn + np.arange(points - 2)) * (until[-1] / (points - 2))
        places = np.minimum(np.searchsorted(until, asked, side="left"), len(until) - 1)
        chosen = np.concatenate([[0], places, [len(until) - 1]])
        shares = np.full(points, until[-1] / (points - 2))
        shares[[0, -1]] = np.minimum(self.weights[[0, -1]], until[-1] / (points - 2) / 2)
        shares[1:-1] -= (shares[0] + shares[-1]) / (points - 2)
        return _gathered(self.values[chosen], shares, exact=False)


EMPTY = Quantiles(np.empty(0), np.empty(0))


def of(values: Any, weight: float = 1.0) -> Quantiles:
    """The distribution of finite numbers (a 1-D array), each of which stands for ``weight`` rows."""
    if not len(values):
        return EMPTY
    found, counts = np.unique(np.asarray(values, dtype=float) + 0.0, return_counts=True)  # -0.0 is 0.0
    return Quantiles(found, counts * weight, weight == 1.0).shortened(POINTS)


def merged(parts: Sequence[Quantiles]) -> Quantiles:
    """The distribution of all rows that the parts stand for."""
    parts = [part for part in parts if len(part.values)]
    if len(parts) < 2:
        return parts[0] if parts else EMPTY
    values = np.concatenate([part.values for part in parts])
    weights = np.concatenate([part.weights for part in parts])
    return weighted(values, weights, exact=all(part.exact for part in parts))


def weighted(values: Any, weights: Any, *, exact: bool = True) -> Quantiles:
    """The distribution of numbers, each of which stands for as many rows as its weight says."""
    return _gathered(values, weights, exact=exact).shortened(POINTS)


def _gathered(values: Any, weights: Any, *, exact: bool) -> Quantiles:
    found, places = np.unique(values, return_inverse=True)
    return Quantiles(found, np.bincount(places.reshape(-1), weights), exact)
