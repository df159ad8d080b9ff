"""Steps, the edges between them, and what crosses each edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.notebooks import Cell, Notebook
from mlops_jlab.entities.parameters import Parameter


@dataclass(frozen=True)
class Edge:
    """``target`` runs after ``source``; ``names`` cross by handoff, ``reasons`` are mere order."""

    source: str
    target: str
    names: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class CarriedSource:
    """An import, function or class that travels as source text and is run again."""

    name: str
    text: str
    cell: int
    line: int
    values: frozenset[str] = frozenset()  # values that the text reads while it is run


@dataclass(frozen=True)
class Loop:
    """The loop over the list ``over`` that ends a step and whose rounds know nothing of each other.

    ``collects`` are collections that rounds only add to; ``sets`` are names that each round binds.
    """

    over: str
    collects: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One step of the pipeline; ``position`` is its place in the running order, from 0."""

    name: str
    position: int
    cells: tuple[Cell, ...]
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()  # handed on if it can travel
    carried: tuple[CarriedSource, ...] = ()
    reads_all: bool = False
    writes_any: bool = False
    watched: tuple[str, ...] = ()  # what steps below still read of this step's inputs
    seeds: tuple[str, ...] = ()  # generators that the step seeds before it draws
    hidden: tuple[str, ...] = ()  # settings and generators that its source changes
    setup_values: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()  # those that its answer may depend on
    surrounds: tuple[str, ...] = ()  # steps that this one's cells stand around
    only_continued: tuple[str, ...] = ()  # reasons why it cannot be made again from what was kept
    apart: tuple[str, ...] = ()  # steps above it in the document beside which it may run at once
    loop: Loop | None = None  # what it can be taken apart by
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """What a notebook means as a pipeline: steps in running order, edges, parameters, findings."""

    notebook: Notebook
    name: str
    steps: tuple[Step, ...]
    edges: tuple[Edge, ...]
    parameters: tuple[Parameter, ...]
    setup: tuple[Cell, ...]
    setup_values: tuple[str, ...] = ()
    setup_definitions: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop an export."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    def before(self, name: str) -> set[str]:
        """The steps that ``name`` waits for, directly."""
        return {edge.source for edge in self.edges if edge.target == name}


def find_cycle(edges: Iterable[Edge]) -> list[str]:
    """One cycle as a list that ends where it begins, or an empty list."""
    below: dict[str, list[str]] = {}
    for edge in edges:
        below.setdefault(edge.source, []).append(edge.target)
    state: dict[str, int] = {}
    for root in below:
        path: list[str] = []
        todo: list[tuple[str, bool]] = [(root, False)]
        while todo:
            step, leaving = todo.pop()
            if leaving:
                state[step] = 2
                path.pop()
            elif state.get(step, 0) == 0:
                state[step] = 1
                path.append(step)
                todo.append((step, True))
                todo.extend((other, False) for other in reversed(below.get(step, [])))
            elif state[step] == 1 and step in path:
                return [*path[path.index(step) :], step]
    return []
