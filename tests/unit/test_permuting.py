"""What a model goes by: the loss when a column is shuffled, in the gate's report and in the card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression

import mlops_jlab
from mlops_jlab import gate
from mlops_jlab.registry import cards, permuting, versions
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    yield Place(tmp_path / "store")
    close_all()


def rows(seed: int, count: int = 400) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(random.normal(size=(count, 3)), columns=["much", "little", "nothing"])
    score = 2 * frame.much + 0.7 * frame.little + random.normal(size=count)
    return frame.assign(shop=np.arange(count) // 8, y=(score > 0).astype(int), amount=score)


def judged(data: pd.DataFrame, model: Any, target: str, rules: str, **given: Any) -> dict[str, Any]:
    taken = data[["much", "little", "nothing", "shop", target]]
    result = gate.compare(model, taken, target, name="m", rules=rules, bootstrap=True, **given)
    return result.facts.get("importance") or {}


NAMES = ["much", "little", "nothing"]


def test_columns_that_count_are_told_from_those_that_do_not(place: Place) -> None:
    model = LogisticRegression().fit(rows(0)[NAMES], rows(0)["y"])
    found = judged(rows(1), model, "y", "roc_auc above 0.5")
    assert (found["metric"], found["rows"], found["left_out"]) == ("roc_auc", 400, 0)
    by = {name: bounds for name, *bounds in found["features"]}
    assert list(by) == NAMES
    assert by["much"][1] > by["little"][2] > by["little"][1] > 0
    assert by["nothing"][1] < 0.01
    assert by["nothing"][2] > -0.01
    known = permutation_importance(model, rows(1)[NAMES], rows(1)["y"], scoring="roc_auc", random_state=0)
    assert by["much"][0] == pytest.approx(known.importances_mean[0], abs=0.03)


def test_rows_that_hang_together_make_the_interval_wider(place: Place) -> None:
    data = pd.concat([rows(1, 50)] * 8, ignore_index=True).assign(shop=lambda d: np.arange(len(d)) % 50)
    model = LinearRegression().fit(rows(0)[NAMES], rows(0)["amount"])
    alone = judged(data.assign(shop=range(400)), model, "amount", "mae below 9\nunit shop")
    together = judged(data, model, "amount", "mae below 9\nunit shop")
    width = [one["features"][0][3] - one["features"][0][2] for one in (alone, together)]
    assert width[1] > 1.3 * width[0]


def test_arrays_and_weights_and_many_rows(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(permuting, "MOST_ROWS", 100)
    data = rows(1)[[*NAMES, "y"]].assign(w=1.0)
    model = LogisticRegression().fit(rows(0)[NAMES].to_numpy(), rows(0)["y"])
    found = gate.compare(
        model, data, "y", name="m", rules="accuracy above 0.1", bootstrap=True, sample_weight="w"
    ).facts["importance"]
    assert (found["rows"], found["features"][0][0]) == (100, "much")
    assert (data[NAMES] == rows(1)[NAMES]).all().all()  # the user's rows are as they were


def test_a_model_that_refuses_and_one_that_is_slow_are_said(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(permuting, "PATIENCE", -1.0)
    model = LogisticRegression().fit(rows(0)[NAMES], rows(0)["y"])
    assert judged(rows(1), model, "y", "accuracy above 0.1") == {}
    assert judged(rows(1), model, "y", "accuracy above 0.1", importance=False) == {}


def test_the_card_shows_it(place: Place) -> None:
    with mlops_jlab.start_run():
        model = LogisticRegression().fit(rows(0)[NAMES], rows(0)["y"])
        gate.compare(model, rows(1)[[*NAMES, "y"]], "y", name="m", rules="accuracy above 0.1", bootstrap=True)
        mlops_jlab.register_model(model, "m")
    card = cards.markdown(versions.find(place, "m/1"), None, (0, ""))
    section = card.partition("## What it goes by")[2].partition("##")[0]
    assert "Loss in accuracy on 400 evaluation rows" in section
    assert [line.split(" | ")[0] for line in section.splitlines() if line.startswith("| ")][1] == "| much"
