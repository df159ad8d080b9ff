"""The error budget of evaluation rows: what earlier comparisons have used of them, and what is left.

It follows the rows, not the bytes of a set: a row is known by what the champion sees of it, with its target.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from blake3 import blake3

from mlops_jlab.errors import MlopsError
from mlops_jlab.gates.intervals import share_of_budget
from mlops_jlab.gates.overtime import Night, Past
from mlops_jlab.gates.results import GateResult
from mlops_jlab.registry import rowdigests
from mlops_jlab.store import judgements, opening
from mlops_jlab.store.database import Connection
from mlops_jlab.store.location import Place

_WHOLLY = 0.1  # of the rows in common, from which a comparison counts as one on the same rows
_YEAR = 365 * 86_400.0  # seconds


@dataclass(frozen=True)
class Looks:
    """Hashes of the rows by the columns that they are known by: the champion's first; and what is compared.

    ``over_time`` are the metrics that are gathered from night to night.
    """

    hashes: Mapping[str, Any]
    comparison: str
    over_time: tuple[str, ...] = ()


def columns_digest(names: Sequence[str]) -> str:
    """What a choice of columns is known by."""
    return str(blake3("\0".join(names).encode()).hexdigest())[:32]


@dataclass(frozen=True)
class Spending:
    """What a comparison uses: its number on these rows, and what nights before have gathered."""

    hashes: Any
    evaluation: str
    comparison: str
    use: float
    past: Mapping[str, Past] = field(default_factory=dict)
    sketches: Mapping[str, tuple[bytes, int]] = field(default_factory=dict)
    sequences: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, place: Place, looks: Looks, model: str, champion: int, alpha: float) -> Spending:
        """Looks up what has been used of the rows."""
        with suppress(MlopsError), opening.reading(place) as connection:
            return cls.seen(connection, looks, model, champion, alpha)
        return cls.seen(None, looks, model, champion, alpha)

    @classmethod
    def seen(
        cls, connection: Connection | None, looks: Looks, model: str, champion: int, alpha: float
    ) -> Spending:
        """The same over a connection; without one nothing has been used."""
        first, hashes = next(iter(looks.hashes.items()))
        evaluation = str(blake3(np.sort(hashes).tobytes()).hexdigest())
        sketches = {columns: rowdigests.sketch(found) for columns, found in looks.hashes.items()}
        use, past = 1.0, {metric: _past([], hashes) for metric in looks.over_time}
        sequences = {
            metric: columns_digest([model, metric, str(champion), first]) for metric in looks.over_time
        }
        if connection is not None:
            earlier = judgements.used(connection, first, evaluation, looks.comparison)
            shares = (rowdigests.shared(sketches[first][0], other) for other in earlier)
            use += sum(min(1.0, share / _WHOLLY) for share in shares)
            for metric, sequence in sequences.items():
                found = _past(judgements.nights(connection, sequence, evaluation, looks.comparison), hashes)
                begun = judgements.sequences(connection, model, metric, time.time() - _YEAR, sequence)
                past[metric] = replace(found, alpha=share_of_budget(alpha, 1 + begun))
        return cls(hashes, evaluation, looks.comparison, use, past, sketches, sequences)

    def is_as(self, other: Spending) -> bool:
        """Whether as much has been used by now as when ``other`` was looked up."""
        nights = [[(len(p.nights), p.alpha) for p in one.past.values()] for one in (self, other)]
        return self.use == other.use and nights[0] == nights[1]

    def left(self, alpha: float) -> float:
        """What of the budget ``alpha`` of these rows later comparisons may still spend, all together."""
        whole = int(np.ceil(self.use))
        return alpha - sum(share_of_budget(alpha, use) for use in range(1, whole + 1))

    def used(self, result: GateResult) -> judgements.Used:
        """What is kept of it: the rows, and tonight's sums where they count."""
        metrics = {f"{metric} better over time": metric for metric in self.sequences}
        nights = [
            judgements.NightRow(self.sequences[metrics[rule.rule]], metrics[rule.rule], *rule.night,
                                self.past[metrics[rule.rule]].hashes)
            for rule in result.rules
            if rule.night is not None and rule.rule in metrics
        ]  # fmt: skip
        return judgements.Used(self.sketches, nights)


def _past(rows: Sequence[judgements.NightRow], hashes: Any) -> Past:
    before = [np.frombuffer(row.hashes, "<u8") for row in rows]
    known = np.concatenate(before) if before else np.zeros(0, "<u8")
    new = np.flatnonzero(~np.isin(hashes, known))
    told = np.unique(np.asarray(hashes)[new]).astype("<u8").tobytes()
    return Past([Night(row.gain, row.variance) for row in rows], new, hashes=told)
