"""Routes of watched models and of registered data, held against the OpenAPI file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import mlops_jlab
from mlops_jlab import gate
from mlops_jlab.monitoring import watching
from mlops_jlab.monitoring.labels import Labels
from mlops_jlab.monitoring.policy import Policy
from mlops_jlab.profiles import profile, written
from mlops_jlab.serving.pulse import Beat, Begun, Record
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from tests.unit.test_routes import ask, jp_server_config, refused

__all__ = ["jp_server_config"]
pytest_plugins = ["pytest_jupyter.jupyter_server"]
pytestmark = pytest.mark.filterwarnings("ignore")
HOUR = 3600.0


def rows(seed: int, count: int = 500, shift: float = 0.0, noise: float = 1.0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(shift, 1, count), "kind": rng.choice(["x", "y"], count)})
    return frame.assign(late=(frame.a + rng.normal(0, noise, count) > 0).astype(int))


@pytest.fixture
def root(jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(jp_root_dir / ".mlops"))
    yield jp_root_dir
    close_all()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A judged model and four windows: as before, drifted twice, and with worse labels too."""
    folder = tmp_path_factory.mktemp("watched")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLOPS_JLAB_STORE", str(folder / ".mlops"))
        train = rows(0, 2000)
        fitted = LogisticRegression().fit(train[["a"]], train.late)
        with mlops_jlab.start_run():
            mlops_jlab.register_model(fitted, "late", input_example=train[["a"]], data=train)
            gate.compare(
                fitted, rows(9, 2000), "late", name="late", rules="log_loss below 0.9", bootstrap=True
            )
        mlops_jlab.flush()
        mlops_jlab.register_model(fitted, "unseen")
        incoming = folder / "incoming"
        incoming.mkdir()
        for number, (shift, noise) in enumerate([(0, 1), (0.6, 1), (0.6, 1), (0.6, 40)]):
            frame = rows(number + 1, shift=shift, noise=noise)
            (frame if number != 1 else frame.drop(columns="late")).to_csv(
                incoming / f"{number}.csv", index=False
            )
            now = number * HOUR
            watching.look(
                Place(folder / ".mlops"),
                "late",
                incoming,
                Policy(min_rows=600),
                now=now,
                labels=Labels("late"),
            )
        close_all()
    yield folder / ".mlops"


@pytest.fixture
def watched(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(made))


@pytest.mark.usefixtures("watched")
async def test_a_watched_model_is_told_window_by_window(jp_fetch: Any) -> None:
    (one,) = (await ask(jp_fetch, "monitoring"))["models"]
    assert (one["name"], one["action"], "a" in one["drifted"]) == ("late", "held back", True)
    found = await ask(jp_fetch, "monitoring", "history", params={"name": "late"})
    assert [window["action"] for window in found["windows"]] == ["nothing", "nothing", "retrain", "held back"]
    assert found["columns"][:1] + found["columns"][-1:] == ["a", "prediction"]
    assert [window["cells"][0]["drifted"] for window in found["windows"]] == [False, True, True, True]
    losses = [window["loss"] for window in found["windows"]]
    assert losses[1] is None
    assert losses[0]["metric"] == "log_loss"
    assert losses[0]["at_test"] < losses[0]["limit"] < losses[3]["low"]
    assert [loss["over"] for loss in losses if loss] == [False, False, True]
    assert "loss" in found["windows"][3]["drifted"]
    assert found["standing"]["gathered"] == 500
    assert found["standing"]["lately"] == 0
    assert found["policy"]["min_rows"] == 600
    last = await ask(jp_fetch, "monitoring", "history", params={"name": "late", "windows": "1"})
    assert [window["id"] for window in last["windows"]] == [found["windows"][3]["id"]]


