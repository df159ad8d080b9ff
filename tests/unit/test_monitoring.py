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
from sklearn.linear_model import LogisticRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.monitoring import watching
from mlops_jlab.monitoring.policy import Action, Policy, Seen, decide
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
    with pytest.raises(InputError, match="no name for a model"):
        schedules.add(place, Schedule("x", str(notebook), on_drift="../x"), {})


@pytest.mark.parametrize(("persisting", "rows", "past", "action", "why"), [
    ([], 9999, [], Action.NOTHING, "no drift persists"),
    (["a"], 500, [], Action.RETRAIN, "drift persists in a"),
    (["a"], 100, [], Action.HELD, "100 new rows, of 500"),
    (["a"], 100, [Seen(1, 450, Action.NOTHING)], Action.RETRAIN, "drift persists"),
    (["a"], 100, [Seen(1, 450, Action.RETRAIN)], Action.HELD, "100 new rows"),
    (["a"], 900, [Seen(1000 * HOUR - 60, 450, Action.RETRAIN)], Action.HELD, "too short ago"),
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
    assert command("monitor", "flights/1", "--data", str(incoming))[0] == 0
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
    refused(good.rename(columns={"a": "A"}), "takes a column 'a', which is not there")
    refused(good.assign(a="word"), "takes numbers .* in 'a', such as 'word'")
    refused(good.assign(prediction=1), "have a column 'prediction' already")
    refused(good.assign(a=[np.nan, *good.a[1:]]), "fails on rows 0 to 49: ValueError", MlopsError)
    with pytest.raises(InputError, match="written over"):
        scoring.score(place, "flights", tmp_path / "in.csv", tmp_path / "in.csv")
    with pytest.raises(InputError, match="end it with|cannot be written"):
        scoring.score(place, "flights", tmp_path / "in.csv", tmp_path / "out.xlsx")
    (tmp_path / "in.csv").write_text("a,b\n")
    assert scoring.score(place, "flights", tmp_path / "in.csv", tmp_path / "out.csv").rows == 0
