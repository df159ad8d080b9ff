"""A model that is watched: windows, what persists, what the policy holds back; and files that are scored."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.drift.byunit import Gathering
from mlops_jlab.drift.edetector import Detector
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.gates.intervals import spread
from mlops_jlab.monitoring import history, watching
from mlops_jlab.monitoring.labels import Labels
from mlops_jlab.monitoring.policy import TOGETHER, Action, Policy, Seen, decide
from mlops_jlab.profiles import chunks
from mlops_jlab.registry import references
from mlops_jlab.retraining import schedules, ticking
from mlops_jlab.serving import scoring
from mlops_jlab.store import artifacts, auditing, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from tests.conftest import notebook_json

HOUR = 3600.0


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    while mlops_jlab.active_run():
        mlops_jlab.end_run()
    close_all()


def rows(seed: int, count: int = 600, shift: float = 0.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "a": rng.normal(shift, 1, count),
            "b": rng.normal(size=count),
            "unused": rng.normal(5 * shift, 1, count),
        }
    )
    return frame.assign(late=(frame.a + rng.normal(size=count) > 0.5).astype(int))


@pytest.fixture
def model(place: Place) -> Any:
    train = rows(0, 3000)
    fitted = LogisticRegression().fit(train[["a", "b"]], train.late)
    return mlops_jlab.register_model(fitted, "flights", input_example=train[["a", "b"]], data=train)


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    made = tmp_path / "incoming"
    made.mkdir()
    return made


def arrive(folder: Path, name: str, frame: pd.DataFrame) -> None:
    frame.drop(columns="late").to_csv(folder / f"{name}.csv", index=False)


def test_what_a_version_was_fitted_on_is_fixed_with_it(model: Any, place: Place) -> None:
    reference = references.read(place, model)
    assert [column.name for column in reference.columns] == ["a", "b", "unused", "late", "prediction"]
    said = reference.column("prediction")
    assert said is not None
    assert 0 < said.minimum < said.maximum < 1
    plain = mlops_jlab.register_model(LogisticRegression().fit([[0], [1]], [0, 1]), "plain")
    with pytest.raises(InputError, match="nothing is known of what plain 1 was fitted on"):
        references.read(place, plain)


def test_drift_that_persists_asks_for_a_retraining_once(model: Any, place: Place, incoming: Path) -> None:
    policy = Policy(cooldown=24 * HOUR, per_week=2, min_rows=100)

    def look(now: float) -> watching.Looked:
        return watching.look(place, "flights", incoming, policy, now=now)

    arrive(incoming, "1", rows(1))
    first = look(HOUR)
    assert first.window is not None
    assert (first.window.action, first.window.rows, list(first.window.drifted)) == ("nothing", 600, [])
    assert look(2 * HOUR).why.startswith("nothing is new at")
    actions = []
    for number in range(2, 5):
        arrive(incoming, str(number), rows(number, shift=0.6))
        found = look(number * HOUR)
        assert found.window is not None
        assert found.window.rows == 600
        actions.append(found.window.action)
    assert actions == ["nothing", "retrain", "held back"]
    assert {"a", "prediction"} <= set(found.window.drifted)
    assert "unused" not in found.window.drifted
    assert "the last retraining was too short ago" in found.window.why
    run = mlops_jlab.get_run(found.window.run)
    assert (run.kind, run.status) == ("monitor", "finished")
    assert run.metrics["drift.a"].latest > 0.4
    with opening.reading(place) as connection:
        kept = {file.path: file.digest for file in reading.artifacts(connection, run)}
        said = [entry.action for entry in auditing.entries(connection) if entry.action.startswith("monitor")]
    assert said[::-1] == ["monitor: nothing", "monitor: nothing", "monitor: retrain", "monitor: held back"]
    assert set(kept) == {"drift.json", "profile.json", "report.html", "window.json"}
    page = artifacts.read(place, kept["report.html"]).decode()
    assert "moved by 0." in page
    assert "<script" not in page


def test_a_schedule_takes_the_retraining_up_once(
    model: Any, place: Place, incoming: Path, tmp_path: Path
) -> None:
    notebook = tmp_path / "retrain.ipynb"
    notebook.write_text(json.dumps(notebook_json([("step:a", "x = 1")])))
    schedule = schedules.add(place, Schedule("", str(notebook), on_drift="flights"), {})
    assert schedule.when == "when flights drifts"
    assert list(ticking.claim_all(place, schedule.created + 1)) == []
    policy = Policy(min_rows=0)
    for number in (1, 2):
        arrive(incoming, str(number), rows(number, shift=0.6))
        watching.look(place, "flights", incoming, policy, now=schedule.created + number)
    (claimed,) = ticking.claim_all(place, schedule.created + 5)
    assert claimed.firing.cause == "drift"
    assert claimed.firing.steps[0].why.startswith("drift persists in ")
    with opening.writing(place) as connection:
        connection.execute("UPDATE firings SET status = 'finished'")
        connection.commit()
    assert list(ticking.claim_all(place, schedule.created + 10)) == []
    with pytest.raises(InputError, match="not a valid name for a model"):
        schedules.add(place, Schedule("x", str(notebook), on_drift="../x"), {})


@pytest.mark.parametrize(("persisting", "rows", "past", "action", "why"), [
    ([], 9999, [], Action.NOTHING, "no drift persists"),
    (["a"], 500, [], Action.RETRAIN, "drift persists in a"),
    (["a"], 100, [], Action.HELD, "100 new rows, of 500"),
    (["a"], 100, [Seen(1, 450, Action.NOTHING)], Action.RETRAIN, "drift persists"),
    (["a"], 100, [Seen(1, 450, Action.RETRAIN)], Action.HELD, "100 new rows"),
    (["a"], 900, [Seen(1000 * HOUR - 60, 450, Action.RETRAIN)], Action.HELD, "too short ago, 1439 min are left"),
    (["a"], 900, [Seen(970 * HOUR, 9, Action.RETRAIN), Seen(940 * HOUR, 9, Action.RETRAIN), Seen(910 * HOUR, 9, Action.RETRAIN)],
     Action.HELD, "3 retrainings within a week"),
    (["a"], 900, [Seen(970 * HOUR, 9, Action.RETRAIN), Seen(940 * HOUR, 9, Action.RETRAIN), Seen(800 * HOUR, 9, Action.RETRAIN)],
     Action.RETRAIN, "drift persists"),
])  # fmt: skip
def test_the_policy_says_what_it_does_and_why(
    persisting: list[str], rows: int, past: list[Seen], action: Action, why: str
) -> None:
    found = decide(persisting, rows, past, Policy(), 1000 * HOUR)
    assert found[0] is action
    assert why in found[1]


def test_bad_windows_are_said_and_end_nothing(model: Any, place: Place, incoming: Path) -> None:
    with pytest.raises(InputError, match="there is no file"):
        watching.look(place, "flights", incoming, Policy())
    (incoming / "x.csv").write_text("")
    with pytest.raises(InputError, match="cannot be read"):
        watching.look(place, "flights", incoming, Policy())
    (incoming / "x.csv").write_text("a,b\n")
    assert "no rows" in watching.look(place, "flights", incoming, Policy()).why
    (incoming / "x.csv").write_text("b\n" + "1\n" * 100)
    found = watching.look(place, "flights", incoming, Policy())
    assert found.window is not None
    assert list(found.window.drifted) == ["a", "b"]
    assert found.drift is not None
    assert found.drift.columns[0].why == "the column is gone"


def command(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, list(words), catch_exceptions=False, standalone_mode=False)
    return int(done.return_value or 0), done.output


def test_on_the_command_line(model: Any, incoming: Path) -> None:
    arrive(incoming, "1", rows(1, shift=0.6))
    code, said = command("monitor", "flights/1", "--data", str(incoming))
    assert code == 0
    assert "nothing to do: no drift persists, it counts when seen in two of three windows" in said
    arrive(incoming, "2", rows(2, shift=0.6))
    told = incoming.parent / "told"
    alert = f"command:sh -c 'cat > {told}'"
    code, said = command(
        "monitor", "flights/1", "--data", str(incoming), "--alert", alert, "--min-rows", "10"
    )
    assert code == 1
    assert "retrain: drift persists in" in said
    assert "drift in" in told.read_text()
    code, said = command("monitor", "flights", "--data", f"{incoming}/*.csv", "--format", "json")
    assert json.loads(said)["window"]["rows"] == 1200


# Batch scoring.


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_a_file_is_scored_in_parts_as_the_model_would(
    model: Any, place: Place, tmp_path: Path, ending: str
) -> None:
    frame = rows(5, 1000)[["unused", "b", "a"]]
    frame.to_parquet(tmp_path / "in.parquet")
    done = scoring.score(place, "flights", tmp_path / "in.parquet", tmp_path / f"out{ending}", rows=300)
    assert done.rows == 1000
    found = pd.concat(chunks.of_file(tmp_path / f"out{ending}"))
    loaded = mlops_jlab.load_model("flights")
    assert list(found.columns) == ["unused", "b", "a", "prediction", "probability 0", "probability 1"]
    assert found.prediction.tolist() == loaded.predict(frame[["a", "b"]]).tolist()
    assert np.allclose(found["probability 1"], loaded.predict_proba(frame[["a", "b"]])[:, 1])
    assert (
        "out.csv: 1,000 rows by flights 1"
        in command("models", "predict", "flights", str(tmp_path / "in.parquet"), str(tmp_path / "out.csv"))[1]
    )


def test_what_cannot_be_scored_is_said_and_leaves_nothing(model: Any, place: Place, tmp_path: Path) -> None:
    def refused(frame: pd.DataFrame, words: str, kind: type[MlopsError] = InputError) -> None:
        frame.to_csv(tmp_path / "in.csv", index=False)
        with pytest.raises(kind, match=words):
            scoring.score(place, "flights", tmp_path / "in.csv", tmp_path / "out.csv")
        assert sorted(path.name for path in tmp_path.iterdir() if path.suffix in (".csv", ".tmp")) == [
            "in.csv"
        ]

    good = rows(6, 50)[["a", "b"]]
    refused(good.rename(columns={"a": "A"}), "takes a column 'a', which does not exist")
    refused(good.assign(a="word"), "takes numbers .* in 'a', such as 'word'")
    refused(good.assign(prediction=1), "have a column 'prediction' already")
    refused(good.assign(a=[np.nan, *good.a[1:]]), "fails on rows 0 to 49: ValueError", MlopsError)
    with pytest.raises(InputError, match="written over"):
        scoring.score(place, "flights", tmp_path / "in.csv", tmp_path / "in.csv")
    with pytest.raises(InputError, match="end it with|cannot be written"):
        scoring.score(place, "flights", tmp_path / "in.csv", tmp_path / "out.xlsx")
    (tmp_path / "in.csv").write_text("a,b\n")
    assert scoring.score(place, "flights", tmp_path / "in.csv", tmp_path / "out.csv").rows == 0


# Losses, as labels come.


def losses_of(seed: int, count: int = 600, wrong: float = 0.0) -> pd.DataFrame:
    frame = rows(seed, count).assign(id=[f"{seed}-{n}" for n in range(count)])
    flipped = np.random.default_rng([7, seed]).random(count) < wrong
    return frame.assign(late=np.where(flipped, 1 - frame.late, frame.late))


def test_a_detector_alarms_seldom_and_after_few_labels_says_since_when() -> None:
    random = np.random.default_rng(4)
    quiet = [Detector(0.2, 2000).after((random.random(4000) < 0.2).astype(float)) for _ in range(40)]
    assert sum(len(one.alarms) for one in quiet) <= 80  # at least 2,000 apart, on average
    assert all(one.seen == 4000 for one in quiet)
    found = Detector(0.2, 2000).after((random.random(1000) < 0.15).astype(float))
    assert found.alarms == ()
    moved = found.after((random.random(1000) < 0.35).astype(float))
    at, since = moved.alarms[0]
    assert 1000 < at < 1300
    assert 950 < since < 1100
    values = random.random(500)
    whole = Detector(0.4, 1e9).after(values)
    assert whole == Detector(0.4, 1e9).after(values[:123]).after(values[123:])  # however labels are split
    assert Detector(0.0, 100).after([0.0] * 50).alarms == ()
    assert Detector(0.0, 100).after([1.0, 1.0]).alarms
    assert Detector(1.0, 100).after([1.0] * 50).alarms == ()


def test_labels_that_come_late_again_or_never_are_judged_once(
    model: Any, place: Place, incoming: Path
) -> None:
    later = incoming.parent / "labels"
    later.mkdir()
    labels, policy = Labels("late", later, "id"), Policy(cooldown=0, min_rows=1)

    def look(day: int) -> watching.Looked:
        return watching.look(
            place, "flights", incoming, policy, now=day * 24 * HOUR, labels=labels, every=5000
        )

    def label(name: str, frame: pd.DataFrame) -> None:
        frame[["id", "late"]].to_csv(later / f"{name}.csv", index=False)

    first = losses_of(1)
    arrive(incoming, "1", first)
    with pytest.raises(InputError, match="nothing is known of the loss of flights 1"):
        look(1)
    mlops_jlab.evaluate("flights", rows(99, 3000), "late")
    found = look(1)
    assert (found.loss.labels, found.loss.waiting) == (0, 600)
    label("1", first[:500])  # the others come never
    found = look(2)
    assert found.window is not None
    assert (found.window.rows, found.window.action) == (0, "nothing")
    assert (found.loss.labels, found.loss.waiting, found.loss.repeated) == (500, 100, 0)
    expected = np.mean([(chance - truth) ** 2 for chance, truth in zip(
        mlops_jlab.load_model("flights").predict_proba(first[["a", "b"]])[:500, 1], first.late, strict=False)])  # fmt: skip
    assert found.loss.mean == pytest.approx(expected)
    label("again", pd.concat([first[:10], losses_of(55)[:3]]))
    found = look(3)
    assert (found.loss.labels, found.loss.repeated, found.loss.unknown) == (0, 10, 3)
    assert look(4).why.startswith("nothing is new at")
    second = losses_of(2, wrong=0.4)  # rows look as ever, labels do not
    arrive(incoming, "2", second)
    label("2", second)
    found = look(5)
    assert found.loss.alarm
    assert found.window is not None
    assert found.window.action == "retrain"
    assert "the loss has risen: above" in found.window.why
    assert found.loss.estimated["brier"].high < found.loss.mean  # which it cannot see
    run = mlops_jlab.get_run(found.window.run)
    assert run.metrics["loss"].latest == pytest.approx(found.loss.mean)
    arrive(incoming, "3", losses_of(3))
    found = look(120)
    assert (found.loss.given_up, found.loss.waiting) == (100, 600)
    assert json.loads(watching.as_json(found))["loss"]["detector"]["seen"] == 1100
    label("odd", losses_of(3).assign(late=7))
    with pytest.raises(InputError, match="the label 7 is not one of the model's classes"):
        look(121)


def bad_days(seed: int, days: int, rate: float = 0.2) -> np.ndarray[Any, Any]:
    """Errors of 50 rows a day; the rate of days scatters by 0.05."""
    random = np.random.default_rng(seed)
    rates = np.clip(random.normal(rate, 0.05, days), 0, 1)
    return (random.random((days, 50)) < rates[:, None]).astype(float)


def test_losses_that_hang_together_are_judged_by_unit() -> None:
    def alarms(rate: float, by_unit: bool) -> int:
        found = 0
        for seed in range(60):
            before, now = bad_days(seed, 40), bad_days(1000 + seed, 100, rate)
            spent = before.mean(axis=1) if by_unit else before.ravel()
            limit = spent.mean() + spread(spent - spent.mean(), None).bound(0.025, upper=True)
            values = now.mean(axis=1) if by_unit else now.ravel()
            found += bool(Detector(float(limit), 200 if by_unit else 10_000).after(values).alarms)
        return found

    assert alarms(0.2, by_unit=False) > 15  # each bad day makes it cry
    assert alarms(0.2, by_unit=True) <= 3
    assert alarms(0.3, by_unit=True) >= 57


def test_a_unit_is_judged_once_when_the_next_begins_however_its_labels_are_split() -> None:
    random = np.random.default_rng(3)
    stream = [(unit, float(loss)) for unit in range(1, 9) for loss in random.random(unit)]
    whole, means = Gathering().after(stream)
    assert means == pytest.approx(
        [np.mean([loss for u, loss in stream if u == unit]) for unit in range(1, 8)]
    )
    assert (whole.unit, whole.rows, whole.closed) == (8, 8, tuple(range(1, 8)))
    for cut in range(len(stream)):
        first, some = Gathering().after(stream[:cut])
        second, rest = first.after(stream[cut:])
        assert (*some, *rest) == pytest.approx(means)
        assert (second.unit, second.closed) == (whole.unit, whole.closed)
    late, none = whole.after([(3, 1.0), (8, 0.5), (3, 0.0)])
    assert (late.late, late.rows, none) == (2, 9, [])
    assert Gathering().after([]) == (Gathering(), [])


def test_a_day_of_labels_counts_as_one(model: Any, place: Place, incoming: Path) -> None:
    later = incoming.parent / "labels"
    later.mkdir()
    labels = Labels("late", later, "id", "day")

    def look(at: int) -> watching.Looked:
        return watching.look(place, "flights", incoming, Policy(), now=at * HOUR, labels=labels, every=10_000)

    def label(name: str, frame: pd.DataFrame) -> None:
        frame[["id", "late", "day"]].to_csv(later / f"{name}.csv", index=False)

    arrived = losses_of(1).assign(day=np.arange(600) // 50)
    arrive(incoming, "1", arrived)
    label("1", arrived[:120])
    mlops_jlab.evaluate("flights", rows(99, 3000), "late")
    with pytest.raises(InputError, match="does not know units of day"):
        look(1)
    reference = rows(99, 3000).assign(day=np.arange(3000) // 50)
    report = mlops_jlab.evaluate("flights", reference, "late", unit="day")
    assert report.losses.by_unit.value == pytest.approx(report.losses.mean.value)
    found = look(2).loss
    assert found.detector is not None
    assert found.gathering is not None
    assert (found.labels, found.detector.seen, found.gathering.rows) == (120, 2, 20)  # a day is not over
    assert (found.detector.limit, found.detector.every) == (report.losses.by_unit.high, 200)
    label("2", pd.concat([arrived[130:], arrived[120:130]]))
    found = look(3).loss
    assert (found.detector.seen, found.gathering.late) == (11, 0)
    label("3", losses_of(1).assign(day=3)[:1])
    late = losses_of(2).assign(day=2)
    arrive(incoming, "2", late)
    label("4", late)
    found = look(4)
    assert (found.loss.repeated, found.loss.gathering.late) == (1, 600)
    assert "600 labels came after their unit of day was judged" in found.sentences[1]
    arrive(incoming, "3", losses_of(3))  # its labels are not there yet
    found = look(5).loss
    assert (found.labels, found.waiting, found.detector.seen) == (0, 600, 11)
    (later / "6.csv").write_text("id,late\n1,0\n")
    with pytest.raises(InputError, match="6.csv has no column 'day'"):
        look(6)


def test_columns_that_no_longer_go_together_are_seen_in_files_and_persist(
    place: Place, incoming: Path, tmp_path: Path
) -> None:
    def pairs(seed: int, sign: float, count: int = 1500) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        a = rng.normal(size=count)
        frame = pd.DataFrame({"a": a, "b": sign * 0.8 * a + 0.6 * rng.normal(size=count)})
        return frame.assign(late=(rng.random(count) < 0.5).astype(int), other=seed)

    train = pairs(0, 1, 3000)
    fitted = LinearRegression().fit(train[["a", "b"]], train.a)  # what it says is as before, too
    mlops_jlab.register_model(fitted, "flights", input_example=train[["a", "b"]], data=train)
    train.to_parquet(tmp_path / "train.parquet")

    def look(at: int, beside: Any = tmp_path / "train.parquet") -> watching.Looked:
        return watching.look(place, "flights", incoming, Policy(min_rows=1), now=at * HOUR, beside=beside)

    arrive(incoming, "1", pairs(1, 1))
    first = look(1)
    assert first.drift is not None
    (one,) = [column for column in first.drift.columns if column.name == TOGETHER]
    assert not one.drifted
    assert one.statistic < 0.55
    arrive(incoming, "2", pairs(2, -1))
    second = look(2, str(tmp_path / "*.parquet"))
    assert second.drift is not None
    assert [column.name for column in second.drift.drifted] == [TOGETHER]  # by itself each is as before
    assert "tells them apart: AUC 0." in second.drift.columns[0].why
    assert second.window is not None
    assert "AUC" in artifact_of(place, second.window.run, "report.html")
    arrive(incoming, "3", pairs(3, -1))
    third = look(3)
    assert third.window is not None
    assert (third.window.action, third.window.why) == ("retrain", f"drift persists in {TOGETHER}")
    assert all(TOGETHER not in window.columns for window in history.history(place, "flights", 1.0).windows)
    arrive(incoming, "4", pairs(4, -1, 60))
    fourth = look(4)
    assert fourth.drift is not None
    assert fourth.drift.not_judged == (TOGETHER,)
    arrive(incoming, "5", pairs(5, 1))
    with pytest.raises(InputError, match="there is no file at"):
        look(5, tmp_path / "none*.csv")


def artifact_of(place: Place, run: str, path: str) -> str:
    """A text that a run has."""
    with opening.reading(place) as connection:
        digest = reading.files_of(connection, run)[path]
    return artifacts.read(place, digest).decode()


def test_without_labels_the_loss_is_estimated_and_what_it_assumes_is_said(
    model: Any, place: Place, incoming: Path
) -> None:
    mlops_jlab.evaluate("flights", rows(99, 5000), "late")
    moved = rows(4, 4000, shift=-1.0)  # farther from the limit: easier to tell
    arrive(incoming, "1", moved)
    found = watching.look(place, "flights", incoming, Policy(), now=1.0)
    chances = mlops_jlab.load_model("flights").predict_proba(moved[["a", "b"]])[:, 1]
    squared = found.loss.estimated["brier"]
    assert squared.value == pytest.approx(np.mean((chances - moved.late) ** 2), abs=0.01)
    assert squared.low < np.mean((chances - moved.late) ** 2) < squared.high
    assert found.loss.estimated["error"].value == pytest.approx(
        np.mean((chances > 0.5) != moved.late), abs=0.02
    )
    assert "it assumes that the probabilities are as well calibrated" in found.loss.sentences[-1]
    assert found.loss.detector is None


def test_labels_in_the_data_numbers_and_columns_that_are_missing(place: Place, incoming: Path) -> None:
    train = rows(0, 2000).assign(amount=lambda d: 3 * d.a + d.b)
    fitted = LinearRegression().fit(train[["a"]], train.amount)
    mlops_jlab.register_model(fitted, "prices", input_example=train[["a"]], data=train)
    mlops_jlab.evaluate("prices", train, "amount")
    now = rows(1, 400).assign(amount=lambda d: 3 * d.a + 4 * d.b)
    now.loc[:99, "amount"] = np.nan  # labels that are not there yet
    now.to_csv(incoming / "1.csv", index=False)

    def look(labels: Labels) -> watching.Looked:
        return watching.look(place, "prices", incoming, Policy(), now=1.0, labels=labels, every=1000)

    with pytest.raises(InputError, match="no column 'price', the label"):
        look(Labels("price"))
    found = look(Labels("amount"))
    assert (found.loss.labels, found.loss.kind, found.loss.alarm) == (300, "absolute error", True)
    assert found.loss.estimated == {}
    (incoming.parent / "labels.csv").write_text("row,amount\n1,2\n")
    rows(2).to_csv(incoming / "2.csv", index=False)
    with pytest.raises(InputError, match="no column 'id'"):
        look(Labels("amount", incoming.parent / "labels.csv", "id"))


def test_a_column_that_the_model_does_not_use_raises_no_alarm(place: Place, incoming: Path) -> None:
    train = rows(0, 3000)
    fitted = LogisticRegression(C=0.5).fit(train[["a", "unused"]], train.late)
    mlops_jlab.register_model(fitted, "flights", input_example=train[["a", "unused"]], data=train)
    moved = rows(1).assign(unused=lambda d: d.unused + 3)
    arrive(incoming, "1", moved)
    before = watching.look(place, "flights", incoming, Policy(), now=1.0)
    assert before.window is not None
    assert "unused" in before.window.drifted
    mlops_jlab.evaluate("flights", rows(2, 4000), "late")
    arrive(incoming, "2", moved)
    after = watching.look(place, "flights", incoming, Policy(), now=2.0)
    assert after.window is not None
    assert "unused" not in after.window.drifted


def test_labels_on_the_command_line(model: Any, incoming: Path) -> None:
    mlops_jlab.evaluate("flights", rows(99, 3000), "late")
    losses_of(1, wrong=0.4).to_csv(incoming / "1.csv", index=False)
    asked = ["monitor", "flights", "--data", str(incoming), "--min-rows", "1"]
    with pytest.raises(InputError, match="labels are known by their column"):
        command(*asked, "--labels", str(incoming), "--target", "late")
    code, said = command(*asked, "--target", "late", "--false-alarms-every", "2000")
    assert code == 1
    assert "the loss has risen" in said
