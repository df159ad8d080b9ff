"""What a prediction log says: the rows of a version, the traffic, and rows that have labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jlab.predictions import logfolder
from mlops_jlab.predictions.logfolder import ANSWER, AT, BESIDE, ERROR, ID, OWN, ROLE, SECONDS, VERSION

_ROWS = 50_000  # rows that are made a table of at once
PREDICTION = "prediction"
PROBABILITY = "probability "


@dataclass
class Traffic:
    """What was asked and how it went; ``seconds`` are those of each row's request."""

    answered: int = 0
    failed: int = 0
    first: float = 0.0
    last: float = 0.0
    versions: dict[int, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)

    def add(self, line: Mapping[str, Any]) -> None:
        """Counts one row."""
        moment = float(line.get(AT, 0.0))
        self.first = min(self.first or moment, moment)
        self.last = max(self.last, moment)
        if ERROR in line:
            self.failed += 1
            return
        self.answered += 1
        version = int(line.get(VERSION, 0))
        self.versions[version] = self.versions.get(version, 0) + 1
        self.seconds.append(float(line.get(SECONDS, 0.0)))

    def latency(self, share: float) -> float:
        """The seconds that a share of the rows did not exceed."""
        return float(np.quantile(self.seconds, share)) if self.seconds else 0.0


def frames_of(paths: Sequence[Path], version: int, traffic: Traffic) -> Iterator[Any]:
    """What a version was asked, as DataFrames; the traffic of all versions is counted on the way."""
    rows: list[dict[str, Any]] = []
    for line in logfolder.lines(paths):
        if line.get(ROLE) != ANSWER:
            continue
        traffic.add(line)
        if ERROR in line or line.get(VERSION) != version:
            continue
        rows.append({name: value for name, value in line.items() if name not in OWN})
        if len(rows) >= _ROWS:
            yield _frame(rows)
            rows = []
    if rows:
        yield _frame(rows)


def _frame(rows: list[dict[str, Any]]) -> Any:
    import pandas

    return pandas.DataFrame(rows)


@dataclass(frozen=True)
class Said:
    """What a version said of a row: its prediction, and the chance of each class where it is known."""

    prediction: Any
    chances: Mapping[str, float]


def _said(line: Mapping[str, Any]) -> Said:
    chances = {
        name.removeprefix(PROBABILITY): float(value)
        for name, value in line.items()
        if name.startswith(PROBABILITY) and value is not None
    }
    return Said(line.get(PREDICTION), chances)


def answers_of(paths: Sequence[Path], version: int, names: Mapping[str, Any]) -> dict[str, Said]:
    """What a version answered, of the ids in ``names``; of an id that was asked twice the first answer."""
    found: dict[str, Said] = {}
    for line in logfolder.lines(paths):
        name = str(line[ID])
        if name in names and name not in found and line.get(ROLE) == ANSWER and line.get(VERSION) == version:
            if ERROR not in line:
                found[name] = _said(line)
    return found


@dataclass(frozen=True)
class Both:
    """What a candidate and the version beside it said of one row, ``at`` when (seconds since 1970)."""

    own: Said
    other: Said
    at: float


def pairs_of(paths: Sequence[Path], candidate: int, names: Mapping[str, Any]) -> dict[str, Both]:
    """What a candidate said and what the version beside it said of the same row, by id.

    Either of them may be what was returned. Both are of one request: the first of an id that has both.
    """
    sides: dict[tuple[str, float], tuple[list[Said], list[Said]]] = {}
    for line in logfolder.lines(paths):
        name = str(line[ID])
        if name in names and line.get(ROLE) in (ANSWER, BESIDE) and ERROR not in line:
            moment = float(str(line.get(AT, 0)))
            found = sides.setdefault((name, moment), ([], []))
            found[line.get(VERSION) != candidate].append(_said(line))
    pairs: dict[str, Both] = {}
    for (name, moment), (own, other) in sorted(sides.items(), key=lambda one: one[0][1]):
        if len(own) == len(other) == 1:  # of more in one moment nobody knows which belong together
            pairs.setdefault(name, Both(own[0], other[0], moment))
    return pairs