@pytest.mark.usefixtures("watched")
async def test_a_column_of_a_window_stands_beside_the_reference(jp_fetch: Any) -> None:
    windows = (await ask(jp_fetch, "monitoring", "history", params={"name": "late"}))["windows"]

    async def beside(column: str, window: int = windows[2]["id"]) -> Any:
        return await ask(
            jp_fetch, "monitoring", "column", params={"name": "late", "window": window, "column": column}
        )

    number = await beside("a")
    assert number["psi"] > 0.1
    assert number["found"][0]["drifted"]
    assert len(number["bins"]["edges"]) == len(number["bins"]["shares"][0]) + 1
    assert number["current"]["mean"] > number["reference"]["mean"] + 0.4
    assert (await beside("kind"))["bins"]["labels"] in (["x", "y"], ["y", "x"])
    gone = await beside("late", windows[1]["id"])
    assert (gone["current"], gone["psi"]) == (None, None)
    for wrong, status in (({"column": "aa"}, 404), ({"window": "9" * 12}, 404), ({"window": "x"}, 400)):
        asked = {"name": "late", "window": str(windows[0]["id"]), "column": "a"} | wrong
        assert (await refused(jp_fetch, "monitoring", "column", params=asked))[0] == status


async def test_who_serves_a_model_is_told_with_its_course_and_trial(root: Path, jp_fetch: Any) -> None:
    mlops_jlab.register_model(LogisticRegression().fit([[0], [1]], [0, 1]), "late")
    place = Place(root / ".mlops")
    params = {"name": "late"}
    assert await ask(jp_fetch, "monitoring", "services", params=params) == {"services": []}
    begun = Begun("late", "late@champion", "http://127.0.0.1:1", 1, 2, 0.0, "served", "shadow", 2)
    finding = {"what": "errors", "why": "none", "evidence": 1.0, "wanted": 80.0}
    standing = {"verdict": "goes on", "why": "", "pairs": 9, "labelled": 0, "findings": [finding]}
    record = Record(place, begun)
    record.add(Beat(0.0, 1))
    (one,) = (await ask(jp_fetch, "monitoring", "services", params=params))["services"]
    assert (one["now"], one["course"], one["running"]) == (None, [], True)
    assert one["trial"]["standing"] is None
    more = {"seconds": {"0.001": 90}, "cpu": {"7": 5.0}, "events": {"pairs": 9}, "standing": standing}
    record.add(Beat(10.0, 1, ok=90, refused=10, on=True, **more))
    record.close()
    (one,) = (await ask(jp_fetch, "monitoring", "services", params=params))["services"]
    assert (one["running"], one["requests"], one["now"]["a_second"]) == (False, 100, 10.0)
    assert (one["now"]["load"], one["now"]["refused"], len(one["course"])) == (0.5, 0.1, 1)
    assert (one["trial"]["on"], one["trial"]["standing"]["pairs"]) == (True, 9)
    for wrong in ({"span": "1"}, {"span": "x"}, {"name": "../x"}):
        assert (await refused(jp_fetch, "monitoring", "services", params=params | wrong))[0] == 400


@pytest.mark.usefixtures("watched")
async def test_a_model_that_nobody_watches_says_what_is_missing(jp_fetch: Any) -> None:
    found = await ask(jp_fetch, "monitoring", "history", params={"name": "unseen"})
    assert (found["windows"], found["has_reference"], found["notebook"]) == ([], False, "")
    for name in ("nobody", "../x"):
        assert (await refused(jp_fetch, "monitoring", "history", params={"name": name}))[0] == 400
    asked = {"name": "late", "windows": "1000"}
    assert (await refused(jp_fetch, "monitoring", "history", params=asked))[0] == 400


@pytest.mark.usefixtures("watched")
async def test_a_window_whose_run_was_deleted_still_says_what_came_of_it(
    jp_fetch: Any,
) -> None:
    windows = (await ask(jp_fetch, "monitoring", "history", params={"name": "late"}))["windows"]
    await jp_fetch(
        "mlops-jlab", "api", "runs", "delete", method="POST", body=f'{{"ids": ["{windows[1]["run"]}"]}}'
    )
    found = (await ask(jp_fetch, "monitoring", "history", params={"name": "late"}))["windows"][1]
    assert (found["kept"], found["cells"][0], found["drifted"]) == (False, None, windows[1]["drifted"])
    asked = {"name": "late", "window": windows[1]["id"], "column": "a"}
    assert (await refused(jp_fetch, "monitoring", "column", params=asked))[0] == 404


