"""Steps that cannot be handed on become one: the notebook is cut elsewhere, and means the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.notebook.suggesting import retagged

_LARGEST = ("retries", "backoff", "memory", "cpus", "processes")


def fused(graph: Graph, groups: Sequence[Sequence[str]] = ()) -> tuple[Graph, list[str]]:
    """The graph with the steps of each group as one, and those that only go on where the last one ended.

    What lies between two steps of a group belongs to it. Also says which were joined unasked, and why.

    Raises:
        InputError: no such step, or steps with different conditions.
    """
    said: list[str] = []
    for group in groups:
        graph = _fuse(graph, group)
    while True:
        bound = next((step for step in graph.steps if step.only_continued and step.position), None)
        if bound is None:
            return graph, said
        above = graph.steps[bound.position - 1].name
        said.append(f"{above} and {bound.name} are one step: {bound.only_continued[0]}")
        graph = _fuse(graph, (above, bound.name))


def whole(graph: Graph) -> Graph:
    """The graph with one step, of all cells."""
    return _fuse(graph, (graph.steps[0].name, graph.steps[-1].name)) if len(graph.steps) > 1 else graph


def _fuse(graph: Graph, group: Sequence[str]) -> Graph:
    places = {step.name: step.position for step in graph.steps}
    for name in group:
        if name not in places:
            raise InputError(
                f"there is no step {name!r}{nearest(name, places)}", hint=f"steps: {', '.join(places)}"
            )
    first, last = min(places[name] for name in group), max(places[name] for name in group)
    names = [step.name for step in graph.steps[first : last + 1]]
    if len(names) < 2:
        return graph
    kept = names[0]
    tags: dict[int, tuple[str, ...]] = {}
    for cell in graph.notebook.tagged:
        if cell.step:
            new = [_renamed(tag, names, kept) for tag in cell.tags]
            mine = cell.step in names
            new = [tag for tag in new if not (mine and tag == f"after:{kept}")]
            tags[cell.index] = tuple(dict.fromkeys(new))
    settings = dict(graph.notebook.settings)
    settings["steps"] = _settings(settings.get("steps"), names, kept)
    notebook = replace(retagged(graph.notebook, tags), settings=settings)
    return analyse(notebook, ())


def _renamed(tag: str, names: Sequence[str], kept: str) -> str:
    kind, colon, name = tag.partition(":")
    return f"{kind}:{kept}" if colon and kind in ("step", "after") and name in names else tag


def _settings(given: object, names: Sequence[str], kept: str) -> dict[str, Any]:
    """The settings of all steps, those of the group as one: the largest limits, the sum of the times."""
    steps: dict[str, Any] = dict(given) if isinstance(given, Mapping) else {}
    mine = [dict(steps.pop(name)) for name in names if isinstance(steps.get(name), Mapping)]
    whens = {str(one["when"]) for one in mine if "when" in one}
    if whens and (len(whens) > 1 or len(mine) < len(names)):
        raise InputError(
            f"steps {', '.join(names)} cannot be one: only some are executed when {sorted(whens)[0]!r}",
            hint="give all of them the same condition, or none",
        )
    merged: dict[str, Any] = {"when": whens.pop()} if whens else {}
    for key in _LARGEST:
        found = [one[key] for one in mine if key in one]
        if found:
            merged[key] = max(found, key=lambda value: value if isinstance(value, (int, float)) else 0)
    limits = [one["timeout"] for one in mine if "timeout" in one]
    if len(limits) == len(names):
        merged["timeout"] = sum(limits)
    return {**steps, **({kept: merged} if merged else {})}
