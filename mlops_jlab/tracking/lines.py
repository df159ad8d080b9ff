"""One line of a comparison of runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One thing that runs have, and its value in each (nothing where a run has none)."""

    kind: str
    name: str
    values: tuple[str | float | None, ...]

    @property
    def differs(self) -> bool:
        """Whether the runs do not agree. NaN agrees with NaN."""
        return len({repr(value) for value in self.values}) > 1
