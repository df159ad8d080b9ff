"""Limits: a value, a gap between groups, and when two models are practically equal; each with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from mlops_jlab.gates.metrics import Predicted, Undefined, estimate
from mlops_jlab.gates.resting import FEWEST, different
from mlops_jlab.gates.results import FAIL, NOT_ENOUGH, PASS, Part, RuleResult
from mlops_jlab.gates.rules import TO_ONE, Rule

Array = Any
FEWEST_OF_GROUP = 20  # rows, below which a group is not looked at
_MOST_GROUPS = 200
_EQUAL = 0.005  # of a metric between 0 and 1
_EQUAL_SHARE = 0.01  # of the champion's value, for others


def limited(rule: Rule, value: float, low: float, high: float, few: str) -> tuple[str, str]:
    """The verdict on a value with bounds, and why."""
    above = rule.operator == "above"
    if few:
        return NOT_ENOUGH, few
    if low > rule.bound if above else high < rule.bound:
        return PASS, ""
    if high < rule.bound if above else low > rule.bound:
        return FAIL, f"it is {value:.4g}"
    return (
        NOT_ENOUGH,
        f"it is {value:.4g}, and may lie on either side of {rule.bound:g}: more rows would tell",
    )


def equal_within(metric: str, champion: Predicted | None, rules: Sequence[Rule]) -> float:
    """The difference that does not matter: that of ``not worse by``, or half a point, or a hundredth."""
    for rule in rules:
        if rule.kind == "not worse" and rule.metric == metric:
            return rule.bound
    if metric.partition("(")[0] in TO_ONE:
        return _EQUAL
    with suppress(Undefined):
        if champion is not None:
            return abs(estimate(metric, champion).value) * _EQUAL_SHARE
    return 0.0


@dataclass(frozen=True)
class Rates:
    """A rate of each group that is large enough, the largest group first.

    ``errors`` has the standard error of each pair's difference (square; on its diagonal that of two
    independent groups like this one).
    """

    names: tuple[str, ...]
    values: Array
    errors: Array
    rows: tuple[int, ...]
    small: int = 0  # groups that were not looked at

    @property
    def own(self) -> Array:
        """The standard error of each rate by itself."""
        return np.sqrt(np.diag(self.errors) ** 2 / 2)

    def gap(self, alpha: float) -> tuple[float, float, float]:
        """The largest difference between two groups, with bounds that hold with 1 - ``alpha`` each.

        The upper one holds as it does for the pair that truly differs most; the lower one, which any pair
        may raise, is corrected for their number.
        """
        gaps = self.values[:, None] - self.values[None, :]
        pairs = len(self.names) * (len(self.names) - 1) / 2
        high = float((gaps + special.ndtri(1 - alpha) * self.errors).max())
        low = max(0.0, float((gaps - special.ndtri(1 - alpha / pairs) * self.errors).max()))
        return float(self.values.max() - self.values.min()), low, high


def rates_between(metric: str, predicted: Predicted, groups: Array, units: Array) -> Rates:
    """A rate by group, one of ``groups`` a row; ``units`` has a code from 0 for each row, or is None.

    Raises:
        Undefined: fewer than two groups are large enough.
    """
    names, counts = np.unique(groups, return_counts=True)
    known: list[str] = []
    values: list[float] = []
    resting: list[int] = []
    influences: list[Array] = []
    for name in names[np.argsort(-counts, kind="stable")][:_MOST_GROUPS]:
        rows = np.flatnonzero(groups == name)
        if len(rows) < FEWEST_OF_GROUP:
            continue
        with suppress(Undefined):
            found = estimate(metric, predicted.take(rows))
            there = found.rests or (np.ones(len(rows), dtype=bool),)
            count = min(different(mask, None if units is None else units[rows]) for mask in there)
            if count < FEWEST:
                continue
            resting.append(count)
            whole = np.zeros(len(groups))
            whole[rows] = found.influence / len(rows)
            known.append(str(name))
            values.append(found.value)
            influences.append(whole if units is None else np.bincount(units, weights=whole))
    if len(known) < 2:
        what = f"{FEWEST_OF_GROUP} rows, and {FEWEST} rows or units that {metric} rests on"
        raise Undefined(f"fewer than two groups have {what}")
    rates = np.asarray(values)
    sizes = tuple(int((groups == name).sum()) for name in known)
    errors = _errors(np.asarray(influences), rates, resting)
    return Rates(tuple(known), rates, errors, sizes, len(names) - len(known))


def gap_between(rule: Rule, predicted: Predicted, groups: Array, units: Array, alpha: float) -> RuleResult:
    """The largest difference of a rate between groups, one of ``groups`` a row, with its interval.

    That it is below a limit has to be shown of each pair, each at ``alpha``; that it is not, of one pair at
    the share of ``alpha`` that falls to it.

    Raises:
        Undefined: fewer than two groups are large enough.
    """
    found = rates_between(rule.metric, predicted, groups, units)
    value, low, high = found.gap(alpha)
    rates, known = found.values, found.names
    most, least = int(rates.argmax()), int(rates.argmin())
    why = f"{known[least]} {rates[least]:.3g}, {known[most]} {rates[most]:.3g}"
    why += f"; {found.small} too small to look at" if found.small else ""
    verdict = PASS if high < rule.bound else FAIL if low > rule.bound else NOT_ENOUGH
    if verdict == NOT_ENOUGH:
        why += f"; it may lie on either side of {rule.bound:g}: more rows of these groups would tell"
    return RuleResult(
        rule.text, verdict, value, low, high, len(groups),
        method=f"{len(known)} groups, {len(known) * (len(known) - 1) // 2} pairs, alpha {alpha:.4g}", why=why,
        parts=_groups(found, alpha),
    )  # fmt: skip


def _groups(found: Rates, alpha: float) -> tuple[Part, ...]:
    """Each group's rate by itself."""
    reach = special.ndtri(1 - alpha) * found.own
    return tuple(
        Part(name, float(rate), max(0.0, float(rate - by)), min(1.0, float(rate + by)), rows)
        for name, rate, by, rows in zip(found.names, found.values, reach, found.rows, strict=True)
    )


def _errors(influences: Array, rates: Array, counts: Sequence[int]) -> Array:
    """The standard error of each pair's difference; a rate of 0 or 1 is not taken for certain.

    ``counts`` are the rows, or units, that each rate rests on.
    """
    together = influences @ influences.T
    own = np.diag(together).copy()
    rows = np.asarray(counts, dtype=float)
    smoothed = (rates * rows + 2) / (rows + 4)
    own = np.maximum(own, np.where((rates <= 0) | (rates >= 1), smoothed * (1 - smoothed) / (rows + 4), 0.0))
    return np.sqrt(np.maximum(0.0, own[:, None] + own[None, :] - 2 * (together - np.diag(np.diag(together)))))
