"""The loss of a watched version: as labels come, against its evaluation; without them, an estimate."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jlab.drift.byunit import Gathering
from mlops_jlab.drift.edetector import Detector
from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError, MlopsError, nearest
from mlops_jlab.evaluation import estimating
from mlops_jlab.evaluation.results import Bounded
from mlops_jlab.gates.intervals import spread
from mlops_jlab.monitoring import labels as labelling
from mlops_jlab.monitoring.labels import Joined, Labels, Said
from mlops_jlab.monitoring.losses import Loss
from mlops_jlab.profiles import chunks
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.registry import references
from mlops_jlab.store import artifacts, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.monitored import WindowRow

FILE = "loss.json"
EVERY = 10_000.0  # labels between two false alarms, on average at least
_NORMAL = 1.96  # standard errors of an interval of 95 %
PATIENCE = 90 * 86_400.0  # seconds that a prediction waits for its label


@dataclass(frozen=True)
class LossFound:
    """What a look has found of the loss: of ``labels`` that came with it, and of all before.

    ``alarm`` is set where these labels gave one; then ``since`` says with how many labels (or units) before
    them the change began. ``waiting`` predictions have no label yet, ``given_up`` have waited too long.
    """

    kind: str = ""
    labels: int = 0
    mean: float | None = None
    error: float = 0.0  # the standard error of the mean
    detector: Detector | None = None
    unit: str = ""  # by which losses are judged; empty: row by row
    gathering: Gathering | None = None
    alarm: bool = False
    since: int = 0
    waiting: int = 0
    given_up: int = 0
    repeated: int = 0
    unknown: int = 0
    estimated: Mapping[str, Bounded] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @property
    def sentences(self) -> list[str]:
        """What there is to say, the alarm first."""
        found = []
        if self.detector is not None:
            what = f"units of {self.unit}" if self.unit else "labels"
            word = (
                f"the loss has risen: above {self.detector.limit:.4g} since about {self.since:,} {what} ago"
                if self.alarm
                else f"no alarm of the loss (evidence {self.detector.evidence:,.1f} of "
                f"{self.detector.every:,.0f})"
            )
            mean = "" if self.mean is None else f"; {self.kind} {self.mean:.4g} on {self.labels:,} new labels"
            found.append(word + mean)
            rest = {"wait for their label": self.waiting, "were given up": self.given_up}
            rest |= {"labels came again": self.repeated, "labels belong to no row": self.unknown}
            if self.gathering is not None:
                rest[f"labels came after their unit of {self.unit} was judged"] = self.gathering.late
            told = [f"{count:,} {what}" for what, count in rest.items() if count]
            found += ["; ".join(told)] if told else []
        if self.estimated:
            said = ", ".join(f"{name} {value}" for name, value in self.estimated.items())
            found.append(f"estimated without labels: {said}; {estimating.ASSUMES}")
        return found

    def as_metric(self, report: Mapping[str, Any]) -> Loss | None:
        """The mean loss of the new labels with an interval of 95 %, beside that of the evaluation."""
        if self.mean is None or self.detector is None:
            return None
        half, at_test = _NORMAL * self.error, float(report["losses"]["mean"]["value"])
        return Loss(self.kind, self.mean, self.mean - half, self.mean + half, self.labels, at_test,
                    self.detector.limit, self.alarm)  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Everything but the files, as JSON data."""
        estimated = {name: asdict(value) for name, value in self.estimated.items()}
        detector = None if self.detector is None else asdict(self.detector)
        names = "kind labels mean error alarm since waiting given_up repeated unknown".split()
        gathering = None if self.gathering is None else asdict(self.gathering)
        return {**{name: getattr(self, name) for name in names}, "detector": detector, "estimated": estimated,
                "unit": self.unit, "gathering": gathering,
                "assumes": estimating.ASSUMES if estimated else ""}  # fmt: skip


