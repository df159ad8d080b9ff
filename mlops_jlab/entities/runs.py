"""What a run is: its id, its status, its process, and the values that it keeps."""

from __future__ import annotations

import enum
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from mlops_jlab.errors import InputError

_ID = re.compile("[0-9a-f]{32}")


def new_run_id() -> str:
    """An id that no run has. Whoever asks for a run draws it, so that the run is known before it begins."""
    return secrets.token_hex(16)


def checked_run_id(text: str) -> str:
    """``text``, if it is an id as :func:`new_run_id` draws them.

    Raises:
        InputError: it is none.
    """
    if not _ID.fullmatch(text):
        raise InputError(f"{text[:80]!r} is not a run's id", hint="it is 32 digits of 0-9 and a-f")
    return text


class RunStatus(enum.StrEnum):
    """Where a run stands. A pending one was asked for, and no process has begun to execute it.

    The last four are its end, which only ``resume`` takes back. A blocked one was stopped by a check of its
    data.
    """

    PENDING = "pending"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    KILLED = "killed"
    BLOCKED = "blocked"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is expected of the run."""
        return self not in (RunStatus.PENDING, RunStatus.RUNNING)


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
class Sample:
    """What the processes of a run took of the machine at one moment, in seconds since 1970.

    ``cpu`` is how many cores they kept busy since the sample before, ``memory`` their bytes. ``gpu``, from 0
    to 1, and ``gpu_memory`` in bytes are those of all graphics cards, whoever uses them; nothing without one.
    """

    at: float
    cpu: float
    memory: int
    gpu: float | None = None
    gpu_memory: int | None = None


@dataclass(frozen=True)
class Artifact:
    """A file of a run. ``digest`` is its BLAKE3 digest, ``size`` its bytes."""

    path: str
    digest: str
    size: int


@dataclass(frozen=True)
class EngineFacts:
    """What the engine notes about runs of pipelines and steps.

    ``folder`` is where the run of a pipeline or sweep lies, and ``begun`` what it shares with those that it
    goes on from there; ``cached`` the run or moment that a step's answer
    came from; ``skipped`` and ``ran_again`` why a step was skipped or executed once more.
    """

    folder: str = ""
    begun: str = ""
    cached: str = ""
    skipped: str = ""
    ran_again: str = ""


@dataclass(frozen=True)
class Automatic:
    """What was recorded without a line of code that asks for it: names of params, metrics and files."""

    params: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


AUTOMATIC = "automatic"  # the key of these among a run's facts
ENGINE = "engine"  # the key of these among a run's facts
DEFAULTS = "defaults"  # the key of parameters that a pipeline's run takes as they are declared
_ENGINE_FIELDS = tuple(one.name for one in fields(EngineFacts))


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
    attempt: int = 1  # 0: no process has taken the run over yet
    owner: ProcessIdentity | None = None
    heartbeat: float = 0.0
    deleted: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, MetricSummary] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def engine(self) -> EngineFacts:
        """What the engine noted about the run; nothing of it lies among the tags, which are the user's."""
        found = self.facts.get(ENGINE)
        found = found if isinstance(found, dict) else {}
        known = {name: found[name] for name in _ENGINE_FIELDS if isinstance(found.get(name), str)}
        return EngineFacts(**known)

    @property
    def taken(self) -> dict[str, str]:
        """Its params, with those of a pipeline's run that it takes as they are declared."""
        return {**self.facts.get(DEFAULTS, {}), **self.params}

    @property
    def automatic(self) -> Automatic:
        """What of the run was recorded by itself."""
        found = self.facts.get(AUTOMATIC)
        found = found if isinstance(found, dict) else {}
        return Automatic(*(tuple(map(str, found.get(one.name) or ())) for one in fields(Automatic)))


DEFAULT_EXPERIMENT = "default"
