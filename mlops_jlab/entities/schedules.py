"""What a schedule is, and one time that it was due."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

CATCH_UP = ("once", "skip")
OUTCOMES = (
    "promoted", "kept", "not enough data", "finished", "failed", "missed", "running", "waiting"
)  # fmt: skip
EVENTS = ("failed", "refused", "promoted", "kept")


@dataclass(frozen=True)
class Schedule:
    """What is executed, when, and what happens then. Durations are seconds.

    ``cron`` is in the time zone ``tz``; ``every`` counts from when the schedule was made. ``on_data`` are
    files and folders whose change makes it due: files that have been left alone for ``settle`` seconds, whose
    names fit ``pattern``, in folders that have a file ``marker``. ``on_drift`` is a model, whose monitor
    makes it due. ``pin`` executes the export of the day it was made, not the notebook as it is now.
    ``promote`` is the alias that a version gets whose gate passed; with ``approve`` it becomes the
    challenger, and somebody else decides. ``gate`` are rules beside those of the notebook. ``keep`` is how
    many run folders stay. ``start`` and ``end`` are the first and the last day, as ``2026-11-24`` in the time
    zone; nothing is no limit.
    """

    name: str
    pipeline: str
    cron: str = ""
    tz: str = "UTC"
    every: float = 0.0
    on_data: tuple[str, ...] = ()
    settle: float = 2.0
    pattern: str = ""
    marker: str = ""
    on_drift: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    promote: str = ""
    approve: bool = False
    author: str = ""
    gate: tuple[str, ...] = ()
    pin: bool = False
    digest: str = ""  # of the notebook, when the schedule was made
    catch_up: str = "once"
    retries: int = 1
    backoff: float = 60.0
    timeout: float = 0.0
    keep: int = 30
    cooldown: float = 0.0
    alerts: tuple[str, ...] = ()
    alert_on: tuple[str, ...] = ("failed", "refused", "promoted")
    start: str = ""
    end: str = ""
    id: str = ""
    created: float = 0.0
    checked: float = 0.0
    paused: bool = False
    seen: str = ""

    @property
    def when(self) -> str:
        """When it is due, in words."""
        parts = [f"{self.cron} {self.tz}"] if self.cron else []
        parts += [f"every {in_words(self.every)}"] if self.every else []
        parts += [f"when {path} changes" for path in self.on_data]
        parts += [f"when {self.on_drift} drifts"] if self.on_drift else []
        parts += [f"from {self.start}"] if self.start else []
        parts += [f"until {self.end}"] if self.end else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Story:
    """One step of a firing: what was done, how it came out, and why. ``at`` is seconds since 1970."""

    step: str
    outcome: str
    why: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class Firing:
    """One time that a schedule was due. ``due`` is UTC, or what triggered it."""

    schedule: str
    due: str
    cause: str
    status: str
    attempt: int = 1
    started: float = 0.0
    ended: float | None = None
    folder: str = ""
    run: str = ""
    steps: tuple[Story, ...] = ()

    @property
    def why(self) -> str:
        """How it came out, in one line."""
        return next((step.why for step in reversed(self.steps) if step.step != "tell"), "")

    @property
    def outcome(self) -> str:
        """How it came out in a word, one of :data:`OUTCOMES`."""
        if self.status != "finished":
            return "missed" if self.status == "skipped" else self.status
        told = {(step.step, step.outcome) for step in self.steps}
        if ("promote", "done") in told:
            return "promoted"
        if ("gates", "not enough data") in told and ("gates", "fail") not in told:
            return "not enough data"
        return "kept" if any(step == "gates" for step, _ in told) else "finished"


def without_secrets(address: str) -> str:
    """An address for alerts as it may be shown: the service and the host."""
    scheme, sign, rest = address.partition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2].partition('/')[0].partition('?')[0]}"


def in_words(seconds: float) -> str:
    """A duration: ``6 h``, ``90 s``."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} s"
