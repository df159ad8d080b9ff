"""Small charts as SVG text: they need no library and stay in a saved notebook."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from mlops_jlab.entities.runs import Point

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8C6D00", "#7F7F7F")


def sparkline(points: Sequence[Point], width: int = 120, height: int = 24) -> str:
    """The course of one metric. Gaps are where it is no finite number."""
    lines = _polylines([points], width, height, 2)
    text = escape(f"{len(points)} points") if points else ""
    return (
        f'<svg class="mlops-spark" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{text}"><title>{text}</title>{lines}</svg>'
    )


def curves(series: Sequence[Sequence[Point]], names: Sequence[str], title: str) -> str:
    """One metric of several runs, with axes and a legend."""
    width, height, left, bottom = 420, 200, 56, 24
    finite = [p for points in series for p in points if math.isfinite(p.value)]
    if not finite:
        return ""
    low, high = _range([p.value for p in finite])
    first, last = min(p.iteration for p in finite), max(p.iteration for p in finite)
    inner = _polylines(series, width - left - 8, height - bottom - 24, 0)
    labels = (
        f'<text x="{left - 4}" y="32" text-anchor="end">{escape(number(high))}</text>'
        f'<text x="{left - 4}" y="{height - bottom}" text-anchor="end">{escape(number(low))}</text>'
        f'<text x="{left}" y="{height - 6}">{first}</text>'
        f'<text x="{width - 8}" y="{height - 6}" text-anchor="end">{last}</text>'
        f'<text x="{left}" y="14" font-weight="bold">{escape(title)}</text>'
    )
    legend = "".join(
        f'<span style="color:{COLOURS[n % len(COLOURS)]}">■</span> {escape(name)}&ensp;'
        for n, name in enumerate(names)
        if series[n]
    )
    return (
        f'<figure class="mlops-chart"><svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{escape(title)}" font-size="11" fill="currentColor">'
        f'<path d="M{left} 24V{height - bottom}H{width - 8}" fill="none" stroke="currentColor" opacity=".4"/>'
        f'<g transform="translate({left},24)">{inner}</g>{labels}</svg>'
        f"<figcaption>{legend}</figcaption></figure>"
    )


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)


def _polylines(series: Sequence[Sequence[Point]], width: int, height: int, margin: int) -> str:
    finite = [p for points in series for p in points if math.isfinite(p.value)]
    if not finite:
        return ""
    low, high = _range([p.value for p in finite])
    first = min(p.iteration for p in finite)
    span = max(max(p.iteration for p in finite) - first, 1)
    scale = (height - 2 * margin) / (high - low) if math.isfinite(high - low) else 0.0
    found = ""
    for n, points in enumerate(series):
        colour = COLOURS[n % len(COLOURS)]
        for part in _unbroken(points):
            places = [
                (margin + (p.iteration - first) / span * (width - 2 * margin),
                 height - margin - (p.value - low) * scale)
                for p in part
            ]  # fmt: skip
            if len(places) == 1:
                found += f'<circle cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="2" fill="{colour}"/>'
                continue
            text = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            found += f'<polyline points="{text}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
    return found


def _unbroken(points: Sequence[Point]) -> list[list[Point]]:
    parts: list[list[Point]] = [[]]
    for point in points:
        if math.isfinite(point.value):
            parts[-1].append(point)
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def number(value: float | None) -> str:
    """A number as people read it: four significant digits."""
    if value is None:
        return ""
    if isinstance(value, float) and math.isfinite(value) and value != int(value):
        return f"{value:.4g}"
    if math.isfinite(value):
        return f"{int(value):,}" if abs(value) < 1e9 else f"{value:.4g}"
    return str(value)


def seconds(value: float | None) -> str:
    """A duration as people read it."""
    if value is None:
        return ""
    if value < 60:
        return f"{value:.1f} s"
    if value < 3600:
        return f"{int(value // 60)} min {int(value % 60)} s"
    return f"{int(value // 3600)} h {int(value % 3600 // 60)} min"
