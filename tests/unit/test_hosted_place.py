"""What the tasks of one hosted run agree on, and what keeps a task out of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mlops_jlab.engine.folder.state import StepState
from mlops_jlab.engine.hosted import importing
from mlops_jlab.engine.hosted.place import About, Ended, RunStore, address_of, run_name, runs_below
from mlops_jlab.errors import InputError, NotFound
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all

ABOUT = About(
    "nb@0123456789abcdef", "r:1", "nb.ipynb", ("a", "b"), {"rows": 3, "day": "2026-01-01"}, "f" * 32
)


@pytest.fixture
def store(tmp_path: Path) -> RunStore:
    return RunStore(address_of(str(tmp_path / "store"), ABOUT.run))


def test_the_first_task_says_what_the_run_is(store: RunStore) -> None:
    store.check(ABOUT)
    assert store.about() is None
    store.begin(ABOUT)
    store.begin(replace(ABOUT, parameters={}))
    assert store.about() == ABOUT
    store.check(ABOUT)


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(ABOUT, pipeline="nb@1123456789abcdef"), "the notebook has changed since"),
        (
            replace(ABOUT, parameters={"rows": 4, "day": "2026-01-01"}),
            "began with rows=3, and this step has 4",
        ),
        (replace(ABOUT, parameters={"rows": 3}), "began with day='2026-01-01', and this step has None"),
        (replace(ABOUT, version="9.9"), "and here is 9.9"),
    ],
)
def test_a_task_of_something_else_is_refused(store: RunStore, other: About, words: str) -> None:
    store.begin(ABOUT)
    with pytest.raises(InputError, match=words):
        store.check(other)


def test_a_store_lists_its_runs(store: RunStore, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        runs_below(str(tmp_path / "store"))
    store.begin(ABOUT)
    assert runs_below(str(tmp_path / "store")) == [store.url]
    assert runs_below(store.url) == [store.url]
    with pytest.raises(InputError, match="no name"):
        run_name(" ")


def test_an_import_goes_on_where_the_last_one_was(store: RunStore, tmp_path: Path) -> None:
    place = Place(tmp_path / "table")
    store.begin(ABOUT)
    try:
        assert importing.bring(store, place, unfinished=False).new == 0
        for status, reason in (
            ("killed", "0 of 2 steps"),
            ("failed", "a: E: no"),
            ("finished", ""),
        ):
            if status == "failed":
                store.end("a", Ended(StepState("a", "failed", error={"kind": "E", "message": "no"})))
            elif status == "finished":
                store.end("a", Ended(StepState("a", "finished")))
                store.end("b", Ended(StepState("b", "skipped")))
            assert importing.bring(store, place).status == status
            with opening.reading(place) as connection:
                run = reading.find(connection, ABOUT.id)
            assert run.status == status
            assert run.reason.startswith(reason)
            assert dict(run.params) == {"rows": "3", "day": "2026-01-01"}
        assert (run.attempt, importing.bring(store, place).new) == (3, 0)
    finally:
        close_all()


def test_a_file_that_was_cut_off_is_told(store: RunStore) -> None:
    store.begin(ABOUT)
    (Path(store.url) / "run.json").write_text(json.dumps({"pipeline": 1})[:-1])
    with pytest.raises(InputError, match=r"run.json cannot be read"):
        store.about()
