"""A notebook as the pipeline sees it: cells with a role, in document order."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


class Role(enum.Enum):
    """What a cell is in the pipeline; ``NONE`` is a cell that is in no step."""

    STEP = "step"
    SETUP = "setup"
    PARAMETERS = "parameters"
    NONE = "none"
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Cell:
    """One cell. ``index`` counts all cells from 0; people are shown ``index + 1``."""

    index: int
    id: str
    source: str
    is_code: bool
    tags: tuple[str, ...] = ()
    role: Role = Role.NONE
    step: str = ""
    after: tuple[str, ...] = ()
    gate: bool = False

    @property
    def may_fail(self) -> bool:
        """Whether Run All goes on after an error in this cell."""
        return "raises-exception" in self.tags

    @property
    def in_pipeline(self) -> bool:
        """Whether Run All of the tagged cells runs this cell."""
        return self.is_code and self.role in (Role.STEP, Role.SETUP, Role.PARAMETERS)


@dataclass(frozen=True)
class Notebook:
    """A notebook that was read, checked and upgraded in memory; the file itself is untouched.

    ``settings`` is the notebook's metadata under ``mlops_jlab``; ``digest`` is the SHA-256 of the
    file's bytes, in hexadecimal.
    """

    path: Path
    cells: tuple[Cell, ...]
    kernel: str
    digest: str
    settings: Mapping[str, object] = field(default_factory=dict)
    repaired_ids: tuple[str, ...] = ()

    @property
    def tagged(self) -> tuple[Cell, ...]:
        """The code cells that are in the pipeline, in document order."""
        return tuple(sorted((cell for cell in self.cells if cell.in_pipeline), key=lambda cell: cell.index))
