"""Groups of the data against the reference: how many rows each has, and how often its label is so."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.profile import SAMPLE
from mlops_jlab.profiles.rates import LabelRates

ALPHA = 0.05


@dataclass(frozen=True)
class GroupShare:
    """A share of one group now and ``before``, out of ``rows`` and ``rows_before``.

    ``low`` and ``high`` are bounds of the share now; ``p`` is the chance of so large a difference where there
    is none, corrected for the number of groups (Bonferroni).
    """

    group: str
    share: float
    low: float
    high: float
    before: float
    p: float
    rows: float
    rows_before: float

    def moved(self, by: float, alpha: float = ALPHA) -> bool:
        """Whether the share is shown to have moved, and by more than ``by``."""
        return abs(self.share - self.before) > by and self.p <= alpha


def representation(reference: ColumnProfile, current: ColumnProfile) -> list[GroupShare]:
    """The share of rows of each group, the largest first; groups beyond the counted ones are one."""
    names = sorted({*reference.top, *current.top}, key=lambda name: -reference.top.get(name, 0.0))
    parts = {name: (current.top.get(name, 0.0), reference.top.get(name, 0.0)) for name in names}
    if reference.rarer or current.rarer:
        parts["(all others)"] = (current.rarer, reference.rarer)
    now, then = _total(current), _total(reference)
    if not now or not then:
        return []
    return [
        _share(name, mine, now, theirs, then, _kept(current), _kept(reference), len(parts))
        for name, (mine, theirs) in parts.items()
    ]


def label_rates(reference: LabelRates, current: LabelRates) -> list[GroupShare]:
    """How often the label is so in each group that both have, the largest first."""
    order = sorted(current.rows, key=lambda name: -current.rows[name])
    names = [name for name in order if current.rows[name] and reference.rows.get(name)]
    return [
        _share(name, *_counts(current, name), *_counts(reference, name), 1.0, 1.0, len(names))
        for name in names
    ]


def gap(current: LabelRates, fewest: float = 20.0) -> tuple[GroupShare, GroupShare] | None:
    """The groups in which the label is so least and most often, of those with enough rows.

    The ``before`` of each is the share of the other.
    """
    names = [name for name, rows in current.rows.items() if rows >= fewest]
    if len(names) < 2:
        return None
    order = sorted(names, key=lambda name: current.positive[name] / current.rows[name])
    pairs = len(names) * (len(names) - 1) // 2
    ends = order[0], order[-1]
    found = [
        _share(one, *_counts(current, one), *_counts(current, other), 1.0, 1.0, pairs)
        for one, other in (ends, ends[::-1])
    ]
    return found[0], found[1]


def _counts(rates: LabelRates, name: str) -> tuple[float, float]:
    return rates.positive[name], rates.rows[name]


def _total(column: ColumnProfile) -> float:
    return sum(column.top.values()) + column.rarer


def _kept(column: ColumnProfile) -> float:
    """The share of the rows that the counts come from."""
    filled = column.rows - column.missing
    return min(1.0, SAMPLE / filled) if column.sampled and filled else 1.0


def _share(
    name: str, mine: float, now: float, theirs: float, then: float, kept: float, kept_then: float, tests: int
) -> GroupShare:
    share, before = mine / now, theirs / then
    rows, rows_then = now * kept, then * kept_then
    both = (mine * kept + theirs * kept_then + 1) / (rows + rows_then + 2)
    error = math.sqrt(both * (1 - both) * (1 / rows + 1 / rows_then))
    p = float(special.erfc(abs(share - before) / error / math.sqrt(2))) if error else 1.0
    z = float(special.ndtri(1 - ALPHA / 2))
    middle = (share + z * z / (2 * rows)) / (1 + z * z / rows)
    reach = z / (1 + z * z / rows) * math.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows))
    low, high = max(0.0, middle - reach), min(1.0, middle + reach)
    return GroupShare(name, share, low, high, before, min(1.0, p * tests), now, then)