@pytest.fixture
def registered(root: Path) -> Path:
    """Two versions of a folder; a run has read the first and made a model of it."""
    folder = root / "flights"
    folder.mkdir()
    rows(0).to_csv(folder / "1.csv", index=False)
    mlops_jlab.add_dataset("flights", folder, owner="ops", note="<b>from the airport</b>")
    with mlops_jlab.start_run(run_name="fit"):
        mlops_jlab.dataset("flights")
        mlops_jlab.register_model(LogisticRegression().fit([[0], [1]], [0, 1]), "late")
    rows(1, shift=1).assign(new=1.5).to_csv(folder / "2.csv", index=False)
    mlops_jlab.add_dataset("flights", folder)
    mlops_jlab.flush()
    return folder


async def test_registered_data_are_told_with_readers_and_columns_and_compared(
    jp_fetch: Any, registered: Path
) -> None:
    (one,) = (await ask(jp_fetch, "datasets"))["datasets"]
    assert (one["name"], one["owner"]) == ("flights", "ops")
    assert [version["version"] for version in one["versions"]] == [2, 1]
    assert one["versions"][0]["source"] == "flights"
    found = await ask(jp_fetch, "datasets", "version", params={"address": "flights/1"})
    assert [(reader["name"], reader["models"]) for reader in found["readers"]] == [("fit", ["late/1"])]
    assert [column["name"] for column in found["columns"]] == ["a", "kind", "late"]
    assert found["columns"][2]["bins"]["labels"] == ["0", "1"]
    assert found["difference"] is None
    params = {"address": "flights", "against": "flights/1"}
    found = await ask(jp_fetch, "datasets", "version", params=params)
    difference = found["difference"]
    assert difference["rows"] == [500, 1000]
    assert difference["columns_new"] == ["new"]
    assert difference["files"]["more"] == {"count": 1, "first": ["2.csv"]}
    assert difference["moved"][0]["name"] == "a"
    new = next(column for column in found["columns"] if column["name"] == "new")
    assert (new["before"], sum(new["bins"]["shares"][0]), new["missing"]) == (None, 0, 500)
    assert (await refused(jp_fetch, "datasets", "version", params={"address": "fligths"}))[0] == 400


async def test_files_are_verified_below_the_root_alone(
    jp_fetch: Any, registered: Path, tmp_path: Path
) -> None:
    assert (await ask(jp_fetch, "datasets", "verify", params={"address": "flights"}))["same"]
    (registered / "1.csv").write_text("changed")
    (registered / "2.csv").unlink()
    found = await ask(jp_fetch, "datasets", "verify", params={"address": "flights"})
    assert (found["same"], found["changes"]["changed"]["first"], found["changes"]["gone"]["count"]) == (
        False, ["1.csv"], 1,
    )  # fmt: skip
    outside = tmp_path / "outside.csv"
    rows(2).to_csv(outside, index=False)
    mlops_jlab.add_dataset("elsewhere", outside)
    status, why = await refused(jp_fetch, "datasets", "verify", params={"address": "elsewhere"})
    assert (status, "outside" in why["message"]) == (400, True)


async def test_frames_of_a_run_stand_beside_those_of_another(jp_fetch: Any, root: Path) -> None:
    ids = []
    for shift in (0, 1):
        with mlops_jlab.start_run() as run:
            looks = written.as_json(profile.of_frame(rows(1, shift=shift)))
            mlops_jlab.log_text(looks, "profiles/flights.json")
            mlops_jlab.log_text("{}", "profiles/none.json")
        ids.append(run.id)
    mlops_jlab.flush()
    (frame,) = (await ask(jp_fetch, "runs", ids[1], "profiles"))["frames"]
    assert (frame["step"], frame["name"], frame["rows"], frame["rows_before"]) == ("", "flights", 500, None)
    (beside,) = (await ask(jp_fetch, "runs", ids[1], "profiles", params={"against": ids[0]}))["frames"]
    assert [one["name"] for one in beside["moved"] if one["drifted"]] == ["a", "late"]
    assert len(beside["columns"][0]["bins"]["shares"]) == 2
    assert (await refused(jp_fetch, "runs", "f" * 32, "profiles"))[0] == 404


async def test_without_a_store_there_is_nothing(jp_fetch: Any, root: Path) -> None:
    assert await ask(jp_fetch, "monitoring") == {"models": []}
    assert await ask(jp_fetch, "datasets") == {"datasets": []}
