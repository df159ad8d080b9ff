"""Fairness by group: rates with intervals, their largest difference and their smallest ratio.

The definitions are those of fairlearn (Bird et al., "Fairlearn: A toolkit for assessing and improving
fairness in AI", MSR-TR-2020-32): demographic parity is about how often groups are selected, equalized odds
about how often they are selected among those that are positive, and among those that are not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import special

from mlops_jlab.evaluation.results import Bounded, Fairness, GroupMetric, Rate
from mlops_jlab.gates.limits import Rates, rates_between
from mlops_jlab.gates.metrics import Metric, Predicted, Undefined

Array = Any
_TWO_CLASSES = ("selection_rate", "recall", "false_positive_rate", "precision", "accuracy")
_MORE_CLASSES = ("accuracy", "recall")
_NUMBERS = {
    "mae": None,
    "mean_prediction": Metric(lambda _truth, said, _chances: said),
    "mean_error": Metric(lambda truth, said, _chances: said - truth),
}
_RATIOS = frozenset(_TWO_CLASSES) | {"mae"}  # of what may be negative a ratio says nothing
TITLES = {"recall": "true positive rate", "mae": "mean absolute error"}
_BINS = 4
_MOST_GROUPS = 20  # different numbers from which on a column of them is cut into parts


def by_group(column: str, predicted: Predicted, groups: Array, units: Array, alpha: float) -> Fairness | None:
    """Rates of each group of a column with intervals, simultaneous ones for differences and ratios.

    ``groups`` has a name for each row (see :func:`groups_of`), ``units`` a code from 0 or is None. All bounds
    together hold with 1 - ``alpha`` for each number. None where no two groups are large enough.
    """
    names: Sequence[str] = _TWO_CLASSES if len(predicted.classes) == 2 else _MORE_CLASSES
    if not predicted.is_classifier:
        names = tuple(_NUMBERS)
        own = {name: metric for name, metric in _NUMBERS.items() if metric is not None}
        predicted = replace(predicted, custom=own)
    found: dict[str, GroupMetric] = {}
    small = 0
    for name in names:
        with suppress(Undefined):
            rates = rates_between(name, predicted, groups, units)
            small = max(small, rates.small)
            found[name] = _metric(name, rates, alpha)
    if not found:
        return None
    return Fairness(column, tuple(found.values()), _criteria(found), small)


def _metric(name: str, rates: Rates, alpha: float) -> GroupMetric:
    reach = special.ndtri(1 - alpha / 2) * rates.own
    to_one = name in _TWO_CLASSES
    low = rates.values - reach
    high = rates.values + reach
    if to_one:
        low, high = np.maximum(low, 0.0), np.minimum(high, 1.0)
    parts = tuple(
        Rate(group, rows, float(value), float(one), float(other))
        for group, rows, value, one, other in zip(
            rates.names, rates.rows, rates.values, low, high, strict=True
        )
    )
    difference = Bounded(*rates.gap(alpha / 2))
    ratio = _ratio(rates, alpha / 2) if name in _RATIOS else None
    return GroupMetric(name, parts, difference, ratio)


def _ratio(rates: Rates, alpha: float) -> Bounded | None:
    """The smallest rate over the largest one, with bounds from the logarithms of all pairs' ratios.

    Where a rate is 0 the ratio is 0, and its bounds come from the largest rate that 0 is compatible with.
    """
    most = float(rates.values.max())
    if most <= 0:
        return None
    pairs = len(rates.names) * (len(rates.names) - 1) / 2
    values = np.maximum(rates.values, 1e-12)
    logs = np.log(values[:, None] / values[None, :])
    own = rates.own / values
    errors = np.sqrt(own[:, None] ** 2 + own[None, :] ** 2)
    np.fill_diagonal(errors, 0.0)
    value = float(rates.values.min()) / most
    low = float(np.exp((logs - special.ndtri(1 - alpha) * errors).min()))
    high = min(1.0, float(np.exp(min(0.0, (logs + special.ndtri(1 - alpha / pairs) * errors).min()))))
    if not value:
        least = int(rates.values.argmin())
        low, high = 0.0, min(1.0, float(special.ndtri(1 - alpha) * rates.own[least]) / most)
    return Bounded(value, low, max(high, value))


def _criteria(found: Mapping[str, GroupMetric]) -> dict[str, Bounded]:
    """Demographic parity and equalized odds: of two rates the worse one counts."""
    criteria: dict[str, Bounded] = {}
    selected = found.get("selection_rate")
    if selected is not None:
        criteria["demographic_parity_difference"] = selected.difference
        if selected.ratio is not None:
            criteria["demographic_parity_ratio"] = selected.ratio
    both = [found[name] for name in ("recall", "false_positive_rate") if name in found]
    if len(both) == 2:
        gaps = [one.difference for one in both]
        criteria["equalized_odds_difference"] = Bounded(
            max(g.value for g in gaps), max(g.low for g in gaps), max(g.high for g in gaps)
        )
        ratios = [one.ratio for one in both]
        if all(ratios):
            known = [one for one in ratios if one is not None]
            criteria["equalized_odds_ratio"] = Bounded(
                min(r.value for r in known), min(r.low for r in known), min(r.high for r in known)
            )
    return criteria


def groups_of(values: Array) -> Array:
    """A name for each row: its value as text, ``missing``, or the part of the range that its number is in."""
    import pandas

    series = pandas.Series(values)
    gone = series.isna().to_numpy()
    names = series.astype(str).to_numpy(dtype=object)
    if pandas.api.types.is_numeric_dtype(series.dtype) and series.nunique() > _MOST_GROUPS:
        numbers = series.to_numpy(dtype=float, na_value=math.nan)
        edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, _BINS + 1)))
        places = np.clip(np.searchsorted(edges, numbers, "right") - 1, 0, max(0, len(edges) - 2))
        ends = [f"{edges[k]:.4g} to {edges[min(k + 1, len(edges) - 1)]:.4g}" for k in range(len(edges))]
        names = np.array([ends[place] for place in places], dtype=object)
    names[gone] = "missing"
    return names.astype(str)


def crossed(parts: Sequence[Array]) -> Array:
    """A name for each row that says all of its groups: ``F and black``."""
    return np.array([" and ".join(names) for names in zip(*parts, strict=True)])
