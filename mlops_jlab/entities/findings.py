"""What a reader of the notebook should know before it runs: errors, hazards, notes."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class Severity(enum.Enum):
    """``ERROR`` stops; ``HAZARD`` is watched while running; ``NOTE`` is said once."""

    ERROR = "error"
    HAZARD = "hazard"
    NOTE = "note"


@dataclass(frozen=True)
class Fix:
    """A cure that a click can apply: the tags that some cells (by index) get."""

    title: str
    tags: tuple[tuple[int, tuple[str, ...]], ...]

    def as_json(self) -> dict[str, object]:
        """The fix as plain data, cells counted from 1."""
        return {"title": self.title, "tags": [{"cell": i + 1, "tags": list(tags)} for i, tags in self.tags]}


@dataclass(frozen=True)
class Finding:
    """One sentence about one place. ``cell`` is the index from 0, or -1 for the whole notebook."""

    severity: Severity
    code: str
    message: str
    hint: str = ""
    cell: int = -1
    cell_id: str = ""
    line: int = 0
    fixes: tuple[Fix, ...] = ()

    @property
    def where(self) -> str:
        """The place in words, counted as people count."""
        if self.cell < 0:
            return "notebook"
        return f"cell {self.cell + 1}" + (f", line {self.line}" if self.line else "")

    def as_json(self) -> dict[str, object]:
        """The finding as plain data, the cell counted from 1."""
        return {
            "severity": self.severity.value,
            "code": self.code,
            "message": self.message,
            "hint": self.hint,
            "cell": self.cell + 1,
            "cell_id": self.cell_id,
            "line": self.line,
            "fixes": [fix.as_json() for fix in self.fixes],
        }


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Without doubles: errors first, then by place."""
    rank = {severity: place for place, severity in enumerate(Severity)}
    return tuple(sorted(dict.fromkeys(findings), key=lambda f: (rank[f.severity], f.cell, f.line, f.code)))