def look(
    place: Place, version: ModelVersion, model: Any, current: Profile | None, files: Sequence[Path],
    labels: Labels | None, arrived: Sequence[Path], past: Sequence[WindowRow], report: Mapping[str, Any], *,
    now: float, every: float,
) -> LossFound:  # fmt: skip
    """What new data (``files`` with the profile ``current``) and new labels (``arrived``) say of the loss.

    ``report`` is the newest evaluation of the version, or nothing.

    Raises:
        InputError: labels are asked for and the version was never evaluated, or a column is missing.
    """
    estimated = _estimated(model, current, report)
    reference = report.get("losses")
    if labels is None or (labels.source is None and not reference):
        return LossFound(estimated=estimated)
    if not reference:
        raise InputError(
            f"nothing is known of the loss of {version.title}",
            hint=f"evaluate it on rows that it was not fitted on: mlops-jlab models evaluate {version.model}/"
            f"{version.version} --data FILE --target COLUMN",
        )
    own = [one for one in past if one.version == version.version and one.run]
    joined, kept, counts = _joined(place, version, model, files, labels, arrived, own, now)
    classes = [] if not hasattr(model, "classes_") else np.asarray(model.classes_).tolist()
    costs = labelling.costs(joined, classes, reference)
    limit, apart = _limit(version, reference, report, labels.unit, every)
    before, gathering = _gathered(place, own, limit, apart, labels.unit)
    codes = None
    if labels.unit:
        codes = np.unique(joined.units, return_inverse=True)[1]
        gathering, units = gathering.after(zip(joined.units.tolist(), costs.tolist(), strict=True))
        after = before.after(units)
    else:
        after = before.after(costs.tolist())
    new = after.alarms[len(before.alarms) :]
    mean = float(costs.mean()) if len(costs) else None
    error = spread(costs - mean, codes).error if len(costs) > 1 else 0.0
    found = LossFound(
        kind=str(reference["kind"]), labels=len(costs), mean=mean,
        error=error if np.isfinite(error) else 0.0, detector=after, unit=labels.unit,
        gathering=gathering if labels.unit else None, alarm=bool(new),
        since=after.seen - new[0][1] + 1 if new else 0,
        waiting=counts["waiting"], given_up=counts["given_up"], repeated=joined.repeated,
        unknown=joined.unknown, estimated=estimated,
    )  # fmt: skip
    return replace(found, files={**kept, FILE: json.dumps(found.as_json(), ensure_ascii=False).encode()})


def _joined(
    place: Place, version: ModelVersion, model: Any, files: Sequence[Path], labels: Labels,
    arrived: Sequence[Path], past: Sequence[WindowRow], now: float,
) -> tuple[Joined, dict[str, bytes], dict[str, int]]:  # fmt: skip
    """The new labels with what was said of their rows, the files to keep, and who still waits."""
    if labels.source is None:
        return _with_their_rows(version, model, files, labels), {}, {"waiting": 0, "given_up": 0}
    said = labelling.together(
        labelling.said_of(model, version, frame, labels) for file in files for frame in chunks.of_file(file)
    )
    late = [one for one in past if now - one.at > PATIENCE]
    open_ = [one for one in past if now - one.at <= PATIENCE]
    pending = labelling.together([*_read(place, reversed(open_), labelling.PREDICTIONS), said])
    used = labelling.together(_read(place, past, labelling.LABELLED)).ids
    joined = labelling.join(labelling.labelled(arrived, labels), pending, used)
    gone = np.concatenate([used, joined.said.ids])
    old = labelling.together(_read(place, late, labelling.PREDICTIONS)).ids
    counts = {
        "waiting": int((~np.isin(pending.ids, gone)).sum()),
        "given_up": int((~np.isin(old, gone)).sum()),
    }
    kept = {}
    if len(said.ids):
        kept[labelling.PREDICTIONS] = said.as_bytes()
    if len(joined.said.ids):
        kept[labelling.LABELLED] = Said(joined.said.ids, np.empty((len(joined.said.ids), 0))).as_bytes()
    return joined, kept, counts


