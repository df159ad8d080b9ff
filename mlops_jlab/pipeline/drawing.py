"""The graph drawn as SVG: a picture that a saved notebook, a page and GitHub show alike, light and dark."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlops_jlab.entities.graphs import Edge, Graph
from mlops_jlab.pipeline.picture import crossing

_HIGH, _ROW, _GAP, _EDGE, _LANE = 46, 64, 56, 12, 14  # pixels: box, row, between columns, around, lanes below
_CHAR, _SMALL = 7.2, 5.6  # pixels of a character of a name, and of what a step hands on
_TOLD = 26  # characters of that
_FONT = "system-ui, -apple-system, 'Segoe UI', sans-serif"


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    wide: float

    @property
    def middle(self) -> float:
        return self.y + _HIGH / 2


def svg(graph: Graph) -> str:
    """The steps from left to right with what they hand on; order without data is dashed.

    Arrows over more than one column run in lanes below. Colors are the same in light and dark: what is
    written stands on boxes of its own.
    """
    columns = _columns(graph)
    place = {name: number for number, column in enumerate(columns) for name in column}
    handed = {step.name: _handed(graph, step.name) for step in graph.steps}
    boxes = _boxes(columns, handed)
    bottom = max((box.y for box in boxes.values()), default=0) + _HIGH
    far = [edge for edge in graph.edges if place[edge.target] - place[edge.source] > 1]
    lanes = {name: bottom + (n + 1) * _LANE for n, name in enumerate(dict.fromkeys(e.source for e in far))}
    wide = max((box.x + box.wide for box in boxes.values()), default=0) + _EDGE
    high = max([bottom, *lanes.values()]) + _EDGE
    title = html.escape(f"{graph.name}: {len(graph.steps)} steps")
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide:.0f}" height="{high:.0f}" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" role="img" aria-label="{title}" font-family="{_FONT}">',
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0L8 4L0 8z" fill="#7a8699"/></marker></defs>',
        *(_arrow(boxes, edge, lanes[edge.source] if edge in far else None) for edge in graph.edges),
        *(_drawn(step.name, handed[step.name], boxes[step.name], step.position + 1) for step in graph.steps),
        "</svg>",
    ]
    return "\n".join(lines)


def _handed(graph: Graph, name: str) -> str:
    """What crosses to steps below, in a few words."""
    names = dict.fromkeys(n for edge in graph.edges if edge.source == name for n in edge.names)
    text = ", ".join(names)
    return text if len(text) <= _TOLD else f"{text[: _TOLD - 1]}…"


def _columns(graph: Graph) -> list[list[str]]:
    """The steps by how many lie above them on the longest way, each near those that it takes from."""
    depth: dict[str, int] = {}
    for step in graph.steps:  # in running order
        depth[step.name] = max((depth[name] + 1 for name in graph.before(step.name)), default=0)
    columns: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    places: dict[str, float] = {}
    for step in graph.steps:
        columns[depth[step.name]].append(step.name)
    for column in columns:
        column.sort(key=lambda name: _mean([places[above] for above in graph.before(name)]))
        places |= {name: place - len(column) / 2 for place, name in enumerate(column)}
    return columns


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _boxes(columns: Sequence[Sequence[str]], handed: Mapping[str, str]) -> dict[str, _Box]:
    tallest = max((len(column) for column in columns), default=0)
    boxes: dict[str, _Box] = {}
    x = float(_EDGE)
    for column in columns:
        wide = max(max(len(name) * _CHAR + 40, len(handed[name]) * _SMALL + 40) for name in column)
        top = _EDGE + (tallest - len(column)) * _ROW / 2
        boxes |= {name: _Box(x, top + row * _ROW, wide) for row, name in enumerate(column)}
        x += wide + _GAP
    return boxes


def _drawn(name: str, handed: str, box: _Box, number: int) -> str:
    line = box.middle + (-3 if handed else 4.5)
    told = (
        f'<text x="{box.x + 28:.1f}" y="{box.middle + 13:.1f}" font-size="10" fill="#5b6b82">'
        f"{html.escape(handed)}</text>"
    )
    return (
        f'<g><rect x="{box.x:.1f}" y="{box.y:.1f}" width="{box.wide:.1f}" height="{_HIGH}" rx="6" '
        f'fill="#eef4fc" stroke="#4a78b5"/>'
        f'<text x="{box.x + 10:.1f}" y="{line:.1f}" font-size="11" fill="#5b6b82">{number}</text>'
        f'<text x="{box.x + 28:.1f}" y="{line:.1f}" font-size="13" fill="#14233a">{html.escape(name)}</text>'
        f"{told if handed else ''}</g>"
    )


def _arrow(boxes: Mapping[str, _Box], edge: Edge, lane: float | None) -> str:
    source, target = boxes[edge.source], boxes[edge.target]
    x, y, to_x, to_y = source.x + source.wide, source.middle, target.x - 1, target.middle
    half = _GAP / 2
    path = f"M{x:.1f} {y:.1f}C{x + half:.1f} {y:.1f} "
    if lane is None:
        path += f"{to_x - half:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
    else:
        path += (
            f"{x + 4:.1f} {lane:.1f} {x + half:.1f} {lane:.1f}H{to_x - half:.1f}"
            f"C{to_x - 4:.1f} {lane:.1f} {to_x - half:.1f} {to_y:.1f} {to_x:.1f} {to_y:.1f}"
        )
    dashed = "" if edge.names else ' stroke-dasharray="4 3"'
    title = html.escape(f"{edge.source} → {edge.target}: {crossing(edge)}")
    line = f'fill="none" stroke="#7a8699" stroke-width="1.4"{dashed} marker-end="url(#tip)"'
    return f'<g><title>{title}</title><path d="{path}" {line}/></g>'
