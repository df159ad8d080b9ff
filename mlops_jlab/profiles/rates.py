"""How often a label is so in each group: the counts behind representation and label rates, mergeable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_jlab.profiles.columns import ColumnProfile, category
from mlops_jlab.profiles.frames import Column, Kind

GROUPS = 20  # categories up to which a column tells groups apart
_COLUMNS = 12  # such columns
_LABELS = 3
_FEWEST = 2


@dataclass(frozen=True)
class LabelRates:
    """Rows of each group of a column, and how many of them have a label that is 1, or true."""

    group: str
    label: str
    rows: Mapping[str, float]
    positive: Mapping[str, float]


def of(
    found: Sequence[Column], profiles: Sequence[ColumnProfile], chosen: Any, weight: float
) -> tuple[LabelRates, ...]:
    """The rates of each label (0 and 1, or booleans) by each column with few categories.

    ``chosen`` are the places of rows (None: all), each for ``weight`` rows. The last labels are taken, as
    targets mostly stand last.
    """
    both = list(zip(found, profiles, strict=True))
    labels = [column for column, profile in both if _is_label(profile)][-_LABELS:]
    groups = [
        column for column, profile in both
        if profile.kind in (Kind.TEXT, Kind.BOOLEAN) and _FEWEST <= len(profile.top) <= GROUPS
        and not profile.rarer
    ][:_COLUMNS]  # fmt: skip
    if not labels or not groups:
        return ()
    truths = {label.name: label.numbers(chosen) for label in labels}
    made = []
    for column in groups:
        series = column.series if chosen is None else column.series.take(chosen)
        codes, values = series.factorize()
        names = [category(value) for value in values]
        for label in labels:
            if label.name != column.name:
                made.append(_counted(column.name, label.name, codes, names, truths[label.name], weight))
    return tuple(made)


def _is_label(profile: ColumnProfile) -> bool:
    if profile.kind is Kind.BOOLEAN:
        return len(profile.top) == 2
    values = profile.quantiles.values
    return profile.kind is Kind.NUMBER and len(values) == 2 and tuple(values) == (0.0, 1.0)


def _counted(
    group: str, label: str, codes: Any, names: Sequence[str], truth: Any, weight: float
) -> LabelRates:
    known = (codes >= 0) & ~np.isnan(truth)
    rows = np.bincount(codes[known], minlength=len(names)) * weight
    positive = np.bincount(codes[known], truth[known], len(names)) * weight
    return LabelRates(
        group, label, dict(zip(names, rows.tolist(), strict=True)),
        dict(zip(names, positive.tolist(), strict=True)),
    )  # fmt: skip


def merged(parts: Sequence[Sequence[LabelRates]]) -> tuple[LabelRates, ...]:
    """The rates of all rows together: of the pairs that each part has."""
    if not parts:
        return ()
    by_pair = [{(one.group, one.label): one for one in part} for part in parts]
    shared = [pair for pair in by_pair[0] if all(pair in found for found in by_pair)]
    made = []
    for pair in shared:
        rows = _added(found[pair].rows for found in by_pair)
        if len(rows) <= GROUPS:
            made.append(LabelRates(*pair, rows, _added(found[pair].positive for found in by_pair)))
    return tuple(made)


def _added(parts: Iterator[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for name, count in part.items():
            total[name] = total.get(name, 0.0) + count
    return total
