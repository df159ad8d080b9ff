"""A gate in a cell: the challenger against the champion, on the same rows, with a verdict that is kept.

``from mlops_jlab import gate`` and ``gate.compare(...)``.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from blake3 import blake3

from mlops_jlab.entities.models import CHAMPION, ModelVersion, check_model_name, parse_address
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.gates.intervals import share_of_budget
from mlops_jlab.gates.judging import Evidence, judge, measured, usual
from mlops_jlab.gates.metrics import Metric, Predicted
from mlops_jlab.gates.results import FAIL, GateResult, RuleResult
from mlops_jlab.gates.rules import METRICS, MORE, Rule, parse, rule_of
from mlops_jlab.masking import masked_all
from mlops_jlab.registry import measuring, modelfiles, permuting, spending, versions
from mlops_jlab.registry.evaluating import EvaluationRows, Taken, check_positive
from mlops_jlab.registry.identity import identity
from mlops_jlab.store import auditing, database, judgements, opening, registering
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import contents, lifecycle
from mlops_jlab.tracking.live import LiveRun

__all__ = ["GateResult", "Metric", "compare"]

_PROCESS: list[str] = []  # what comparisons of this process that belong to no run are known by


@dataclass(frozen=True)
class _Subject:
    """The model that is judged, and what it is known by."""

    model: Any
    files: Mapping[str, bytes]
    content: str
    version: ModelVersion | None


def compare(
    model: Any, data: Any, target: str | Any, *, name: str, rules: str | Sequence[str | Rule],
    against: str = "", train: Any = None, alpha: float = 0.05, bootstrap: bool = False, positive: Any = None,
    sample_weight: str | Any = None, metrics: Mapping[str, Metric | Callable[..., Any]] | None = None,
    columns: Sequence[str] = (), importance: bool = True,
) -> GateResult:  # fmt: skip
    """Compares a fitted model with the champion of the registered model ``name``, and keeps the verdict.

    ``model`` is a fitted model, or a registered version (or its address). The verdict belongs to exactly this
    model: a version with other content is not judged by it.

    ``data`` is a DataFrame with the evaluation rows; ``target`` names its column with the truth, or is that
    column. ``rules`` are a rule a line. ``against`` is another version than ``name@champion``. ``train``
    are the rows that the model was fitted on, to find rows that are in both. ``alpha`` is the error budget
    of the evaluation rows: each comparison on them spends a share. Where there is no champion yet, the first
    passes only with ``bootstrap``, and has to hold the rules that need none.

    ``positive`` is the positive one of two classes. ``sample_weight`` names a column with weights, or is
    one. ``metrics`` are metrics of your own by name: a function ``(truth, said, chances)`` that gives one
    value a row, or one number; ``gate.Metric(function, higher=False)`` where less is better. ``columns`` are
    those that models take which were fitted on plain arrays, in their order. ``importance`` adds to the
    report what the model loses when a column is shuffled, which takes ten seconds at most.

    Raises:
        InputError: a rule is none, the rows or predictions cannot be judged, or the champion not loaded.
    """
    check_model_name(name)
    _check(rules, metrics or {})
    for keyword, given in (("bootstrap", bootstrap), ("importance", importance)):
        if not isinstance(given, bool):
            raise InputError(f"{keyword}={given!r:.50} is neither True nor False")
    custom = {key: one if isinstance(one, Metric) else Metric(one) for key, one in (metrics or {}).items()}
    more = filter(None, os.environ.get(MORE, "").splitlines())
    asked = [*parse(rules, custom), *(rule_of(line, custom) for line in more)]
    if not isinstance(alpha, (int, float)) or not 0 < alpha < 0.5:
        raise InputError(f"alpha is {alpha}", hint="a chance to be wrong, such as 0.05")
    run = lifecycle.current()
    place = run.recorder.place if run is not None else lifecycle.recorder().place
    subject = _subject(place, model, name)
    rows = EvaluationRows(data, target, weights=sample_weight, columns=columns)
    champion = _champion(place, against or f"{name}@{CHAMPION}", name)
    comparison = _Comparison(rows, asked, positive, custom)
    comparison.ask(subject, champion, place)
    found = measuring.measure(asked, subject.model, subject.files, rows, comparison.taken, train)
    facts: dict[str, Any] = {"against": against or CHAMPION}
    if importance and (counted := comparison.importance(subject.model)) is not None:
        facts["importance"] = counted
    known = (comparison.looks(), name, champion.version if champion else 0, alpha)

    def judged(spent: spending.Spending) -> GateResult:
        result = _judged(comparison, subject, champion, spent, found, name, alpha)
        result = replace(result, facts={**result.facts, **facts})
        result = replace(result, gate=_gate(asked, result, against, comparison.one.classes, train))
        return result if champion is not None or bootstrap else _without_champion(result)

    return _settled(place, run, known, judged)


def _settled(
    place: Place, run: LiveRun | None, known: tuple[spending.Looks, str, int, float],
    judged: Callable[[spending.Spending], GateResult],
) -> GateResult:  # fmt: skip
    """The verdict by what of the rows is used when it is kept: others may judge on them meanwhile."""
    spent = spending.Spending.of(place, *known)
    while True:
        result = judged(spent)
        now = _keep(place, result, run, spent, lambda connection: spending.Spending.seen(connection, *known))
        if now is spent:
            return result
        spent = now


def _without_champion(result: GateResult) -> GateResult:
    why = "there is no champion to compare with; the first one is accepted with bootstrap=True"
    return replace(result, verdict=FAIL, rules=(RuleResult("champion", FAIL, why=why), *result.rules))


def _check(rules: Any, metrics: Any) -> None:
    if not isinstance(rules, str) and not (
        isinstance(rules, Sequence) and all(isinstance(line, (str, Rule)) for line in rules)
    ):
        raise InputError(f"the rules are {rules!r:.50}", hint="write a rule a line, such as: roc_auc better")
    if not isinstance(metrics, Mapping):
        raise InputError(f"the metrics are {metrics!r:.50}", hint='metrics={"profit": function}')
    for key, metric in metrics.items():
        if key in METRICS:
            raise InputError(f"the metric {key!r} would hide the gate's own", hint="give it another name")
        if not (callable(metric) or isinstance(metric, Metric)):
            raise InputError(
                f"the metric {key!r} is {metric!r:.50}", hint="a function (truth, said, chances)"
            )


def _subject(place: Place, model: Any, name: str) -> _Subject:
    if isinstance(model, str):
        model = versions.find(place, model)
    version = model if isinstance(model, ModelVersion) else None
    if version is not None and version.model != name:
        raise InputError(f"{version.title} is not a version of {name}", hint=f"name={version.model!r}")
    if version is not None:
        loaded = modelfiles.load(place, version)
        return _Subject(loaded, contents.model(loaded), str(version.about.get("content", "")), version)
    files = contents.model(model)
    content = identity(files)
    same = [v for v in versions.all_versions(place, name) if v.about.get("content") == content]
    return _Subject(model, files, content, same[0] if same else None)


class _Comparison:
    """Both models' predictions of the same rows."""

    def __init__(
        self, rows: EvaluationRows, rules: Sequence[Rule], positive: Any, custom: Mapping[str, Metric]
    ) -> None:
        self.rows, self.rules = rows, rules
        self._positive, self._custom = positive, custom
        self.one: Predicted
        self.other: Predicted | None = None
        self.taken: Taken
        self.seen: list[tuple[str, ...]] = []

    def ask(self, subject: _Subject, champion: ModelVersion | None, place: Place) -> None:
        """Lets both predict."""
        about = subject.version.about if subject.version else {}
        self.columns = self.rows.columns(self.rules)
        self.taken = self.rows.taken_by(subject.model, "the challenger", about.get("signature"))
        self.one = self._predicted(subject.model, self.taken, "the challenger", ())
        check_positive(self.one.classes, self._positive, self.rules)
        self.seen = [self.taken.names]
        if champion is not None:
            whose = f"the champion ({champion.title})"
            loaded = modelfiles.load(place, champion)
            taken = self.rows.taken_by(loaded, whose, champion.about.get("signature"))
            self.other = self._predicted(loaded, taken, whose, self.one.classes)
            if self.other.is_classifier != self.one.is_classifier:
                raise InputError(
                    "one of challenger and champion is a classifier, the other is not",
                    hint="compare models of one kind",
                )
            self.seen.insert(0, taken.names)

    def importance(self, model: Any) -> Mapping[str, Any] | None:
        """What the challenger loses by each column, in the first metric that the rules name."""
        named = (rule.metric for rule in self.rules if rule.metric and rule.metric not in self._custom)
        unit = next((rule.column for rule in self.rules if rule.kind == "unit"), "")

        def predicts(taken: Taken, places: Any) -> Predicted:
            return self._predicted(model, taken, "the challenger", self.one.classes, places)

        units = self.rows.units(unit) if unit else None
        return permuting.importance(next(named, usual(self.one)), self.taken, self.one, predicts, units)

    def _predicted(
        self, model: Any, taken: Taken, whose: str, classes: Sequence[Any], places: Any = slice(None)
    ) -> Predicted:
        return self.rows.predicted(
            model, taken, whose, positive=self._positive, classes=classes, custom=self._custom, places=places
        )

    def looks(self) -> spending.Looks:
        """What of the rows is used up: what they are by the champion's columns, and by the challenger's."""
        marked = [rule.column for rule in self.rules if rule.kind in ("id", "unit")]
        hashes = {
            spending.columns_digest([*sorted(set(seen)), "~", *marked]): self.rows.hashes(seen, self.rules)
            for seen in dict.fromkeys(self.seen)
        }
        over_time = [rule.metric for rule in self.rules if rule.kind == "over time"]
        return spending.Looks(hashes, _digest(self.one, self.other), tuple(over_time))

    def evidence(self, found: measuring.Measured, spent: spending.Spending) -> tuple[Evidence, int]:
        """All that is judged; and how many rows are equal to another one."""
        unit = next((rule.column for rule in self.rules if rule.kind == "unit"), "")
        places = np.unique(spent.hashes, return_inverse=True)[1]
        equal = len(places) - (int(places.max()) + 1 if len(places) else 0)
        units = self.rows.units(unit) if unit else places if equal else None
        groups = self.rows.units(unit) if unit else None
        one = replace(self.one, groups=groups)
        other = replace(self.other, groups=groups) if self.other is not None else None
        return Evidence(one, other, self.columns, units, unit or "row", found, spent.past), equal


