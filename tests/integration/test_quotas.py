"""A schedule is stopped before it overspends, and promotes only what the policy lets it promote."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlops_jlab.costs import quotas
from mlops_jlab.entities.schedules import Firing, Schedule
from mlops_jlab.registry import versions
from mlops_jlab.retraining import schedules, ticking
from mlops_jlab.store import auditing, opening, permitting
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import lifecycle
from tests.conftest import notebook_json

CELLS = [
    ("setup", "import numpy as np, pandas as pd, mlops_jlab\nfrom mlops_jlab import gate\nfrom sklearn.linear_model import LogisticRegression"),
    ("step:fit", "import time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
     "random = np.random.default_rng(1)\nframe = pd.DataFrame(random.normal(size=(800, 2)), columns=['a', 'b'])\n"
     "frame['y'] = (frame.a + random.normal(size=800) > 0).astype(int)\n"
     "model = LogisticRegression().fit(frame[['a']], frame.y)\nmlops_jlab.register_model(model, 'small')"),
    ("step:judge gate", "gate.compare(model, frame, 'y', name='small', rules='accuracy above 0.5', bootstrap=True, importance=False)"),
]  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / ".mlops"))
    yield Place(tmp_path / ".mlops")
    close_all()


def fire(place: Place) -> Firing:
    claimed = ticking.run_now(place, "small")
    assert claimed is not None
    return ticking.execute(place, claimed)


@pytest.mark.slow
def test_a_schedule_runs_until_its_quota_would_be_used_up(place: Place, tmp_path: Path) -> None:
    notebook = tmp_path / "small.ipynb"
    notebook.write_text(json.dumps(notebook_json(CELLS)))
    schedules.add(place, Schedule("", str(notebook), cron="0 3 * * *", promote="champion", retries=3), {})
    (place.root / "settings.json").write_text('{"prices": {"cpu_hour": 3600, "currency": "EUR"}}')
    policy = place.root / "policy.yaml"
    policy.write_text(
        "version: 1\nquotas:\n  - {pipeline: other, month: {money: 0}}\n  - {pipeline: small, month: {money: 1000000}}\n"
        "promotion:\n  - {model: small, by: [somebody-else]}\n"
    )
    first = fire(place)
    told = {step.step: step for step in first.steps}
    assert first.status == "finished", first.steps
    assert told["promote"].outcome == "no"
    assert "retraining may not promote small" in told["promote"].why
    assert [alias for version in versions.all_versions(place) for alias in version.aliases] == []

    policy.write_text("version: 1\npromotion:\n  - {model: small, by: [retraining], gate: required}\n")
    (only,) = versions.all_versions(place)
    with pytest.raises(permitting.PolicyBreach, match="only a schedule"):
        versions.promote(place, "small/1", by="retraining")
    assert only.aliases == ()
    second = fire(place)
    assert ("promote", "done") in {(step.step, step.outcome) for step in second.steps}, second.steps
    assert versions.find(place, "small@champion").version == 1

    (one,) = quotas_of(place, "version: 1\nquotas:\n  - {pipeline: small, month: {money: 1000000}}\n")
    assert one.runs == 2
    assert one.expected > 0.1
    assert one.spent >= one.expected
    policy.write_text(
        f"version: 1\nquotas:\n  - {{pipeline: small, month: {{money: {one.spent + one.expected / 2}}}}}\n"
    )
    third = fire(place)
    assert third.status == "failed"
    assert third.run == ""
    assert third.attempt == 1
    (stopped,) = [step for step in third.steps if step.step == "quota"]
    assert "EUR" in stopped.why
    assert "the median of the last 2 runs" in stopped.why
    with opening.reading(place) as connection:
        assert not auditing.problem(connection)
        refused = [e for e in auditing.entries(connection) if e.action == permitting.REFUSED]
    assert refused[0].subject == "schedule small"
    assert refused[0].who == "retraining"
    assert "a run is likely to use" in refused[0].reason
    (place.root / "settings.json").write_text("{")
    assert "settings.json" in fire(place).why


def quotas_of(place: Place, text: str) -> list[quotas.Standing]:
    (place.root / "policy.yaml").write_text(text)
    return quotas.standings(place, "small", lifecycle.user())
