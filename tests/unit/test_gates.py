"""The statistics behind gates, against the libraries that are known for them, and by simulation."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as known
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from mlops_jlab.gates.intervals import (
    Difference,
    Spread,
    bounds,
    difference,
    holm,
    rows_missing,
    share_of_budget,
    spread,
    standard_error,
)
from mlops_jlab.gates.judging import Evidence, Measured, judge
from mlops_jlab.gates.metrics import Predicted, Undefined, estimate
from mlops_jlab.gates.overtime import Night, Past, evidence
from mlops_jlab.gates.rules import parse

Array = Any


def classifier(truth: Array, chances: Array) -> Predicted:
    return Predicted(truth, (chances > 0.5).astype(int), np.column_stack([1 - chances, chances]), (0, 1))


def made(seed: int, rows: int = 400, skill: float = 1.0) -> tuple[Array, Array]:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, rows)
    score = skill * (truth - 0.5) * 2 + random.normal(size=rows)
    return truth, np.round(1 / (1 + np.exp(-score)), 3)  # some are equal


def test_metrics_are_those_of_scikit_learn() -> None:
    truth, chances = made(0)
    p = classifier(truth, chances)
    said = p.labels
    expected = {
        "accuracy": known.accuracy_score(truth, said), "roc_auc": known.roc_auc_score(truth, chances),
        "balanced_accuracy": known.balanced_accuracy_score(truth, said),
        "precision": known.precision_score(truth, said), "recall": known.recall_score(truth, said),
        "f1": known.f1_score(truth, said), "log_loss": known.log_loss(truth, chances),
        "brier": known.brier_score_loss(truth, chances),
    }  # fmt: skip
    for name, value in expected.items():
        assert estimate(name, p).value == pytest.approx(value), name
    numbers = Predicted(chances, truth * 0.8)
    for name, function in [("mae", known.mean_absolute_error), ("mse", known.mean_squared_error),
                           ("rmse", known.root_mean_squared_error), ("r2", known.r2_score)]:  # fmt: skip
        assert estimate(name, numbers).value == pytest.approx(function(chances, truth * 0.8)), name


@pytest.mark.parametrize(
    "metric", ["accuracy", "roc_auc", "balanced_accuracy", "precision", "recall", "f1", "log_loss", "brier"]
)
def test_standard_errors_are_those_of_a_bootstrap(metric: str) -> None:
    truth, chances = made(1, 600)
    p = classifier(truth, chances)
    found = estimate(metric, p)
    assert found.influence.mean() == pytest.approx(0, abs=1e-9)
    random = np.random.default_rng(2)
    again = [estimate(metric, p.take(random.integers(0, 600, 600))).value for _ in range(600)]
    assert standard_error(found.influence, None)[0] == pytest.approx(np.std(again), rel=0.12)


def test_rows_that_hang_together_widen_the_interval_as_a_bootstrap_of_their_units_does() -> None:
    random = np.random.default_rng(3)
    units = np.repeat(np.arange(60), 20)
    truth, chances = made(4, 1200)
    chances = np.clip(chances + random.normal(0, 0.3, 60)[units] * truth, 0.001, 0.999)
    p = classifier(truth, chances)
    found = estimate("log_loss", p)
    by_unit = standard_error(found.influence, units)
    again = []
    for _ in range(600):
        rows = np.concatenate([np.flatnonzero(units == u) for u in random.integers(0, 60, 60)])
        again.append(estimate("log_loss", p.take(rows)).value)
    assert by_unit[1] == 60
    assert by_unit[0] == pytest.approx(np.std(again), rel=0.15)
    assert by_unit[0] > 1.3 * standard_error(found.influence, None)[0]


def test_mcnemar_and_holm_are_those_of_statsmodels() -> None:
    truth, chances = made(5)
    one, other = classifier(truth, chances), classifier(truth, made(6)[1])
    found = difference("accuracy", one, other, None, 0.05)
    mine, theirs = one.truth == one.labels, other.truth == other.labels
    table = [
        [(mine & theirs).sum(), (mine & ~theirs).sum()],
        [(~mine & theirs).sum(), (~mine & ~theirs).sum()],
    ]
    assert min(1.0, 2 * min(found.worse, found.better)) == pytest.approx(mcnemar(table, exact=True).pvalue)
    chances_of = [0.001, 0.2, 0.012, 0.03, 0.9]
    assert holm(chances_of, 0.05) == list(multipletests(chances_of, 0.05, "holm")[0])


def test_all_shares_of_a_budget_together_are_the_budget() -> None:
    assert math.fsum(share_of_budget(0.05, use) for use in range(1, 20_000)) == pytest.approx(0.05, rel=1e-3)
    assert share_of_budget(0.05, 1) > share_of_budget(0.05, 2)


def verdicts(rules: str, seeds: range, gain: float, *, rows: int = 400, days: int = 0) -> list[str]:
    """What a gate says of challengers that are better by ``gain``, over fresh draws."""
    found = []
    for seed in seeds:
        random = np.random.default_rng(seed)
        truth = random.integers(0, 2, rows)
        shared = random.normal(size=rows)
        units = None
        if days:
            units = np.repeat(np.arange(days), rows // days)
            shared = shared + random.normal(0, 0.7, days)[units]

        def model(
            skill: float, random: Any = random, truth: Array = truth, shared: Array = shared
        ) -> Predicted:
            score = skill * (truth - 0.5) * 2 + 0.7 * shared + random.normal(0, 0.7, rows)
            return classifier(truth, 1 / (1 + np.exp(-score)))

        columns = {"part": random.integers(0, 4, rows).astype(str)}
        evidence = Evidence(model(1 + gain), model(1), columns, units, "day" if days else "row")
        found.append(judge(parse(rules), evidence, 0.05)[0])
    return found


@pytest.mark.parametrize("days", [0, 40])
@pytest.mark.parametrize("metric", ["roc_auc", "accuracy", "log_loss"])
def test_a_model_no_better_is_promoted_at_most_at_the_stated_rate(metric: str, days: int) -> None:
    passed = verdicts(f"{metric} better", range(1000, 1200), 0.0, days=days).count("pass")
    assert passed <= 0.05 * 200 + 3 * math.sqrt(200 * 0.05 * 0.95)


def skewed_days(seed: int, days: int, uneven: bool, gain: float = 0.0) -> Evidence:
    """A challenger that gains a little on most days, and on a few loses as much as it gained."""
    random = np.random.default_rng(seed)
    sizes = np.maximum(5, 15 * np.exp(random.normal(0, 0.7 * uneven, days))).astype(int)
    units = np.repeat(np.arange(days), sizes)
    champion = 50 + random.normal(0, 1, len(units))
    gains = gain + 1 - random.exponential(size=days)
    said = champion - gains[units] - random.normal(0, 0.5, len(units))
    truth = np.zeros(len(units))
    return Evidence(Predicted(truth, said), Predicted(truth, champion), units=units, unit="day")


@pytest.mark.parametrize("uneven", [False, True])
@pytest.mark.parametrize("days", [12, 20, 30])
def test_few_days_with_rare_losses_promote_an_equal_model_no_more_often(days: int, uneven: bool) -> None:
    """By plain Student's t these pass in 10 to 13 %, and by days of different size in more."""
    rules = parse("mae better")
    passed = sum(judge(rules, skewed_days(seed, days, uneven), 0.05)[0] == "pass" for seed in range(400))
    assert passed <= 0.04 * 400 + 2 * math.sqrt(400 * 0.04 * 0.96)
    better = sum(judge(rules, skewed_days(seed, days, uneven, 1.5), 0.05)[0] == "pass" for seed in range(40))
    assert better >= 10


