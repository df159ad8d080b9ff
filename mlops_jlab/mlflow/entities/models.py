"""Logged models: what a run has kept of a model, and what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from mlops_jlab.mlflow.entities.values import Metric


class LoggedModelStatus(StrEnum):
    """Whether all files of a logged model are there."""

    UNSPECIFIED = "UNSPECIFIED"
    PENDING = "PENDING"
    READY = "READY"
    FAILED = "FAILED"

    def to_int(self) -> int:
        """The number that MLflow's protocol has for it."""
        return list(LoggedModelStatus).index(self)


@dataclass(frozen=True)
class LoggedModelParameter:
    """A param of a logged model."""

    key: str
    value: str


@dataclass(frozen=True)
class LoggedModelTag:
    """A tag of a logged model."""

    key: str
    value: str


@dataclass(frozen=True)
class LoggedModelInput:
    """A logged model that a run has read."""

    model_id: str


@dataclass(frozen=True)
class LoggedModelOutput:
    """A logged model that a run has made, at which step of its training."""

    model_id: str
    step: int = 0


@dataclass(frozen=True)
class LoggedModel:
    """A model that was logged. Times are milliseconds since 1970."""

    experiment_id: str
    model_id: str
    name: str
    artifact_location: str
    creation_timestamp: int
    last_updated_timestamp: int
    model_type: str | None = None
    source_run_id: str | None = None
    status: LoggedModelStatus = LoggedModelStatus.READY
    tags: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    metrics: list[Metric] | None = None

    @property
    def model_uri(self) -> str:
        """Where ``load_model`` finds it."""
        return f"models:/{self.model_id}"

    def to_dictionary(self) -> dict[str, Any]:
        """All fields as a dict."""
        return {
            **vars(self),
            "status": str(self.status),
            "metrics": [vars(one) for one in self.metrics or ()],
        }