def _with_their_rows(version: ModelVersion, model: Any, files: Sequence[Path], labels: Labels) -> Joined:
    """Labels that stand in the data themselves."""
    values: list[Any] = []
    truths: list[Any] = []
    units: list[Any] = []
    for file in files:
        for frame in chunks.of_file(file):
            if labels.target not in frame.columns:
                raise InputError(
                    f"{file.name} has no column {labels.target!r}, the label", hint="--labels PATH"
                )
            if labels.unit and labels.unit not in frame.columns:
                near = nearest(labels.unit, [str(name) for name in frame.columns])
                raise InputError(f"{file.name} has no column {labels.unit!r}{near}", hint="--unit COLUMN")
            known = frame[frame[labels.target].notna()]
            if len(known):
                values.append(labelling.said_of(model, version, known, labels).values)
                truths.append(known[labels.target].to_numpy())
                units.append(labelling.units_of(known, labels))
    if not values:
        return Joined(Said(np.empty(0, np.uint64), np.empty((0, 1))), np.empty(0))
    said = np.concatenate(values)
    ids: Any = np.arange(len(said), dtype=np.uint64)
    return Joined(Said(ids, said), np.concatenate(truths), units=np.concatenate(units))


def _read(place: Place, windows: Any, path: str) -> Iterator[Said]:
    for content in _contents(place, windows, path):
        yield labelling.read(content)


def _contents(place: Place, windows: Any, path: str) -> Iterator[bytes]:
    """A file of each window's run, where it is still there."""
    for window in windows:
        with suppress(MlopsError), opening.reading(place) as connection:
            kept = reading.artifacts(connection, reading.find(connection, window.run))
            digest = next((file.digest for file in kept if file.path == path), "")
            if digest:
                yield artifacts.read(place, digest)


def _limit(
    version: ModelVersion, reference: Mapping[str, Any], report: Mapping[str, Any], unit: str, every: float
) -> tuple[float, float]:
    """The mean loss up to which nothing is wrong, and how many labels, or units, lie between false alarms.

    Raises:
        InputError: losses are to be judged by unit, and the evaluation was not.
    """
    if not unit:
        return float(reference["mean"]["high"]), every
    by_unit = reference.get("by_unit")
    if not by_unit or report.get("unit") != unit:
        raise InputError(
            f"the evaluation of {version.title} does not know units of {unit}",
            hint=f"evaluate it so: mlops-jlab models evaluate {version.model}/{version.version} "
            f"--data FILE --target COLUMN --unit {unit}",
        )
    return float(by_unit["high"]), max(1.0, every * reference["units"] / reference["rows"])


def _gathered(
    place: Place, past: Sequence[WindowRow], limit: float, every: float, unit: str
) -> tuple[Detector, Gathering]:
    """What was gathered up to the last window, as long as limit and unit are the same."""
    for content in _contents(place, past, FILE):
        found = json.loads(content)
        kept, open_ = found["detector"], found.get("gathering") or {}
        if kept and (kept["limit"], kept["every"], found.get("unit", "")) == (limit, every, unit):
            alarms = tuple((int(at), int(since)) for at, since in kept["alarms"])
            sums, rises = tuple(map(float, kept["sums"])), tuple(map(float, kept["rises"]))
            detector = Detector(
                limit, every, int(kept["seen"]), sums, rises, tuple(map(int, kept["since"])), alarms
            )
            return detector, Gathering(**{**open_, "closed": tuple(open_.get("closed", ()))})
        break
    return Detector(limit, every), Gathering()


def _estimated(model: Any, current: Profile | None, report: Mapping[str, Any]) -> dict[str, Bounded]:
    """How well it does on the new rows, going by its own probabilities; nothing where they say nothing."""
    calibration = report.get("calibration") or {}
    said = current.column(references.PREDICTION) if current is not None else None
    classes = [str(value) for value in np.asarray(getattr(model, "classes_", ())).tolist()]
    if said is None or len(classes) != 2 or not calibration.get("error") or report["positive"] not in classes:
        return {}
    chances = said.quantiles.values
    chances = chances if report["positive"] == classes[1] else 1 - chances
    return estimating.estimated(chances, said.quantiles.weights, calibration["curve"]) or {}
