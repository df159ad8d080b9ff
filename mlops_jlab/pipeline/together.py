"""Several notebooks as one graph: to be drawn, and as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlops_jlab.entities.graphs import Edge, Graph, Step
from mlops_jlab.entities.members import HAND_ON, Several, Take
from mlops_jlab.pipeline import describing, picture


def whole(several: Several, graphs: Mapping[str, Graph]) -> Graph:
    """All notebooks as one graph, to be drawn: ``load.clean`` is step clean of notebook load."""
    steps: list[Step] = []
    edges: list[Edge] = []
    makers: dict[tuple[str, str], list[str]] = {}
    for member in several.members:
        graph = graphs[member.name]
        taken = {take.step: take for take in member.takes}
        for edge in graph.edges:
            target = f"{member.name}.{edge.target}"
            if edge.target == HAND_ON:
                for name in edge.names:
                    makers.setdefault((member.name, name), []).append(f"{member.name}.{edge.source}")
            elif edge.source in taken:
                edges += _across(taken[edge.source], edge, target, makers)
            else:
                edges.append(replace(edge, source=f"{member.name}.{edge.source}", target=target))
        for step in graph.steps:
            if step.name not in taken and step.name != HAND_ON:
                steps.append(replace(step, name=f"{member.name}.{step.name}", position=len(steps)))
    return Graph(
        replace(graphs[several.members[0].name].notebook, path=several.path), several.name, tuple(steps),
        tuple(edges), (), (),
    )  # fmt: skip


def _across(take: Take, edge: Edge, target: str, makers: Mapping[tuple[str, str], list[str]]) -> list[Edge]:
    """Edges from the steps of another notebook that made what crosses."""
    names: dict[str, list[str]] = {}
    for there, here in take.names:
        if here in edge.names:
            for maker in makers.get((take.source, there), ()):
                names.setdefault(maker, []).append(here if there == here else f"{there} as {here}")
    return [Edge(maker, target, tuple(words)) for maker, words in names.items()]


def describe(several: Several, graphs: Mapping[str, Graph]) -> dict[str, Any]:
    """The whole graph as :func:`mlops_jlab.pipeline.describing.describe` has it, and the notebooks in it."""
    told = describing.describe(whole(several, graphs))
    told["parameters"] = [
        {**parameter.as_json(), "name": f"{name}.{parameter.name}"}
        for name, graph in graphs.items()
        for parameter in graph.parameters
    ]
    told["findings"] = [
        {**finding.as_json(), "notebook": name}
        for name, graph in graphs.items()
        for finding in graph.findings
    ]
    told["notebooks"] = [
        {"name": member.name, "notebook": str(member.path), "takes": [str(take) for take in member.takes]}
        for member in several.members
    ]
    return told


def mermaid(several: Several, graphs: Mapping[str, Graph]) -> str:
    """A Mermaid flow chart in which each notebook is a box around its steps."""
    drawn = whole(several, graphs)
    boxes: list[str] = []
    for member in several.members:
        boxes.append(f'  subgraph {member.name.replace("-", "_")}["{member.path.name}"]')
        boxes += [
            f'    s{step.position}["{step.name.partition(".")[2]}"]'
            for step in drawn.steps
            if step.name.startswith(f"{member.name}.")
        ]
        boxes.append("  end")
    arrows = [line for line in picture.mermaid(drawn).split("\n")[1:] if '["' not in line]
    return "\n".join(["flowchart LR", *boxes, *arrows])
