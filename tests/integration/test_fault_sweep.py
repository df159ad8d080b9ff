"""A fault at each place where the outside world is touched, one after another; then all must be well.

``faulty.py`` lets one call fail: the process is killed just before or just after it, or the call raises.
What must hold then, wherever it struck: the database is whole, each artifact is what its row says,
nothing half-written is to be seen, no run of a dead process is running, the notebook is untouched, and
all that was acknowledged is there.

``make faults`` strikes everywhere; the suite strikes at a third of the places, each way at others.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from mlops_jlab.errors import InputError
from mlops_jlab.store import (
    artifacts,
    auditing,
    database,
    maintenance,
    opening,
    reading,
    registering,
    scheduling,
)  # fmt: skip
from mlops_jlab.store.location import Place
from tests.conftest import notebook_json

pytestmark = pytest.mark.slow

FAULTY = Path(__file__).with_name("faulty.py")
WAYS = ("kill-before", "kill-after", "raise")
EACH = 1 if os.environ.get("MLOPS_JLAB_FAULTS") == "all" else 3
CELLS = [
    ("parameters", "factor = 2"),
    ("step:load", "rows = [1, 2, 3]"),
    ("step:sum", "total = factor * sum(rows)\nimport mlops_jlab\nmlops_jlab.log_metric('total', total)"),
]


def strike(folder: Path, scenario: str, how: str, at: int = 0) -> subprocess.CompletedProcess[str]:
    folder.mkdir(parents=True)
    (folder / "notebook.ipynb").write_text(json.dumps(notebook_json(CELLS)), "utf-8")
    words = [how] if how == "count" else [how, str(at)]
    environment = {**os.environ, "XDG_STATE_HOME": str(folder / "state")}
    environment.pop("MLOPS_JLAB_STORE", None)
    return subprocess.run(
        [sys.executable, str(FAULTY), *words, scenario, str(folder)], env=environment, cwd=folder,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def places(folder: Path, scenario: str) -> list[str]:
    done = strike(folder, scenario, "count")
    assert done.returncode == 0, done.stderr
    return (folder / "places.txt").read_text().splitlines()


def first_hits(found: list[str]) -> list[int]:
    """Of each place in the source its first hit."""
    return sorted({place: number for number, place in reversed(list(enumerate(found, start=1)))}.values())


def sweep(
    folder: Path, scenario: str, hits: list[int], ways: tuple[str, ...], check: Callable[..., Iterator[str]]
) -> tuple[list[str], Counter[str]]:
    """Strikes at all hits, or at a part of them; what is wrong afterwards, and how the processes ended."""
    ends: Counter[str] = Counter()

    def one(struck: tuple[str, int]) -> list[str]:
        how, at = struck
        own = folder / f"{how}-{at}"
        done = strike(own, scenario, how, at)
        ends["killed" if done.returncode == -signal.SIGKILL else "ended"] += 1
        return [f"{how} {at}: {problem}\n{done.stderr}" for problem in check(own, done.stdout)]

    with ThreadPoolExecutor(2) as pool:
        wrong = list(
            pool.map(one, [(how, at) for how in ways for at in hits[WAYS.index(how) % EACH :: EACH]])
        )
    return [problem for problems in wrong for problem in problems], ends


def wrong_in_store(place: Place) -> Iterator[str]:
    if not opening.exists(place):
        return
    deadline = time.monotonic() + 5  # a child that was just forked may hold a lock until it is a program
    while (health := maintenance.check(place)).counts["journals"] and time.monotonic() < deadline:
        time.sleep(0.05)
    yield from health.problems
    if health.counts["journals"]:
        yield "a journal was left"
    with opening.reading(place) as connection:
        for run in reading.page(connection, reading.Query(limit=100)).runs:
            if run.status in ("running", "pending"):
                yield f"{run.name} is still {run.status}"
            for item in reading.artifacts(connection, run):
                artifacts.read(place, item.digest)
    visible = [path for path in place.root.rglob("*.tmp") if not path.name.startswith(".")]
    if visible:
        yield f"half-written files are to be seen: {visible}"


def wrong_after_tracking(folder: Path, said: str) -> Iterator[str]:
    place = Place(folder / "store")
    acknowledged = [line.split() for line in said.splitlines()]
    if acknowledged and not opening.exists(place):
        with closing(database.connect(place.database)):
            pass  # the lines wait in the journal: whoever opens the store next takes them over
    yield from wrong_in_store(place)
    if not acknowledged:
        return
    with opening.reading(place) as connection:
        for kind, name, *rest in acknowledged:
            try:
                run = reading.find(connection, name)
            except InputError:
                yield f"run {name} is lost"
                continue
            if kind == "metric" and int(rest[0]) not in {
                p.iteration for p in reading.history(connection, run, "x")
            }:
                yield f"metric {rest} of {name} is lost"
            if kind == "param" and rest[0] not in run.params:
                yield f"param {rest} of {name} is lost"
            if kind == "artifact" and rest[0] not in {a.path for a in reading.artifacts(connection, run)}:
                yield f"artifact {rest} of {name} is lost"
            if kind == "end" and run.status != "finished":
                yield f"{name} was ended and is {run.status}"


def wrong_after_export(folder: Path, said: str) -> Iterator[str]:
    yield from wrong_source(folder)
    exported = folder / "exported"
    if exported.exists():
        if not (exported / "pipeline.yaml").exists():
            yield "a folder without its pipeline is to be seen"
    elif "code 0" in said:
        yield "success was said and there is no folder"
    elif "exported" in said and not any(folder.glob(".exported.*.old")):
        yield "the older export is lost"
    words = [sys.executable, "-m", "mlops_jlab", "export", "notebook.ipynb", "-o", "exported"]
    again = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=120)
    if again.returncode:
        yield f"it cannot be exported any more: {again.stderr}"
    left = [path for path in folder.iterdir() if path.name.startswith(".exported")]
    for path in left:
        os.utime(path, (0, 0))  # long ago
    subprocess.run(words, cwd=folder, capture_output=True, check=True)
    if any(path.exists() for path in left):
        yield f"{left} was left and is not cleaned up"


def wrong_after_promoting(folder: Path, said: str) -> Iterator[str]:
    place = Place(folder / "store")
    yield from wrong_in_store(place)
    told = [line.split() for line in said.splitlines()]
    if not opening.exists(place):
        if told:
            yield "what was acknowledged is lost"
        return
    with opening.reading(place) as connection:
        if problem := auditing.problem(connection):
            yield problem
        versions = registering.versions(connection, "m")
        actions = [entry.action for entry in auditing.entries(connection)]
        names = [schedule.name for schedule in scheduling.schedules(connection)]
    champions = [version.version for version in versions if "champion" in version.aliases]
    if len(champions) > 1:
        yield f"several are champion: {champions}"
    for version in versions:
        for file in version.files:
            artifacts.read(place, file.digest)
    if len(versions) < sum(words[0] == "version" for words in told):
        yield "a version is lost"
    moved = [words[1] for words in told if words[0] == "champion"]
    if actions.count("promote") + actions.count("roll back") not in (len(moved), len(moved) + 1):
        yield f"{len(moved)} moves were acknowledged and the log has {actions}"
    if ["schedule", "s"] in told and names != ["s"]:
        yield "the schedule is lost"


def wrong_source(folder: Path) -> Iterator[str]:
    if (folder / "notebook.ipynb").read_text("utf-8") != json.dumps(notebook_json(CELLS)):
        yield "the notebook was changed"


def wrong_after_run(folder: Path, said: str) -> Iterator[str]:
    yield from wrong_source(folder)
    yield from wrong_in_store(Place(folder / "store"))
    record = folder / "out" / "run.json"
    if record.exists():
        told = json.loads(record.read_text("utf-8"))
        if "code 0" in said and told["status"] != "finished":
            yield f"success was said and the record says {told['status']}"
    elif "code 0" in said:
        yield "success was said and there is no record"


def test_a_fault_at_each_place_of_tracking(tmp_path: Path) -> None:
    found = places(tmp_path / "count", "track")
    assert len(found) > 100
    wrong, ends = sweep(tmp_path, "track", list(range(1, len(found) + 1)), WAYS, wrong_after_tracking)
    assert not wrong, "\n".join(wrong[:10])
    assert ends["killed"] > len(found) / EACH


def test_a_fault_at_each_place_of_an_export(tmp_path: Path) -> None:
    found = places(tmp_path / "count", "export")
    assert len(found) > 10
    wrong, _ends = sweep(tmp_path, "export", list(range(1, len(found) + 1)), WAYS, wrong_after_export)
    assert not wrong, "\n".join(wrong[:10])


def test_a_fault_at_each_place_of_registering_and_promoting(tmp_path: Path) -> None:
    hits = first_hits(places(tmp_path / "count", "promote"))
    assert len(hits) > 30
    wrong, _ends = sweep(tmp_path, "promote", hits, ("kill-after", "raise"), wrong_after_promoting)
    assert not wrong, "\n".join(wrong[:10])


@pytest.mark.parametrize("how", ["kill-after", "raise"])
def test_a_fault_at_each_place_of_a_run(how: str, tmp_path: Path) -> None:
    hits = first_hits(places(tmp_path / "count", "run"))
    assert len(hits) > 40
    wrong, _ends = sweep(tmp_path, "run", hits, (how,), wrong_after_run)
    assert not wrong, "\n".join(wrong[:10])
