"""Losses by unit: rows that hang together, such as those of a day, count as one.

A detector asks that each value has, given those before it, a mean of at most the limit. On a bad day no row
has. The means of days that do not depend on one another have: one value a day, judged when the next begins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_KNOWN = 10_000  # units whose later labels are still known to be late


@dataclass(frozen=True)
class Gathering:
    """The losses of the ``unit`` that is open: ``rows`` of them with their ``total``.

    ``closed`` are the units that were judged, the oldest first; ``late`` labels came for one of them, and do
    not count, as what was bet on it cannot be taken back.
    """

    unit: int = 0
    rows: int = 0
    total: float = 0.0
    closed: tuple[int, ...] = ()
    late: int = 0

    def after(self, losses: Iterable[tuple[int, float]]) -> tuple[Gathering, list[float]]:
        """What is gathered after more losses, each with the hash of its unit; and the means of closed units.

        Losses that come together are taken unit by unit, in the order in which the units appear.
        """
        parts: dict[int, tuple[int, float]] = {self.unit: (self.rows, self.total)} if self.rows else {}
        closed, late = dict.fromkeys(self.closed), self.late
        for unit, loss in losses:
            if unit in closed:
                late += 1
                continue
            rows, total = parts.get(unit, (0, 0.0))
            parts[unit] = rows + 1, total + loss
        if not parts:
            return Gathering(self.unit, 0, 0.0, self.closed, late), []
        *done, last = parts
        means = [parts[unit][1] / parts[unit][0] for unit in done]
        kept = (*self.closed, *done)[-_KNOWN:]
        return Gathering(last, *parts[last], kept, late), means
