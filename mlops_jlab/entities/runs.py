"""What a run is: its status, its process, and the values that it keeps."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class RunStatus(enum.StrEnum):
    """Where a run stands. The last three are its end, which only ``resume`` takes back."""

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected of the run."""
        return self in (RunStatus.FINISHED, RunStatus.FAILED, RunStatus.KILLED)


@dataclass(frozen=True)
class ProcessIdentity:
    """One process among all that ever were: a pid alone is used again."""

    pid: int
    started: str  # when, as the operating system counts
    boot: str
    host: str


@dataclass(frozen=True)
class MetricSummary:
    """The points of one metric of one run, in short. NaN is a value like any other, but no minimum."""

    latest: float
    iteration: int
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Point:
    """One value of a metric: ``at`` is seconds since 1970."""

    iteration: int
    value: float
    at: float


@dataclass(frozen=True)
class Artifact:
    """A file of a run. ``digest`` is its BLAKE3 digest, ``size`` its bytes."""

    path: str
    digest: str
    size: int


@dataclass(frozen=True)
class Run:
    """A run as the store has it. Times are seconds since 1970, durations seconds."""

    seq: int
    id: str
    name: str
    experiment: str
    status: RunStatus
    started: float
    ended: float | None = None
    duration: float | None = None
    reason: str = ""
    parent: str = ""
    group: str = ""
    kind: str = "script"
    source: str = ""
    user: str = ""
    note: str = ""
    attempt: int = 1
    owner: ProcessIdentity | None = None
    heartbeat: float = 0.0
    deleted: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, MetricSummary] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)


DEFAULT_EXPERIMENT = "default"
