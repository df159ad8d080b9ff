"""What a gate refuses to judge, with what and where; and what it takes: weights, classes, metrics of one's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as known
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_jlab
from mlops_jlab import gate
from mlops_jlab.errors import InputError
from mlops_jlab.gates.intervals import share_of_budget
from mlops_jlab.gates.metrics import Metric, Predicted, estimate
from mlops_jlab.handoff.trust import KEY_FILE
from mlops_jlab.registry import rowdigests, training, versions
from mlops_jlab.registry.evaluating import EvaluationRows, Taken
from mlops_jlab.store import opening
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    yield Place(tmp_path / "store")
    close_all()


def rows(seed: int = 0, count: int = 300, names: tuple[Any, Any] = (0, 1)) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": random.normal(size=count), "b": random.normal(size=count)})
    truth = (frame.a + 0.5 * random.normal(size=count) > 0).astype(int)
    return frame.assign(y=np.asarray(names, dtype=object)[truth] if isinstance(names[0], str) else truth)


def fitted(seed: int = 0, count: int = 300, names: tuple[Any, Any] = (0, 1)) -> LogisticRegression:
    frame = rows(seed, count, names)
    return LogisticRegression().fit(frame[["a", "b"]], frame["y"])


def asked(model: Any, data: pd.DataFrame, rules: str = "accuracy above 0.1", **given: Any) -> Any:
    return gate.compare(model, data, "y", name="m", rules=rules, bootstrap=True, **given)


class Says:
    """A model that says what it is told to."""

    n_features_in_ = 2

    def __init__(self, said: Any, classes: Any = None, chances: Any = None) -> None:
        self.said = said
        if classes is not None:
            self.classes_ = np.asarray(classes)
        if chances is not None:
            self.predict_proba = lambda _rows: np.asarray(chances)

    def predict(self, rows: Any) -> Any:
        return np.asarray(self.said)


class Raw(Says):
    """One whose answer is no plain array."""

    def predict(self, rows: Any) -> Any:
        return self.said


class Named(Raw):
    """One that gets the rows as a frame, and gives a series."""

    feature_names_in_ = ("a", "b")
    classes_ = np.asarray([0, 1])


class Quits(Says):
    """One that ends the process."""

    def predict(self, rows: Any) -> Any:
        raise SystemExit(0)


LABELS = [0, 1] * 50
HALVES = [[0.5, 0.5]] * 100
FINE = pd.DataFrame({"a": np.arange(100.0), "b": 0.0, "y": LABELS})


@pytest.mark.parametrize(
    ("model", "data", "words"),
    [
        (Says([*range(99), np.nan]), FINE, r"predictions of the challenger: 1 values are not finite, the first is nan in row 99"),
        (Says([np.inf, *range(99)]), FINE, "inf in row 0"),
        (Says([[1.0]] * 100), FINE, "have the shape 100 × 1, and there are 100 rows"),
        (Says([1.0] * 99), FINE, "have the shape 99"),
        (Says(np.asarray(LABELS, complex), [0, 1]), FINE, "predictions of the challenger are complex numbers"),
        (Says(LABELS, [0, 1], np.asarray(HALVES).astype(str)), FINE, "probabilities of the challenger are no numbers"),
        (Says([1.0] * 100), FINE.assign(y=[np.inf, *range(99)]), "the target: 1 values are not finite"),
        (Says([1.0] * 100), FINE.assign(y=["x"] * 100), "the target holds 'x', which is not a number"),
        (Says(LABELS, [0, 1], [*HALVES[:99], [1.5, -0.5]]), FINE, r"outside 0 to 1 in 1 rows, the first is row 99: 1.5, -0.5"),
        (Says(LABELS, [0, 1], [[0.5, 0.4], *HALVES[:99]]), FINE, "not 1 in their sum in 1 rows, the first is row 0"),
        (Says(LABELS, [0, 1], [[np.nan, 1], *HALVES[:99]]), FINE, "are not finite in 1 rows"),
        (Says(LABELS, [0, 1], [[1.0]] * 100), FINE, "have the shape 100 × 1"),
        (Says(LABELS, [0, 1]), FINE.assign(y=list(map(str, LABELS))), r"of another type \(str, not int\); the first is '0' in row 0"),
        (Says(LABELS, [0, 1]), FINE.assign(y=[2, *LABELS[1:]]), "not among the model's classes 0, 1; the first is 2 in row 0"),
        (Says([7, *LABELS[1:]], [0, 1]), FINE, "predictions of the challenger: 1 values are not among"),
        (Says(LABELS, [0, 1]), FINE.assign(more=1), "takes 2 columns by their places, and the data has 3: a, b, more"),
        (Says(LABELS, [0, 1]), FINE.drop(columns="b"), "takes 2 columns by their places, and the data has 1"),
        (Says([1.0] * 100), FINE.assign(y=1j), "the target holds 1j, which is not a number"),
        (Says([1j] * 100), FINE.assign(y=1.0), "predictions of the challenger holds 1j, which is not a number"),
        (Says(["1"] * 100), FINE.assign(y=1.0), "predictions of the challenger holds '1', which is not a number"),
        (Says([1.0] * 100), FINE.assign(y=pd.Timestamp("2026-01-01")), "the target holds '2026-01-01.*', which is no"),
        (Says([1.0] * 100), FINE.assign(y=pd.Timedelta(1, "s")), "the target holds '.*', which is not a number"),
        (Says([1.0] * 100), FINE.assign(y=pd.Series([10**400, *range(99)], dtype=object)), "are not finite, the first is inf in row 0"),
        (Says([1.0] * 100), FINE.assign(y=1e200), r"the target: 100 values are beyond 1e\+150, the first is 1e\+200 in row 0"),
        (Raw(np.ma.masked_array(np.ones(100), mask=[False] * 99 + [True])), FINE.assign(y=1.0), "1 values are masked, the first in row 99"),
        (Named(pd.Series(LABELS, index=range(100)[::-1])), FINE, "predictions of the challenger have the labels of the rows in another order"),
        (Quits(LABELS, [0, 1]), FINE, "the challenger cannot predict the rows: SystemExit: 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_judged_is_refused_with_what_and_where(
    place: Place, model: Any, data: pd.DataFrame, words: str
) -> None:
    rule = "accuracy above 0.1" if hasattr(model, "classes_") else "mae below 1"
    with pytest.raises(InputError, match=words):
        asked(model, data, rule)


def test_a_frame_of_probabilities_says_whose_its_columns_are(place: Place) -> None:
    frame = rows()
    model = fitted()

    class Framed(Says):
        feature_names_in_ = ("a", "b")
        classes_ = model.classes_

        def predict_proba(self, rows: Any) -> Any:
            return pd.DataFrame(model.predict_proba(rows), columns=[0, 1], index=rows.index)[[1, 0]]

    said = list(model.predict(frame[["a", "b"]]))
    found = asked(Framed(said), frame, "log_loss below 1")
    assert found.rules[0].estimate == asked(model, frame, "log_loss below 1").rules[0].estimate


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"bootstrap": "no"}, "bootstrap='no' is neither True nor False"),
        ({"importance": 0}, "importance=0 is neither"),
        ({"name": None}, "'None' is not a valid name for a model"),
        ({"metrics": [len]}, "the metrics are"),
        ({"metrics": {"accuracy": len}}, "the metric 'accuracy' would hide the gate's own"),
        ({"columns": "ab"}, "columns='ab' is not a list of different columns"),
        ({"columns": ["a", "a"]}, "is not a list of different columns"),
        ({"against": "n@champion"}, "there is no model 'n' to compare with; did you mean 'm'?|no model 'n'"),
        ({"rules": "accuracy above 1e999"}, "the limit is too large"),
        ({"rules": "log_loss below 1e999"}, "the limit is too large"),
        ({"sample_weight": [-1.0] * 300}, "300 weights are negative, the first is -1.0 in row 0"),
        ({"sample_weight": [0.0] * 300}, "all weights are 0"),
        ({"sample_weight": ["1"] * 300}, "the weights holds '1', which is not a number"),
        ({"sample_weight": [1e308] * 300}, r"the weights: 300 values are beyond 1e\+150"),
    ],
)
def test_an_argument_is_obeyed_or_refused(place: Place, given: dict[str, Any], words: str) -> None:
    fine = {"name": "m", "rules": "accuracy above 0.1", "bootstrap": True}
    with pytest.raises(InputError, match=words):
        gate.compare(fitted(), rows(), "y", **{**fine, **given})


def test_a_positive_class_is_for_classifiers(place: Place) -> None:
    with pytest.raises(InputError, match="positive=1 names a class, and the challenger predicts numbers"):
        asked(Says([1.0] * 100), FINE, "mae below 1", positive=1)


@pytest.mark.parametrize("wrong", [lambda *_: 1 / 0, lambda _one: 1, lambda *_: sys.exit(0)])
def test_a_metric_that_fails_decides_nothing(place: Place, wrong: Any) -> None:
    found = asked(fitted(), rows(), "mine above 0", metrics={"mine": wrong})
    assert (found.verdict, "mine failed: " in found.rules[0].why) == ("not enough data", True)


def test_columns_by_place_are_checked_against_what_the_version_was_registered_with(place: Place) -> None:
    frame = rows()
    plain = LogisticRegression().fit(frame[["a", "b"]].to_numpy(), frame.y)
    version = mlops_jlab.register_model(plain, "m", input_example=frame[["a", "b"]])
    assert asked(version, frame).passed
    with pytest.raises(InputError, match="takes 'a' at place 0, where the data has 'b'"):
        asked(version, frame[["b", "a", "y"]])
    assert asked(version, frame[["b", "a", "y"]].assign(c=1), columns=["a", "b"]).passed


def test_the_positive_class_is_named_or_asked_for(place: Place) -> None:
    data = rows(3, 400, ("good", "bad"))
    model = fitted(0, 300, ("good", "bad"))
    with pytest.raises(InputError, match="which of 'bad', 'good' is the positive class") as caught:
        asked(model, data, "recall above 0.1")
    assert "positive='bad'" in caught.value.hint
    said = model.predict(data[["a", "b"]])
    for name in ("bad", "good"):
        found = asked(model, data, "recall above 0.1\nf1 above 0.1", positive=name)
        assert found.rules[0].estimate == pytest.approx(known.recall_score(data.y, said, pos_label=name))
        assert found.rules[1].estimate == pytest.approx(known.f1_score(data.y, said, pos_label=name))
    assert asked(model, data, "roc_auc above 0.1").passed  # it is the same for both
    with pytest.raises(InputError, match="knows no class 'ugly'"):
        asked(model, data, "recall above 0.1", positive="ugly")


def test_other_classes_than_the_champions_are_named(place: Place) -> None:
    mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1")
    data = rows(1)
    three = LogisticRegression().fit(data[["a", "b"]], data.y + (data.b > 1))
    with pytest.raises(InputError, match=r"champion \(m 1\) knows the classes 0, 1, the challenger 0, 1, 2"):
        asked(three, data, "accuracy better")
    with pytest.raises(InputError, match="one of challenger and champion is a classifier"):
        asked(LinearRegression().fit(data[["a", "b"]], data.y), data, "accuracy better")


def test_bins_of_a_text_column_are_refused(place: Place) -> None:
    with pytest.raises(InputError, match="column 'kind' holds 'x', which is not a number"):
        asked(fitted(), rows().assign(kind="x"), "accuracy above 0.1\nslice kind in 3 bins")


def test_equal_rows_are_one_unit_and_are_counted(place: Place) -> None:
    mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1")
    once = rows(4, 200)
    often = pd.concat([once] * 10)
    one, other = (asked(fitted(1, 60), data, "log_loss better") for data in (once, often))
    assert (one.facts["equal rows"], other.facts["equal rows"]) == (0, 1800)
    assert other.rules[0].units == 200
    assert other.rules[0].high - other.rules[0].low > one.rules[0].high - one.rules[0].low
    assert other.use == 2  # they are the same rows
    named = asked(fitted(1, 60), often.assign(order=range(2000)), "log_loss better\nid order")
    assert named.rules[0].units == 2000


@pytest.mark.parametrize(
    "rules", ["accuracy better\nown above 0.1", "accuracy better over time\nown above 0.1"]
)
def test_who_judges_at_the_same_time_shares_the_budget_of_the_rows(place: Place, rules: str) -> None:
    """As trials of a sweep do: the other one has been kept between the look at the budget and the verdict."""
    mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1")
    data, others = rows(4, 400), [fitted(2, 80), fitted(3, 90)]

    def slow(truth: Any, said: Any, _chances: Any) -> Any:
        if others:
            asked(others.pop(), data, rules, metrics={"own": lambda truth, said, _chances: truth == said})
        return truth == said

    found = asked(fitted(1, 60), data, rules, metrics={"own": slow})
    assert (found.use, others) == (3, [])
    assert found.alpha == pytest.approx(share_of_budget(0.05, 3))
    with opening.reading(place) as connection:
        (nights,) = connection.execute("SELECT count(*) FROM gate_nights").fetchone()
        kept = [alpha for (alpha,) in connection.execute("SELECT alpha FROM gate_results ORDER BY id")]
    assert nights == ("over time" in rules)  # the rows are new to one of three alone
    assert sum(kept) <= 0.05
    assert len(set(kept)) == 3


def test_weights_are_those_of_scikit_learn(place: Place) -> None:
    data, model = rows(5, 400), fitted()
    weights = np.random.default_rng(0).uniform(0, 3, 400)
    chances = model.predict_proba(data[["a", "b"]])[:, 1]
    said = (chances > 0.5).astype(int)
    rules = "\n".join(f"{name} above 0.01" for name in ("accuracy", "roc_auc", "f1", "log_loss", "brier"))
    found = asked(model, data.assign(w=weights), rules, sample_weight="w")
    expected = [
        known.accuracy_score(data.y, said, sample_weight=weights),
        known.roc_auc_score(data.y, chances, sample_weight=weights),
        known.f1_score(data.y, said, sample_weight=weights),
        known.log_loss(data.y, chances, sample_weight=weights),
        known.brier_score_loss(data.y, chances, sample_weight=weights),
    ]
    assert [rule.estimate for rule in found.rules] == pytest.approx(expected)
    with pytest.raises(InputError, match="weights are negative"):
        asked(model, data, sample_weight=-weights)


def test_more_than_two_classes_quantiles_and_rankings() -> None:
    random = np.random.default_rng(0)
    truth, chances = random.integers(0, 3, 300), random.dirichlet([1, 1, 1], 300)
    chances = (chances + np.eye(3)[truth]) / 2
    three = Predicted(truth, chances.argmax(axis=1), chances, (0, 1, 2))
    assert estimate("roc_auc", three).value == pytest.approx(
        known.roc_auc_score(truth, chances, multi_class="ovr")
    )
    assert estimate("f1", three).value == pytest.approx(known.f1_score(truth, three.labels, average="macro"))
    numbers = Predicted(random.normal(size=300), random.normal(size=300))
    assert estimate("quantile_loss(0.9)", numbers).value == pytest.approx(
        known.mean_pinball_loss(numbers.truth, numbers.labels, alpha=0.9)
    )
    groups = np.repeat(np.arange(30), 10)
    grades, scores = random.integers(0, 4, 300).astype(float), random.normal(size=300)
    ranked = estimate("ndcg(5)", Predicted(grades, scores, groups=groups))
    assert ranked.value == pytest.approx(
        known.ndcg_score(2.0**0 * grades.reshape(30, 10), scores.reshape(30, 10), k=5)
    )
    for found in (ranked, estimate("roc_auc", three), estimate("f1", three)):
        assert found.influence.mean() == pytest.approx(0, abs=1e-9)


def test_metrics_of_ones_own_by_rows_and_as_one_number(place: Place) -> None:
    mlops_jlab.register_model(fitted(2, 20), "m")
    versions.promote(place, "m/1")
    metrics = {
        "profit": lambda truth, said, _chances: np.where(said == 1, np.where(truth == 1, 5.0, -1.0), 0.0),
        "misses": Metric(lambda truth, said, _chances: float((truth != said).mean()), higher=False),
    }
    data = rows(6, 400)
    found = asked(fitted(), data, "profit better\nmisses not worse by 0.5\nmisses below 0.9", metrics=metrics)
    said = fitted().predict(data[["a", "b"]])
    assert [rule.verdict for rule in found.rules][1:] == ["pass", "pass"]
    assert found.rules[2].estimate == pytest.approx((said != data.y).mean())
    assert found.rules[2].low < found.rules[2].estimate < found.rules[2].high
    with pytest.raises(InputError, match="there is no metric 'profits'; did you mean 'profit'"):
        asked(fitted(), data, "profits better", metrics=metrics)


def test_rows_of_training_are_found_whatever_columns_are_beside_them(place: Place) -> None:
    data = rows(9, 400)
    rules = "accuracy above 0.1\nno overlap"
    found = asked(fitted(), data, rules, train=data.drop(columns="b"))
    assert found.rules[1].why == "400 rows were in its training"
    assert found.rules[1].method == "compared by a, y"
    assert (
        asked(fitted(), data.assign(split="test"), rules, train=data.assign(split="train")).rules[1].estimate
        == 400
    )
    other = asked(fitted(), data, rules, train=rows(10, 400))
    assert other.rules[1].verdict == "pass"
    assert "compared by a, b, y" in other.rules[1].why
    moved = asked(fitted(), data, rules, train=data.assign(a=data.a * (1 + 1e-7)))
    assert moved.rules[1].verdict == "pass"
    assert "400 nearly" in moved.rules[1].why or "399 nearly" in moved.rules[1].why
    ids = asked(fitted(), data.assign(order=range(400)), rules + "\nid order",
                train=rows(10, 400).assign(order=range(390, 790)))  # fmt: skip
    assert ids.rules[1].why == "10 rows were in its training"
    with pytest.raises(InputError, match="train has none of the columns"):
        asked(fitted(), data, rules, train=pd.DataFrame({"z": [1]}))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data.assign(y=np.where(data.y == 1, "yes", "no")), "400 rows were in its training"),
        (lambda data: data.astype({"a": "float32", "b": "float32"}), "400 rows were in its training"),
        (lambda data: data.assign(y=1 - data.y), "no row was in its training, 400 nearly"),
        (lambda data: data.astype(str), "400 rows were in its training"),
        (lambda data: data.astype({"a": "category"}), "400 rows were in its training"),
        (lambda data: data.convert_dtypes(), "400 rows were in its training"),
    ],
)
def test_rows_of_training_are_found_though_their_target_or_precision_is_another(
    place: Place, change: Any, words: str
) -> None:
    data = rows(9, 400)
    found = asked(fitted(), data, "accuracy above 0.1\nno overlap", train=change(data))
    assert found.rules[1].why.startswith(words)


MOMENTS = pd.Series(pd.date_range("2024-01-01", periods=40, freq="D"))
TEXTS = pd.Series(["x", None] * 20, dtype=object)
NUMBERS = pd.Series(range(40))


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        (TEXTS, TEXTS.astype("string")),
        (TEXTS, TEXTS.where(TEXTS.notna(), np.nan).astype("category")),
        (MOMENTS, MOMENTS.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")),
        (MOMENTS.astype(object), MOMENTS.astype(str)),
        (MOMENTS, MOMENTS.dt.date),
        (NUMBERS, NUMBERS.replace(39, 2**60)),  # digests of what is large are those of texts
        (NUMBERS * 1000 + 2**60, (NUMBERS * 1000 + 2**60).astype(float)),
        (NUMBERS.astype("category"), NUMBERS.astype(float).astype("category")),
        (NUMBERS.astype(object), NUMBERS.astype(float).astype(object)),
        (NUMBERS.map(lambda n: Decimal(f"{n}.50")), NUMBERS.map(lambda n: Decimal(f"{n}.5"))),
        (NUMBERS > 20, (NUMBERS > 20).astype(str)),
    ],
)
def test_rows_of_training_are_found_in_whatever_types_they_stand(mine: Any, theirs: Any) -> None:
    data = pd.DataFrame({0: NUMBERS / 7, 1: mine})  # names that are numbers, too
    taken = cast(Taken, SimpleNamespace(names=["0", "1"]))
    evaluated = cast(EvaluationRows, SimpleNamespace(data=data, target="y", truth=None))
    train = pd.DataFrame({0: NUMBERS / 7, 1: theirs}).sample(frac=1, random_state=0)
    assert training.overlap(evaluated, taken, [], train)[0] in (39, 40)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda data: data[:0], "train has no rows"),
        (lambda data: pd.concat([data, data["a"]], axis=1), "several columns 'a' in train"),
        (lambda data: pd.concat([data, data["y"]], axis=1), "several columns 'y' in train"),
        (
            lambda data: data.assign(a=pd.to_timedelta(data.a, "s")),
            "'a' is float64 in the rows and timedelta",
        ),
        (lambda data: data.assign(a="much"), "'a' is float64 in the rows and (object|str) in train"),
    ],
)
def test_rows_of_training_that_cannot_be_compared_are_refused(place: Place, change: Any, words: str) -> None:
    data = rows(9, 400)
    with pytest.raises(InputError, match=words):
        asked(fitted(), data, "accuracy above 0.1\nno overlap", train=change(data))


@pytest.mark.parametrize("rules", [None, 3, b"roc_auc better", [3]])
def test_rules_that_are_no_text_are_refused(place: Place, rules: Any) -> None:
    with pytest.raises(InputError, match="the rules are"):
        asked(fitted(), rows(9, 400), rules)
    with pytest.raises(InputError, match="the metric 'p' is 3"):
        asked(fitted(), rows(9, 400), "p better", metrics={"p": 3})


def test_what_stands_beside_the_rows_is_in_their_order(place: Place) -> None:
    data, rule = rows(9, 400), "accuracy above 0.1"
    mixed = data.y.sample(frac=1, random_state=0)
    with pytest.raises(InputError, match="the target have the labels of the rows in another order"):
        gate.compare(fitted(), data[["a", "b"]], mixed, name="m", rules=rule)
    with pytest.raises(InputError, match="the weights have the labels"):
        asked(fitted(), data, rule, sample_weight=(mixed + 1.0))
    found = gate.compare(
        fitted(), data[["a", "b"]].set_axis(range(1000, 1400)), data.y, name="m", rules=rule, bootstrap=True
    )
    assert found.passed


def test_rows_without_a_unit_or_id_are_refused(place: Place) -> None:
    data = rows(9, 400).assign(day=[*range(399), np.nan])
    for kind in ("unit", "id"):
        with pytest.raises(
            InputError, match=f"'{kind} day': 1 rows have no value there, the first is row 399"
        ):
            asked(fitted(), data, f"accuracy above 0.1\n{kind} day")


class Spoils(LogisticRegression):  # type: ignore[misc]  # untyped
    """A model that changes the rows that it is given."""

    def predict_proba(self, rows: Any) -> Any:
        rows["a"] = 0.0
        return super().predict_proba(rows)


def spoils(truth: Any, said: Any, chances: Any) -> float:
    truth[:], said[:], chances[:] = 0, 0, 0
    return 1.0


def test_the_first_champion_is_judged_by_rows_and_nobody_changes_them(place: Place) -> None:
    data = rows(9, 400)
    assert asked(fitted(), data.iloc[:0], "accuracy better").verdict == "not enough data"
    before = data.copy()
    model = Spoils().fit(data[["a", "b"]], data.y)
    found = asked(model, data, "mine above 0.5\naccuracy above 0.1", metrics={"mine": spoils})
    assert found.rules[1].estimate == pytest.approx((model.predict(before[["a", "b"]]) == before.y).mean())
    assert data.equals(before)
    words = asked(fitted(), data, "mine above 0.5\naccuracy above 0", metrics={"mine": lambda *_: "x"})
    assert words.verdict == "not enough data"
    with pytest.raises(InputError, match="are complex numbers"):
        asked(Says(LABELS, [0, 1], np.asarray(HALVES, complex)), FINE, "accuracy above 0.1")


def test_the_error_budget_follows_the_rows(place: Place) -> None:
    mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1")
    data = rows(7, 400)

    def use(seed: int, part: pd.DataFrame) -> float:
        return float(asked(fitted(seed, 40), part, "accuracy better").use)

    assert use(1, data) == 1
    assert use(2, data.iloc[1:]) == 2  # without one row
    assert use(3, data.assign(unused=0)) == 3  # with a column that nobody looks at
    assert use(4, data.astype({"y": float}).sample(frac=0.5, random_state=0)) == 4
    assert use(5, rows(8, 400)) == 1
    assert 1 < use(6, pd.concat([rows(11, 380), data[:20]])) < 4.5
    result = asked(fitted(7, 40), data, "accuracy better")
    assert 0 < result.facts["left"] < 0.05 - sum(0.05 * 6 / (np.pi**2 * k**2) for k in range(1, 5))


def test_hashes_tell_rows_by_their_values() -> None:
    one = pd.DataFrame({"a": [1, 2], "t": ["x", "y"]})
    other = pd.DataFrame({"t": pd.Categorical(["x", "y"]), "a": [1.0, 2.0]})
    assert (rowdigests.of(one, ["a", "t"]) == rowdigests.of(other, ["a", "t"])).all()
    many = np.random.default_rng(0).integers(0, 2**63, 100_000, dtype=np.uint64)
    half = rowdigests.sketch(np.concatenate([many[:50_000], many[:50_000] + np.uint64(1)]))[0]
    assert rowdigests.shared(rowdigests.sketch(many)[0], half) == pytest.approx(0.5, abs=0.02)


def test_over_time_only_new_rows_count_and_a_better_model_is_found(place: Place) -> None:
    mlops_jlab.register_model(fitted(2, 12), "m")
    versions.promote(place, "m/1")
    rule, window, verdicts = "log_loss better over time", pd.DataFrame(), []
    for night in range(12):
        window = pd.concat([window, rows(100 + night, 60)]).tail(240)
        result = asked(fitted(night, 2000), window, rule)
        verdicts.append(result.verdict)
        assert result.rules[0].rows in (60, 120)  # those of a night that was too small count with the next
        if result.passed:
            break
    assert verdicts[0] == "not enough data"
    assert verdicts[-1] == "pass"
    assert asked(fitted(night, 2000), window, rule).rules[0].why == result.rules[0].why  # asked once more
    again = asked(fitted(99, 2000), window, rule)
    assert again.verdict == "not enough data"  # the same rows tell nothing twice
    assert "no row is new" in again.rules[0].why
    versions.promote(place, "m/1", override=True, reason="a drill")
    few = asked(fitted(98, 2000), rows(500, 8), rule)
    assert "8 new rows are too few to count tonight" in few.rules[0].why
    mlops_jlab.register_model(fitted(3, 2000), "m")
    versions.promote(place, "m/2", override=True, reason="a drill")
    fresh = asked(fitted(97, 2000), rows(501, 60), rule)
    assert "after 1 night with new rows" in fresh.rules[0].why  # another champion is another question,
    assert "alpha 0.007599" in fresh.rules[0].method  # and the second of this year
