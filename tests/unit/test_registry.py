"""Registered models: what a version carries, who may be champion, what happened, and files that were changed."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import mlops_jlab
from mlops_jlab import gate
from mlops_jlab.cli.main import cli
from mlops_jlab.entities.models import ModelAddress, parse_address
from mlops_jlab.entities.runs import ENGINE
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.errors import ConflictError, InputError, MlopsError, StoreError
from mlops_jlab.handoff.trust import KEY_FILE
from mlops_jlab.mirror import adopting
from mlops_jlab.registry import cards, comparing, evidence, foldered, folders, onnx, packing, versions
from mlops_jlab.registry.identity import identity
from mlops_jlab.scheduling.due import check
from mlops_jlab.store import (
    artifacts,
    auditing,
    belonging,
    changing,
    database,
    opening,
    reading,
    registering,
    replaying,
    scheduling,
)  # fmt: skip
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import contents, lifecycle


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


@pytest.mark.parametrize(
    "text",
    ["", "m/x", "m/0", "m/\u00b2", "m/" + "9" * 5000, "m@", "m@Champion!", "../m", "m/../3", "a" * 200],
)
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
    with pytest.raises(InputError, match="already exists"):
        packing.pack(place, versions.find(place, "m"), archive)


def test_names_in_a_card_are_text(place: Place) -> None:
    version = registered(note="<img src=x onerror=alert(1)> | **bold** [x](javascript:alert(1))")
    page = cards.page(packing.card_of(place, version), version.title)
    assert "<img" not in page
    assert "<strong>" not in page
    assert "href" not in page
    version = replace(
        version, about=version.about | {"requirements": ["a==1", "```\n<script>alert(1)</script>"]}
    )
    page = cards.page(cards.markdown(version, None, (0, "")), version.title)
    assert "<script" not in page
    assert "default-src 'none'" in page


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
        (lambda d: d.to_numpy(), "not a DataFrame"),
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
        with pytest.raises(InputError, match="already exists"):
            onnx.write(model, frame[["a", "b"]], target)

    class Liar(LogisticRegression):
        def predict(self, data: Any) -> Any:
            return 1 - super().predict(data)

    with pytest.raises(InputError):
        onnx.write(Liar().fit(frame[["a", "b"]], frame.y), frame[["a", "b"]], tmp_path / "liar.onnx")
    with pytest.raises(InputError, match="prove nothing"):
        onnx.write(fitted(), frame[["a", "b"]][:3], tmp_path / "few.onnx")
    assert not (tmp_path / "liar.onnx").exists()


def test_a_verdict_belongs_to_the_model_that_was_judged_and_not_to_its_name(place: Place) -> None:
    data = rows(5, 2000)
    dummy = DummyClassifier().fit(data[["a", "b"]], data["y"])
    with mlops_jlab.start_run():
        mlops_jlab.register_model(dummy, "m")
        result = gate.compare(
            fitted(), data, "y", name="m", rules="accuracy better\nbeats baseline", bootstrap=True
        )
        assert result.passed
    assert result.version == 0
    assert versions.find(place, "m/1").verdict == ""
    with pytest.raises(InputError, match=r"no gate has judged m 1, and a gate guards m@champion"):
        versions.promote(place, "m/1")
    later = mlops_jlab.register_model(fitted(), "m")  # the same content: it is this that was judged
    assert later.verdict == "pass"
    assert versions.promote(place, "m/2").after == 2
    with pytest.raises(InputError, match="no gate has judged m 1"):
        versions.roll_back(place, "m", to=1)
    assert versions.promote(place, "m/1", "candidate").after == 1  # no gate guards this alias
    assert versions.promote(place, "m/1", override=True, reason="a drill").after == 1
    with opening.reading(place) as connection:
        assert auditing.entries(connection, 1)[0].action == "override gate"


def test_a_step_that_makes_a_model_again_registers_the_version_that_it_made(place: Place) -> None:
    """As when its cache was emptied: the run before has judged it, and so may this one."""

    def night(count: int = 300, note: str = "", kind: str = "pipeline") -> Any:
        run = lifecycle.start(name="night", kind=kind)
        step = lifecycle.start(name="fit", kind="step", parent=run.id)
        made = mlops_jlab.register_model(fitted(0, count), "m", note=note, input_example=rows()[["a", "b"]])
        for one in (step, run):
            one.end("finished")
        return made

    first = night()
    assert night() == first
    assert [one.version for one in (night(200), night(), night(note="larger"), night(200))] == [2, 1, 3, 2]
    assert night(kind="run").version == 4  # whoever registers by hand wants a version
    assert mlops_jlab.register_model(fitted(), "m").version == 5
    with opening.reading(place) as connection:
        assert replaying.problems(connection) == []
    shutil.rmtree(place.root / "artifacts" / first.files[0].digest[:2])
    assert night().version == 6  # what is damaged is made anew
    assert night().version == 6


def test_an_alias_that_a_gate_compares_with_is_guarded_as_well(place: Place) -> None:
    mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1", "production")
    gate.compare(fitted(1, 40), rows(5), "y", name="m", rules="accuracy better", against="m@production")
    mlops_jlab.register_model(fitted(2, 40), "m")
    with pytest.raises(InputError, match="a gate guards m@production"):
        versions.promote(place, "m/2", "production")


@pytest.mark.parametrize("against", ["m@nobody", "m/2", "other/1"])
def test_an_easier_opponent_makes_no_champion(place: Place, against: str) -> None:
    """Who was not compared with the champion does not take its place, whoever else was beaten."""
    guess = DummyClassifier().fit(rows()[["a", "b"]], rows().y)
    for name in ("m", "m", "other"):
        mlops_jlab.register_model(fitted() if not versions.all_versions(place, name) else guess, name)
    mlops_jlab.register_model(guess, "other")
    gate.compare(fitted(), rows(4, 2000), "y", name="m", rules="accuracy above 0.1", bootstrap=True)
    versions.promote(place, "m/1")
    with mlops_jlab.start_run():
        mlops_jlab.register_model(fitted(7, 40), "m")
        weak = "other/2" if against == "other/1" else against
        found = gate.compare(
            fitted(7, 40), rows(5, 2000), "y", name="m", rules="accuracy better", against=weak, bootstrap=True
        )
        assert found.passed
    with pytest.raises(
        ConflictError, match=r"m@champion is version 1, and the gate of m 3 has compared it with"
    ):
        versions.promote(place, "m/3")
    assert versions.promote(place, "m/3", override=True, reason="a drill").after == 3


def test_of_two_that_beat_the_same_champion_one_takes_its_place(place: Place) -> None:
    """The other one is not known to be better than that, until it is judged once more."""
    mlops_jlab.register_model(DummyClassifier().fit(rows()[["a", "b"]], rows().y), "m")
    versions.promote(place, "m/1")
    data = rows(5, 2000)
    for seed in (1, 2):
        with mlops_jlab.start_run():
            mlops_jlab.register_model(fitted(seed, 400), "m")
            assert gate.compare(fitted(seed, 400), data, "y", name="m", rules="accuracy better").passed
    versions.promote(place, "m/2")
    with pytest.raises(ConflictError, match="m 3 has compared it with version 1"):
        versions.promote(place, "m/3")
    gate.compare(fitted(2, 400), data, "y", name="m", rules="accuracy not worse by 0.05")
    versions.promote(place, "m/3")
    assert versions.promote(place, "m/3").before == 3
    with pytest.raises(ConflictError):
        versions.promote(place, "m/2", by="retraining")
    assert versions.promote(place, "m/2").after == 2  # who decides by hand brings back what was champion


def test_nothing_but_packages_by_name_is_asked_of_pip_for_a_model_of_others(
    place: Place, tmp_path: Path
) -> None:
    """Another index, a file or an address runs code of whoever wrote it, while it is installed."""
    evil = "--extra-index-url http://elsewhere/\n-r /etc/passwd\n-e .\n./x.whl\ne @ https://elsewhere/e.whl\n"
    given = (
        f"# made by hand\nnumpy >= 2 ; python_version > '3'  # why\n{evil}pandas==2.0 \\\n --hash=sha256:00\n"
    )
    about = versions.find(place, f"m/{mlops_jlab.register_model(fitted(), 'm').version}").about
    folder = {
        "MLmodel": folders.described(dict(about)),
        "requirements.txt": given.encode(),
        "model.skops": b"?",
    }
    version = foldered.register(place, "theirs", folder, {})
    packed = packing.pack(place, version, tmp_path / "packed.zip")
    text = zipfile.ZipFile(packed).read("requirements.txt").decode()
    plain = [line for line in text.splitlines() if not line.startswith("#")]
    assert plain[:2] == ["numpy >= 2 ; python_version > '3'", "pandas==2.0"]
    assert all("elsewhere" not in line and not line.startswith(("-", ".")) for line in plain)
    assert text.count("# left out, as it names no package: ") == 5


def test_what_happens_between_a_decision_and_the_move_counts(place: Place) -> None:
    """Two people at once: one looks and decides, the other deletes, promotes, or lets a gate judge."""
    for seed in (0, 1, 2):
        mlops_jlab.register_model(fitted(seed, 40), "m")
    seen = {number: versions.find(place, f"m/{number}") for number in (1, 2, 3)}

    def point(number: int) -> None:
        with opening.writing(place) as connection:
            registering.point(
                connection, seen[number], "champion", expected=None, who="me", action="promote", reason=""
            )

    versions.delete(place, "m/1")
    with pytest.raises(InputError, match="m has no version 1"):
        point(1)
    gate.compare(fitted(1, 40), rows(5), "y", name="m", rules="accuracy above 0.999")
    with pytest.raises(ConflictError, match="a gate has judged m 2 meanwhile, and says: fail"):
        point(2)
    point(3)
    with opening.writing(place) as connection, pytest.raises(InputError, match="m 3 is the champion"):
        registering.remove(connection, seen[3], who="me", reason="")
    assert versions.find(place, "m@champion").version == 3
    with opening.reading(place) as connection:
        assert replaying.problems(connection) == []


def test_gates_that_ask_something_else_on_the_same_rows_must_all_pass(place: Place) -> None:
    """The rules and rows are the same; what else a gate is asked with makes it another one."""
    data = rows(5, 2000).assign(id=range(2000), heavy=1.0)
    said = fitted().predict(data[["a", "b"]])
    data["heavy"] = np.where(said == data.y, 0.01, 1.0)

    def nothing(truth: Any, said: Any, chances: Any) -> Any:
        return (truth == said) * 0.0

    def all_of_it(truth: Any, said: Any, chances: Any) -> Any:
        return (truth == said) * 1.0 + 0.5

    def asked(target: Any = "y", rules: str = "accuracy above 0.6", **given: Any) -> str:
        return gate.compare(
            fitted(), data, target, name="m", rules=f"{rules}\nid id", bootstrap=True, **given
        ).verdict

    own, both = "profit above 0.2", "accuracy above 0.6\nno overlap"
    for first, second in (
        ({"sample_weight": "heavy"}, {}),
        ({"target": 1 - data.y}, {}),
        ({"rules": own, "metrics": {"profit": nothing}}, {"rules": own, "metrics": {"profit": all_of_it}}),
        ({"rules": both, "train": data}, {"rules": both, "train": rows(9).assign(id=-1)}),
    ):
        with mlops_jlab.start_run():
            mlops_jlab.register_model(fitted(), "m")
            assert (asked(**first), asked(**second)) == ("fail", "pass"), first
            assert versions.find(place, "m").verdict == "fail", first
            assert asked(**second) == "pass"  # once more is the same gate


def test_a_folder_that_mlflow_would_load_another_file_of_has_no_verdict(place: Place) -> None:
    """The file that we load is the judged model's; MLflow would load what lies beside it."""
    gate.compare(fitted(), rows(5, 2000), "y", name="m", rules="accuracy above 0.6", bootstrap=True)
    files = {key: data for key, data in contents.model(fitted()).items() if key == "model.skops"}
    about = {"format": "skops", "package": "sklearn 1"}
    honest = {**files, "MLmodel": folders.described(about)}
    other = honest["MLmodel"].replace(b"model_path: model.skops", b"model_path: other.pkl")
    for folder, verdict in (
        (honest, "pass"),
        ({**honest, "MLmodel": other, "other.pkl": b"?"}, ""),
        ({**honest, "MLmodel": other.replace(b"mlflow.sklearn", b"code.mine")}, ""),
        ({**honest, "code/mine.py": b"print()"}, ""),
        ({**honest, "code/sklearn.pyc": b"?"}, ""),
        ({**honest, "MLmodel": honest["MLmodel"].replace(b"format: skops", b"format: cloudpickle")}, ""),
        (
            {
                **honest,
                "MLmodel": honest["MLmodel"].replace(
                    b"  sklearn:", b"  pytorch: {model_data: x}\n  sklearn:"
                ),
            },
            "",
        ),
        ({**honest, "requirements.txt": b"scikit-learn"}, "pass"),
    ):
        version = foldered.register(place, "m", folder, {})
        assert version.verdict == verdict
        if not verdict:
            with pytest.raises(InputError, match="no gate has judged"):
                versions.promote(place, f"m/{version.version}")


