"""From what runs have used to what that costs: of one run with its parts, or gathered by what it was for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from mlops_jlab.costs.prices import Energy, Prices
from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.store import opening, used
from mlops_jlab.store.location import Place
from mlops_jlab.store.used import UsedRow

BY = ("pipeline", "step", "user", "month", "run")
_JOULES = 3_600_000.0  # of a kilowatt-hour


@dataclass(frozen=True)
class Cost:
    """What was used and what that costs: hours, bytes at the highest, money, kWh, and kg of CO2.

    ``runs`` and ``wall_hours`` are those of runs that are part of no other, or of steps if these are meant.
    """

    runs: int = 0
    wall_hours: float = 0.0
    cpu_hours: float = 0.0
    gb_hours: float = 0.0
    gpu_hours: float = 0.0
    peak_memory: float = 0.0
    money: float = 0.0
    kwh: float = 0.0
    co2_kg: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        summed = {f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Cost)}
        return Cost(**{**summed, "peak_memory": max(self.peak_memory, other.peak_memory)})


@dataclass(frozen=True)
class Line:
    """One line of a table: what was spent, and what would have been without the cache."""

    name: str
    spent: Cost
    saved: Cost


def lines(
    place: Place, prices: Prices, by: str = "pipeline", *, month: str = "", pipeline: str = "",
    user: str = "",
) -> list[Line]:  # fmt: skip
    """What was spent, the dearest first (months in their order); all time unless a ``month`` is named.

    Raises:
        InputError: ``by`` is none of :data:`BY`.
    """
    if by not in BY:
        raise InputError(
            f"{by!r} is not something to group by{nearest(by, BY)}", hint=f"one of {', '.join(BY)}"
        )
    found = [
        row for row in rows(place)
        if month in ("", row.month) and pipeline in ("", row.pipeline) and user in ("", row.user)
    ]  # fmt: skip
    return gathered(found, prices, by)


def gathered(found: Iterable[UsedRow], prices: Prices, by: str) -> list[Line]:
    """Rows as lines, by what their names say."""
    tops: dict[str, tuple[Cost, Cost]] = {}
    rows_ = list(found)
    names = _run_names(rows_) if by == "run" else {}
    for row in rows_:
        name = names.get(row.id, "") if by == "run" else _name(row, by)
        if not name:
            continue
        spent, saved = tops.get(name, (Cost(), Cost()))
        cost = of_row(row, prices, by_step=by == "step")
        tops[name] = (spent, saved + cost) if row.cached else (spent + cost, saved)
    table = [Line(name, *costs) for name, costs in tops.items()]
    if by == "month":
        return sorted(table, key=lambda line: line.name)
    return sorted(table, key=lambda line: (-line.spent.money, -line.spent.cpu_hours, line.name))


def _name(row: UsedRow, by: str) -> str:
    if by == "step":
        return f"{row.pipeline or '(no pipeline)'} {row.name}" if row.kind == "step" else ""
    if by == "user":
        return row.user or "(unknown)"
    return row.month if by == "month" else row.pipeline or "(no pipeline)"


def _run_names(found: Sequence[UsedRow]) -> dict[str, str]:
    """The whole run that each run counts for, as name and the beginning of its id."""
    by_id = {row.id: row for row in found}
    names = {}
    for row in found:
        top = row
        while top.parent in by_id:
            top = by_id[top.parent]
        if row.status != "gone":
            names[row.id] = f"{top.name} {top.id[:8]}"
    return names


def rows(place: Place) -> list[UsedRow]:
    """What all runs have used; nothing where there is no store."""
    if not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        return used.rows(connection, time.time())


def of_row(row: UsedRow, prices: Prices, *, by_step: bool = False) -> Cost:
    """What one run costs by itself. A machine's hour counts for whole runs, or for steps ``by_step``."""
    amounts = used.amounts(row)
    hours = {key: seconds / 3600 for key, seconds in amounts.items()}
    counts = row.is_whole or by_step or row.cached
    wall = hours["wall_seconds"] if counts else 0.0
    money = (
        wall * prices.hour + hours["cpu_seconds"] * prices.cpu_hour + hours["gb_seconds"] * prices.gb_hour
        + hours["gpu_seconds"] * prices.gpu_hour
    ) * (prices.spot if row.usage.get("spot") else 1.0)  # fmt: skip
    if not prices and row.is_whole:
        known = row.usage.get("cost", 0.0)  # it was written down when there was a price
        money = float(known) if isinstance(known, (int, float)) else 0.0
    kwh = _kwh(amounts, prices.energy) if prices.energy else 0.0
    peak = row.usage.get("peak_memory", 0.0)
    return Cost(
        row.runs if counts else 0, wall, hours["cpu_seconds"], hours["gb_seconds"], hours["gpu_seconds"],
        float(peak) if isinstance(peak, (int, float)) else 0.0, money, kwh,
        kwh * prices.energy.kg_per_kwh if prices.energy else 0.0,
    )  # fmt: skip


def _kwh(amounts: dict[str, float], energy: Energy) -> float:
    joules = (
        amounts["cpu_seconds"] * energy.cpu_watts + amounts["gb_seconds"] * energy.gb_watts
        + amounts["gpu_seconds"] * energy.gpu_watts
    )  # fmt: skip
    return joules * energy.pue / _JOULES


@dataclass(frozen=True)
class RunCost:
    """A run's cost with all its parts, what its cache saved, and its steps one by one."""

    total: Cost
    saved: Cost
    steps: tuple[Line, ...] = ()


def of_runs(found: Sequence[UsedRow], prices: Prices, ids: Iterable[str]) -> dict[str, RunCost]:
    """The cost of some runs, each with all below it, from what :func:`rows` gives."""
    below: dict[str, list[UsedRow]] = {}
    by_id = {row.id: row for row in found}
    for row in found:
        if row.parent:
            below.setdefault(row.parent, []).append(row)
    return {run: _of_run(by_id[run], below, prices) for run in ids if run in by_id}


def _of_run(row: UsedRow, below: dict[str, list[UsedRow]], prices: Prices) -> RunCost:
    total, saved, steps = Cost(), Cost(), []
    waiting = [row]
    while waiting:
        one = waiting.pop()
        cost = of_row(one, prices)
        total, saved = (total, saved + cost) if one.cached else (total + cost, saved)
        if one.kind == "step":
            alone = of_row(one, prices, by_step=True)
            steps.append(Line(one.name, *((Cost(), alone) if one.cached else (alone, Cost()))))
        waiting += reversed(below.get(one.id, []))
    return RunCost(total, saved, tuple(steps))


def of_run(place: Place, prices: Prices, run: Run) -> RunCost:
    """The cost of one run with all its parts; nothing where it is part of the process of another one."""
    return of_runs(rows(place), prices, [run.id]).get(run.id, RunCost(Cost(), Cost()))
