"""Registered models: what a version carries, who may be champion, what happened, and files that were changed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import mlops_jlab
from mlops_jlab import gate
from mlops_jlab.entities.models import ModelAddress, parse_address
from mlops_jlab.errors import ConflictError, InputError, StoreError
from mlops_jlab.handoff.trust import KEY_FILE
from mlops_jlab.registry import cards, onnx, packing, versions
from mlops_jlab.store import artifacts, auditing, changing, database, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "key"))
    yield Place(tmp_path / "store")
    close_all()


def rows(seed: int = 0, count: int = 300) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": random.normal(size=count), "b": random.normal(size=count)})
    return frame.assign(y=(frame.a + 0.5 * random.normal(size=count) > 0).astype(int))


def fitted(seed: int = 0, count: int = 300) -> LogisticRegression:
    frame = rows(seed, count)
    return LogisticRegression().fit(frame[["a", "b"]], frame["y"])


def registered(name: str = "m", **given: Any) -> Any:
    with mlops_jlab.start_run():
        mlops_jlab.log_metric("auc", 0.9)
        return mlops_jlab.register_model(fitted(), name, input_example=rows()[["a", "b"]], **given)


@pytest.mark.parametrize(
    ("text", "address"),
    [("m", ModelAddress("m")), ("models:/m@champion", ModelAddress("m", alias="champion")),
     ("m/3", ModelAddress("m", 3)), ("models:/a.b-c/12", ModelAddress("a.b-c", 12))],
)  # fmt: skip
def test_addresses(text: str, address: ModelAddress) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", "m/x", "m/0", "m@", "m@Champion!", "../m", "m/../3", "a" * 200])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(InputError):
        parse_address(text)


def test_a_version_carries_what_is_known_of_it(place: Place) -> None:
    version = registered(data=rows(), note="first")
    assert (version.version, version.title) == (1, "m 1")
    assert [c["name"] for c in version.about["signature"]["inputs"]] == ["a", "b"]
    assert version.about["signature"]["outputs"][0]["dtype"].startswith("int")
    assert version.about["format"] == "skops"
    assert any(line.startswith("scikit-learn==") for line in version.about["requirements"])
    assert version.about["data"]["hash"]
    assert (
        mlops_jlab.load_model("models:/m/1").predict(rows()[["a", "b"]])
        == fitted().predict(rows()[["a", "b"]])
    ).all()
    card = packing.card_of(place, version)
    for words in ("# m, version 1", "first", "auc | 0.9", "scikit-learn==", "Head of the audit log"):
        assert words in card, card


def test_trees_are_saved_without_a_pickle_and_the_rest_is_marked(place: Place) -> None:
    frame = rows()
    forest = RandomForestClassifier(3).fit(frame[["a", "b"]], frame.y)
    assert mlops_jlab.register_model(forest, "forest").about["format"] == "skops"

    class Own:
        def predict(self, data: Any) -> Any:
            return np.zeros(len(data))

    version = mlops_jlab.register_model(Own(), "own", input_example=frame)
    assert version.about["format"] == "pickle"
    assert "runs code" in version.about["warning"]
    assert mlops_jlab.load_model("own").predict(frame).sum() == 0


def test_a_pickle_of_another_machine_is_loaded_only_if_it_is_trusted(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlops_jlab.register_model({"not": "a model"}, "odd")
    other = tmp_path / "other-key"
    other.write_bytes(os.urandom(32))
    other.chmod(0o600)
    monkeypatch.setenv(KEY_FILE, str(other))
    with pytest.raises(InputError, match="a pickle from another machine"):
        mlops_jlab.load_model("odd")
    assert mlops_jlab.load_model("odd", trust=True) == {"not": "a model"}


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04 truncated"])
def test_a_file_that_was_changed_is_refused(place: Place, content: bytes) -> None:
    version = registered()
    path = artifacts.path_of(place, version.files[0].digest)
    path.chmod(0o600)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="not what was written"):
        mlops_jlab.load_model("m")
    path.unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        mlops_jlab.load_model("m")


def test_promote_and_roll_back_go_along_the_same_path(place: Place) -> None:
    for _ in range(3):
        registered()
    for number in (1, 2, 3):
        versions.promote(place, f"m/{number}", reason=f"try {number}")
    assert versions.roll_back(place, "m").after == 2
    assert versions.roll_back(place, "m", reason="worse").after == 1
    with pytest.raises(InputError, match="no version before 1"):
        versions.roll_back(place, "m")
    assert versions.roll_back(place, "m", to=3).after == 3
    assert versions.find(place, "m@champion").version == 3
    with pytest.raises(InputError, match="is the champion"):
        versions.delete(place, "m/3")
    versions.delete(place, "m/2")
    with pytest.raises(InputError, match="no version 2"):
        versions.find(place, "m/2")
    assert registered().version == 4


def test_two_who_decide_at_once_do_not_overwrite_each_other(place: Place) -> None:
    for _ in range(6):
        registered()
    results: list[object] = []

    def decide(number: int) -> None:
        try:
            results.append(versions.promote(place, f"m/{number}", expected=0))
        except ConflictError as error:
            results.append(error)

    threads = [threading.Thread(target=decide, args=(n,)) for n in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(not isinstance(result, ConflictError) for result in results) == 1


def test_the_audit_log_tells_what_was_changed_removed_or_cut_off(place: Place) -> None:
    for _ in range(3):
        registered()
    with opening.reading(place) as connection:
        assert auditing.problem(connection) == ""
        _number, head = auditing.head(connection)
    with closing(database.connect(place.database)) as connection:
        for statement in ("UPDATE audit SET who = 'x' WHERE seq = 2", "DELETE FROM audit WHERE seq = 2"):
            with pytest.raises(Exception, match="append-only"):
                connection.execute(statement)
        connection.execute("DROP TRIGGER audit_entries_stay")
        connection.execute("DROP TRIGGER audit_entries_are_not_removed")
        connection.execute("UPDATE audit SET reason = 'quite another' WHERE seq = 2")
        assert auditing.problem(connection) == "entry 2 was changed"
        connection.execute("UPDATE audit SET reason = '' WHERE seq = 2")
        assert auditing.problem(connection, head) == ""
        connection.execute("DELETE FROM audit WHERE seq = 3")
        assert auditing.problem(connection) == ""
        assert "cut off" in auditing.problem(connection, head[:12])
        connection.execute("DELETE FROM audit WHERE seq = 1")
        assert auditing.problem(connection) == "entry 1 is missing"


def test_an_archive_loads_without_this_package(place: Place, tmp_path: Path) -> None:
    registered()
    archive = packing.pack(place, versions.find(place, "m"), tmp_path / "m.zip")
    again = packing.pack(place, versions.find(place, "m"), tmp_path / "again.zip")
    assert archive.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(archive) as inside:
        inside.extractall(tmp_path / "out")
    code = (
        "import sys; sys.modules['mlops_jlab'] = None; import load, pandas;"
        "print(load.load().predict(pandas.DataFrame({'a': [9.0], 'b': [0.0]})))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path / "out", text=True, capture_output=True)
    assert done.stdout.strip() == "[1]", done.stderr
    with pytest.raises(InputError, match="there already"):
        packing.pack(place, versions.find(place, "m"), archive)


def test_names_in_a_card_are_text(place: Place) -> None:
    version = registered(note="<img src=x onerror=alert(1)> | **bold** [x](javascript:alert(1))")
    page = cards.page(packing.card_of(place, version), version.title)
    assert "<img" not in page
    assert "<strong>" not in page
    assert "href" not in page


def test_a_gate_keeps_its_verdict_with_the_version_and_stands_in_the_way(place: Place) -> None:
    data = rows(5, 2000)
    with mlops_jlab.start_run() as run:
        mlops_jlab.register_model(fitted(), "m")
        first = gate.compare(fitted(), data, "y", name="m", rules="accuracy better\nbeats baseline")
        assert (first.verdict, first.rules[0].rule) == ("fail", "champion")
        assert "bootstrap=True" in first.why
        second = gate.compare(
            fitted(), data, "y", name="m", rules="accuracy better\nbeats baseline", bootstrap=True
        )
        assert second.passed
    assert mlops_jlab.get_run(run.id).tags["gate.m"] == "pass"
    versions.promote(place, "m/1")
    with mlops_jlab.start_run():
        mlops_jlab.register_model(fitted(), "m")
        result = gate.compare(fitted(), data, "y", name="m", rules="accuracy better")
    assert (result.verdict, result.champion) == ("fail", 1)
    with pytest.raises(InputError, match="says: fail"):
        versions.promote(place, "m/2")
    with pytest.raises(InputError, match="with a reason"):
        versions.promote(place, "m/2", override=True)
    versions.promote(place, "m/2", override=True, reason="I know better")
    with opening.reading(place) as connection:
        entry = auditing.entries(connection, 1)[0]
    assert (entry.action, entry.reason, entry.details["gate"]) == ("override gate", "I know better", "fail")
    assert json.dumps(result.as_json(), allow_nan=False)
    value, low, high = result.facts["metrics"]["challenger"]["accuracy"]
    assert low < value < high
    assert f"{value:.4g} ({low:.4g} to {high:.4g})" in packing.card_of(place, versions.find(place, "m/2"))


def test_runs_that_are_deleted_are_in_the_audit_log(place: Place) -> None:
    with mlops_jlab.start_run() as run:
        pass
    mlops_jlab.flush()
    with opening.writing(place) as connection:
        changing.delete(connection, [reading.find(connection, run.id)], "me")
        changing.clean(place, connection, who="me")
        assert [(e.action, e.who) for e in auditing.entries(connection)] == [
            ("remove runs", "me"), ("delete runs", "me")
        ]  # fmt: skip
        assert auditing.problem(connection) == ""


def test_each_comparison_on_an_evaluation_set_spends_of_its_budget(place: Place) -> None:
    data, rules = rows(6, 500), "accuracy better"
    mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1")
    found = [gate.compare(fitted(seed, 40), data, "y", name="m", rules=rules) for seed in (1, 2, 2, 3)]
    assert [result.use for result in found] == [1, 2, 2, 3]
    assert found[0].alpha > found[1].alpha == found[2].alpha > found[3].alpha
    other = gate.compare(fitted(4, 40), rows(7, 500), "y", name="m", rules=rules)
    assert other.use == 1
    shuffled = gate.compare(fitted(5, 40), data.sample(frac=1, random_state=0), "y", name="m", rules=rules)
    assert shuffled.use == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda d: d.drop(columns="a"), "columns that the data does not have: a"),
        (lambda d: d.drop(columns="y"), "no column 'y'"),
        (lambda d: d.assign(a=np.nan), "cannot predict the rows"),
        (lambda d: d.assign(y=d.y.where(d.y == 1)), "have no target"),
        (lambda d: d.to_numpy(), "no DataFrame"),
    ],
)
def test_rows_that_cannot_be_judged_are_refused_in_words(place: Place, change: Any, words: str) -> None:
    mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1")
    with pytest.raises(InputError, match=words):
        gate.compare(fitted(1), change(rows()), "y", name="m", rules="accuracy better")


def test_a_rule_about_a_column_that_is_not_there_names_the_nearest(place: Place) -> None:
    for rule in ("slice bb", "unit bb", "gap recall by bb below 0.1"):
        with pytest.raises(InputError, match="did you mean 'b'"):
            gate.compare(fitted(), rows(), "y", name="m", rules=f"accuracy above 0.1\n{rule}", bootstrap=True)


def test_columns_in_another_order_and_more_of_them_do_not_matter(place: Place) -> None:
    mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1")
    data = rows(8, 400)
    one = gate.compare(fitted(1), data, "y", name="m", rules="accuracy better")
    other = gate.compare(
        fitted(1), data[["y", "b", "a"]].assign(more="x"), "y", name="m", rules="accuracy better"
    )
    assert one.rules[0].estimate == other.rules[0].estimate


def test_a_category_that_a_model_has_never_seen_is_said(place: Place) -> None:
    data = rows(3).assign(kind=["x", "y"] * 150)
    strict = make_pipeline(OneHotEncoder(handle_unknown="error"), LogisticRegression())
    model = strict.fit(data[["kind"]], data.y)
    new = data.assign(kind=["x", "z"] * 150)
    with pytest.raises(
        InputError, match=r"the challenger cannot predict the rows: .*unknown categories"
    ) as caught:
        gate.compare(model, new, "y", name="m", rules="accuracy above 0.1", bootstrap=True)
    assert "never seen" in caught.value.hint


def test_rows_that_were_trained_on_are_found(place: Place) -> None:
    data = rows(9, 400)
    result = gate.compare(
        fitted(), data, "y", name="m", rules="accuracy above 0.1\nno overlap", train=pd.concat([rows(1), data[:7]]),
        bootstrap=True,
    )  # fmt: skip
    assert result.rules[1].why == "7 rows were in its training"


def test_a_champion_that_cannot_be_loaded_says_so(place: Place) -> None:
    version = mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1")
    artifacts.path_of(place, version.files[0].digest).unlink()
    with pytest.raises(StoreError, match="cannot be read"):
        gate.compare(fitted(1), rows(), "y", name="m", rules="accuracy better")


def test_a_model_that_does_not_load_elsewhere_is_found(place: Place) -> None:
    code = (
        "import mlops_jlab, sys, types\n"
        "from mlops_jlab import gate\n"
        "from tests.unit.test_registry import fitted, rows\n"
        "module = types.ModuleType('nowhere'); sys.modules['nowhere'] = module\n"
        "exec('class M:\\n    def predict(self, x):\\n        return [1] * len(x)', module.__dict__)\n"
        "model = module.M(); type(model).__module__ = 'nowhere'; module.M.classes_ = __import__('numpy').array([0, 1])\n"
        "r = gate.compare(model, rows(), 'y', name='m', rules='accuracy above 0.1\\nloads cleanly', bootstrap=True)\n"
        "print(r.rules[1].verdict, r.rules[1].why)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], text=True, capture_output=True, cwd=Path.cwd())
    assert done.stdout.startswith("fail"), done.stdout + done.stderr
    assert "nowhere" in done.stdout


def test_onnx_is_written_only_if_it_predicts_the_same(place: Place, tmp_path: Path) -> None:
    pytest.importorskip("skl2onnx")
    frame = rows(2)
    for model in (fitted(), RandomForestClassifier(5, random_state=0).fit(frame[["a", "b"]], frame.y),
                  LinearRegression().fit(frame[["a", "b"]], frame.a)):  # fmt: skip
        target = tmp_path / f"{type(model).__name__}.onnx"
        assert onnx.write(model, frame[["a", "b"]], target) < 1e-4
        assert target.stat().st_size > 100
        with pytest.raises(InputError, match="there already"):
            onnx.write(model, frame[["a", "b"]], target)

    class Liar(LogisticRegression):
        def predict(self, data: Any) -> Any:
            return 1 - super().predict(data)

    with pytest.raises(InputError):
        onnx.write(Liar().fit(frame[["a", "b"]], frame.y), frame[["a", "b"]], tmp_path / "liar.onnx")
    with pytest.raises(InputError, match="prove nothing"):
        onnx.write(fitted(), frame[["a", "b"]][:3], tmp_path / "few.onnx")
    assert not (tmp_path / "liar.onnx").exists()