def test_an_archive_that_says_one_thing_and_loads_another_has_no_verdict_of_a_judged_one(
    place: Place,
) -> None:
    """Of nodes with one address skops loads the first: a forged address swaps a value, and no other byte."""
    frame = rows(5, 600)
    model = KNeighborsClassifier(7, algorithm="brute").fit(frame[["a", "b"]], frame.y)
    gate.compare(model, frame, "y", name="m", rules="accuracy above 0.6", bootstrap=True)
    honest = contents.model(model)["model.skops"]
    forged = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(honest)) as archive, zipfile.ZipFile(forged, "w") as target:
        for name in archive.namelist():
            content = archive.read(name)
            if name == "schema.json":
                schema = json.loads(content)
                values = schema["content"]["content"]
                values["p"]["__id__"] = values["n_neighbors"]["__id__"]
                content = json.dumps(schema).encode()
            target.writestr(name, content)
    folder = {"MLmodel": folders.described({"format": "skops", "package": "sklearn 1"})}
    assert foldered.register(place, "m", {**folder, "model.skops": honest}, {}).verdict == "pass"
    version = foldered.register(place, "m", {**folder, "model.skops": forged.getvalue()}, {})
    assert versions.load(place, f"m/{version.version}", trust=True).p == 7
    assert version.verdict == ""


