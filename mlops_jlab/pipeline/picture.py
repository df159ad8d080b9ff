"""The graph drawn: as Mermaid for a README, as lines for a terminal."""

from __future__ import annotations

from mlops_jlab.entities.graphs import Edge, Graph

_LABEL = 4


def mermaid(graph: Graph) -> str:
    """A Mermaid flow chart; order without data is dotted."""
    places = {step.name: f"s{step.position}" for step in graph.steps}
    lines = ["flowchart LR"]
    lines += [f'  {places[step.name]}["{step.name}"]' for step in graph.steps]
    for edge in graph.edges:
        arrow = "-->" if edge.names else "-.->"
        label = crossing(edge)
        text = f'|"{label}"|' if label else ""
        lines.append(f"  {places[edge.source]} {arrow}{text} {places[edge.target]}")
    return "\n".join(lines)


def crossing(edge: Edge) -> str:
    """What crosses an edge, in a few words."""
    words = list(edge.names) or [f"after: {reason}" for reason in edge.reasons]
    short = ", ".join(words[:_LABEL])
    return short + (f", +{len(words) - _LABEL} more" if len(words) > _LABEL else "")


def lines_of(graph: Graph) -> list[str]:
    """One line a step, with what it takes from each step above."""
    width = max((len(step.name) for step in graph.steps), default=0)
    lines: list[str] = []
    for step in graph.steps:
        edges = [edge for edge in graph.edges if edge.target == step.name]
        cells = ", ".join(str(cell.index + 1) for cell in step.cells)
        head = f"{step.position + 1:>3}  {step.name:<{width}}  cell{'s' * (len(step.cells) > 1)} {cells}"
        lines.append(head)
        lines += [f"{'':>{width + 5}}  ← {edge.source}: {crossing(edge)}" for edge in edges]
    return lines