def lognormal_days(random: Any, draws: int, days: int) -> Iterator[tuple[float, Spread]]:
    """An equal challenger on days of very different size, of which the large ones scatter more."""
    sizes = np.maximum(5, 30 * np.exp(random.normal(0, 0.7, (draws, days)))).astype(int)
    gains = (math.exp(0.5) - np.exp(random.normal(size=(draws, days)))) * np.sqrt(sizes / 30)
    for row, gain in zip(sizes, gains, strict=True):
        units = np.repeat(np.arange(days), row)
        influence = gain[units] + random.normal(size=len(units))
        yield influence.mean(), spread(influence - influence.mean(), units)


@pytest.mark.parametrize("days", [30, 60])
def test_large_days_that_scatter_more_promote_an_equal_model_no_more_often(days: int) -> None:
    """With the skewness of the sums, which a few large days make up, these pass in 11 %."""
    drawn = lognormal_days(np.random.default_rng(days), 800, days)
    passed = sum(gain + found.bound(0.05, upper=False) > 0 and found.count >= 3 for gain, found in drawn)
    assert passed <= 0.05 * 800 + 2 * math.sqrt(800 * 0.05 * 0.95)


def test_a_year_of_days_with_rare_losses_promotes_an_equal_model_no_more_often() -> None:
    """One new day a night counts in blocks of twenty; as normal sums these pass in 10 %."""
    alpha, promoted = share_of_budget(0.05, 1), 0
    for year in range(60):
        nights: list[Night] = []
        for block in range(18):
            random = np.random.default_rng([year, block])
            gains = math.exp(0.5) - np.exp(random.normal(size=20))
            truth, units = np.zeros(40), np.repeat(np.arange(20), 2)
            one = Evidence(Predicted(truth, 50 - gains[units]), Predicted(truth, truth + 50), units=units, unit="day",
                           past={"mae": Past(nights, np.arange(40), alpha)})  # fmt: skip
            verdict, (found,) = judge(parse("mae better over time"), one, 0.05)
            assert found.night is not None
            nights.append(Night(*found.night))
            if verdict == "pass":
                promoted += 1
                break
    assert promoted <= 3