def test_an_import_from_mlflow_gives_no_guarded_alias_to_what_no_gate_has_judged(place: Place) -> None:
    gate.compare(fitted(), rows(5, 2000), "y", name="m", rules="accuracy above 0.6", bootstrap=True)
    files = {**contents.model(fitted(3)), "MLmodel": folders.described({"format": "skops"})}
    theirs = SimpleNamespace(version=1, run_id="", description="", source="s3://x", tags={})

    class Theirs:
        address = "http://theirs"
        speaking = staticmethod(nullcontext)

        @staticmethod
        def models() -> list[Any]:
            return [SimpleNamespace(name="m", description="", aliases={"Champion": 1, "shadow": 1})]

        @staticmethod
        def versions_of(name: str) -> list[Any]:
            return [theirs]

        @staticmethod
        def folder_of(name: str, version: str) -> dict[str, bytes]:
            return files

    skipped: list[str] = []
    with opening.writing(place) as connection:
        assert adopting.adopt(place, connection, Theirs(), skipped) == 1  # type: ignore[arg-type]
    assert versions.find(place, "m/1").aliases == ("shadow",)
    assert skipped == ["the alias Champion of m: no gate has judged m 1, and a gate guards m@champion"]


def test_a_champion_that_was_taken_away_is_still_the_one_to_beat(place: Place) -> None:
    data = rows(5, 2000)
    mlops_jlab.register_model(fitted(), "m")
    gate.compare(fitted(), data, "y", name="m", rules="accuracy above 0.1", bootstrap=True)
    versions.promote(place, "m/1")
    with opening.writing(place) as connection:
        registering.unpoint(connection, "m", "champion", who="me", reason="")
    guess = DummyClassifier().fit(data[["a", "b"]], data.y)
    mlops_jlab.register_model(guess, "m")
    found = gate.compare(guess, rows(6, 2000), "y", name="m", rules="accuracy better", bootstrap=True)
    assert (found.verdict, found.champion) == ("fail", 1)


