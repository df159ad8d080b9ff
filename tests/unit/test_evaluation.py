"""A version beyond its metrics: fairness, importance, dependence, calibration, slices; kept, in the card, on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fairlearn.metrics as known
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.inspection import partial_dependence
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.evaluation import calibrating, fairness, slicing
from mlops_jlab.gates.metrics import Predicted
from mlops_jlab.registry import cards, packing, versions
from mlops_jlab.store import artifacts, auditing, opening, reading, replaying
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all

NAMES = ["a", "b"]
HOSTILE = "<img src=x onerror=alert(1)>|`*"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    while mlops_jlab.active_run():
        mlops_jlab.end_run()
    close_all()


def rows(seed: int, count: int = 1500) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(count, 2)), columns=NAMES)
    sex, city = random.choice(["F", "M"], count), random.choice(["north", "south"], count, p=[0.8, 0.2])
    noise = random.normal(size=count) * np.where(city == "south", 4, 0.6)
    score = frame.a + 0.8 * (sex == "M") + noise
    return frame.assign(
        sex=sex, city=city, day=np.arange(count) // 10, y=(score > 0).astype(int), amount=score
    )


@pytest.fixture
def version() -> Any:
    train = rows(0)
    fitted = LogisticRegression().fit(train[NAMES], train.y)
    return mlops_jlab.register_model(fitted, "loans", input_example=train[NAMES], data=train)


def predicted(data: pd.DataFrame) -> Predicted:
    model = LogisticRegression().fit(rows(0)[NAMES], rows(0).y)
    chances = model.predict_proba(data[NAMES])
    return Predicted(data.y.to_numpy(), chances.argmax(axis=1), chances, (0, 1))


def test_fairness_is_that_of_fairlearn() -> None:
    data = rows(1).assign(three=lambda d: np.where(d.b > 1, "x", np.where(d.b > 0, "y", "z")))
    said = predicted(data)
    for column in ("sex", "three"):
        found = fairness.by_group(column, said, fairness.groups_of(data[column].to_numpy()), None, 0.05)
        assert found is not None
        groups = {"y_true": said.truth, "y_pred": said.labels, "sensitive_features": data[column]}
        for name, function in {
            "demographic_parity_difference": known.demographic_parity_difference,
            "demographic_parity_ratio": known.demographic_parity_ratio,
            "equalized_odds_difference": known.equalized_odds_difference,
            "equalized_odds_ratio": known.equalized_odds_ratio,
        }.items():
            bounded = found.criteria[name]
            assert bounded.value == pytest.approx(function(**groups)), name
            assert 0 <= bounded.low <= bounded.value <= bounded.high
        frame = known.MetricFrame(
            metrics={"selection_rate": known.selection_rate, "recall": known.true_positive_rate,
                     "false_positive_rate": known.false_positive_rate}, **groups
        ).by_group  # fmt: skip
        for metric in found.metrics[:3]:
            assert {r.group: pytest.approx(r.value) for r in metric.groups} == frame[metric.metric].to_dict()


def test_intervals_of_gaps_and_ratios_hold_as_often_as_they_say() -> None:
    random, missed, times = np.random.default_rng(3), np.zeros(2), 300
    for _ in range(times):
        groups = random.integers(0, 3, 900).astype(str)
        said = (random.random(900) < np.array([0.5, 0.4, 0.3])[groups.astype(int)]).astype(int)
        found = fairness.by_group("g", Predicted(said, said, None, (0, 1)), groups, None, 0.05)
        assert found is not None
        gap, ratio = (found.criteria[f"demographic_parity_{what}"] for what in ("difference", "ratio"))
        missed += [not gap.low <= 0.2 <= gap.high, not ratio.low <= 0.6 <= ratio.high]
    assert (missed / times < 0.075).all(), missed


def test_units_widen_intervals_and_rare_groups_are_left_out() -> None:
    data = pd.concat([rows(2, 150)] * 10, ignore_index=True)
    said, names = predicted(data), data.sex.to_numpy().astype(str)
    names[:12] = "rare"
    alone = fairness.by_group("sex", said, names, None, 0.05)
    together = fairness.by_group("sex", said, names, np.arange(len(data)) % 150, 0.05)
    assert alone is not None
    assert together is not None
    assert alone.small == 1
    width = [f.criteria["equalized_odds_difference"].high - f.criteria["equalized_odds_difference"].value
             for f in (alone, together)]  # fmt: skip
    assert width[1] > 1.5 * width[0]
    few = fairness.groups_of(np.array([1.0, np.nan, 2.0]))
    assert list(few) == ["1.0", "missing", "2.0"]
    assert set(fairness.groups_of(np.arange(100.0))) == {
        "0 to 24.75",
        "24.75 to 49.5",
        "49.5 to 74.25",
        "74.25 to 99",
    }
    assert fairness.by_group("x", said, np.repeat("one", len(data)), None, 0.05) is None


def test_calibration_tells_what_is_chance_from_what_is_not() -> None:
    random = np.random.default_rng(5)
    chances = random.random(4000)
    truth = (random.random(4000) < chances).astype(int)

    def error(said: Any) -> Any:
        p = Predicted(truth, (said > 0.5).astype(int), np.column_stack([1 - said, said]), (0, 1))
        return calibrating.calibration(p, None, 0.05)

    good, bad = error(chances), error(np.clip(chances + 0.1, 0, 1))
    assert good.error.value < good.by_chance < bad.error.low
    assert [point.rows for point in good.curve] == [400] * 10
    assert sum(point.low <= point.said <= point.high for point in good.curve) >= 8
    assert sum(point.low <= point.said <= point.high for point in bad.curve) <= 3


def test_slices_are_found_where_the_model_errs_and_hardly_ever_elsewhere() -> None:
    data = rows(6, 3000)
    wrong = (predicted(data).labels != data.y).to_numpy().astype(float)
    found = slicing.find(data[["b", "sex", "city"]], wrong, None, 0.05, "error")
    assert found is not None
    best = found.slices[0]
    assert best.confirmed
    assert "city = south" in best.rule or "city ≠ north" in best.rule
    assert 0 < best.low < best.difference < best.high
    random, cried = np.random.default_rng(7), 0
    for _ in range(60):
        frame = pd.DataFrame(random.normal(size=(600, 6))).add_prefix("x")
        none = slicing.find(frame, (random.random(600) < 0.2).astype(float), None, 0.05, "error")
        cried += none is not None and any(one.confirmed for one in none.slices)
    assert cried <= 5
    assert slicing.find(data[["b"]], np.zeros(3000), None, 0.05, "error") is None
    assert slicing.find(data[["b"]][:50], wrong[:50], None, 0.05, "error") is None
    units = slicing.find(data[["city"]], wrong, np.arange(3000) % 6, 0.05, "error")
    assert units is not None
    assert units.slices == ()  # three units in each half tell nothing


def test_an_evaluation_is_kept_with_its_version_its_run_and_its_card(version: Any, place: Place) -> None:
    data = rows(1).rename(columns={"city": HOSTILE})
    found = mlops_jlab.evaluate("loans", data, "y", groups=["sex", ("sex", HOSTILE)], unit="day")
    assert (found.model, found.version, found.rows, found.unit) == ("loans", 1, 1500, "day")
    assert [one.column for one in found.fairness] == ["sex", f"sex × {HOSTILE}"]
    assert found.importance is not None
    assert (found.importance["features"][0][0], found.importance["repeats"]) == ("a", 5)
    assert "demographic_parity_difference by sex" in repr(found)
    assert "<img" not in found._repr_html_()
    told = found.dependence[0]
    fitted = mlops_jlab.load_model("loans")
    at = partial_dependence(fitted, data[NAMES][:1000], ["a"], custom_values={"a": np.array(told.values)})
    assert told.column == "a"
    assert [b.value for b in told.said] == pytest.approx(list(at["average"][0]), abs=0.02)
    mlops_jlab.flush()
    run = mlops_jlab.get_run(found.run)
    assert (run.kind, run.status) == ("evaluation", "finished")
    assert run.metrics["accuracy"].latest == pytest.approx(found.metrics["accuracy"].value)
    with opening.reading(place) as connection:
        (file,) = reading.artifacts(connection, run)
        assert auditing.entries(connection)[0].action == "evaluate"
        assert replaying.problems(connection) == []
    assert json.loads(artifacts.read(place, file.digest))["slices"]["asked"] > 0
    text = packing.card_of(place, versions.find(place, "loans"))
    assert found.data[0]["label"] == "y"
    assert sorted(part["group"] for part in found.data[0]["groups"]) == ["F", "M"]
    for words in ("## Evaluation", "### Fairness by sex", "### Data by sex", "share then", "equalized odds ratio", "### Calibration",
                  "### Where it errs more", "### What it goes by", "### What it says by a"):  # fmt: skip
        assert words in text
    page = cards.page(text, "loans")
    assert "<img" not in page
    assert "onerror" in page
    with mlops_jlab.start_run() as active:
        again = mlops_jlab.evaluate(fitted, rows(3), "y", name="loans")
    assert (again.version, again.run) == (1, active.id)
    assert "### Fairness" not in packing.card_of(place, versions.find(place, "loans"))  # the newest counts


def test_models_of_numbers_of_many_classes_and_without_a_version() -> None:
    data = rows(1)
    numbers = mlops_jlab.evaluate(
        LinearRegression().fit(data[NAMES], data.amount), data, "amount", groups="sex"
    )
    assert (numbers.version, numbers.run) == (0, "")
    by = {metric.metric: metric for metric in numbers.fairness[0].metrics}
    assert by["mean_error"].difference.low > 0.3  # men get more than it says
    assert by["mean_error"].ratio is None
    assert numbers.calibration is not None
    assert numbers.calibration.error is None
    assert "mean_error by sex differs by" in repr(numbers)
    three = data.assign(y=np.where(data.a > 1, "high", np.where(data.a > 0, "middle", "low")))
    classes = mlops_jlab.evaluate(LogisticRegression().fit(three[NAMES], three.y), three, "y", groups="sex")
    assert [metric.metric for metric in classes.fairness[0].metrics] == ["accuracy", "recall"]
    assert classes.dependence == ()
    words = data.assign(y=np.where(data.y, "yes", "no"))
    model = LogisticRegression().fit(words[NAMES], words.y)
    with pytest.raises(InputError, match="which of 'no' and 'yes' is the positive class"):
        mlops_jlab.evaluate(model, words, "y", groups="sex")
    found = mlops_jlab.evaluate(model, words, "y", groups="sex", positive="no")
    assert found.positive == "no"
    plain = mlops_jlab.evaluate(
        LogisticRegression().fit(data[NAMES].to_numpy(), data.y), data, "y", columns=NAMES
    )
    assert [one.column for one in plain.dependence][:1] == ["a"]


@pytest.mark.parametrize(("change", "given", "words"), [
    ({}, {"groups": "gender"}, "no column 'gender', a group"),
    ({}, {"unit": "week"}, "no column 'week', the unit"),
    ({}, {"alpha": 2}, "alpha is 2"),
    ({"y": [None, *[1] * 99]}, {}, "rows have no target"),
    ({"y": [7] * 100}, {}, "not among the model's classes"),
    ({"a": "x"}, {}, "cannot predict the rows"),
    ({}, {"name": "others"}, "no version of 'others'"),
])  # fmt: skip
def test_what_cannot_be_evaluated_is_said(change: Any, given: Any, words: str) -> None:
    train = rows(0)
    model = LogisticRegression().fit(train[NAMES], train.y)
    with pytest.raises(InputError, match=words):
        mlops_jlab.evaluate(model, rows(1, 100).assign(**change), "y", **given)


def test_odd_rows_and_keywords() -> None:
    train = rows(0)
    model = LogisticRegression().fit(train[NAMES], train.y)
    with pytest.raises(InputError, match="there are no rows"):
        mlops_jlab.evaluate(model, train[:0], "y")
    with pytest.raises(MlopsError, match="takes no 'group'.*groups"):
        mlops_jlab.evaluate(model, train, "y", group="sex")
    one_class = mlops_jlab.evaluate(model, train[train.y == 1], "y", groups=["sex"])
    assert "roc_auc" not in one_class.metrics
    assert "equalized_odds_difference" not in one_class.fairness[0].criteria
    few = mlops_jlab.evaluate(model, train[:8], "y", groups=["sex"])
    assert (few.fairness, few.slices, few.calibration) == ((), None, None)
    json.dumps(few.as_json(), allow_nan=False)


def test_on_the_command_line(version: Any, tmp_path: Path) -> None:
    rows(1).to_csv(tmp_path / "rows.csv", index=False)
    asked = [
        "models",
        "evaluate",
        "loans",
        "--data",
        str(tmp_path / "rows.csv"),
        "--target",
        "y",
        "--group",
        "sex,city",
    ]
    done = CliRunner().invoke(cli, [*asked, "--positive", "1", "--unit", "day"], catch_exceptions=False)
    assert "equalized_odds_ratio by sex × city" in done.output
    assert "in the card: mlops-jlab models card loans/1" in done.output
    done = CliRunner().invoke(cli, [*asked, "--format", "json"], catch_exceptions=False)
    assert json.loads(done.output)["fairness"][0]["column"] == "sex × city"