def test_a_truly_better_model_is_promoted_and_without_enough_rows_it_is_said_how_many_are_missing() -> None:
    assert verdicts("roc_auc better", range(60), 0.6, rows=800).count("pass") >= 54
    few = verdicts("roc_auc better", range(60), 0.25, rows=120)
    assert few.count("not enough data") > 20
    found = Difference(value=0.01, error=0.01, low=-0.01, high=0.03, rows=100, units=100)
    assert rows_missing(found, 0.0, 0.05) == 519  # (1.645 + 0.842) squared times 100, less the 100
    assert rows_missing(found, 0.01, 0.05) == 0  # more of the same would not show it


def slice_evidence(seed: int, loss: float, rows: int = 2000) -> Evidence:
    random = np.random.default_rng(seed)
    truth = random.integers(0, 2, rows)
    part = random.integers(0, 5, rows)

    def model(skill: Array) -> Predicted:
        return classifier(truth, 1 / (1 + np.exp(-(skill * (truth - 0.5) * 2 + random.normal(size=rows)))))

    return Evidence(
        model(np.where(part == 2, 1 - loss, 1.6)), model(np.full(rows, 1.0)), {"part": part.astype(str)}
    )


def test_a_slice_that_loses_is_caught_though_the_whole_is_better_and_needless_vetoes_are_rare() -> None:
    rules = parse("accuracy better\nslice part")
    lost = [judge(rules, slice_evidence(seed, 0.9), 0.05) for seed in range(40)]
    assert sum(verdict == "fail" for verdict, _ in lost) >= 38
    assert all("worse in part 2" in found[1].why for verdict, found in lost if verdict == "fail")
    needless = [judge(rules, slice_evidence(seed, 0.0), 0.05)[1][1].verdict for seed in range(100)]
    assert needless.count("fail") <= 10


def test_many_looks_at_one_evaluation_set_stay_valid() -> None:
    """The best of many equal challengers must not slip through."""
    wrong = 0
    for seed in range(60):
        random = np.random.default_rng(seed)
        truth = random.integers(0, 2, 400)
        shared = random.normal(size=400)

        def model(random: Any = random, truth: Array = truth, shared: Array = shared) -> Predicted:
            score = (truth - 0.5) * 2 + 0.7 * shared + random.normal(0, 0.7, 400)
            return classifier(truth, 1 / (1 + np.exp(-score)))

        champion = model()
        passed = (
            judge(parse("accuracy better"), Evidence(model(), champion), share_of_budget(0.05, use))[0]
            == "pass"
            for use in range(1, 31)
        )
        wrong += any(passed)
    assert wrong <= 60 * 0.05 + 3 * math.sqrt(60 * 0.05 * 0.95)


