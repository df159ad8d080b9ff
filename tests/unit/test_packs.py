"""A pack serves without a store, says what was said where it was registered, or does not leave."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import numpy as np
import pandas as pd
import pytest
import yaml
from click.testing import CliRunner
from packaging.requirements import Requirement
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.registry import samples, versions
from mlops_jlab.serving.packs import folder, proof, serve
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [1.0, 0.0, 1.0, 0.0]})


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    close_all()


class Moody:
    """Says what the environment says: a notebook's may be another than a service's."""

    def predict(self, rows: Any) -> Any:
        return np.full(len(rows), float(os.environ.get("MOOD", "1")))


def test_a_pack_has_all_that_serving_takes_and_was_measured(place: Place, tmp_path: Path) -> None:
    mlops_jlab.register_model(LogisticRegression().fit(FRAME, [0, 0, 1, 1]), "My model", input_example=FRAME)
    target = tmp_path / "pack"
    done = CliRunner().invoke(
        cli, ["models", "pack", "My model/1", "-o", str(target)], catch_exceptions=False
    )
    assert "answers as where it was registered; cold start" in done.output
    needs = {
        Requirement(line).name: Requirement(line)
        for line in (target / "requirements.txt").read_text().split()
    }
    assert {"scikit-learn", "skops", "uvicorn", "starlette", "pandas"} <= set(needs)
    assert all(str(one.specifier).startswith("==") for one in needs.values())
    assert "mlops-jlab" not in needs
    measured = json.loads((target / "profile.json").read_text())
    assert set(measured) == {"cold_start", "memory", "size", "latency"}
    assert set(measured["latency"]) == {"1", "10", "100", "1000"}
    docker = (target / "Dockerfile").read_text()
    assert "requirements.txt" in docker
    assert "mlops_jlab.serving.packs.serve" in docker
    service = yaml.safe_load((target / "kserve.yaml").read_text())
    assert service["metadata"]["name"] == "my-model"
    settings = json.loads((target / "mlserver" / "My model" / "model-settings.json").read_text())
    assert settings["implementation"] == "mlserver_sklearn.SKLearnModel"
    assert (target / "mlserver" / "My model" / settings["parameters"]["uri"]).exists()
    assert not list(target.rglob("__pycache__"))
    with pytest.raises(InputError, match="already exists"):
        folder.pack(place, "My model/1", target)
    (target / "model" / "model.skops").write_bytes(b"something else")
    assert serve.main([str(target / "model"), "--port", "0"]) == 1


def test_a_pack_that_answers_otherwise_does_not_leave(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    monkeypatch.setenv("MOOD", "7")
    mlops_jlab.register_model(Moody(), "m", input_example=FRAME)
    monkeypatch.delenv("MOOD")
    with pytest.raises(MlopsError, match=r"it answers otherwise .*: of row 1 it says 1\.0, and said 7\.0"):
        folder.pack(place, "m/1", tmp_path / "pack")
    assert not (tmp_path / "pack").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["store"]


def test_what_was_said_is_known_where_there_was_an_example(place: Place) -> None:
    model = LinearRegression().fit(FRAME, FRAME.a)
    known = samples.read(place, mlops_jlab.register_model(model, "m", input_example=FRAME))
    assert known is not None
    assert known.rows == FRAME.to_dict("list")
    assert known.said == pytest.approx(model.predict(FRAME))
    by_place = LinearRegression().fit(FRAME.to_numpy(), FRAME.a)
    version = mlops_jlab.register_model(by_place, "p", input_example=FRAME.to_numpy())
    found = samples.read(place, version)
    assert found is not None
    assert list(found.rows) == ["0", "1"]
    mlops_jlab.register_model(model, "plain")
    assert samples.read(place, versions.find(place, "plain")) is None
    with pytest.raises(InputError, match="nothing is known of what plain 1 says"):
        folder.pack(place, "plain", Path("nowhere"))


def test_a_model_of_plain_arrays_is_served(place: Place) -> None:
    from mlops_jlab.serving.answering import Asked, Desk
    from mlops_jlab.serving.counting import Counts
    from mlops_jlab.serving.requests import rows_of
    from mlops_jlab.serving.served import Served

    model = LinearRegression().fit(FRAME.to_numpy(), FRAME.a)
    mlops_jlab.register_model(model, "m", input_example=FRAME.to_numpy())
    desk = Desk(Served(place, "m"), Counts())
    for content in ({"instances": [[3.0, 0.0]]}, {"rows": [{"0": 3.0, "1": 0.0}]}):
        assert desk.answer(Asked(content, rows_of)).said["prediction"] == pytest.approx([3.0])


def test_answers_that_differ() -> None:
    assert proof._difference([1, "a", None, 0.1 + 0.2], [1, "a", None, 0.3]) is None
    assert proof._difference([1.0, 2.0], [1.0, 2.1]) == 1
    assert proof._difference(["a"], ["b"]) == 0


def test_a_folder_that_is_no_pack_is_said(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mlops_jlab.serving.packs.serve", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "holds no packed version" in done.stderr
    assert "Traceback" not in done.stderr
