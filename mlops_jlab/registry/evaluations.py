"""What a version does beyond its metrics: evaluated on rows, and kept with its run and the version."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.evaluation import calibrating, dependence, fairness, losses, slicing
from mlops_jlab.evaluation.results import Bounded, Dependence, Evaluation, Fairness, Sliced
from mlops_jlab.gates.intervals import bounds
from mlops_jlab.gates.metrics import Predicted, Undefined
from mlops_jlab.masking import masked_all
from mlops_jlab.registry import modelfiles, permuting, references, represented, versions
from mlops_jlab.registry.evaluating import EvaluationRows, Taken, needs_positive
from mlops_jlab.registry.identity import identity
from mlops_jlab.store import artifacts, evaluated, opening
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import contents, lifecycle
from mlops_jlab.tracking.live import LiveRun

KIND = "evaluation"
_METRICS = ("accuracy", "balanced_accuracy", "roc_auc", "log_loss", "brier", "precision", "recall", "f1")
_METRICS_OF_NUMBERS = ("mae", "rmse", "r2")
_EXPLAINED = 6  # columns whose dependence is asked, those that count most
_REPEATS = 5

Groups = str | Sequence[str | Sequence[str]]


def evaluate(
    place: Place, model: Any, data: Any, target: Any, *, name: str = "", groups: Groups = (), unit: str = "",
    positive: Any = None, weights: Any = None, columns: Sequence[str] = (), alpha: float = 0.05,
    trust: bool = False,
) -> Evaluation:  # fmt: skip
    """Evaluates a model; see :func:`mlops_jlab.registry.fluent.evaluate`."""
    if not 0 < alpha < 0.5:
        raise InputError(f"alpha is {alpha}", hint="the chance that an interval misses, such as 0.05")
    loaded, version = _subject(place, model, name, trust=trust)
    rows = EvaluationRows(data, target, weights=weights, columns=columns)
    wanted = grouped(rows, groups)
    if not len(rows.truth):
        raise InputError("there are no rows to evaluate on", hint="give some with their target")
    if unit and unit not in rows.data.columns:
        raise InputError(f"the data has no column {unit!r}, the unit", hint="name the column")
    asked = _Asked(rows, loaded, version, _known(loaded, positive), unit, alpha)
    found = replace(asked.evaluation(wanted), data=_data(place, version, rows, wanted))
    return _kept(found, version)


def _subject(place: Place, model: Any, name: str, *, trust: bool) -> tuple[Any, ModelVersion | None]:
    """The fitted model, and the version that it is, if it is one."""
    if isinstance(model, str):
        model = versions.find(place, model)
    if isinstance(model, ModelVersion):
        return modelfiles.load(place, model, trust=trust), model
    content = identity(contents.model(model))
    same = [v for v in versions.all_versions(place, name) if v.about.get("content") == content]
    if name and not same:
        raise InputError(
            f"no version of {name!r} has this content", hint="register it first: register_model(model, NAME)"
        )
    return model, same[0] if same else None


def _known(model: Any, positive: Any) -> Any:
    """The class that is meant: on a command line the class 1 is written as text."""
    own = list(np.asarray(getattr(model, "classes_", ())).tolist())
    if isinstance(positive, str) and positive not in own:
        return next((one for one in own if str(one) == positive), positive)
    return positive


def grouped(rows: EvaluationRows, groups: Groups) -> dict[str, Any]:
    """A name of its group for each row, by column; of several columns together ``A × B``.

    Raises:
        InputError: the data has no such column.
    """
    found: dict[str, Any] = {}
    for wanted in [groups] if isinstance(groups, str) else groups:
        names = [wanted] if isinstance(wanted, str) else list(wanted)
        parts = [fairness.groups_of(rows.column(name, "a group").to_numpy()) for name in names]
        found[" × ".join(names)] = parts[0] if len(parts) == 1 else fairness.crossed(parts)
    return found


def _data(
    place: Place, version: ModelVersion | None, rows: EvaluationRows, groups: Mapping[str, Any]
) -> tuple[Mapping[str, Any], ...]:
    """Who is in the rows, beside what the version was fitted on, where that is known."""
    if version is None or not groups:
        return ()
    with suppress(MlopsError):  # it has no reference, or one that cannot be read
        reference = references.read(place, version)
        truth = rows.truth if set(np.unique(rows.truth)) <= {0, 1} else None
        there = [str(column) for column in rows.data.columns]
        found = [
            represented.beside(reference, name, rows.column(name, "a group").to_numpy(), rows.target, truth)
            for name in groups
            if name in there
        ]
        return tuple(one for one in found if one is not None)
    return ()


class _Asked:
    """One model, some rows, and everything that is asked of both."""

    def __init__(
        self, rows: EvaluationRows, model: Any, version: ModelVersion | None, positive: Any, unit: str,
        alpha: float,
    ) -> None:  # fmt: skip
        self._rows, self._model, self._version = rows, model, version
        self._positive, self._unit, self._alpha = positive, unit, alpha
        about = version.about if version is not None else {}
        self._taken = rows.taken_by(model, "the model", about.get("signature"))
        self._said = self._predicted(self._taken)
        self._units = rows.units(unit) if unit else None

    def _predicted(self, taken: Taken, places: Any = slice(None)) -> Predicted:
        return self._rows.predicted(self._model, taken, "the model", positive=self._positive, places=places)

    def evaluation(self, groups: Mapping[str, Any]) -> Evaluation:
        """All of it."""
        said, units, alpha = self._said, self._units, self._alpha
        if groups and needs_positive(said.classes, self._positive):
            raise InputError(
                f"which of {said.classes[0]!r} and {said.classes[1]!r} is the positive class is not known",
                hint=f"name it: positive={said.classes[1]!r}",
            )
        counted = self._importance()
        version = self._version
        return Evaluation(
            model=version.model if version else "", version=version.version if version else 0,
            rows=len(said.truth), unit=self._unit or "row", alpha=alpha, metrics=self._metrics(),
            fairness=self._fairness(groups), importance=counted, dependence=self._dependence(counted),
            calibration=calibrating.calibration(said, units, alpha), slices=self._slices(),
            losses=losses.of_reference(said, units, alpha),
            content=str(version.about.get("content", "")) if version else "",
            positive=str(said.classes[1]) if len(said.classes) == 2 else "",
        )  # fmt: skip

    def _metrics(self) -> dict[str, Bounded]:
        found: dict[str, Bounded] = {}
        one_sided = ("precision", "recall", "f1")
        unknown = needs_positive(self._said.classes, self._positive)
        for metric in _METRICS if self._said.is_classifier else _METRICS_OF_NUMBERS:
            if metric in one_sided and unknown:
                continue
            with suppress(Undefined):
                one, low, high, _units = bounds(metric, self._said, self._units, self._alpha / 2)
                found[metric] = Bounded(one.value, low, high)
        return found

    def _fairness(self, groups: Mapping[str, Any]) -> tuple[Fairness, ...]:
        found = (
            fairness.by_group(column, self._said, names, self._units, self._alpha)
            for column, names in groups.items()
        )
        return tuple(one for one in found if one is not None)

    def _importance(self) -> Mapping[str, Any] | None:
        said = self._said
        metric = "mae" if not said.is_classifier else "accuracy" if said.chances is None else "log_loss"
        return permuting.importance(metric, self._taken, said, self._predicted, self._units, repeats=_REPEATS)

    def _dependence(self, counted: Mapping[str, Any] | None) -> tuple[Dependence, ...]:
        if counted is None:
            return ()
        top = [name for name, loss, *_bounds in counted["features"][:_EXPLAINED] if loss > 0]
        places = [(self._taken.names.index(name), name) for name in top]
        count = len(self._said.truth)
        some = np.sort(np.random.default_rng(2).permutation(count)[: dependence.ROWS])
        whole = self._taken.rows
        part = whole.iloc[some] if hasattr(whole, "iloc") else whole[some]
        units = None if self._units is None else np.unique(self._units[some], return_inverse=True)[1]
        return dependence.of(
            places, part, lambda rows: self._predicted(Taken(rows, self._taken.names), some), units,
            self._alpha,
        )  # fmt: skip

    def _slices(self) -> Sliced | None:
        said = self._said
        kind, _scale, lost = losses.of(said, kind=losses.ERROR)
        if not said.is_classifier:
            lost = np.abs(np.asarray(said.labels, float) - np.asarray(said.truth, float))
        return slicing.find(self._rows.data, lost, self._units, self._alpha, kind)


def _kept(found: Evaluation, version: ModelVersion | None) -> Evaluation:
    """Keeps an evaluation with the active run, or one of its own, and with its version."""
    run = lifecycle.current()
    found = replace(found, at=time.time(), run=run.id if run is not None else "")
    if version is None:
        if run is not None:
            run.log_dict(masked_all(found.as_json()), "evaluation/model.json")
        return found
    own = run is None
    if run is None:
        run = lifecycle.start(
            name=f"evaluate-{version.model}", kind=KIND, activate=False, provenance=False,
            tags={"model": f"{version.model}/{version.version}"},
        )  # fmt: skip
        run.log_metrics({name: value.value for name, value in found.metrics.items()})
        found = replace(found, run=run.id)
    _write(run, found, version)
    if own:
        run.end()
        run.recorder.flush()
    return found


def _write(run: LiveRun, found: Evaluation, version: ModelVersion) -> None:
    content = json.dumps(masked_all(found.as_json()), ensure_ascii=False, indent=1).encode()
    run.log_content(content, f"evaluation/{version.model}-{version.version}.json")
    digest, _size = artifacts.put(run.recorder.place, [content])
    run.recorder.open_database()
    with opening.writing(run.recorder.place) as connection:
        evaluated.keep(
            connection, version.model, version.version, who=lifecycle.who(), run=run.id, report=digest,
            rows=found.rows,
        )  # fmt: skip
