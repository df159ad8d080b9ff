"""A table against its rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

import numpy as np

from mlops_jlab.checks import grouped, rowwise
from mlops_jlab.checks.results import CheckResult, Outcome, RuleResult, percent, result
from mlops_jlab.checks.rules import ALL, NEEDS_REFERENCE, ROW_BY_ROW, Rule
from mlops_jlab.drift.detecting import ColumnDrift, detect
from mlops_jlab.errors import nearest
from mlops_jlab.profiles import frames, profile
from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.frames import Column
from mlops_jlab.profiles.profile import Profile

_NO_ROWS = "rows at least 1"


@dataclass(frozen=True)
class Surroundings:
    """What a check knows beside the table: other tables by name, the reference, and past runs.

    ``past`` are the numbers of rows of the last runs, the newest first; ``now`` is when it is asked.
    """

    now: datetime
    tables: Mapping[str, Any] = field(default_factory=dict)
    reference: Profile | None = None
    past: Sequence[int] = ()


@dataclass(frozen=True)
class _Asked:
    frame: Any
    columns: Mapping[str, Column]
    around: Surroundings


def judge(data: Any, rules: Sequence[Rule], around: Surroundings, name: str = "data") -> CheckResult:
    """Asks every rule of a table. A table without rows does not hold, unless a rule says that it may be so.

    Raises:
        InputError: ``data`` is no table, or a rule speaks of a table that was not given.
    """
    frame = frames.pandas_frame(data)
    asked = _Asked(frame, {column.name: column for column in frames.columns(frame)}, around)
    if not any(rule.kind in ("rows between", "rows at least") for rule in rules) and not len(frame):
        rules = [Rule("rows at least", _NO_ROWS, bounds=("1",)), *rules]
    return CheckResult(name, len(frame), tuple(one for rule in rules for one in _judge(rule, asked)))


def _judge(rule: Rule, asked: _Asked) -> Iterator[RuleResult]:
    needed = rule.columns if rule.kind not in ("columns", "only columns") else ()
    gone = [name for name in needed if name != ALL and name not in asked.columns]
    if gone:
        near = nearest(gone[0], asked.columns)
        yield result(rule, gone[0], holds=False, why=f"there is no column {gone[0]!r}{near}")
    elif rule.kind in NEEDS_REFERENCE:
        yield from _against_reference(rule, asked)
    elif rule.kind in ROW_BY_ROW:
        yield _row_by_row(rule, asked)
    else:
        yield _JUDGES[rule.kind](rule, asked)


def _row_by_row(rule: Rule, asked: _Asked) -> RuleResult:
    column = asked.columns[rule.columns[0]]
    try:
        breaks, where = rowwise.breaking(rule, column, asked.around.tables)
    except rowwise.Unfit as error:
        return result(rule, column.name, holds=False, why=str(error))
    failing, of = int(breaks.sum()), len(breaks)
    holds = failing <= (1 - rule.share) * of * (1 + 1e-9)
    if not failing:
        return result(rule, column.name, holds=True, of=of)
    why = f"{failing:,} of {of:,} rows ({percent(failing / of)}): {where}"
    return result(
        rule, column.name, holds=holds, why=why, failing=failing, of=of, rows=np.flatnonzero(breaks)
    )


def _rows(rule: Rule, asked: _Asked) -> RuleResult:
    count = len(asked.frame)
    bounds = [int(bound) for bound in rule.bounds]
    low = 0 if rule.kind == "rows at most" else bounds[0]
    high = bounds[-1] if rule.kind != "rows at least" else math.inf
    return result(rule, "", holds=low <= count <= high, why=f"there are {count:,}", of=count)


def _rows_like_before(rule: Rule, asked: _Asked) -> RuleResult:
    past = list(asked.around.past[: int(rule.bounds[0])])
    if not past:
        return RuleResult(rule.text, "", Outcome.UNKNOWN, "no run before this one")
    usual = median(past)
    count = len(asked.frame)
    holds = abs(count - usual) <= rule.number * usual
    runs = f"the last {len(past)} runs" if len(past) > 1 else "the last run"
    return result(rule, "", holds=holds, why=f"there are {count:,}, {usual:,.0f} in {runs}", of=count)


def _columns(rule: Rule, asked: _Asked) -> RuleResult:
    gone = [name for name in rule.columns if name not in asked.columns]
    more = [name for name in asked.columns if name not in rule.columns] if rule.kind == "only columns" else []
    words = []
    if gone:
        words.append(f"missing: {', '.join(gone[:10])}{nearest(gone[0], asked.columns)}")
    if more:
        words.append(f"not expected: {', '.join(more[:10])}")
    return result(rule, (gone or more or [""])[0], holds=not words, why="; ".join(words))


def _missing(rule: Rule, asked: _Asked) -> RuleResult:
    column = asked.columns[rule.columns[0]]
    missing = column.series.isna().to_numpy()
    count, of = int(missing.sum()), len(missing)
    share = count / of if of else 0.0
    why = f"{count:,} of {of:,} rows ({percent(share)})" if count else ""
    rows = np.flatnonzero(missing)
    return result(rule, column.name, holds=share <= rule.number, why=why, failing=count, of=of, rows=rows)


def _unique(rule: Rule, asked: _Asked) -> RuleResult:
    names = list(rule.columns)
    part = asked.frame.iloc[:, [list(asked.columns).index(name) for name in names]]
    try:
        repeated = part.duplicated(keep=False).to_numpy()
    except TypeError:  # lists or dicts
        repeated = part.map(repr).duplicated(keep=False).to_numpy()
    count, of = int(repeated.sum()), len(repeated)
    why = ""
    if count:
        first = part[repeated].iloc[0].to_list()
        shown = ", ".join(repr(value)[:40] for value in first)
        why = f"{count:,} of {of:,} rows share their value with another, such as {shown}"
    rows = np.flatnonzero(repeated)
    return result(rule, names[0], holds=not count, why=why, failing=count, of=of, rows=rows)


def _fresh(rule: Rule, asked: _Asked) -> RuleResult:
    column = asked.columns[rule.columns[0]]
    if column.kind not in (frames.Kind.TIME, frames.Kind.TEXT, frames.Kind.EMPTY):
        return result(rule, column.name, holds=False, why=f"it is {column.kind} ({column.dtype}), no time")
    seconds = frames.as_numbers(column.series, frames.Kind.TIME)
    seconds = seconds[np.isfinite(seconds)]
    if not len(seconds):
        return result(rule, column.name, holds=False, why="there is no time in it")
    newest = float(seconds.max())
    age = asked.around.now.timestamp() - newest
    shown = f"{datetime.fromtimestamp(newest, UTC):%Y-%m-%d %H:%M} UTC"
    if age < -86400:
        why = f"the newest is {shown}, which lies ahead"
        return result(rule, column.name, holds=False, why=why)
    why = f"the newest is {shown}, {max(age, 0) / 86400:.1f} days ago"
    return result(rule, column.name, holds=age <= rule.number, why=why)


def _against_reference(rule: Rule, asked: _Asked) -> Iterator[RuleResult]:
    reference = asked.around.reference
    if reference is None:
        yield RuleResult(rule.text, "", Outcome.UNKNOWN, "there is no reference yet")
        return
    names = set(asked.columns) if rule.kind == "all like" else set(rule.columns)
    known = {column.name for column in reference.columns}
    if rule.kind != "all like" and not names & known:
        yield RuleResult(rule.text, rule.columns[0], Outcome.UNKNOWN, "the reference has no such column")
        return
    wanted = known if rule.kind == "all like" else names
    current = profile.of_frame(asked.frame, lambda name: name in wanted)
    if rule.kind in ("represented", "rate like"):
        yield (grouped.represented if rule.kind == "represented" else grouped.rate_like)(
            rule, reference, current
        )
        return
    if rule.kind == "mean":
        yield _mean(rule, reference.column(rule.columns[0]), current.column(rule.columns[0]))
        return
    part = Profile(reference.rows, tuple(c for c in reference.columns if c.name in wanted))
    if not set(asked.columns) & wanted:
        yield result(rule, "", holds=False, why="none of the reference's columns is there")
        return
    found = detect(part, current, effect=float(rule.bounds[0]) if rule.bounds else None)
    for column in found.drifted:
        yield _drifted(rule, column)
    if not found.drifted:
        unknown = f"too few rows to judge {', '.join(found.not_judged[:5])}" if found.not_judged else ""
        why = unknown or f"{found.columns[0].name}: {found.columns[0].why}" if found.columns else unknown
        if found.columns:
            yield result(rule, "", holds=True, why=why)
        else:
            yield RuleResult(rule.text, "", Outcome.UNKNOWN, why or "nothing to compare")


def _drifted(rule: Rule, column: ColumnDrift) -> RuleResult:
    return result(rule, column.name, holds=False, why=f"{column.name}: {column.why}")


def _mean(rule: Rule, before: ColumnProfile | None, now: ColumnProfile | None) -> RuleResult:
    if before is None or now is None or not before.finite or not now.finite:
        return RuleResult(rule.text, rule.columns[0], Outcome.UNKNOWN, "there are no numbers to compare")
    apart = abs(now.mean - before.mean)
    holds = apart <= rule.number * abs(before.mean)
    why = f"the mean is {now.mean:.6g}, it was {before.mean:.6g}"
    return result(rule, rule.columns[0], holds=holds, why=why)


def _rate_alike(rule: Rule, asked: _Asked) -> RuleResult:
    return grouped.rate_alike(rule, profile.of_frame(asked.frame, lambda name: name in rule.columns))


_JUDGES: dict[str, Callable[[Rule, _Asked], RuleResult]] = {
    "rows between": _rows, "rows at least": _rows, "rows at most": _rows,
    "rows like before": _rows_like_before, "columns": _columns, "only columns": _columns,
    "never missing": _missing, "missing": _missing, "unique": _unique, "fresh": _fresh,
    "rate alike": _rate_alike,
}  # fmt: skip
