"""A lineage for people: what something came of, step by step back, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from mlops_jlab.lineage.graph import Kind, Lineage, Node

_INTO = {"read": "read", "ran": "ran", "made": "made by", "part": "with", "answered": "answered by"}
_OUT = {"read": "read by", "ran": "ran in", "made": "made", "part": "part of", "answered": "answered"}


def as_text(found: Lineage) -> str:
    """The two directions from the root, each as a tree; what was shown before is not taken apart again."""
    root = found.nodes[found.root]
    lines = [told(root)]
    for title, walk in (("comes from", _back), ("went into", _on)):
        tree = list(_tree(found, root.id, walk, {root.id}, 1))
        if tree:
            lines += [f"  {title}", *tree]
    return "\n".join(lines)


_Walk = Callable[[Lineage, str], Iterator[tuple[str, Node]]]


def _back(found: Lineage, node: str) -> Iterator[tuple[str, Node]]:
    for edge in found.edges:
        if edge.target == node:
            yield _INTO[edge.how], found.nodes[edge.source]


def _on(found: Lineage, node: str) -> Iterator[tuple[str, Node]]:
    for edge in found.edges:
        if edge.source == node:
            yield _OUT[edge.how], found.nodes[edge.target]


def _tree(found: Lineage, node: str, walk: _Walk, seen: set[str], depth: int) -> Iterator[str]:
    for how, other in walk(found, node):
        yield f"{'  ' * (depth + 1)}{how} {told(other)}" + (" (above)" if other.id in seen else "")
        if other.id not in seen:
            seen.add(other.id)
            yield from _tree(found, other.id, walk, seen, depth + 1)


def told(node: Node) -> str:
    """A thing in one line."""
    about = node.about
    digest = str(about.get("digest") or about.get("hash") or "")[:12]
    if node.kind in (Kind.FILE, Kind.NOTEBOOK):
        parts = [str(about.get("path", "")), digest]
    elif node.kind is Kind.DATA:
        parts = [node.name, str(about.get("source", "")), digest]
    elif node.kind is Kind.CODE:
        perhaps = "" if about.get("dirty") is True else "perhaps "  # git could not tell
        parts = [node.name, f"{perhaps}with uncommitted changes" if about.get("dirty") else ""]
    elif node.kind is Kind.MODEL:
        parts = [node.name, ", ".join(about.get("aliases", ())), f"registered {_when(about.get('created'))}"]
    elif node.kind is Kind.PREDICTION:
        parts = [node.name, _when(about.get("_at"))]
    else:
        parts = [node.name, str(about.get("id", ""))[:8], _when(about.get("started")), *_run(about)]
    return f"{node.kind} {', '.join(part for part in parts if part)}"


def _run(about: Any) -> Iterator[str]:
    yield str(about.get("status", ""))
    cells = about.get("cells") or ()
    if cells:
        yield f"cells {' '.join(str(cell['id']) for cell in cells)}"
    if about.get("cached"):
        yield f"answer of {about['cached']}"


def _when(at: Any) -> str:
    if not isinstance(at, (int, float)):
        return str(at or "")
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"