def test_an_alias_that_was_moved_beside_the_log_is_no_way_for_the_next_promotion(place: Place) -> None:
    """Nor does that promotion hide it: the log says what the alias was found at."""
    for seed in range(3):
        mlops_jlab.register_model(fitted(seed, 40), "m")
    versions.promote(place, "m/1")
    close_all()
    with closing(sqlite3.connect(place.database)) as connection:
        connection.execute("UPDATE aliases SET version = (SELECT id FROM versions WHERE version = 2)")
        connection.commit()
    words = "m@champion is version 2, and by the audit log version 1: it was moved beside the log"
    with pytest.raises(InputError, match=words):
        versions.promote(place, "m/3")
    with pytest.raises(InputError, match=words):
        versions.roll_back(place, "m", to=1)
    assert versions.promote(place, "m/1", override=True, reason="put right").before == 2
    with opening.reading(place) as connection:
        entry = auditing.entries(connection, 1)[0]
        assert (entry.details["from"], entry.details["by the log"]) == (2, 1)
        assert replaying.problems(connection) == []
    with opening.writing(place) as connection, database.transaction(connection):
        details = {"from": 3, "to": 1}  # as an earlier version noted it
        auditing.append(connection, "me", "promote", "m@champion", details=details)
    with opening.reading(place) as connection:
        [told] = replaying.problems(connection)
    assert told == "m@champion was version 3 before entry 6, and by the log version 1"


def test_who_asked_for_approval_does_not_approve_after_promoting_the_challenger_by_hand(place: Place) -> None:
    mlops_jlab.register_model(fitted(), "m")
    versions.promote(place, "m/1", "challenger", by="retraining", asked_by=lifecycle.who())
    versions.promote(place, "m/1", "challenger")
    with pytest.raises(InputError, match="has to be approved by somebody else"):
        versions.promote(place, "m@challenger")


