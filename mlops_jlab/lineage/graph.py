"""A lineage as a graph: what there is, and what went into what."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Kind(enum.StrEnum):
    """What a node stands for. ``DATA`` is registered, or known by its fingerprint alone."""

    FILE = "file"
    DATA = "data"
    NOTEBOOK = "notebook"
    CODE = "code"
    RUN = "run"
    STEP = "step"
    MODEL = "model"
    PREDICTION = "prediction"


@dataclass(frozen=True)
class Node:
    """One thing. ``id`` tells it from all others; ``about`` is what is known of it, as JSON data."""

    id: str
    kind: Kind
    name: str
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Edge:
    """``source`` went into ``target``; ``how`` is read, made, ran, part or answered."""

    source: str
    target: str
    how: str


@dataclass
class Lineage:
    """All that belongs to ``root``, each thing and each edge once."""

    root: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    edges: dict[Edge, None] = field(default_factory=dict)

    def add(self, node: Node) -> str:
        """Adds a node, if it is not there; its id."""
        self.nodes.setdefault(node.id, node)
        return node.id

    def link(self, source: str, target: str, how: str) -> None:
        """Adds an edge, if it is not there."""
        self.edges.setdefault(Edge(source, target, how))

    def into(self, node: str, how: str = "") -> list[Node]:
        """What went into a node."""
        return [self.nodes[e.source] for e in self.edges if e.target == node and how in ("", e.how)]

    def out_of(self, node: str, how: str = "") -> list[Node]:
        """What a node went into."""
        return [self.nodes[e.target] for e in self.edges if e.source == node and how in ("", e.how)]

    def of(self, *kinds: Kind) -> list[Node]:
        """The nodes of some kinds, in the order in which they were found."""
        return [node for node in self.nodes.values() if node.kind in kinds]

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON data."""
        return {
            "root": self.root,
            "nodes": [
                {"id": node.id, "kind": str(node.kind), "name": node.name, "about": dict(node.about)}
                for node in self.nodes.values()
            ],
            "edges": [{"source": e.source, "target": e.target, "how": e.how} for e in self.edges],
        }
