"""What the beats of a service come to: latency, traffic, errors and saturation over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mlops_jlab.serving.pulse import Beat

_POINTS = 120  # of a course, at most
_NOW = 60.0  # seconds that count as now


@dataclass(frozen=True)
class Point:
    """What happened in the ``span`` (seconds) up to ``at``.

    ``median`` and ``p99`` are latencies in seconds, None where nobody was answered; ``a_second`` counts
    requests; ``failed`` and ``refused`` are shares of them; ``load`` is the share of one processor that the
    busiest process took; ``busy`` requests waited at the end.
    """

    at: float
    span: float
    requests: int
    median: float | None
    p99: float | None
    a_second: float
    failed: float
    refused: float
    load: float
    busy: int


def course(beats: Sequence[Beat], span: float) -> list[Point]:
    """The last ``span`` seconds before the newest beat, in equal steps, the oldest first."""
    if len(beats) < 2:
        return []
    end = beats[-1].at
    step = span / _POINTS
    chosen: list[Beat] = []
    places: list[int] = []
    for beat in beats:
        place = int((end - beat.at) // step)
        if place > _POINTS:
            continue
        if len(chosen) > 1 and places[-1] == place:
            chosen[-1] = beat
        else:
            chosen.append(beat)
            places.append(place)
    return [between(one, other) for one, other in pairwise(chosen) if other.at > one.at]


def newest(beats: Sequence[Beat]) -> Point | None:
    """What happened within the last minute; nothing before there are two beats."""
    if len(beats) < 2:
        return None
    last = beats[-1]
    earlier = [beat for beat in beats[:-1] if beat.at <= last.at - _NOW] or list(beats[:1])
    return between(earlier[-1], last) if last.at > earlier[-1].at else None


def between(one: Beat, other: Beat) -> Point:
    """What happened from one beat to a later one."""
    span = other.at - one.at
    failed, refused = max(0, other.failed - one.failed), max(0, other.refused - one.refused)
    requests = max(0, other.ok - one.ok) + failed + refused
    counts = {float(edge): n - one.seconds.get(edge, 0) for edge, n in other.seconds.items()}
    spent = [seconds - one.cpu.get(pid, 0.0) for pid, seconds in other.cpu.items()]
    return Point(
        other.at, span, requests, quantile(counts, 0.5), quantile(counts, 0.99), requests / span,
        failed / max(1, requests), refused / max(1, requests), max(0.0, *spent, 0.0) / span, other.busy,
    )  # fmt: skip


def quantile(counts: Mapping[float, int], share: float) -> float | None:
    """The value that a ``share`` lie below, of counts by upper edge; as if they lay evenly between edges.

    What lies above the last finite edge counts as that edge. None if there is nothing.
    """
    total = sum(max(0, count) for count in counts.values())
    if not total:
        return None
    wanted, below, low = share * total, 0, 0.0
    for edge in sorted(counts):
        count = max(0, counts[edge])
        if count and below + count >= wanted:
            return low if edge == float("inf") else low + (edge - low) * (wanted - below) / count
        below += count
        low = edge
    return low