@pytest.mark.parametrize("truth", [[], [1] * 50, [0] * 50])
def test_no_rows_and_one_class_are_not_enough_data(truth: list[int]) -> None:
    codes = np.array(truth, dtype=int)
    p = classifier(codes, np.full(len(codes), 0.4))
    verdict, found = judge(parse("roc_auc better\nlog_loss not worse by 0.1"), Evidence(p, p), 0.05)
    assert verdict == "not enough data"
    assert "rows" in found[0].why


def test_limits_gaps_and_measures() -> None:
    truth, chances = made(7)
    p = classifier(truth, chances)
    columns = {"sex": np.where(np.arange(400) % 2, "f", "m")}
    rules = parse("accuracy above 0.99\ngap recall by sex below 0.9\nlatency below 1 ms\nsize below 1 kB\n"
                  "no overlap\nloads cleanly\nbeats baseline")  # fmt: skip
    measured = Measured(latency=0.1, size=10, overlap=3, loads="")
    verdict, found = judge(rules, Evidence(p, None, columns, measured=measured), 0.05)
    assert verdict == "fail"
    assert [r.verdict for r in found] == ["fail", "pass", "fail", "pass", "fail", "pass", "pass"]
    verdict, found = judge(rules, Evidence(p, None, columns), 0.05)
    assert [r.verdict for r in found][2:6] == ["not enough data"] * 4


def test_groups_are_those_of_fairlearn() -> None:
    from fairlearn.metrics import MetricFrame, selection_rate

    truth, chances = made(8)
    p = classifier(truth, chances)
    groups = np.array(["a", "b", "c"])[np.arange(400) % 3]
    frame = MetricFrame(metrics=selection_rate, y_true=truth, y_pred=p.labels, sensitive_features=groups)
    found = judge(
        parse("accuracy above 0.1\ngap selection_rate by g below 0.5"), Evidence(p, None, {"g": groups}), 0.05
    )
    assert found[1][1].estimate == pytest.approx(frame.difference())


def test_few_days_decide_nothing() -> None:
    assert set(verdicts("roc_auc better", range(5), 3.0, rows=400, days=5)) == {"not enough data"}


def test_a_metric_that_the_model_cannot_have_says_so() -> None:
    with pytest.raises(Undefined, match="no probabilities"):
        estimate("log_loss", Predicted(np.array([0, 1]), np.array([0, 1]), None, (0, 1)))
    with pytest.raises(Undefined, match="more than two classes"):
        estimate("roc_auc", Predicted(np.array([0, 1]), np.array([0, 1]), np.ones((2, 3)) / 3, (0, 1, 2)))


def rare(seed: int, rows: int, rate: float, parts: int = 1) -> Evidence:
    """Two models of equal skill, where few rows are positive."""
    random = np.random.default_rng(seed)
    truth = (random.random(rows) < rate).astype(int)
    shared = random.normal(size=rows)

    def model() -> Predicted:
        score = 1.6 * (truth - 0.5) + 0.7 * shared + random.normal(0, 0.7, rows) + math.log(rate / (1 - rate))
        return classifier(truth, 1 / (1 + np.exp(-score)))

    return Evidence(model(), model(), {"part": random.integers(0, parts, rows).astype(str)})


@pytest.mark.parametrize(
    ("metric", "rows", "rate"),
    [("roc_auc", 200, 0.3), ("roc_auc", 2000, 0.023), ("log_loss", 2000, 0.02), ("brier", 200, 0.3)],
)
def test_few_positives_promote_an_equal_model_no_more_often(metric: str, rows: int, rate: float) -> None:
    passed = sum(
        judge(parse(f"{metric} better"), rare(seed, rows, rate), 0.05)[0] == "pass" for seed in range(400)
    )
    assert passed <= 0.05 * 400 + 2 * math.sqrt(400 * 0.05 * 0.95)


