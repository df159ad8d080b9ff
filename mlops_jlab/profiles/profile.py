"""The profile of a table: its columns, and how its numbers move together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from mlops_jlab.profiles import columns as of_columns
from mlops_jlab.profiles import frames, rates
from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.frames import Column, Kind
from mlops_jlab.profiles.rates import LabelRates

SAMPLE = 50_000  # rows of which distributions and categories are counted; of fewer, all
TOGETHER = 20  # columns of numbers up to which correlations are kept


@dataclass(frozen=True, eq=False)
class Together:
    """How columns of numbers move together: sums of products of differences from the means.

    ``products`` is a square array, over ``count`` rows in which none of the ``names`` is missing.
    """

    names: tuple[str, ...]
    count: float
    means: Any
    products: Any

    def correlations(self) -> Iterator[tuple[str, str, float]]:
        """Pearson's correlation of each pair, where both vary."""
        scale = np.sqrt(np.diag(self.products))
        for i, one in enumerate(self.names):
            for j in range(i):
                if scale[i] > 0 and scale[j] > 0:
                    found = self.products[i, j] / scale[i] / scale[j]
                    yield self.names[j], one, float(np.clip(found, -1.0, 1.0))


@dataclass(frozen=True, eq=False)
class Profile:
    """What a table looks like. ``left_out`` counts columns that a bounded copy has no room for.

    ``rates`` say how often each label is so in each group.
    """

    rows: int
    columns: tuple[ColumnProfile, ...]
    together: Together | None = None
    left_out: int = 0
    rates: tuple[LabelRates, ...] = ()

    def label_rates(self, label: str, group: str) -> LabelRates | None:
        """How often a label is so by the groups of a column, if that was counted."""
        return next((one for one in self.rates if (one.label, one.group) == (label, group)), None)

    def column(self, name: str) -> ColumnProfile | None:
        """The column of that name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)

    def __repr__(self) -> str:
        table = [_HEAD, *(_line(column) for column in self.columns[:_SHOWN])]
        widths = [max(len(row[place]) for row in table) for place in range(len(_HEAD))]
        lines = [f"{self.rows:,} rows, {len(self.columns) + self.left_out} columns"]
        for row in table:
            cells = (text.ljust(width) for text, width in zip(row, widths, strict=True))
            lines.append(("  " + "  ".join(cells)).rstrip())
        more = len(self.columns) + self.left_out - _SHOWN
        return "\n".join([*lines, f"  … and {more} more"] if more > 0 else lines)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in _line(column))}</tr>"
            for column in self.columns[:_SHOWN]
        )
        head = "".join(f"<th>{text}</th>" for text in _HEAD)
        size = f"{self.rows:,} rows, {len(self.columns) + self.left_out} columns"
        return f"<p>{size}</p><table><tr>{head}</tr>{rows}</table>"


_HEAD = ("column", "kind", "missing", "lowest", "middle", "highest", "distribution, or what is frequent")
_SHOWN = 200
_BARS = "▁▂▃▄▅▆▇█"


def _line(column: ColumnProfile) -> tuple[str, ...]:
    missing = f"{column.missing_share:.2%}" if column.missing else ""
    if column.kind in (Kind.NUMBER, Kind.TIME):
        show = moment if column.kind is Kind.TIME else _number
        middle = float(column.quantiles.quantile(0.5))
        found = [show(value) for value in (column.minimum, middle, column.maximum)]
        return (column.name, column.kind, missing, *found, bars(column))
    most = sorted(column.top.items(), key=lambda item: -item[1])[:3]
    filled = max(column.rows - column.missing, 1)
    text = ", ".join(f"{name[:20]} {count / filled:.0%}" for name, count in most)
    return (column.name, column.kind, missing, "", "", "", text.replace("\n", " "))


def _number(value: float) -> str:
    return "" if value != value else f"{value:.6g}"


def moment(seconds: float) -> str:
    """A time in UTC, to the second, as ISO 8601 writes it; nothing for NaN."""
    if seconds != seconds:
        return ""
    return str(np.datetime64(round(seconds), "s"))


def bars(column: ColumnProfile) -> str:
    """The distribution of a column's numbers as twelve signs, the highest where most rows are."""
    _edges, counts = column.quantiles.histogram(12)
    most = max(counts, default=0)
    return "".join(_BARS[round(count / most * 7)] if count else " " for count in counts) if most else ""


