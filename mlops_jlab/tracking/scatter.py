"""Many runs as points: one of their values against another."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from mlops_jlab.entities.runs import Run
from mlops_jlab.tracking.charts import COLOURS, number


def value_of(run: Run, column: str) -> float:
    """The number in a column (``metrics.acc``, ``params.depth``); NaN where there is none."""
    kind, _, name = column.partition(".")
    if kind == "metrics":
        return run.metrics[name].latest if name in run.metrics else math.nan
    try:
        return float(run.taken.get(name, "nan"))
    except ValueError:
        return math.nan


def plot(runs: Sequence[Run], across: str, up: str) -> str:
    """A scatter plot as SVG; runs without both numbers are left out, and counted."""
    places = [(run, value_of(run, across), value_of(run, up)) for run in runs]
    good = [place for place in places if math.isfinite(place[1]) and math.isfinite(place[2])]
    if not good:
        return f"<p>No run has numbers for {escape(across)} and {escape(up)}.</p>"
    width, height, edge = 420, 240, 44
    low_x, high_x = min(p[1] for p in good), max(p[1] for p in good)
    low_y, high_y = min(p[2] for p in good), max(p[2] for p in good)
    wide, tall = (high_x - low_x) or 1.0, (high_y - low_y) or 1.0
    dots = "".join(
        f'<circle cx="{edge + (x - low_x) / wide * (width - 2 * edge):.1f}" '
        f'cy="{height - edge - (y - low_y) / tall * (height - 2 * edge):.1f}" r="4" fill="{COLOURS[0]}" '
        f'opacity=".7"><title>{escape(f"{run.name}: {number(x)}, {number(y)}")}</title></circle>'
        for run, x, y in good
    )
    left_out = len(places) - len(good)
    note = f'<text x="{edge}" y="12">{left_out} runs have no such numbers</text>' if left_out else ""
    return (
        f'<svg width="{width}" height="{height}" font-size="11" fill="currentColor" role="img" '
        f'aria-label="{escape(up)} against {escape(across)}">{note}{dots}'
        f'<path d="M{edge} {edge // 2}V{height - edge}H{width - edge}" fill="none" stroke="currentColor" '
        f'opacity=".4"/><text x="{edge}" y="{height - 28}">{escape(number(low_x))}</text>'
        f'<text x="{width - edge}" y="{height - 28}" text-anchor="end">{escape(number(high_x))}</text>'
        f'<text x="{width // 2}" y="{height - 10}" text-anchor="middle">{escape(across)}</text>'
        f'<text x="{edge - 4}" y="{height - edge}" text-anchor="end">{escape(number(low_y))}</text>'
        f'<text x="{edge - 4}" y="{edge // 2 + 8}" text-anchor="end">{escape(number(high_y))}</text>'
        f'<text x="12" y="{height // 2}" text-anchor="middle" transform="rotate(-90 12 {height // 2})">'
        f"{escape(up)}</text></svg>"
    )
