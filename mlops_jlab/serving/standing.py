"""How a candidate stands beside the version that is served: judged at any time, by the mathematics of gates.

Where labels have come, the losses of both on the same rows are evidence, gathered as for ``better over
time``; where not, what can be seen without them: who fails, who is slower, how often they disagree.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.gates import intervals, overtime
from mlops_jlab.gates.betting import stake
from mlops_jlab.gates.metrics import Undefined
from mlops_jlab.gates.overtime import Night
from mlops_jlab.predictions import judged, labels, logfolder, reading
from mlops_jlab.predictions.reading import Said
from mlops_jlab.serving import trials

WORSE, BETTER, GOES_ON = "worse", "better", "goes on"
_REASONS = 4  # among which the error that may be made is shared
_NIGHT = 50  # rows with labels that count as one night
_MORE_OFTEN_THAN_NOT = 0.5
DISAGREEMENT = 0.5  # the share of requests with other answers that is borne, unless it is said otherwise


@dataclass(frozen=True)
class Finding:
    """One thing that was compared: ``evidence`` decides from ``wanted`` on."""

    what: str
    why: str
    evidence: float
    wanted: float

    @property
    def decides(self) -> bool:
        """Whether it is shown."""
        return self.evidence >= self.wanted


@dataclass(frozen=True)
class Standing:
    """How a candidate stands: ``verdict`` is worse, better or goes on, for the reason ``why``."""

    verdict: str
    why: str
    pairs: int
    labelled: int
    findings: Sequence[Finding] = field(default_factory=tuple)


def standing(
    events: Mapping[str, int], nights: Sequence[Night], labelled: int, alpha: float, disagreement: float
) -> Standing:
    """The standing after so many events of each kind, and after these nights with labels."""
    wanted = _REASONS / alpha
    found = [*_seen(events, disagreement, wanted)]
    lost, won = 0.0, 0.0
    if nights:
        lost = overtime.evidence([Night(-one.gain, one.variance) for one in nights], alpha / _REASONS)
        won = overtime.evidence(nights, alpha / _REASONS)
        gain = sum(one.gain for one in nights) / max(1, labelled)
        why = f"it loses {-gain:.4g} more on each of {labelled:,} rows with labels"
        found.append(Finding("loss", why, lost, wanted))
    pairs = events.get(trials.PAIRS, 0)
    for one in found:
        if one.decides:
            return Standing(WORSE, f"{one.what}: {one.why}", pairs, labelled, tuple(found))
    if won >= wanted:
        better = Finding("loss", f"it loses less on {labelled:,} rows with labels", won, wanted)
        return Standing(BETTER, better.why, pairs, labelled, (*found, better))
    return Standing(GOES_ON, "nothing is shown yet", pairs, labelled, tuple(found))


def _seen(events: Mapping[str, int], disagreement: float, wanted: float) -> Iterator[Finding]:
    pairs = events.get(trials.PAIRS, 0)
    own, other = events.get(trials.ONLY_CANDIDATE, 0), events.get(trials.ONLY_OTHER, 0)
    answered = pairs - own - other
    slower, disagreed = events.get(trials.SLOWER, 0), events.get(trials.DISAGREED, 0)
    yield Finding(
        "errors", f"it alone fails on {own:,} of {pairs:,} requests, the other alone on {other:,}",
        stake(own, own + other, _MORE_OFTEN_THAN_NOT), wanted,
    )  # fmt: skip
    yield Finding(
        "latency", f"it takes more than twice as long for {slower:,} of {answered:,} requests",
        stake(slower, answered, _MORE_OFTEN_THAN_NOT), wanted,
    )  # fmt: skip
    yield Finding(
        "disagreement",
        f"it says something else for {disagreed:,} of {answered:,} requests; {disagreement:.0%} are borne",
        stake(disagreed, answered, disagreement), wanted,
    )  # fmt: skip


def nights_of(folder: Path, candidate: ModelVersion) -> tuple[list[Night], int]:
    """What rows with labels have shown, in the order in which both were there; and how many there are.

    The first label of a row counts here: what was bet on it cannot be taken back. Nor does an answer that
    comes after its label take a place among rows that were bet on before.
    """
    known: dict[str, tuple[float, Any]] = {}
    for name, moment, value in labels.entries(folder):
        known.setdefault(name, (moment, value))
    pairs = reading.pairs_of(logfolder.all_files(folder), candidate.version, known)
    there = sorted((name for name in known if name in pairs), key=lambda n: max(known[n][0], pairs[n].at))
    rows = [(known[name][1], pairs[name].own, pairs[name].other) for name in there]
    classes = judged.classes_of(candidate)
    nights: list[Night] = []
    start = 0
    while start + _NIGHT <= len(rows):
        end = start + _NIGHT
        night = _night(rows[start:end], classes)
        while night is None and end + _NIGHT <= len(rows):  # too few of them tell the two apart
            end += _NIGHT
            night = _night(rows[start:end], classes)
        if night is not None:
            nights.append(night)
        start = end
    return nights, len(rows)


def _night(rows: Sequence[tuple[Any, Said, Said]], classes: Sequence[Any] | None) -> Night | None:
    truth = [row[0] for row in rows]
    own, other = (judged.predicted(truth, [row[place] for row in rows], classes) for place in (1, 2))
    if own is None or other is None:
        return None
    metric = "mae"
    if own.is_classifier:
        metric = "log_loss" if own.chances is not None and other.chances is not None else "accuracy"
    with suppress(Undefined):
        found = intervals.difference(metric, own, other, None, 0.05)
        return overtime.night_of(found, len(rows))
    return None


def as_json(found: Standing) -> str:
    """A standing for programs; a number that JSON does not have is the largest one."""
    return json.dumps({
        "verdict": found.verdict, "why": found.why, "pairs": found.pairs, "labelled": found.labelled,
        "findings": [
            {"what": one.what, "why": one.why, "evidence": min(one.evidence, 1e300), "wanted": one.wanted}
            for one in found.findings
        ],
    })  # fmt: skip