def test_of_several_gates_in_one_run_all_must_pass_and_one_that_is_asked_again_counts_once(
    place: Place,
) -> None:
    with mlops_jlab.start_run():
        version = mlops_jlab.register_model(fitted(), "m")
        for rule in ("accuracy above 0.99", "accuracy above 0.2"):
            gate.compare(version, rows(5, 500), "y", name="m", rules=rule, bootstrap=True)
    found = versions.find(place, "m")
    assert (found.verdict, len(found.gate["rules"])) == ("fail", 2)
    with mlops_jlab.start_run():
        gate.compare("m/1", rows(5, 500), "y", name="m", rules="accuracy above 0.99", bootstrap=True)
        with mlops_jlab.start_run(nested=True), mlops_jlab.start_run(nested=True):  # a part of the same run
            gate.compare("m/1", rows(5, 500), "y", name="m", rules="accuracy above 0.2", bootstrap=True)
    assert versions.find(place, "m").verdict == "fail"
    with mlops_jlab.start_run():
        for bootstrap in (False, True):
            gate.compare("m/1", rows(5, 500), "y", name="m", rules="accuracy above 0.2", bootstrap=bootstrap)
    assert versions.find(place, "m").verdict == "pass"


def test_a_model_is_known_again_in_another_process_and_as_a_pickle(place: Place, tmp_path: Path) -> None:
    code = (
        "import pickle, sys\nfrom mlops_jlab.tracking import contents\n"
        "from mlops_jlab.registry.identity import identity\n"
        "print(identity(contents.model(pickle.loads(sys.stdin.buffer.read()))))"
    )
    frame = rows()
    forest = make_pipeline(StandardScaler(), RandomForestClassifier(3, random_state=0))
    lightgbm = pytest.importorskip("lightgbm").LGBMClassifier(n_estimators=3, verbose=-1)
    xgboost = pytest.importorskip("xgboost").XGBClassifier(n_estimators=3)
    found = set()
    for model in (fitted(), forest.fit(frame[["a", "b"]], frame.y), lightgbm.fit(frame[["a", "b"]], frame.y),
                  xgboost.fit(frame[["a", "b"]], frame.y)):  # fmt: skip
        here = identity(contents.model(model))
        model.predict(frame[["a", "b"]])
        assert identity(contents.model(model)) == here
        done = subprocess.run(
            [sys.executable, "-c", code], input=pickle.dumps(model), capture_output=True, cwd=Path.cwd()
        )
        assert done.stdout.decode().strip() == here, done.stderr
        found.add(here)
    assert len(found | {identity(contents.model(fitted(1)))}) == 5


def test_a_class_of_the_session_stays_as_it_is_when_its_model_is_registered(place: Place) -> None:
    """cloudpickle gives a class that it loads again methods that see copies of the names around them."""
    around: dict[str, Any] = {"__name__": "__main__"}
    exec(
        "import numpy as np\nscale = 'a column of a name'\n"
        "class Own:\n"
        "    def fit(self):\n        self.names = np.array([scale], dtype=object); return self\n"
        "    def predict(self, rows):\n        return scale\n",
        around,
    )
    model = around["Own"]().fit()
    first = identity(contents.model(model))
    assert identity(contents.model(model)) == first
    mlops_jlab.register_model(model, "own")
    around["scale"] = "another"
    assert model.predict([]) == "another"
    assert identity(contents.model(model)) != first  # it predicts something else


def test_the_command_line_overrides_with_a_reason(place: Place) -> None:
    mlops_jlab.register_model(fitted(), "m")
    gate.compare(fitted(1, 40), rows(5), "y", name="m", rules="accuracy above 0.99")

    def promote(*words: str) -> Any:
        return CliRunner().invoke(cli, ["models", "promote", "m/1", *words]).exception

    assert "--override REASON" in promote().hint
    assert "with a reason" in str(promote("--override"))
    assert promote("--override", "a drill") is None
    assert promote("--override", "--reason", "again") is None


def test_the_audit_log_is_replayed_and_what_was_changed_beside_it_is_named(place: Place) -> None:
    for _ in range(2):
        registered()
    versions.promote(place, "m/1")
    versions.promote(place, "m/2")
    versions.roll_back(place, "m")
    with closing(database.connect(place.database)) as connection:
        assert replaying.problems(connection) == []
        connection.execute("UPDATE aliases SET version = (SELECT id FROM versions WHERE version = 2)")
        assert replaying.problems(connection) == ["m@champion is version 2, and by the log version 1"]
        connection.execute("UPDATE aliases SET version = (SELECT id FROM versions WHERE version = 1)")
        connection.execute("UPDATE version_files SET digest = 'x' WHERE version = 2")
        assert replaying.problems(connection) == ["the files of m/2 are not those that were registered"]
        connection.execute("DELETE FROM version_files WHERE version = 2")
        connection.execute("UPDATE versions SET deleted = 1 WHERE id = 2")
        assert replaying.problems(connection) == ["m/2 was registered, and is gone without an entry"]
        connection.execute(
            "INSERT INTO schedules (id, name, spec, created, checked) VALUES ('x', 's', '{}', 0, 0)"
        )
        assert "the schedule s is there, and the log has no entry" in replaying.problems(connection)[1]


