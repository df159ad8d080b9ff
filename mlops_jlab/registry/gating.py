"""A gate in a cell: the challenger against the champion, on the same rows, with a verdict that is kept.

``from mlops_jlab import gate`` and ``gate.compare(...)``.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
from blake3 import blake3

from mlops_jlab.entities.models import CHAMPION, ModelVersion, check_model_name, parse_address
from mlops_jlab.errors import InputError, MlopsError, nearest
from mlops_jlab.gates.intervals import share_of_budget
from mlops_jlab.gates.judging import Evidence, Measured, judge, measured
from mlops_jlab.gates.metrics import Predicted
from mlops_jlab.gates.results import FAIL, GateResult, RuleResult
from mlops_jlab.gates.rules import MORE, Rule, parse, rule_of
from mlops_jlab.registry import cleanly, modelfiles, versions
from mlops_jlab.store import opening, registering
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import contents, starting
from mlops_jlab.tracking.live import LiveRun

__all__ = ["GateResult", "compare"]


def compare(
    model: Any, data: Any, target: str | Any, *, name: str, rules: str | Sequence[str | Rule],
    against: str = "", train: Any = None, alpha: float = 0.05, bootstrap: bool = False,
) -> GateResult:  # fmt: skip
    """Compares a fitted model with the champion of the registered model ``name``, and keeps the verdict.

    ``data`` is a DataFrame with the evaluation rows; ``target`` names its column with the truth, or is that
    column. ``rules`` are a rule a line. ``against`` is another version than ``name@champion``. ``train``
    are the rows that the model was fitted on, to find rows that are in both. ``alpha`` is the error budget
    of the evaluation set: each comparison on it spends a share. Where there is no champion yet, the first
    passes only with ``bootstrap``, and has to hold the rules that need none.

    Raises:
        InputError: a rule is none, columns are missing, or the champion cannot be loaded.
    """
    check_model_name(name)
    asked = [*parse(rules), *map(rule_of, filter(None, os.environ.get(MORE, "").splitlines()))]
    if not 0 < alpha < 0.5:
        raise InputError(f"alpha is {alpha}", hint="a chance to be wrong, such as 0.05")
    run = starting.current()
    place = run.recorder.place if run is not None else starting.recorder().place
    rows = _Rows(data, target)
    champion = _champion(place, against or f"{name}@{CHAMPION}")
    one = rows.predicted(model, "the challenger")
    other = None
    if champion is not None:
        other = rows.predicted(
            modelfiles.load(place, champion), f"the champion ({champion.title})", one.classes
        )
    evaluation, comparison = rows.digest(), _digest(one, other)
    use = 1 + _uses(place, evaluation, comparison)
    unit = next((rule.column for rule in asked if rule.kind == "unit"), "")
    evidence = Evidence(
        one, other, rows.columns(asked), rows.units(unit), unit or "row", _measure(asked, model, rows, train)
    )
    share = share_of_budget(alpha, use)
    verdict, found = judge(asked, evidence, share)
    facts = {"rows": len(rows.truth), "unit": unit or "row", "budget": alpha, "against": against or CHAMPION}
    if champion is None and not bootstrap:
        why = "there is no champion to compare with; the first one is accepted with bootstrap=True"
        verdict, found = FAIL, (RuleResult("champion", FAIL, why=why), *found)
    result = GateResult(
        name, verdict, found, champion.version if champion else 0, share, use, evaluation, comparison,
        facts | {"metrics": measured(asked, evidence, alpha)},
    )  # fmt: skip
    _keep(place, result, run)
    return result


def _champion(place: Place, address: str) -> ModelVersion | None:
    parsed = parse_address(address)
    if not opening.exists(place):
        return None
    with opening.reading(place) as connection:
        found = registering.versions(connection, parsed.model)
        if not any(parsed.alias in version.aliases for version in found) and parsed.alias:
            return None
        return registering.find(connection, parsed)


def _uses(place: Place, evaluation: str, comparison: str) -> int:
    with suppress(MlopsError), opening.reading(place) as connection:
        return registering.uses(connection, evaluation, comparison)
    return 0


def _keep(place: Place, result: GateResult, run: LiveRun | None) -> None:
    report = result.as_json()
    (run.recorder if run is not None else starting.recorder()).open_database()
    with opening.writing(place) as connection:
        whole = versions.whole_of(place, run) if run is not None else ""
        registering.keep_gate(connection, report, run=run.id if run is not None else "", whole=whole)
    if run is not None:
        run.log_dict(report, f"gate/{result.model}.json")
        run.set_tag(f"gate.{result.model}", result.verdict)


class _Rows:
    """The evaluation rows: what models take of them, and the truth."""

    def __init__(self, data: Any, target: str | Any) -> None:
        if not hasattr(data, "columns"):
            raise InputError(
                "the evaluation rows are no DataFrame", hint="pandas.DataFrame(rows, columns=...)"
            )
        if isinstance(target, str):
            if target not in data.columns:
                raise InputError(f"the data has no column {target!r}, the target", hint="name the column")
            truth, data = data[target], data.drop(columns=[target])
        else:
            truth = target
        if len(truth) != len(data):
            raise InputError(f"there are {len(data):,} rows and {len(truth):,} values of the target")
        self.data = data
        self.truth = np.asarray(truth)
        if self.truth.dtype.kind == "f" and np.isnan(self.truth).any():
            raise InputError(
                f"{int(np.isnan(self.truth).sum()):,} rows have no target", hint="leave rows without one out"
            )

    def taken_by(self, model: Any, whose: str) -> Any:
        """The columns that a model takes, in its order."""
        names = getattr(model, "feature_names_in_", None)
        if names is None:
            return self.data
        missing = [str(name) for name in names if name not in self.data.columns]
        if missing:
            raise InputError(
                f"{whose} takes columns that the data does not have: {', '.join(missing[:8])}",
                hint="evaluate on rows with all columns that both models take",
            )
        return self.data[list(names)]

    def predicted(self, model: Any, whose: str, classes: Sequence[Any] = ()) -> Predicted:
        """What a model says of the rows. ``classes`` are known already, where two models are compared."""
        taken = self.taken_by(model, whose)
        if not len(taken):
            return Predicted(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)), (0, 1))
        try:
            said = np.asarray(model.predict(taken))
            own = getattr(model, "classes_", None)
            chances = np.asarray(model.predict_proba(taken)) if hasattr(model, "predict_proba") else None
        except Exception as error:  # whatever a model's own code raises
            raise InputError(
                f"{whose} cannot predict the rows: {type(error).__name__}: {error}",
                hint="are there values that it has never seen, or none at all?",
            ) from error
        if own is None:
            return Predicted(np.asarray(self.truth, dtype=float), said.astype(float))
        known = list(classes) or sorted({*np.asarray(own).tolist(), *self.truth.tolist()}, key=_order)
        places = {value: place for place, value in enumerate(known)}
        if chances is not None:
            whole = np.zeros((len(said), len(known)))
            whole[:, [places[value] for value in np.asarray(own).tolist()]] = chances
            chances = whole
        return Predicted(_codes(self.truth, places), _codes(said, places), chances, tuple(known))

    def columns(self, rules: Sequence[Rule]) -> Mapping[str, Any]:
        """The columns that the rules name.

        Raises:
            InputError: the data does not have one of them.
        """
        known = {str(name): name for name in self.data.columns}
        for rule in rules:
            if rule.column and rule.column not in known:
                raise InputError(
                    f"{rule.text!r}: the data has no column {rule.column!r}{nearest(rule.column, known)}",
                    hint=f"columns: {', '.join(known)}"[:300],
                )
        return {rule.column: self.data[known[rule.column]].to_numpy() for rule in rules if rule.column}

    def units(self, column: str) -> Any:
        """A code for each row that says which rows hang together."""
        if not column:
            return None
        return np.unique(self.data[column].astype(str).to_numpy(), return_inverse=True)[1]

    def hashes(self, data: Any, truth: Any) -> Any:
        """A hash for each row with its target, of the columns that both have."""
        import pandas

        shared = sorted(set(map(str, data.columns)) & set(map(str, self.data.columns)))
        return pandas.util.hash_pandas_object(
            data[shared].assign(**{"~target": np.asarray(truth)}), index=False
        ).to_numpy()

    def digest(self) -> str:
        """What this evaluation set is known by, whatever the order of its rows."""
        return str(blake3(np.sort(self.hashes(self.data, self.truth)).tobytes()).hexdigest())


def _order(value: Any) -> tuple[str, Any]:
    return (type(value).__name__ if isinstance(value, str) else "", value)


def _codes(values: Any, places: Mapping[Any, int]) -> Any:
    return np.fromiter((places.get(value, 0) for value in np.asarray(values).tolist()), int, len(values))


def _digest(one: Predicted, other: Predicted | None) -> str:
    hasher = blake3()
    for predicted in (one, other):
        if predicted is not None:
            for part in (predicted.labels, predicted.chances):
                hasher.update(b"" if part is None else np.ascontiguousarray(part).tobytes())
    return str(hasher.hexdigest())


def _measure(rules: Sequence[Rule], model: Any, rows: _Rows, train: Any) -> Measured:
    kinds = {rule.kind for rule in rules}
    files = contents.model(model) if kinds & {"size", "loads"} else {}
    taken = rows.taken_by(model, "the challenger")
    return Measured(
        latency=_latency(model, taken) if "latency" in kinds and len(taken) else None,
        size=sum(map(len, files.values())) if "size" in kinds else None,
        overlap=_overlap(rows, train) if "overlap" in kinds and train is not None else None,
        loads=cleanly.problem(files, taken.head(100), model) if "loads" in kinds else None,
    )


def _latency(model: Any, rows: Any) -> float:
    one = rows.iloc[:1]
    times = []
    for _ in range(12):
        begun = time.perf_counter()
        model.predict(one)
        times.append(time.perf_counter() - begun)
    return statistics.median(times[2:])


def _overlap(rows: _Rows, train: Any) -> int:
    """How many evaluation rows, target included, are among the rows of training."""
    missing = [c for c in rows.data.columns if c not in train.columns]
    own = [name for name in train.columns if name not in rows.data.columns]
    truth = train[own[0]] if len(own) == 1 else None
    if truth is None:
        raise InputError(
            "train has to have the target beside the columns of the evaluation rows",
            hint=f"it has no: {', '.join(map(str, missing[:5]))}" if missing else "leave other columns out",
        )
    return int(np.isin(rows.hashes(rows.data, rows.truth), rows.hashes(train, truth)).sum())
