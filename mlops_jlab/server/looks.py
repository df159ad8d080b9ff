"""Columns of profiles, their distributions and their drift, as every page of data is sent them."""

from __future__ import annotations

import math
from typing import Any

from mlops_jlab.drift.detecting import ColumnDrift
from mlops_jlab.profiles.bins import Bins
from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.frames import Kind

LONGEST = 200  # characters of a name or a reason
MOST = 200  # columns of one answer


def plain_column(column: ColumnProfile) -> dict[str, Any]:
    """The numbers of a column; those that it has not are null."""
    filled = bool(len(column.quantiles.values)) and column.kind in (Kind.NUMBER, Kind.TIME)
    middle = float(column.quantiles.quantile(0.5)) if filled else math.nan
    return {
        "name": column.name[:LONGEST], "kind": str(column.kind), "dtype": column.dtype[:LONGEST],
        "rows": column.rows, "missing": column.missing, "distinct": column.distinct,
        "minimum": number(column.minimum), "middle": number(middle), "maximum": number(column.maximum),
        "mean": number(column.mean), "deviation": number(column.deviation),
    }  # fmt: skip


def plain_bins(found: Bins, kind: Kind) -> dict[str, Any]:
    """A distribution, or several in the same bins."""
    return {
        "labels": list(found.labels), "edges": [number(edge) for edge in found.edges],
        "shares": [[round(share, 6) for share in row] for row in found.shares],
        "beyond": list(found.beyond), "lengths": found.lengths, "time": kind is Kind.TIME,
    }  # fmt: skip


def plain_drift(one: ColumnDrift) -> dict[str, Any]:
    """What was found of one column."""
    return {
        "name": one.name[:LONGEST], "test": one.test, "effect": number(one.effect) or 0.0,
        "needed": number(one.needed) or 0.0, "p": number(one.p), "drifted": one.drifted,
        "why": shortened(one.why),
    }  # fmt: skip


def number(value: float) -> float | None:
    """A number as JSON carries it; nothing for NaN and infinities."""
    return float(value) if math.isfinite(value) else None


def shortened(reason: str) -> str:
    """A reason, with dots where it goes on."""
    return reason if len(reason) <= LONGEST else f"{reason[: LONGEST - 1].rstrip()}…"
