"""What a metric rests on: a gate decides nothing by one positive row among many others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mlops_jlab.gates.intervals import bounds, difference
from mlops_jlab.gates.judging import Evidence, judge
from mlops_jlab.gates.metrics import Metric, Predicted
from mlops_jlab.gates.rules import parse

Array = Any
ROWS = 500


def rare(positives: int) -> Array:
    truth = np.zeros(ROWS, dtype=int)
    truth[:positives] = 1
    return truth


def said(truth: Array, labels: Array, chances: Array = None) -> Predicted:
    both = None if chances is None else np.column_stack([1 - chances, chances])
    return Predicted(truth, labels, both, (0, 1))


def asked(rules: str, one: Predicted, other: Predicted | None = None, **more: Any) -> tuple[str, list[str]]:
    verdict, found = judge(parse(rules, tuple(one.custom)), Evidence(one, other, **more), 0.05)
    return verdict, [result.why for result in found]


@pytest.mark.parametrize("metric", ["recall", "precision", "f1", "balanced_accuracy"])
@pytest.mark.parametrize("rule", ["above 0.9", "better", "not worse by 0.01"])
def test_few_rows_that_a_metric_rests_on_decide_nothing(metric: str, rule: str) -> None:
    """One positive row of 500, which the challenger finds: all other rows say nothing of that."""
    truth = rare(3)
    finds = said(truth, truth)
    other = said(truth, truth if rule.startswith("not") else np.roll(truth, 100))
    verdict, why = asked(f"{metric} {rule}", finds, None if rule.startswith("above") else other)
    assert verdict == "not enough data"
    assert why == [f"{metric} rests on 3 rows, too few to tell; 10 are the least"]


def test_many_rows_of_few_units_are_few() -> None:
    truth = rare(60)
    units = np.arange(ROWS) // 10  # the positive rows are of six days
    verdict, why = asked("recall above 0.5", said(truth, truth), units=units, unit="day")
    assert (verdict, why) == (
        "not enough data", ["recall rests on 6 units, too few to tell; 10 are the least"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("positives", "verdict"), [(12, "not enough data"), (28, "not enough data"), (40, "pass")]
)
def test_a_perfect_recall_is_as_sure_as_its_positive_rows(positives: int, verdict: str) -> None:
    """Of a recall of 0.9 twelve rows show nothing in 28 % of all draws, forty in 1.5 %."""
    truth = rare(positives)
    assert asked("recall above 0.9", said(truth, truth))[0] == verdict
    _one, low, high, _units = bounds("recall", said(truth, truth), None, 0.05)
    assert (low, high) == (pytest.approx(0.05 ** (1 / positives)), 1.0)


def test_a_class_that_does_not_scatter_makes_balanced_accuracy_no_surer() -> None:
    truth, random = rare(12), np.random.default_rng(0)
    labels = np.where(truth == 1, 1, (random.random(ROWS) < 0.1).astype(int))
    one, low, _high, _units = bounds("balanced_accuracy", said(truth, labels), None, 0.05)
    assert one.value - low > (1 - 0.05 ** (1 / 12)) / 2  # half of what twelve positive rows may hide
    champion = said(truth, np.where(truth == 1, 0, labels))
    found = difference("balanced_accuracy", said(truth, labels), champion, None, 0.05)
    assert (found.value, found.error) == (0.5, 0.0)
    hides = [1 - 0.05 ** (1 / count) for count in (12, ROWS - 12)]  # both classes differ alike in all rows
    assert found.low == pytest.approx(0.5 - sum(hides) / 2)


def test_the_same_classes_on_few_rows_are_not_the_same_model() -> None:
    random = np.random.default_rng(1)
    truth, labels = random.integers(0, 2, 200), random.integers(0, 2, 200)
    chances = np.where(labels == 1, 0.6, 0.4) + random.random(200) / 10
    one, other = said(truth, labels, chances), said(truth, labels, chances + 0.01)
    rules = "accuracy not worse by 0.01"
    verdict, why = asked(rules, one, other)
    assert verdict == "not enough data"
    assert why == ["no row tells both apart, yet so few rows may hide a difference of 0.01487"]
    assert asked("accuracy not worse by 0.02", one, other)[0] == "pass"
    assert asked(rules, one, one)[0] == "pass"  # it says the same to the last digit
    assert asked(rules, one.take(np.arange(9)), one.take(np.arange(9)))[0] == "not enough data"
    assert asked("accuracy better", one, other)[0] == "fail"


def test_more_rows_are_asked_for_where_none_tells_both_apart() -> None:
    truth = np.arange(200) % 2
    _verdict, (found,) = judge(
        parse("accuracy not worse by 0.01"), Evidence(said(truth, truth), said(truth, truth)), 0.05
    )
    assert 0.99 ** (200 + found.more) <= 0.05 < 0.99 ** (198 + found.more)


def test_two_perfect_orders_may_differ_elsewhere() -> None:
    truth = rare(25)
    one, other = (said(truth, truth, truth * 0.5 + 0.2 + step) for step in (0.0, 0.1))
    assert asked("roc_auc not worse by 0.01", one, other)[0] == "not enough data"
    chances = np.random.default_rng(2).random(ROWS)
    one, other = said(truth, truth, chances), said(truth, truth, chances**2)  # the same order, imperfect
    assert asked("roc_auc not worse by 0.01", one, other)[0] == "pass"


@pytest.mark.parametrize("metric", ["roc_auc", "f1", "accuracy", "balanced_accuracy"])
def test_nothing_of_a_guess_without_looking_is_hidden(metric: str) -> None:
    """It gives all rows one score and one class, by thirty days as by thousands of rows."""
    random = np.random.default_rng(3)
    truth, units = random.integers(0, 2, 600), np.arange(600) // 20
    chances = np.clip(0.5 + 0.2 * (2 * truth - 1) + random.normal(0, 0.25, 600), 0, 1)
    model = said(truth, (chances > 0.5).astype(int), chances)
    _verdict, found = judge(
        parse(f"{metric} not worse by 0.5\nbeats baseline"), Evidence(model, model, units=units), 0.03
    )
    assert [result.verdict for result in found] == ["pass", "pass"]
    assert found[1].low > 0.1


def test_groups_with_few_rows_that_a_rate_rests_on_are_not_judged() -> None:
    truth = rare(6)
    groups = np.where(np.arange(ROWS) % 2, "f", "m")
    rules = "accuracy above 0.1\ngap recall by sex below 0.1"
    verdict, why = asked(rules, said(truth, truth), columns={"sex": groups})
    assert verdict == "not enough data"
    assert why[1].startswith("fewer than two groups have 20 rows, and 10 rows or units that recall rests on")
    truth = rare(24)
    assert asked(rules, said(truth, truth), columns={"sex": groups})[0] == "not enough data"  # 12 of each
    third = np.where(np.arange(ROWS) >= 494, "x", groups)
    assert "; 1 too small to look at" in asked(rules, said(truth, truth), columns={"sex": third})[1][1]


def test_a_number_of_ones_own_that_does_not_scatter_decides_nothing() -> None:
    own = {"found": Metric(lambda truth, said, _chances: float((said[truth == 1] == 1).mean()))}
    truth = rare(2)
    one, other = (Predicted(truth, labels, None, (0, 1), custom=own) for labels in (truth, truth * 0))
    for rules in ("found above 0.9", "found better"):
        verdict, why = asked(rules, one, other)
        assert (verdict, why) == (
            "not enough data", ["each draw of these rows gives the same, so how far it scatters is not known"],
        )  # fmt: skip
