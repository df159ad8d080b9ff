"""Rules, and two models' predictions of the same rows → a verdict for each rule."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from mlops_jlab.gates.intervals import ALIKE, Difference, bounds, difference, holm, rows_missing
from mlops_jlab.gates.limits import equal_within, gap_between, limited
from mlops_jlab.gates.metrics import Predicted, Undefined
from mlops_jlab.gates.overtime import Past, evidence, night_of
from mlops_jlab.gates.resting import FEWEST, rows_unseen, too_few
from mlops_jlab.gates.results import FAIL, NOT_ENOUGH, PASS, Part, RuleResult
from mlops_jlab.gates.rules import Rule
from mlops_jlab.policies import standing

Array = Any
_FEWEST_OF_SLICE = 20  # rows, below which a slice or group is not looked at
_MOST_SLICES = 200
_COMPARED = ("over time", "better", "not worse")
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge,
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """What was found out about the challenger beside its predictions. None: it was not asked for."""

    latency: float | None = None  # seconds for one row
    size: int | None = None  # bytes
    overlap: int | None = None  # evaluation rows that it was trained on
    near: int = 0  # those that are nearly rows of training, beside them
    shared: tuple[str, ...] = ()  # the columns by which that was seen
    loads: str | None = None  # why it does not load and predict alike in a clean process, or nothing


@dataclass(frozen=True)
class Evidence:
    """Two models on the same rows. ``columns`` has what slices and groups are made of, one value a row.

    ``units`` has a code from 0 for each row, or is None where each row stands for itself.
    """

    challenger: Predicted
    champion: Predicted | None
    columns: Mapping[str, Array] = field(default_factory=dict)
    units: Array = None
    unit: str = "row"
    measured: Measured = Measured()
    past: Mapping[str, Past] = field(default_factory=dict)  # by metric, for what is gathered over time


def judge(rules: Sequence[Rule], evidence: Evidence, alpha: float) -> tuple[str, tuple[RuleResult, ...]]:
    """The verdict for all and for each. ``alpha`` is the chance to be wrong, for each comparison.

    All must hold, so being right in each is enough; slices are many chances to find something, so their
    number is accounted for (Holm).

    ``evidence`` has every column that a rule names.
    """
    found = [result for rule in rules for result in _Judge(evidence, alpha, rules).of(rule)]
    verdicts = {result.verdict for result in found}
    whole = FAIL if FAIL in verdicts else NOT_ENOUGH if NOT_ENOUGH in verdicts else PASS
    return whole, tuple(found)


def measured(rules: Sequence[Rule], evidence: Evidence, alpha: float) -> dict[str, dict[str, list[float]]]:
    """Each metric that the rules speak of, for both models: its value and bounds at ``alpha`` each."""
    found: dict[str, dict[str, list[float]]] = {}
    models = {"challenger": evidence.challenger, "champion": evidence.champion}
    for metric in dict.fromkeys(rule.metric for rule in rules if rule.metric and rule.kind != "gap"):
        for whose, predicted in models.items():
            with suppress(Undefined):
                if predicted is not None:
                    one, low, high, _units = bounds(metric, predicted, evidence.units, alpha)
                    found.setdefault(whose, {})[metric] = [one.value, low, high]
    return found


class _Judge:
    def __init__(self, evidence: Evidence, alpha: float, rules: Sequence[Rule]) -> None:
        self._evidence = evidence
        self._alpha = alpha
        self._slices = [rule for rule in rules if rule.kind in ("slice", "bins", "where")]
        self._primary = next((rule for rule in rules if rule.kind in _COMPARED), None)
        self._rules = rules

    def of(self, rule: Rule) -> Iterator[RuleResult]:
        """What a rule comes to; slices are judged together, at the first of them."""
        try:
            if not len(self._evidence.challenger.truth) and rule.kind not in ("unit", "id"):
                raise Undefined("there are no rows")
            if rule.kind == "over time":
                yield self._over_time(rule)
            elif rule.kind in _COMPARED:
                yield self._compared(rule)
            elif rule.kind in ("slice", "bins", "where"):
                if rule is self._slices[0]:
                    yield from self._sliced()
            elif rule.kind not in ("unit", "id"):
                yield getattr(self, f"_{rule.kind}")(rule)
        except Undefined as problem:
            rows = len(self._evidence.challenger.truth)
            yield RuleResult(rule.text, NOT_ENOUGH, rows=rows, why=f"{problem} ({rows:,} rows)")

    def _difference(self, metric: str, rows: Array = None) -> Difference:
        evidence = self._evidence
        one, other = evidence.challenger, evidence.champion
        if other is None:
            raise Undefined("there is no champion to compare with")
        if rows is None:
            return difference(metric, one, other, evidence.units, self._alpha)
        units = None if evidence.units is None else evidence.units[rows]
        return difference(metric, one.take(rows), other.take(rows), units, self._alpha)

    def _compared(self, rule: Rule) -> RuleResult:
        if self._evidence.champion is None:
            return RuleResult(rule.text, PASS, why="the first champion has nobody to beat")
        found = self._difference(rule.metric)
        least = rule.bound if rule.kind == "better" else -rule.bound
        same = found.error == 0 and found.value == 0
        shown = found.low > least or (same and not found.hidden and rule.kind == "not worse")
        if rule.kind == "better" and not rule.bound and self._evidence.units is None:
            shown = shown and (rule.metric != "accuracy" or found.better < self._alpha)
        verdict, why, more = PASS, "", 0
        if not shown:
            verdict, why, more = self._not_shown(rule, found, least, same)
        few = found.few or (
            f"{found.units} {self._evidence.unit}s are too few to tell; {FEWEST} are the least"
            if found.units < FEWEST else ""
        )  # fmt: skip
        if few and not (same and rule.kind == "better"):
            verdict, why, more = NOT_ENOUGH, few, 0
        return RuleResult(
            rule.text, verdict, found.value, found.low, found.high, found.rows, found.units,
            self._method(rule.metric), why, more,
        )  # fmt: skip

    def _not_shown(self, rule: Rule, found: Difference, least: float, same: bool) -> tuple[str, str, int]:
        if same and rule.kind == "better":
            return FAIL, "both predict the same", 0
        if same:
            why = f"no row tells both apart, yet so few rows may hide a difference of {found.hidden:.4g}"
            return NOT_ENOUGH, why, rows_unseen(found.rows, found.hidden, rule.bound)
        within = equal_within(rule.metric, self._evidence.champion, self._rules)
        if not rule.bound and -within < found.low and found.high < within:
            return FAIL, f"they are practically equal: the difference lies within ±{within:.4g}", 0
        if found.high < least:
            return FAIL, "it is worse than that", 0
        if found.value <= least:
            return FAIL, "nothing speaks for it", 0
        more = rows_missing(found, least, self._alpha)
        return NOT_ENOUGH, "it may be so, or chance", more

    def _over_time(self, rule: Rule) -> RuleResult:
        """What all nights together have shown on rows that no other night has used."""
        if self._evidence.champion is None:
            return RuleResult(rule.text, PASS, why="the first champion has nobody to beat")
        past = self._evidence.past.get(rule.metric, Past())
        count, found = 0 if past.new is None else len(past.new), None
        if count:
            with suppress(Undefined):
                found = self._difference(rule.metric, past.new)
        nights = [*past.nights]
        tonight = night_of(found, count)
        if tonight is not None:
            nights.append(tonight)
        shown, wanted = evidence(nights, past.alpha), 1 / past.alpha
        many = "1 night" if len(nights) == 1 else f"{len(nights)} nights"
        why = f"evidence {shown:.3g} of {wanted:.3g} after {many} with new rows"
        if tonight is None:
            why += f"; {count:,} new rows are too few to count tonight" if count else "; no row is new"
        elif found is not None and found.value <= 0:
            why += "; tonight nothing speaks for it"
        good = tonight is not None and found is not None and found.value > 0
        return RuleResult(
            rule.text, PASS if shown >= wanted and good else NOT_ENOUGH,
            found.value if found else None, found.low if found else None, found.high if found else None,
            count, found.units if found else 0, f"e-process by {self._evidence.unit}, alpha {past.alpha:.4g}",
            why, night=(tonight.gain, tonight.variance) if tonight else None,
        )  # fmt: skip

    def _method(self, metric: str) -> str:
        name = {"roc_auc": "paired, DeLong", "accuracy": "paired, exact McNemar"}.get(metric, "paired")
        if self._evidence.units is not None:
            name = "paired, DeLong" if metric == "roc_auc" else "paired"
        return f"{name}, by {self._evidence.unit}, alpha {self._alpha:.4g}"

    def _sliced(self) -> Iterator[RuleResult]:
        if self._primary is None or self._evidence.champion is None:
            for rule in self._slices:
                yield RuleResult(rule.text, PASS, why="nothing to compare with")
            return
        parts = [(rule, name, rows) for rule in self._slices for name, rows in self._parts(rule)]
        judged: list[tuple[Rule, str, Difference]] = []
        small = 0
        for rule, name, rows in parts:
            try:
                if rows.sum() < _FEWEST_OF_SLICE:
                    raise Undefined("too few rows")
                found = self._difference(self._primary.metric, np.flatnonzero(rows))
                if found.few or found.units < FEWEST:
                    raise Undefined(found.few)
                judged.append((rule, name, found))
            except Undefined:
                small += 1
        worse = holm([found.worse for _rule, _name, found in judged], self._alpha)
        for rule in self._slices:
            mine = [(name, f, bad) for (r, name, f), bad in zip(judged, worse, strict=True) if r is rule]
            yield self._of_slice(rule, mine, len(judged), small)

    def _of_slice(
        self, rule: Rule, mine: list[tuple[str, Difference, bool]], tests: int, small: int
    ) -> RuleResult:
        lost = [(name, found) for name, found, bad in mine if bad]
        method = f"{self._method(self._primary.metric if self._primary else '')}, Holm over {tests}"
        if not mine:
            return RuleResult(
                rule.text, NOT_ENOUGH, method=method,
                why=f"no part of it has {_FEWEST_OF_SLICE} rows, {FEWEST} {self._evidence.unit}s and enough "
                "of each class for the metric",
            )  # fmt: skip
        name, worst = min(lost or [(name, found) for name, found, _ in mine], key=lambda pair: pair[1].value)
        names = ", ".join(name for name, _found in lost[:5])
        why = f"worse in {names}" if lost else f"the lowest is {name}"
        return RuleResult(
            rule.text, FAIL if lost else PASS, worst.value, worst.low, worst.high, worst.rows, worst.units,
            method, why + (f"; {small} too small to look at" if small else ""),
            parts=tuple(Part(name, f.value, f.low, f.high, f.rows) for name, f, _bad in mine),
        )  # fmt: skip

    def _parts(self, rule: Rule) -> list[tuple[str, Array]]:
        values = np.asarray(self._evidence.columns[rule.column])
        if rule.kind == "where":
            return [(rule.text.removeprefix("slice "), _where(rule, values))]
        if rule.kind == "bins":
            numbers = np.asarray(values, dtype=float)
            edges = np.unique(np.nanquantile(numbers, np.linspace(0, 1, int(rule.bound) + 1)))
            place = np.clip(np.searchsorted(edges, numbers, "right") - 1, 0, max(0, len(edges) - 2))
            shown = [standing.shown(rule.column, f"{edge:.4g}") for edge in edges]
            return [
                (f"{rule.column} from {shown[k]} to {shown[min(k + 1, len(edges) - 1)]}", place == k)
                for k in range(max(1, len(edges) - 1))
            ]
        texts = values.astype(str)
        names, counts = np.unique(texts, return_counts=True)
        largest = names[np.argsort(-counts, kind="stable")][:_MOST_SLICES]
        return [(f"{rule.column} {standing.shown(rule.column, name)}", texts == name) for name in largest]

    def _limit(self, rule: Rule) -> RuleResult:
        evidence = self._evidence
        one, low, high, units = bounds(rule.metric, evidence.challenger, evidence.units, self._alpha)
        few = too_few(rule.metric, evidence.challenger, one, evidence.units)
        if np.isnan(one.influence).any() and low == high:
            few = ALIKE
        if not few and units < FEWEST:
            few = f"{units} {evidence.unit}s are too few to tell; {FEWEST} are the least"
        verdict, why = limited(rule, one.value, low, high, few)
        return RuleResult(
            rule.text, verdict, one.value, low, high, len(one.influence), units,
            f"interval by {evidence.unit}, alpha {self._alpha:.4g}", why,
        )  # fmt: skip

    def _gap(self, rule: Rule) -> RuleResult:
        values = np.asarray(self._evidence.columns[rule.column]).astype(str)
        if standing.is_personal(rule.column):
            names, codes = np.unique(values, return_inverse=True)
            shown = [standing.shown(rule.column, name) for name in names]
            values = np.asarray([f"{name} {k}" for k, name in enumerate(shown, start=1)])[codes]
        return gap_between(rule, self._evidence.challenger, values, self._evidence.units, self._alpha)

    def _baseline(self, rule: Rule) -> RuleResult:
        metric = self._primary.metric if self._primary else usual(self._evidence.challenger)
        guess = _baseline_of(self._evidence.challenger)
        found = difference(metric, self._evidence.challenger, guess, self._evidence.units, self._alpha)
        holds = found.low > 0
        why = "" if holds else f"a guess without looking is as good in {metric}"
        more = rows_missing(found, 0, self._alpha)
        verdict = PASS if holds else NOT_ENOUGH if more and found.high > 0 else FAIL
        if found.few or found.units < FEWEST:
            few = f"{found.units} {self._evidence.unit}s are too few to tell; {FEWEST} are the least"
            verdict, why, more, holds = NOT_ENOUGH, found.few or few, 0, False
        return RuleResult(
            rule.text, verdict, found.value, found.low, found.high, found.rows, found.units,
            self._method(metric), why, 0 if holds else more,
        )  # fmt: skip

    def _measured(self, rule: Rule, value: float | None, words: str, limit: float) -> RuleResult:
        if value is None:
            return RuleResult(rule.text, NOT_ENOUGH, why="it was not measured")
        holds = value < limit
        return RuleResult(rule.text, PASS if holds else FAIL, value, why=words)

    def _latency(self, rule: Rule) -> RuleResult:
        seconds = self._evidence.measured.latency
        return self._measured(rule, seconds, f"one row takes {1000 * (seconds or 0):.2f} ms", rule.bound)

    def _size(self, rule: Rule) -> RuleResult:
        size = self._evidence.measured.size
        return self._measured(rule, size, f"its files take {(size or 0) / 1e6:.2f} MB", rule.bound)

    def _overlap(self, rule: Rule) -> RuleResult:
        measured = self._evidence.measured
        count, columns = measured.overlap, measured.shared
        if count is None:
            return RuleResult(rule.text, NOT_ENOUGH, why="what it was trained on is not known: give train=")
        words = f"{count:,} rows were in its training" if count else "no row was in its training"
        if measured.near:
            words += f", {measured.near:,} nearly"
        more = f" and {len(columns) - 8} others" if len(columns) > 8 else ""
        by = f"compared by {', '.join(columns[:8])}{more}" if columns else ""
        words += f"; {by}" if by and not count else ""
        return RuleResult(rule.text, FAIL if count else PASS, float(count), method=by, why=words)

    def _loads(self, rule: Rule) -> RuleResult:
        problem = self._evidence.measured.loads
        if problem is None:
            return RuleResult(rule.text, NOT_ENOUGH, why="it was not tried")
        return RuleResult(rule.text, FAIL if problem else PASS, why=problem)


def _where(rule: Rule, values: Array) -> Array:
    compare = _OPERATORS[rule.operator]
    try:
        return np.asarray(compare(np.asarray(values, dtype=float), float(rule.value)))
    except (TypeError, ValueError):
        return np.asarray(compare(values.astype(str), rule.value))


def usual(predicted: Predicted) -> str:
    """The metric by which a model is measured where no rule names one."""
    return "accuracy" if predicted.is_classifier else "mae"


def _baseline_of(predicted: Predicted) -> Predicted:
    """What one would say without looking: how frequent each class is here, or the mean."""
    count = len(predicted.truth)
    if not predicted.is_classifier:
        mean = float(np.mean(predicted.truth)) if count else 0.0
        return replace(predicted, labels=np.full(count, mean), is_guess=True)
    share = np.bincount(predicted.truth, minlength=len(predicted.classes)) / max(1, count)
    labels = np.full(count, int(share.argmax()))
    return replace(predicted, labels=labels, chances=np.tile(share, (count, 1)), is_guess=True)