def test_what_was_judged_known_or_ordered_is_not_changed_beside_the_log(place: Place, tmp_path: Path) -> None:
    registered()
    gate.compare(fitted(), rows(5), "y", name="m", rules="accuracy above 0.999", bootstrap=True)
    (tmp_path / "n.ipynb").write_text("{}")
    plan = check(Schedule("s", str(tmp_path / "n.ipynb"), cron="0 3 * * *"))
    with closing(database.connect(place.database)) as connection:
        scheduling.add(connection, plan, who="me")
        kept = scheduling.find(connection, "s")
        scheduling.change(connection, kept, replace(kept, name="t", cron="0 4 * * *"), who="me")
        assert replaying.problems(connection) == []
        assert auditing.entries(connection, 9)[-2].action == "judge"
        connection.execute("PRAGMA foreign_keys = OFF")
        for change, words in (
            ("versions SET about = replace(about, 'content', 'x')", "what is known of m/1 is not what was"),
            (
                "gate_results SET verdict = 'pass'",
                "a gate's result for m, number 1, is not what the gate found",
            ),
            ("gate_results SET report = replace(report, 'fail', 'pass')", "is not what the gate found"),
            ("gate_results SET content = 'x'", "is not what the gate found"),
            ("gate_results SET id = 7", "number 1, is gone without an entry"),
            ("gate_results SET whole = 'x'", "number 1, is of another run than by the log"),
            ("gate_results SET run = 'x'", "number 1, was at another time or on other rows"),
            ("gate_results SET at = 1.0", "number 1, was at another time or on other rows"),
            ("gate_results SET alpha = 0.0", "number 1, was at another time or on other rows"),
            ("gate_results SET evaluation = 'x'", "number 1, was at another time or on other rows"),
            ("gate_rows SET hashes = x'00'", "number 1, was at another time or on other rows"),
            (
                "versions SET user = 'somebody'",
                "m/1 is said to be registered by somebody, and by the log it was",
            ),
            ("versions SET run = 'x'", "m/1 is said to be of another run than by the log"),
            ("versions SET whole = 'x'", "m/1 is said to be part of another run than by the log"),
            ("versions SET created = 1.0", "m/1 is said to be registered at another time than by the log"),
            ("models SET deleted = 1.0", "the model m is hidden without an entry, and has versions"),
            ("schedules SET spec = replace(spec, '0 4', '0 5')", "what the schedule t is to do is not"),
        ):
            connection.execute("SAVEPOINT before")
            connection.execute(f"UPDATE {change}")
            assert words in "; ".join(replaying.problems(connection)), change
            connection.execute("ROLLBACK TO before")
            connection.execute("RELEASE before")
        assert replaying.problems(connection) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE versions SET about = replace(about, 'content', 'x') WHERE version = 2", "what is known of m/2"),
        ("UPDATE version_files SET digest = printf('%064d', 0)", "cannot be read"),
        ("UPDATE gate_results SET verdict = 'pass', report = replace(report, 'fail', 'pass')", "number 1, is not"),
        ("INSERT INTO gate_results SELECT 9, model, run, whole, at, 'pass', evaluation, comparison, alpha, "
         "replace(report, 'fail', 'pass'), content, gate, champion FROM gate_results", "there without an entry"),
        ("UPDATE versions SET user = 'somebody'", "is said to be registered by somebody"),
        ("UPDATE gate_results SET whole = 'x'", "is of another run than by the log"),
        ("DELETE FROM gate_rows", "was at another time or on other rows"),
        ("", "not what was written"),
    ],
)  # fmt: skip
def test_what_was_changed_beside_the_log_is_promoted_by_no_door(
    place: Place, change: str, words: str, tmp_path: Path
) -> None:
    registered()
    registered()
    gate.compare(fitted(), rows(5), "y", name="m", rules="accuracy above 0.999", bootstrap=True)
    with closing(database.connect(place.database)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute(change)
    if not change:
        file = artifacts.path_of(place, versions.find(place, "m/2").files[0].digest)
        file.chmod(0o600)
        file.write_bytes(b"another")
    for override in (False, True):
        with pytest.raises(MlopsError, match=words if override else f"{words}|gate"):
            versions.promote(place, "m/2", override=override, reason="because")
    assert versions.find(place, "m/2").aliases == ()


def test_the_content_of_a_registered_file_is_verified_too(place: Place) -> None:
    registered()
    registered()
    close_all()
    first = versions.find(place, "m/1").files[0]

    def verified() -> Result:
        return CliRunner().invoke(cli, ["audit", "verify"], standalone_mode=False)

    assert verified().return_value == 0
    file = artifacts.path_of(place, first.digest)
    file.chmod(0o600)
    file.write_bytes(b"another")
    told = verified()
    assert told.return_value == 1
    assert f"the content of {first.path} of m/1 is not what was registered" in told.stderr
    file.unlink()
    assert f"the content of {first.path} of m/1 is gone" in verified().stderr


def test_a_run_that_goes_on_takes_over_what_was_judged_and_the_log_says_so(place: Place) -> None:
    with mlops_jlab.start_run(run_name="first") as first:
        version = mlops_jlab.register_model(fitted(), "m", input_example=rows(1)[["a", "b"]])
        gate.compare(version, rows(5), "y", name="m", rules="accuracy above 0.1", bootstrap=True)
        first.add_facts({ENGINE: {"folder": "/somewhere", "begun": "then"}})
    close_all()
    with closing(database.connect(place.database)) as connection:
        connection.execute("UPDATE runs SET kind = 'pipeline'")
        assert belonging.in_folder(connection, "/somewhere", "later") == []  # the folder was used again
        for _ in range(2):  # once more says nothing
            runs = belonging.in_folder(connection, "/somewhere", "then")
            belonging.adopt(connection, runs, "later", who="me")
        assert replaying.problems(connection) == []
        assert [entry.action for entry in auditing.entries(connection)] == [
            "adopt",
            "adopt",
            "judge",
            "register",
        ]
        assert registering.find(connection, parse_address("m/1")).whole == "later"
        connection.execute("UPDATE gate_results SET whole = ?", (first.id,))
        assert "is of another run than by the log" in replaying.problems(connection)[0]


def test_an_end_that_was_cut_off_is_found_by_what_versions_and_gates_have_noted(place: Place) -> None:
    registered()
    versions.promote(place, "m/1")
    gate.compare(fitted(1, 40), rows(5), "y", name="m", rules="accuracy above 0.1")
    with closing(database.connect(place.database)) as connection:
        connection.execute("DROP TRIGGER audit_entries_are_not_removed")
        connection.execute("DELETE FROM audit WHERE seq >= 2")
        connection.execute("DELETE FROM aliases")  # whoever cuts it off hides what it was about as well
        assert auditing.problem(connection) == ""
        (found,) = replaying.problems(connection)
    assert found.startswith("a gate of m has noted the head")


def test_who_is_at_work_is_no_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    before = lifecycle.who()
    for variable in ("USER", "LOGNAME", "USERNAME", "JUPYTERHUB_USER"):
        monkeypatch.setenv(variable, "somebody-else")
    assert lifecycle.who() == before
    with lifecycle.acting_as("ann"):
        assert lifecycle.who().startswith("ann@")


def test_a_card_says_what_people_and_gates_have_said(place: Place) -> None:
    data = rows(5, 600).assign(day=pd.date_range("2026-01-01", periods=600, freq="h"))
    with mlops_jlab.start_run():
        mlops_jlab.register_model(fitted(), "m")
        versions.promote(place, "m/1")
        version = mlops_jlab.register_model(
            fitted(1, 40), "m", data=data, intended_use="to sort letters", limits="not for people"
        )
        rules = "accuracy not worse by 0.5\nslice part\ngap recall by part below 0.9"
        gate.compare(
            version, data.assign(part=np.arange(600) % 2), "y", name="m", rules=rules, columns=["a", "b"]
        )
    versions.promote(place, "m/2", reason="seen and found good")
    card = packing.card_of(place, versions.find(place, "m/2"))
    for words in (
        "to sort letters", "not for people", "2026-01-01 00:00:00 to 2026-01-25 23:00:00", "part 0", "part 1",
        "Evaluation set", "Alpha spent | 0.0304 of 0.05", "seen and found good", "max\\_iter | 100", "Unit | row",
    ):  # fmt: skip
        assert words in card, (words, card)
    assert "not stated" in packing.card_of(place, versions.find(place, "m/1"))


def test_what_a_version_is_for_is_said_later_and_who_said_it_is_known(place: Place) -> None:
    registered()
    registered()
    with lifecycle.acting_as("ann"):
        versions.describe(place, "m/1", {"intended_use": "to sort parcels", "limits": "not letters"})
    with lifecycle.acting_as("bob"):
        found = versions.describe(place, "m/1", {"limits": " not letters, nor postcards\n"})
    assert (found.about["intended_use"], found.about["limits"]) == (
        "to sort parcels", "not letters, nor postcards",
    )  # fmt: skip
    card = packing.card_of(place, versions.find(place, "m/1"))
    assert "to sort parcels" in card
    assert "nor postcards" in card
    assert not versions.find(place, "m/2").about.get("limits")
    with opening.reading(place) as connection:
        said = [entry for entry in auditing.entries(connection, subject="m/1") if entry.action == "describe"]
        assert [(entry.who.partition("@")[0], entry.details) for entry in said] == [
            ("bob", {"limits": "not letters, nor postcards"}),
            ("ann", {"intended_use": "to sort parcels", "limits": "not letters"}),
        ]
        assert replaying.problems(connection) == []
    with pytest.raises(InputError, match="limits has 5,000 characters, more than 4,000"):
        versions.describe(place, "m/1", {"limits": "x" * 5000})
    result = CliRunner().invoke(cli, ["models", "describe", "m/1"], standalone_mode=False)
    assert "nothing is said" in str(result.exception)


def test_only_numbers_of_the_same_rows_stand_on_one_line(place: Place) -> None:
    registered()
    versions.promote(place, "m/1")
    for seed, data in ((1, rows(5)), (2, rows(6))):
        with mlops_jlab.start_run():
            mlops_jlab.log_metric("auc", 0.8)
            gate.compare(
                mlops_jlab.register_model(fitted(seed, 40), "m"), data, "y", name="m", rules="accuracy better"
            )
    found = comparing.compare(place, [versions.find(place, f"m/{n}") for n in (1, 2, 3)])
    metrics = [[bool(value) for value in line.values] for line in found if line.kind == "metric"]
    assert sorted(metrics) == [[True, False, True], [True, True, False]]
    logged = [line.values for line in found if line.kind == "logged"]
    assert len(logged) == 3
    assert all(sum(map(bool, values)) == 1 for values in logged)


def test_evidence_is_verified_without_the_store_and_tells_what_was_changed(
    place: Place, tmp_path: Path
) -> None:
    with mlops_jlab.start_run():
        mlops_jlab.log_text("how it went", "notes.txt")
        version = mlops_jlab.register_model(fitted(), "m", data=rows())
        gate.compare(version, rows(5), "y", name="m", rules="accuracy above 0.1", bootstrap=True)
    versions.promote(place, "m/1")
    versions.describe(place, "m/1", {"limits": "not letters"})
    mlops_jlab.flush()
    archive = evidence.pack(place, versions.find(place, "m/1"), tmp_path / "e.zip")
    folder = tmp_path / "out"
    with zipfile.ZipFile(archive) as inside:
        inside.extractall(folder)
    there = {path.name for path in folder.rglob("*")}
    assert {
        "card.md",
        "audit.jsonl",
        "001.json",
        "notes.txt",
        "run.json",
        "model.skops",
        "REPRODUCE.md",
    } <= there

    def verified() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-I", str(folder / "verify.py")], text=True, capture_output=True
        )

    assert verified().returncode == 0, verified()
    for name, words in (("card.md", "card.md was changed"), ("audit.jsonl", "entry 3 of the audit log")):
        before = (folder / name).read_text()
        assert "promote" in before
        (folder / name).write_text(before.replace("promote", "promotes"))
        assert verified().returncode == 1
        assert words in verified().stdout
        (folder / name).write_text(before)
    for name, before, after, words in (
        (
            "gates/001.json",
            '"pass"',
            '"fail"',
            "gates/001.json is not what the audit log says the gate found",
        ),
        ("registered.json", "LogisticRegression", "Other", "registered.json is not what the audit log says"),
        (
            "version.json",
            "LogisticRegression",
            "Other",
            "version.json is not what registered.json and the audit log say",
        ),
    ):  # and the manifest says the same
        kept = {path: (folder / path).read_bytes() for path in (name, "manifest.json")}
        assert before.encode() in kept[name]
        (folder / name).write_bytes(changed := kept[name].replace(before.encode(), after.encode()))
        manifest = json.loads(kept["manifest.json"])
        manifest["files"][name] = hashlib.sha256(changed).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest))
        assert words in verified().stdout, name
        for path, content in kept.items():
            (folder / path).write_bytes(content)
    with opening.reading(place) as connection:
        assert auditing.head(connection)[1] in verified().stdout
    (folder / "more.txt").touch()
    assert "more.txt is not in the manifest" in verified().stdout
