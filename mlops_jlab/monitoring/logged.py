"""A window of a prediction log: what was asked, how it went, and how good it was, as far as is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError
from mlops_jlab.gates.metrics import Predicted
from mlops_jlab.monitoring import losses
from mlops_jlab.monitoring.losses import Loss
from mlops_jlab.predictions import judged, labels, logfolder, reading
from mlops_jlab.predictions.reading import Traffic
from mlops_jlab.profiles import chunks
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.registry import references


@dataclass(frozen=True)
class Service:
    """How a version served: rows and failures, rows a second, seconds of requests, and its quality."""

    answered: int
    failed: int
    a_second: float
    median: float
    p99: float
    versions: Mapping[int, int] = field(default_factory=dict)
    labelled: int = 0
    quality: tuple[Loss, ...] = ()

    def metrics(self) -> Iterator[tuple[str, float]]:
        """Its numbers by the names that a run has them under."""
        yield from (("service.rows", self.answered), ("service.failed", self.failed))
        yield from (("service.rows_a_second", self.a_second), ("service.median_ms", 1000 * self.median))
        yield from (("service.p99_ms", 1000 * self.p99), ("service.labelled", self.labelled))
        for one in self.quality:
            yield f"quality.{one.metric}", one.value

    def __str__(self) -> str:
        words = (
            f"{self.answered:,} rows answered, {self.failed:,} failed, {self.a_second:.3g} a second; median "
            f"{1000 * self.median:.2g} ms, 99 % within {1000 * self.p99:.2g} ms; {self.labelled:,} new labels"
        )
        for one in self.quality:
            words += f"; {one.metric} {one.value:.4g} ({one.low:.4g} to {one.high:.4g})"
        return words


@dataclass(frozen=True)
class Window:
    """The files that are new in a log: what they look like, and what they say of the service.

    ``seen`` are all files up to now with what they are known by; ``hidden`` columns are not in the log.
    """

    profile: Profile | None
    service: Service
    seen: Mapping[str, str]
    hidden: frozenset[str]
    loss: Loss | None = None


def window(folder: Path, version: ModelVersion, model: Any, before: Mapping[str, str]) -> Window | None:
    """What a log has that was not seen ``before``; nothing if no file with predictions is new.

    Raises:
        InputError: it is the log of another model.
    """
    settings = logfolder.read(folder)
    if settings.model != version.model:
        raise InputError(
            f"{folder} is the prediction log of {settings.model}",
            hint=f"monitor {settings.model} --data {folder}",
        )
    files = logfolder.whole_files(folder)
    seen = dict(_known([*files, *labels.label_files(folder)]))
    new = [path for path in files if before.get(path.name) != seen.get(path.name)]
    if not new:
        return None
    inputs = [name for name in references.inputs_of(version) if name not in settings.hidden]
    traffic = Traffic()
    asked = None if settings.hidden else model  # who lacks a column cannot be asked again
    frames = _frames(new, version, traffic)
    profile = chunks.gathered(references.profile_of(asked, frame, inputs) for frame in frames)
    fresh = [path for path in labels.label_files(folder) if before.get(path.name) != seen.get(path.name)]
    judged_rows = _judged(files, [*new, *fresh], version)
    service = _service(traffic, judged_rows, version)
    loss = losses.loss_of(judged_rows, version) if judged_rows is not None else None
    return Window(profile, service, seen, settings.hidden, loss)


def _known(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """Files that are whole are never changed: name and size are enough."""
    for path in paths:
        with suppress(FileNotFoundError):
            yield path.name, str(path.stat().st_size)


def _frames(paths: list[Path], version: ModelVersion, traffic: Traffic) -> Iterator[Any]:
    for frame in reading.frames_of(paths, version.version, traffic):
        said = [name for name in frame.columns if name.startswith(reading.PROBABILITY)]
        yield frame.drop(columns=[*said, *({reading.PREDICTION} & set(frame.columns))])


def _judged(files: list[Path], new: list[Path], version: ModelVersion) -> Predicted | None:
    """What was predicted of the rows whose labels are new, beside these."""
    found = {
        str(line[logfolder.ID]): line[logfolder.LABEL]
        for line in logfolder.lines(new)
        if line.get(logfolder.LABEL) is not None
    }
    said = reading.answers_of(files, version.version, found) if found else {}
    known = [name for name in found if name in said]
    if not known:
        return None
    truth, answers = [found[name] for name in known], [said[name] for name in known]
    return judged.predicted(truth, answers, judged.classes_of(version))


def _service(traffic: Traffic, predicted: Predicted | None, version: ModelVersion) -> Service:
    seconds = traffic.last - traffic.first
    quality: tuple[Loss, ...] = ()
    if predicted is not None:
        metrics = ("accuracy", "log_loss") if predicted.is_classifier else ("mae", "rmse")
        quality = tuple(filter(None, (losses.measure(name, predicted, version) for name in metrics)))
    return Service(
        traffic.answered, traffic.failed, traffic.answered / seconds if seconds > 0 else 0.0,
        traffic.latency(0.5), traffic.latency(0.99), traffic.versions,
        0 if predicted is None else len(predicted.truth), quality,
    )  # fmt: skip
