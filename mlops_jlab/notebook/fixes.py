"""Cures of findings that are a change of tags: a click applies them."""

from __future__ import annotations

from collections.abc import Iterable

from mlops_jlab.entities.findings import Fix
from mlops_jlab.entities.notebooks import Cell

_ROLES = ("setup", "parameters")


def into_step(cell: Cell, step: str) -> Fix:
    """The cell becomes part of a step."""
    return Fix(f"Add cell {cell.index + 1} to step {step}", _tags(cell, f"step:{step}"))


def into_setup(cell: Cell) -> Fix:
    """The cell is put in front of every step."""
    return Fix(f"Make cell {cell.index + 1} setup", _tags(cell, "setup"))


def without(index: int, tags: Iterable[str], *gone: str) -> Fix:
    """Tags are taken off a cell."""
    left_out = frozenset(gone)
    kept = tuple(tag for tag in tags if tag not in left_out)
    return Fix(f"Remove {' and '.join(gone)}", ((index, kept),))


def instead(index: int, tags: Iterable[str], old: str, new: str) -> Fix:
    """A tag is replaced by another."""
    return Fix(f"Change {old} to {new}", ((index, tuple(new if tag == old else tag for tag in tags)),))


def _tags(cell: Cell, role: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
    others = (t for t in cell.tags if t not in _ROLES and not t.startswith("step:"))
    kept = others if role.startswith("step:") else (t for t in others if t != "gate" and t[:6] != "after:")
    return ((cell.index, (role, *kept)),)