def _judged(
    comparison: _Comparison, subject: _Subject, champion: ModelVersion | None, spent: spending.Spending,
    found: measuring.Measured, name: str, alpha: float,
) -> GateResult:  # fmt: skip
    evidence, equal = comparison.evidence(found, spent)
    share = share_of_budget(alpha, spent.use)
    verdict, results = judge(comparison.rules, evidence, share)
    facts = {
        "rows": len(comparison.rows.truth), "unit": evidence.unit, "budget": alpha, "left": spent.left(alpha),
        "equal rows": equal, "metrics": measured(comparison.rules, evidence, alpha),
    }  # fmt: skip
    return GateResult(
        name, verdict, results, champion.version if champion else 0, share, spent.use, spent.evaluation,
        spent.comparison, facts, subject.content, subject.version.version if subject.version else 0,
    )  # fmt: skip


def _champion(place: Place, address: str, name: str) -> ModelVersion | None:
    """What is compared with; None while nothing has the alias yet. Another model than ``name`` is there.

    A version that the alias was taken away from last is still the one to beat, if it was not deleted.
    """
    parsed = parse_address(address)
    if not opening.exists(place) and parsed.model == name:
        return None
    with opening.reading(place) as connection:
        found = registering.versions(connection, parsed.model)
        if not found and parsed.model != name:
            near = nearest(parsed.model, registering.names(connection))
            raise InputError(f"there is no model {parsed.model!r} to compare with{near}", hint="against=")
        if not parsed.alias:
            return registering.find(connection, parsed)
        champion = registering.standing_at(connection, parsed.model, parsed.alias)
    if champion is None and parsed.model != name:
        raise InputError(f"no version of {parsed.model} is its {parsed.alias}", hint="against=")
    return champion


