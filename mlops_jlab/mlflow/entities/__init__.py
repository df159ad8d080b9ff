"""MLflow's entities, with its names for their fields: what the client and the fluent calls give.

Times are milliseconds since 1970.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypeVar

from mlops_jlab.mlflow.entities.model_registry import ModelVersion, RegisteredModel
from mlops_jlab.mlflow.entities.models import (
    LoggedModel,
    LoggedModelInput,
    LoggedModelOutput,
    LoggedModelParameter,
    LoggedModelStatus,
    LoggedModelTag,
)
from mlops_jlab.mlflow.entities.values import Metric, Param, RunTag

Entry = TypeVar("Entry")

__all__ = [
    "Dataset",
    "DatasetInput",
    "Experiment",
    "ExperimentTag",
    "FileInfo",
    "InputTag",
    "LifecycleStage",
    "LoggedModel",
    "LoggedModelInput",
    "LoggedModelOutput",
    "LoggedModelParameter",
    "LoggedModelStatus",
    "LoggedModelTag",
    "Metric",
    "ModelVersion",
    "PagedList",
    "Param",
    "RegisteredModel",
    "Run",
    "RunData",
    "RunInfo",
    "RunInputs",
    "RunOutputs",
    "RunStatus",
    "RunTag",
    "SourceType",
    "ViewType",
]


class PagedList(list[Entry]):
    """A page of results; ``token`` asks for the next one, and is None on the last."""

    def __init__(self, items: Sequence[Entry], token: str | None = None) -> None:
        super().__init__(items)
        self.token = token

    def to_list(self) -> list[Entry]:
        """The page as a plain list."""
        return list(self)


class LifecycleStage:
    """Whether something is there or deleted."""

    ACTIVE = "active"
    DELETED = "deleted"


class ViewType:
    """Which runs or experiments are looked for."""

    ACTIVE_ONLY, DELETED_ONLY, ALL = 1, 2, 3


class RunStatus(StrEnum):
    """The words for where a run stands."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"

    @staticmethod
    def to_string(status: str) -> str:
        """The word for a status."""
        return RunStatus(status).value

    @staticmethod
    def from_string(text: str) -> RunStatus:
        """The status that a word names."""
        return RunStatus(text)

    @staticmethod
    def is_terminated(status: str) -> bool:
        """Whether nothing more is expected of the run."""
        return status not in (RunStatus.RUNNING, RunStatus.SCHEDULED)


class SourceType(StrEnum):
    """What a run was started from."""

    NOTEBOOK = "NOTEBOOK"
    JOB = "JOB"
    PROJECT = "PROJECT"
    LOCAL = "LOCAL"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True)
class ExperimentTag:
    """A tag of an experiment."""

    key: str
    value: str


@dataclass(frozen=True)
class Experiment:
    """An experiment. The default one has the id ``0``."""

    experiment_id: str
    name: str
    artifact_location: str = ""
    lifecycle_stage: str = LifecycleStage.ACTIVE
    tags: dict[str, str] = field(default_factory=dict)
    creation_time: int | None = None
    last_update_time: int | None = None


@dataclass(frozen=True)
class FileInfo:
    """A file or folder among artifacts. A folder has no size."""

    path: str
    is_dir: bool
    file_size: int | None = None


@dataclass(frozen=True)
class InputTag:
    """A tag of a use of data; ``mlflow.data.context`` says what they were used for."""

    key: str
    value: str


@dataclass(frozen=True)
class Dataset:
    """What is known of data: where they come from, and a digest that tells them from others."""

    name: str
    digest: str
    source_type: str = ""
    source: str = ""
    schema: str | None = None
    profile: str | None = None

    def to_dictionary(self) -> dict[str, Any]:
        """The fields as a dict."""
        return dict(vars(self))


@dataclass(frozen=True)
class DatasetInput:
    """Data that a run has read."""

    dataset: Dataset
    tags: list[InputTag] = field(default_factory=list)

    def to_dictionary(self) -> dict[str, Any]:
        """The fields as a dict."""
        return {"dataset": self.dataset.to_dictionary(), "tags": {tag.key: tag.value for tag in self.tags}}


@dataclass(frozen=True)
class RunInfo:
    """Id, name, status and times of a run."""

    run_id: str
    experiment_id: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None = None
    lifecycle_stage: str = LifecycleStage.ACTIVE
    artifact_uri: str = ""
    run_name: str = ""

    @property
    def run_uuid(self) -> str:
        """The id, by its old name."""
        return self.run_id


@dataclass(frozen=True)
class RunData:
    """Latest metrics, params and tags of a run, each by name."""

    metrics: dict[str, float] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    points: tuple[Metric, ...] = ()  # the latest metrics with their time and step

    def to_dictionary(self) -> dict[str, Any]:
        """Metrics, params and tags as a dict."""
        return {"metrics": self.metrics, "params": self.params, "tags": self.tags}


@dataclass(frozen=True)
class RunInputs:
    """Data and models that a run has read."""

    dataset_inputs: list[DatasetInput] = field(default_factory=list)
    model_inputs: list[LoggedModelInput] = field(default_factory=list)

    def to_dictionary(self) -> dict[str, Any]:
        """The fields as a dict."""
        return {
            "dataset_inputs": [one.to_dictionary() for one in self.dataset_inputs],
            "model_inputs": [vars(one) for one in self.model_inputs],
        }


@dataclass(frozen=True)
class RunOutputs:
    """Models that a run has made."""

    model_outputs: list[LoggedModelOutput] = field(default_factory=list)

    def to_dictionary(self) -> dict[str, Any]:
        """The fields as a dict."""
        return {"model_outputs": [vars(one) for one in self.model_outputs]}


@dataclass(frozen=True)
class Run:
    """A run as it was when it was asked for."""

    info: RunInfo
    data: RunData = field(default_factory=RunData)
    inputs: RunInputs = field(default_factory=RunInputs)
    outputs: RunOutputs = field(default_factory=RunOutputs)

    @property
    def _info(self) -> RunInfo:
        return self.info

    def to_dictionary(self) -> dict[str, Any]:
        """All of the run as a dict."""
        return {
            "info": dict(vars(self.info)),
            "data": self.data.to_dictionary(),
            "inputs": self.inputs.to_dictionary(),
            "outputs": self.outputs.to_dictionary(),
        }
