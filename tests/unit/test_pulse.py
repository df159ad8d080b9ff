"""The pulse of a service: what it writes down while it lives, and what that comes to over time."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LinearRegression

import mlops_jlab
from mlops_jlab.cli.main import cli
from mlops_jlab.registry import versions
from mlops_jlab.serving import beating, courses, pulse
from mlops_jlab.serving.answering import Asked
from mlops_jlab.serving.counting import EDGES
from mlops_jlab.serving.pulse import Beat, Begun, Record
from mlops_jlab.serving.requests import rows_of
from mlops_jlab.serving.setup import Setup
from mlops_jlab.store.location import Place, make
from mlops_jlab.store.recorder import close_all

FRAME = pd.DataFrame({"a": [0.0, 1.0, 2.0]})
BEGUN = Begun("m", "m@champion", "http://127.0.0.1:1", 1, 1, 1000.0)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    found = Place(tmp_path / "store")
    make(found)
    yield found
    close_all()


def beat(second: float, requests: int = 0, **more: Any) -> Beat:
    return Beat(1000.0 + second, ok=requests, seconds={"0.001": requests, "+Inf": 0}, **more)


def test_a_service_is_known_while_it_runs_and_after_it_has_ended(place: Place) -> None:
    record = Record(place, BEGUN)
    assert pulse.services(place) == []  # nothing is written before there is something to say
    record.add(beat(0))
    record.add(beat(5, 10, cpu={"1": 2.0}, events={"pairs": 3}, standing={"verdict": "goes on"}))
    (one,) = pulse.services(place, "m")
    assert (one.begun, one.running) == (BEGUN, True)
    assert one.beats == (
        beat(0),
        beat(5, 10, cpu={"1": 2.0}, events={"pairs": 3}, standing={"verdict": "goes on"}),
    )
    assert pulse.services(place, "other") == []
    assert record.path.stat().st_mode & 0o077 == 0
    record.close()
    later = Record(place, replace(BEGUN, begun=2000.0))
    later.add(beat(1000))
    assert [one.running for one in pulse.services(place)] == [True, False]
    later.close()


def test_a_file_stays_short_and_says_the_same(place: Place) -> None:
    record = Record(place, BEGUN)
    seconds = range(0, 5 * 86_400, 60)
    for second in seconds:
        record.add(beat(second, second))
    (one,) = pulse.services(place)
    assert len(one.beats) <= pulse._LINES
    assert one.running  # the file was made anew, and is locked all the same
    assert one.beats[0].at >= one.beats[-1].at - pulse.KEPT - 2 * 86_400
    recent = [each.at for each in one.beats if each.at > one.beats[-1].at - 1800]
    assert recent == [1000.0 + second for second in seconds if second > seconds[-1] - 1800]
    for point in courses.course(one.beats, pulse.KEPT):
        assert point.a_second == pytest.approx(1.0)
    record.close()


def test_what_is_no_pulse_is_left_out(place: Place) -> None:
    record = Record(place, BEGUN)
    record.add(beat(0))
    with record.path.open("ab") as file:
        file.write(b'{"at": 1, "unheard": 2}\n[1]\n{"at": 10')
    folder = record.path.parent
    (folder / "zz.jsonl").write_text("no json\n")
    (folder / "zy.jsonl").write_text("")
    (folder / "zx.jsonl").write_text('{"model": "m"}\n')
    (one,) = pulse.services(place)
    assert one.beats == (beat(0),)
    for path in folder.iterdir():
        os.utime(path, (0, 0))
    pulse.tidy(place, 1e9)
    assert list(folder.iterdir()) == [record.path]  # who runs is kept, however old its file is
    record.close()
    pulse.tidy(place, 1e9)
    assert list(folder.iterdir()) == []


def test_measures_are_those_of_what_happened_between_two_beats() -> None:
    one = Beat(0.0, ok=100, refused=1, failed=1, seconds={"0.001": 100, "0.01": 0}, cpu={"1": 5.0, "2": 1.0})
    other = Beat(
        10.0, ok=190, refused=6, failed=6, busy=2, seconds={"0.001": 145, "0.01": 45},
        cpu={"1": 6.0, "2": 6.0, "3": 0.5},
    )  # fmt: skip
    point = courses.between(one, other)
    assert (point.requests, point.a_second, point.busy) == (100, 10.0, 2)
    assert (point.failed, point.refused) == (0.05, 0.05)
    assert point.load == 0.5  # of the busiest process, not of all together
    assert point.median == pytest.approx(0.001)
    assert point.p99 == pytest.approx(0.001 + 0.009 * (89.1 - 45) / 45)
    quiet = courses.between(other, replace(other, at=20.0))
    assert (quiet.requests, quiet.median, quiet.p99, quiet.failed, quiet.load) == (0, None, None, 0.0, 0.0)
    assert courses.newest([one]) is None
    assert courses.course([one], 60) == []


@given(st.lists(st.floats(0.0002, 4.9), min_size=1, max_size=300), st.sampled_from([0.5, 0.9, 0.99]))
def test_a_quantile_lies_between_the_edges_that_it_fell_between(values: list[float], share: float) -> None:
    counts = dict.fromkeys((*EDGES, float("inf")), 0)
    for value in values:
        counts[next(edge for edge in counts if value <= edge)] += 1
    found = courses.quantile(counts, share)
    exact = sorted(values)[min(len(values) - 1, int(-(-share * len(values) // 1)) - 1)]
    edges = [0.0, *EDGES]
    above = next(place for place, edge in enumerate(edges) if exact <= edge)
    assert found is not None
    assert edges[above - 1] <= found <= edges[above] * (1 + 1e-9)


def test_the_counts_of_a_desk_are_its_pulse(place: Place, tmp_path: Path, capsys: Any) -> None:
    mlops_jlab.register_model(LinearRegression().fit(FRAME, FRAME.a), "m", input_example=FRAME)
    mlops_jlab.promote("m/1")
    setup = Setup(place, "m@champion", tmp_path)
    with setup.opened() as desk:
        taken = beating.Pulse(setup, "http://127.0.0.1:1", 1, desk.counts.now, pause=0.05)
        taken.start()
        for number in range(7):
            desk.answer(Asked({"rows": [{"a": 1.0}] * number or [{"a": 2.0}]}, rows_of))
        desk.counts.refuse("m", 1)
        taken.stop()
    (one,) = pulse.services(place)
    last = one.beats[-1]
    assert (last.version, last.ok, last.refused, last.rows, last.behind) == (1, 7, 1, 22, False)
    assert sum(last.seconds.values()) == 7
    assert last.memory > 1e6
    assert next(iter(last.cpu.values())) > 0
    assert (one.running, one.begun.pid) == (False, os.getpid())
    shown = CliRunner().invoke(cli, ["models", "services"])
    assert "m@champion" in shown.output
    assert "has ended" in shown.output
    told = json.loads(CliRunner().invoke(cli, ["models", "services", "m", "--format", "json"]).output)
    assert told[0]["last"]["ok"] == 7
    assert "nobody serves x" in CliRunner().invoke(cli, ["models", "services", "x"]).output
    assert capsys.readouterr().err == ""


def test_the_dashboard_asks_for_what_a_service_tells(place: Place, tmp_path: Path) -> None:
    mlops_jlab.register_model(LinearRegression().fit(FRAME, FRAME.a), "m", input_example=FRAME)
    mlops_jlab.promote("m/1")
    with Setup(place, "m@champion", tmp_path).opened() as desk:
        desk.answer(Asked({"rows": [{"a": 1.0}]}, rows_of))
        desk.counts.trial("pairs")
        page = desk.counts.page().decode()
    told: dict[str, set[str]] = {}
    for name, labels in re.findall(r"^(mlops_jlab_\w+)(?:\{(.*?)\})? ", page, re.M):
        told.setdefault(name, set()).update(re.findall(r'(\w+)="', labels))
    target = tmp_path / "served.json"
    assert CliRunner().invoke(cli, ["models", "dashboard", "-o", str(target)]).exit_code == 0
    found = json.loads(target.read_text())
    assert json.loads(CliRunner().invoke(cli, ["models", "dashboard"]).output) == found
    asked = [one["expr"] for panel in found["panels"] for one in panel["targets"]]
    asked += [one["expr"] for one in found["annotations"]["list"]]
    asked.append(found["templating"]["list"][1]["query"]["query"])
    for query in asked:
        assert query.count("(") == query.count(")")
        names = re.findall(r"mlops_jlab_\w+", query)
        assert names
        assert set(names) <= set(told), query
        by = re.findall(r"by \(([\w, ]+)\)", query)
        inside = re.findall(r"(\w+)[!=]=?~?\"", " ".join(re.findall(r"\{(.*?)\}", query)))
        known = set.union(*(told[name] for name in names)) | {"instance"}  # which Prometheus adds
        assert {*inside, *(word.strip() for words in by for word in words.split(","))} <= known, query
    used = {
        name.removesuffix("_bucket").removesuffix("_sum")
        for q in asked
        for name in re.findall(r"mlops_jlab_\w+", q)
    }
    kept = {name for name in told if not name.endswith(("_created", "_bucket", "_sum", "_count"))}
    assert kept <= used  # nothing that a service counts is left out
    cells: set[tuple[int, int]] = set()
    for panel in found["panels"]:
        at = panel["gridPos"]
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not own & cells
        assert all(0 <= x < 24 for x, _y in own)
        cells |= own
    assert len({panel["id"] for panel in found["panels"]}) == len(found["panels"])


def test_a_service_goes_on_where_its_pulse_cannot_be_written(
    place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mlops_jlab.register_model(LinearRegression().fit(FRAME, FRAME.a), "m", input_example=FRAME)
    mlops_jlab.promote("m/1")
    (place.root / "services").write_text("a file in its place")
    setup = Setup(place, "m@champion", tmp_path)
    with setup.opened() as desk:
        taken = beating.Pulse(setup, "http://127.0.0.1:1", 1, desk.counts.now, pause=0.01)
        taken.start()
        assert desk.answer(Asked({"rows": [{"a": 1.0}]}, rows_of)).version.version == 1
        taken.stop()
    assert capsys.readouterr().err.count("how the service does cannot be noted") == 1


def test_who_cannot_follow_its_alias_is_counted_as_behind(place: Place, tmp_path: Path) -> None:
    for gain in (1, 2):
        mlops_jlab.register_model(LinearRegression().fit(FRAME, FRAME.a * gain), "m", input_example=FRAME)
    mlops_jlab.promote("m/1")
    setup = Setup(place, "m@champion", tmp_path)
    with setup.opened() as desk:
        mlops_jlab.promote("m/2")
        served: Any = desk.served
        (file,) = [one for one in versions.find(place, "m/2").files if one.path.startswith("model.")]
        path = next(place.objects.rglob(file.digest))
        content = path.read_bytes()
        path.chmod(0o600)
        path.write_bytes(b"other")
        assert not served.look()
        assert desk.counts.now().behind
        path.write_bytes(content)
        assert served.look()
        assert not desk.counts.now().behind
