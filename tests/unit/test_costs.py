"""What runs have used, with the processes that they made; what it costs, what the cache saved, what is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from mlops_jlab import usage
from mlops_jlab.cli.main import cli
from mlops_jlab.costs import prices, reckoning
from mlops_jlab.costs.prices import Energy, Prices
from mlops_jlab.errors import InputError
from mlops_jlab.store import changing, opening, reading, used
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all
from mlops_jlab.store.used import UsedRow
from mlops_jlab.tracking import lifecycle

_BUSY = "import time; end = time.process_time() + {}\nwhile time.process_time() < end: pass\n"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.delenv("MLOPS_JLAB_PRICE_PER_HOUR", raising=False)
    yield Place(tmp_path / "store")
    close_all()


def settings(place: Place, content: Any) -> None:
    place.root.mkdir(exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content)
    (place.root / "settings.json").write_text(text)


def row(**given: Any) -> UsedRow:
    start = {"id": "a", "name": "n", "parent": "", "kind": "pipeline", "pipeline": "p", "user": "u",
             "started": 1.8e9, "duration": 3600.0, "status": "finished"}  # fmt: skip
    return UsedRow(**{**start, **given})


def test_a_process_that_has_ended_counts_for_the_one_that_made_it() -> None:
    before = usage.cpu_seconds()
    subprocess.run([sys.executable, "-S", "-c", _BUSY.format(0.3)], check=True)
    assert usage.cpu_seconds() - before >= 0.3


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of processes that live")
def test_a_process_that_lives_counts_with_what_it_has_made_and_what_it_holds() -> None:
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-S', '-c', {_BUSY.format(0.2)!r}]); x = bytearray(60_000_000); print(1, flush=True); input()"
    before, peak = usage.cpu_seconds(), usage.peak_memory()
    with subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1) as child:
        assert child.stdout is not None
        assert child.stdout.readline()
        assert usage.cpu_seconds() - before >= 0.2
        assert usage.peak_memory() - peak >= 60_000_000
        child.communicate(b"\n")


def test_prices_are_read_and_what_is_wrong_in_them_is_named(place: Place) -> None:
    assert prices.read(place) == Prices()
    settings(place, {"price_per_hour": 1.2, "currency": "EUR"})
    assert prices.read(place) == Prices("EUR", hour=1.2)
    settings(place, {"prices": {"cpu_hour": 0.04, "currency": "CHF", "energy": {"pue": 1.5}}})
    assert prices.read(place) == Prices("CHF", cpu_hour=0.04, energy=Energy(pue=1.5))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"prices": {"cpu_hours": 1}}, "did you mean 'cpu_hour'"),
        ({"prices": {"cpu_hour": "cheap"}}, "prices.cpu_hour is 'cheap'"),
        ({"prices": {"cpu_hour": -1}}, "prices.cpu_hour is -1"),
        ({"prices": {"cpu_hour": True}}, "prices.cpu_hour is True"),
        ({"prices": {"spot": 3}}, "prices.spot is 3"),
        ({"prices": {"energy": {"watts": 3}}}, "prices.energy"),
        ({"prices": {"energy": {"pue": "x"}}}, "prices.energy.pue"),
        ({"prices": {"currency": 3}}, "prices.currency"),
        ({"prices": []}, "prices are a table"),
        ([], "prices are a table"),
        ('{"prices": {\n"cpu_hour": 1,,}}', "line 2 is not valid JSON"),
        ('{"prices": {"cpu_hour": NaN}}', "prices.cpu_hour is nan"),
    ],
)
def test_wrong_prices(place: Place, content: Any, words: str) -> None:
    settings(place, content)
    with pytest.raises(InputError, match="settings.json") as caught:
        prices.read(place)
    assert words in caught.value.message
    done = CliRunner().invoke(cli, ["cost"])
    assert isinstance(done.exception, InputError)


def test_the_cost_of_a_run_is_what_it_used_by_the_table() -> None:
    table = Prices(
        "EUR", hour=1.0, cpu_hour=2.0, gb_hour=0.5, gpu_hour=10.0, energy=Energy(100, 10, 300, 2.0, 0.5)
    )
    whole = row(usage={"cpu_seconds": 7200, "peak_memory": 4e9, "gpus": 2})
    cost = reckoning.of_row(whole, table)
    assert cost.money == pytest.approx(1 + 2 * 2 + 4 * 0.5 + 2 * 10)
    assert cost.kwh == pytest.approx((2 * 100 + 4 * 10 + 2 * 300) / 1000 * 2.0)
    assert cost.co2_kg == pytest.approx(cost.kwh / 2)
    spot = row(usage={**whole.usage, "spot": True})
    assert reckoning.of_row(spot, Prices("EUR", cpu_hour=2.0, spot=0.25)).money == pytest.approx(1.0)
    step = row(kind="step", is_whole=False, usage=whole.usage)
    assert reckoning.of_row(step, Prices(hour=1.0)).money == 0.0
    assert reckoning.of_row(step, Prices(hour=1.0), by_step=True).money == pytest.approx(1.0)


def test_without_a_table_what_was_written_down_counts() -> None:
    assert reckoning.of_row(row(usage={"cost": 1.5}), Prices()).money == 1.5
    assert reckoning.of_row(row(usage={"cost": 1.5}), Prices(cpu_hour=1.0)).money == 0.0


def test_a_step_that_died_is_taken_to_have_kept_one_processor_at_work() -> None:
    dead = row(kind="step", status="killed", is_whole=False)
    assert reckoning.of_row(dead, Prices(cpu_hour=2.0)).money == pytest.approx(2.0)
    assert reckoning.of_row(row(status="killed"), Prices(cpu_hour=2.0)).money == 0.0  # its runner did little


def track(pipeline: str, cpu: float, *, cached: bool = False) -> None:
    with lifecycle.start(
        name=f"{pipeline}-1", kind="pipeline", tags={"pipeline": f"{pipeline}@1"}, provenance=False
    ) as whole:
        whole.add_facts({"usage": {"cpu_seconds": cpu}})  # the sum of its steps: it is not counted twice
        step = lifecycle.start(name="train", kind="step", parent=whole.id, activate=False, provenance=False)
        step.add_facts({"usage": {"cpu_seconds": cpu, "peak_memory": 1e9, "wall_seconds": cpu}})
        if cached:
            step.add_facts({"engine": {"cached": "abc"}})
        step.end()
    whole.recorder.flush()


def test_costs_are_gathered_by_what_they_were_for_and_the_cache_saved(place: Place) -> None:
    track("a", 3600.0)
    track("a", 3600.0, cached=True)
    track("b", 36.0)
    table = Prices("EUR", cpu_hour=1.0)
    a, b = reckoning.lines(place, table)
    assert (a.name, a.spent.runs, b.name) == ("a", 2, "b")
    assert a.spent.money == pytest.approx(1.0)
    assert (a.saved.money, a.saved.runs) == (pytest.approx(1.0), 1)
    assert [line.name for line in reckoning.lines(place, table, "step")] == ["a train", "b train"]
    assert len(reckoning.lines(place, table, "run")) == 3
    assert [line.name for line in reckoning.lines(place, table, "user")] == [lifecycle.user()]
    month = used.month_of(time.time())
    assert [line.name for line in reckoning.lines(place, table, "month")] == [month]
    assert reckoning.lines(place, table, month="1999-01") == []
    with pytest.raises(InputError, match="did you mean 'pipeline'"):
        reckoning.lines(place, table, "pipelines")


def test_a_run_within_the_process_of_another_is_not_counted_twice(place: Place) -> None:
    with lifecycle.start(name="outer", provenance=False) as outer:
        outer.add_facts({"usage": {"cpu_seconds": 10.0}})
        with lifecycle.start(name="inner", provenance=False, nested=True) as inner:
            inner.add_facts({"usage": {"cpu_seconds": 9.0}})
    outer.recorder.flush()
    (line,) = reckoning.lines(place, Prices())
    assert line.spent.cpu_hours * 3600 == pytest.approx(10.0)


def test_what_removed_runs_have_cost_is_kept(place: Place) -> None:
    settings(place, {"prices": {"cpu_hour": 1.0, "gb_hour": 0.1}})
    for _ in range(2):
        track("a", 3600.0)
    track("a", 3600.0, cached=True)
    table = prices.read(place)
    before = reckoning.lines(place, table), reckoning.lines(place, table, "step")
    with opening.writing(place) as connection:
        runs = [reading.find(connection, r.id) for r in used.rows(connection, time.time()) if r.is_whole]
        changing.delete(connection, runs)
        assert changing.clean(place, connection).runs == 6
        assert all(r.status == "gone" for r in used.rows(connection, time.time()))
    for old, new in zip(
        before, (reckoning.lines(place, table), reckoning.lines(place, table, "step")), strict=True
    ):
        assert [line.name for line in old] == [line.name for line in new]
        assert [line.spent.money for line in old] == pytest.approx(
            [line.spent.money for line in new], rel=1e-4
        )
        assert [line.saved.money for line in old] == pytest.approx(
            [line.saved.money for line in new], rel=1e-4
        )
        assert [line.spent.runs for line in old] == [line.spent.runs for line in new]


def test_the_command_prints_tables_and_says_where_defaults_are_from(place: Place) -> None:
    assert "no runs" in CliRunner().invoke(cli, ["cost"]).output
    track("a", 3600.0)
    assert "no prices" in CliRunner().invoke(cli, ["cost"]).output
    settings(place, {"prices": {"cpu_hour": 2.0, "currency": "EUR", "energy": True}})
    text = CliRunner().invoke(cli, ["cost", "--by", "step"]).output
    assert "a train" in text
    assert "money EUR" in text
    assert "Cloud Carbon Footprint" in text
    found = json.loads(CliRunner().invoke(cli, ["cost", "--format", "json"]).output)
    assert found["lines"][0]["spent"]["money"] == pytest.approx(2.0)
    one = json.loads(CliRunner().invoke(cli, ["cost", "a-1", "--format", "json"]).output)
    assert one["total"]["money"] == pytest.approx(2.0)
    assert [step["name"] for step in one["steps"]] == ["train"]
    assert isinstance(CliRunner().invoke(cli, ["cost", "--month", "2026-13"]).exception, InputError)
    assert isinstance(CliRunner().invoke(cli, ["cost", "nothing"]).exception, InputError)