@pytest.mark.parametrize(
    ("rules", "words"),
    [("roc_auc better", "rows of class 1 are too few to tell; 20 are the least"),
     ("log_loss better", "so few rows carry the difference"),
     ("roc_auc above 0.6", "rows of class 1 are too few")],
)  # fmt: skip
def test_too_few_of_a_class_is_said(rules: str, words: str) -> None:
    verdict, (found,) = judge(parse(rules), rare(0, 200, 0.02), 0.05)
    assert verdict == "not enough data"
    assert words in found.why
    assert found.more == 0


def test_slices_with_few_positives_are_no_needless_veto() -> None:
    rules = parse("roc_auc not worse by 0.5\nslice part")
    found = [judge(rules, rare(seed, 4000, 0.037, 5), 0.05)[0] for seed in range(60)]
    assert found.count("fail") <= 60 * 0.05 + 2 * math.sqrt(60 * 0.05 * 0.95)
    few = judge(rules, rare(0, 1000, 0.023, 5), 0.05)[1][1]
    assert (few.verdict, "enough of each class" in few.why) == ("not enough data", True)


def test_limits_and_gaps_are_judged_by_their_intervals() -> None:
    truth, chances = made(7)
    p = classifier(truth, chances)
    value, group = estimate("accuracy", p).value, {"g": np.arange(400) % 2}
    asked = parse("accuracy above 0.1\ngap recall by g below 0.5")
    gap = judge(asked, Evidence(p, None, group), 0.05)[1][1].estimate or 0.0
    rules = parse(
        f"accuracy above {value - 0.01:.4f}\naccuracy above {value - 0.2:.4f}\naccuracy above {value + 0.1:.4f}\n"
        f"roc_auc above {estimate('roc_auc', p).value - 0.005:.4f}\nlog_loss below 2\ngap recall by g below {gap + 0.01:.4f}"
    )
    _verdict, found = judge(rules, Evidence(p, None, group), 0.05)
    assert [r.verdict for r in found] == [
        "not enough data", "pass", "fail", "not enough data", "pass", "not enough data"
    ]  # fmt: skip
    assert "on either side" in found[0].why
    for result in found:
        assert result.low is not None
        assert result.low <= result.estimate <= result.high


def test_intervals_of_limits_hold_what_they_promise() -> None:
    held = 0
    for seed in range(300):
        random = np.random.default_rng(seed)
        truth = random.integers(0, 2, 60)
        right = np.where(random.random(60) < 0.95, truth, 1 - truth)
        _one, low, _high, _units = bounds("accuracy", classifier(truth, right.astype(float)), None, 0.05)
        held += low <= 0.95
    assert held >= 300 * 0.95 - 3 * math.sqrt(300 * 0.05 * 0.95)


def test_practically_equal_models_are_told_so_and_not_to_wait_for_more_rows() -> None:
    random = np.random.default_rng(0)
    truth, chances = made(9, 60_000)
    nearly = np.clip(chances + random.normal(0, 0.001, 60_000), 0, 1)
    one, other = classifier(truth, nearly), classifier(truth, chances)
    verdict, (found,) = judge(parse("roc_auc better"), Evidence(one, other), 0.05)
    assert (verdict, found.more) == ("fail", 0)
    assert "practically equal: the difference lies within ±0.005" in found.why


def night(random: Any, gain: float) -> Night:
    return Night(float(random.normal(gain, 1)), 1.0)


def test_evidence_over_time_promotes_an_equal_model_in_few_years_and_a_better_one_in_few_nights() -> None:
    alpha = share_of_budget(0.05, 1)

    def decided(seed: int, gain: float) -> int:
        random, past = np.random.default_rng(seed), []
        for number in range(1, 366):
            past.append(night(random, gain))
            if (number < 20 or number % 5 == 0) and evidence(past, alpha) >= 1 / alpha:
                return number
        return 0

    assert sum(decided(seed, 0.0) > 0 for seed in range(150)) <= 150 * 0.05
    better = [decided(seed, 1.0) for seed in range(40)]
    assert 0 < sorted(better)[20] <= 15
    late = [*(night(np.random.default_rng(k), -0.5) for k in range(60)), *[Night(1.5, 1.0)] * 40]
    assert evidence(late, alpha) > 1 / alpha  # those that become better in time are found as well
