"""Metrics, params and tags, one by one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One value of a metric. ``timestamp`` is milliseconds since 1970."""

    key: str
    value: float
    timestamp: int = 0
    step: int = 0
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None


@dataclass(frozen=True)
class Param:
    """A param and its value, as a text."""

    key: str
    value: str


@dataclass(frozen=True)
class RunTag:
    """A tag of a run."""

    key: str
    value: str
