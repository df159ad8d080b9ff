"""What an experiment is: a name for runs that belong together, with tags of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Experiment:
    """An experiment as the store has it. Times are seconds since 1970."""

    id: int
    name: str
    created: float
    tags: Mapping[str, str] = field(default_factory=dict)
    deleted: float | None = None