def of_frame(data: Any, only: Callable[[str], bool] | None = None) -> Profile:
    """The profile of a table in memory; ``only`` chooses columns by name.

    Counts, ranges and means are exact. Of more than :data:`SAMPLE` rows distributions and categories are
    those of so many rows, drawn evenly over the whole length.

    Raises:
        InputError: it is no table.
    """
    frame = frames.pandas_frame(data)
    chosen = evenly_drawn(len(frame))
    weight = len(frame) / len(chosen) if chosen is not None else 1.0
    found = [column for column in frames.columns(frame) if only is None or only(column.name)]
    profiles = tuple(of_columns.of(column, chosen, weight) for column in found)
    return Profile(
        len(frame), profiles, _together(found, profiles, chosen, weight),
        rates=rates.of(found, profiles, chosen, weight),
    )  # fmt: skip


def evenly_drawn(rows: int) -> Any:
    """Places of :data:`SAMPLE` rows, one of each stretch of equal length; None if there are no more rows."""
    if rows <= SAMPLE:
        return None
    edges = np.linspace(0, rows, SAMPLE + 1)
    drawn = np.random.default_rng(rows).random(SAMPLE)
    return np.minimum((edges[:-1] + drawn * np.diff(edges)).astype(np.int64), rows - 1)


def _together(
    found: Sequence[Column], profiles: Sequence[ColumnProfile], chosen: Any, weight: float
) -> Together | None:
    usable = [c for c, p in zip(found, profiles, strict=True) if p.kind is Kind.NUMBER and p.finite]
    if not 2 <= len(usable) <= TOGETHER:
        return None
    rows = np.column_stack([column.numbers(chosen) for column in usable])
    rows = rows[np.isfinite(rows).all(axis=1)]
    names = tuple(column.name for column in usable)
    if not len(rows):
        return Together(names, 0.0, np.zeros(len(names)), np.zeros((len(names), len(names))))
    means = rows.mean(axis=0)
    with np.errstate(over="ignore", invalid="ignore"):
        rows -= means
        products = np.nan_to_num(rows.T @ rows, nan=0.0, posinf=0.0, neginf=0.0)
    return Together(names, len(rows) * weight, means, products * weight)


def merged(parts: Sequence[Profile]) -> Profile:
    """The profile of all rows of several; a column that one of them lacks is missing in its rows."""
    if len(parts) == 1:
        return parts[0]
    rows = sum(part.rows for part in parts)
    names = list(dict.fromkeys(column.name for part in parts for column in part.columns))
    by_name = [{column.name: column for column in part.columns} for part in parts]
    columns = []
    for name in names:
        present = [found[name] for found in by_name if name in found]
        absent = rows - sum(column.rows for column in present)
        if absent:
            dtype = present[0].dtype
            present.append(ColumnProfile(name, Kind.EMPTY, dtype, absent, missing=absent))
        columns.append(of_columns.merged(present))
    found = rates.merged([part.rates for part in parts if part.rows])
    return Profile(rows, tuple(columns), _both([part.together for part in parts]), rates=found)


def _both(parts: Sequence[Together | None]) -> Together | None:
    found = [part for part in parts if part is not None]
    if len(found) != len(parts) or len({part.names for part in found}) != 1:
        return None
    first = found[0]
    count, means, products = first.count, first.means, first.products
    for part in found[1:]:
        if not part.count:
            continue
        apart = part.means - means
        both = count + part.count
        products = products + part.products + np.outer(apart, apart) * (count * part.count / both)
        means = means + apart * (part.count / both)
        count = both
    return Together(first.names, count, means, products)