def _gate(rules: Sequence[Rule], result: GateResult, against: str, classes: Sequence[Any], train: Any) -> str:
    """What a gate is known by within a run: the same rules on the same rows, against the same alias.

    One with another target, weights, positive class, rows of training or budget, or with another metric under
    the same name, is another gate, which has to pass as well: it finds other values of the challenger.
    """
    values = {
        name: [f"{value:.9g}" for value in found]
        for name, found in sorted(result.facts["metrics"].get("challenger", {}).items())
    }
    trained = contents.fingerprint(train)["hash"] if train is not None else ""
    lines = [*sorted(rule.text for rule in rules), "", result.evaluation, against or CHAMPION]
    lines += map(repr, (values, [*classes], trained, result.facts["budget"]))
    return str(blake3("\n".join(lines).encode("utf-8", "replace")).hexdigest())


def _keep(
    place: Place, result: GateResult, run: LiveRun | None, spent: spending.Spending,
    look: Callable[[database.Connection], spending.Spending],
) -> spending.Spending:  # fmt: skip
    """Keeps a verdict, if no more of the rows is used by now than ``spent`` says; what is used by now."""
    (run.recorder if run is not None else lifecycle.recorder()).open_database()
    if run is None and not _PROCESS:
        _PROCESS.append(f"process:{secrets.token_hex(8)}")
    with opening.writing(place) as connection:
        whole = versions.whole_run(place, run) if run is not None else _PROCESS[0]
        with database.transaction(connection, durable=True):
            now = look(connection)
            if not now.is_as(spent):
                return now
            report = {**result.as_json(), "anchor": auditing.head(connection)[1]}
            report |= {key: masked_all(report[key]) for key in ("rules", "facts", "why")}  # groups have names
            judgements.keep(
                connection, report, who=lifecycle.who(), run=run.id if run is not None else "", whole=whole,
                used=spent.used(result),
            )  # fmt: skip
    if run is not None:
        run.log_dict(report, f"gate/{result.model}.json")
        run.set_tag(f"gate.{result.model}", result.verdict)
        if result.version:
            run.set_tag(f"model.{result.model}", str(result.version))
    return spent


def _digest(one: Predicted, other: Predicted | None) -> str:
    hasher = blake3()
    for predicted in (one, other):
        if predicted is not None:
            for part in (predicted.labels, predicted.chances):
                hasher.update(b"" if part is None else np.ascontiguousarray(part).tobytes())
    return str(hasher.hexdigest())
