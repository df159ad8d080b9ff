"""Shadow and canary: compared on the same rows, ended by themselves when worse, never at a request's expense."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

import mlops_jlab
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.gates.betting import stake
from mlops_jlab.predictions import labels, logfolder
from mlops_jlab.predictions.logfolder import LogSettings
from mlops_jlab.registry import versions
from mlops_jlab.serving import standing, trials, watching
from mlops_jlab.serving.answering import Asked, Desk
from mlops_jlab.serving.requests import rows_of
from mlops_jlab.serving.setup import Setup
from mlops_jlab.serving.standing import BETTER, GOES_ON, WORSE
from mlops_jlab.serving.trials import DISAGREED, ONLY_CANDIDATE, ONLY_OTHER, PAIRS, SLOWER, share_in
from mlops_jlab.serving.watching import Watcher
from mlops_jlab.store import auditing, opening
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all


class Odd(ClassifierMixin, BaseEstimator):
    """Says what it is told to: fails on rows above a limit, or takes its time."""

    def __init__(self, fails_above: float = 99.0, turned: bool = False, work: float = 0.0) -> None:
        self.fails_above, self.turned, self.work = fails_above, turned, work

    def fit(self, rows: Any, truth: Any) -> Odd:
        self.classes_ = np.unique(truth)
        self.feature_names_in_ = np.asarray(rows.columns, dtype=object)
        self.n_features_in_ = 2
        return self

    def predict(self, rows: Any) -> Any:
        if (rows["a"] > self.fails_above).any():
            raise ValueError("too high for me")
        end = time.thread_time() + self.work
        while time.thread_time() < end:
            pass
        return (np.asarray(rows["a"]) > 0).astype(int) ^ int(self.turned)


def data(seed: int, count: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"a": rng.normal(size=count), "b": rng.normal(size=count)})
    return frame.assign(late=(frame.a + rng.normal(size=count) > 0).astype(int))


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MLOPS_JLAB_KEY_FILE", str(tmp_path / "key"))
    yield Place(tmp_path / "store")
    close_all()


def register(model: Any) -> None:
    train = data(0, 400)
    rows = train.loc[train.a < 0.4, ["a", "b"]]
    mlops_jlab.register_model(model.fit(train[["a", "b"]], train.late), "m", input_example=rows)


@contextmanager
def tried(
    place: Place, tmp_path: Path, share: float = 0.0, log: bool = False
) -> Iterator[tuple[Desk, Watcher]]:
    """Version 1 is served, and version 2 is on trial; it is looked at when the test asks for it."""
    (tmp_path / "run").mkdir(exist_ok=True)
    settings = LogSettings("m") if log else None
    setup = Setup(
        place, "m/1", tmp_path / "run", log=tmp_path / "log" if log else None, settings=settings, candidate="m/2",
        share=share, id_column="order",
    )  # fmt: skip
    setup.check()
    watch = setup.watch()
    assert watch is not None
    with setup.opened() as desk:
        yield desk, Watcher(watch, desk.counts.events, setup.going, setup.standing)


def ask(desk: Desk, frame: pd.DataFrame, first: int = 0) -> list[tuple[int, int]]:
    """Each row by itself: which version answered, and what. ``first`` is the id of the first one."""
    found = []
    for place, row in enumerate(frame[["a", "b"]].to_dict("records"), first):
        content = {"rows": [row], "ids": [place]}
        reply = desk.answer(Asked(content, rows_of))
        found.append((reply.version.version, reply.said["prediction"][0]))
        while desk.trial is not None and desk.trial._queue.qsize() > 32:
            time.sleep(0.001)
    return found


def settle(desk: Desk, pairs: int) -> dict[str, int]:
    end = time.monotonic() + 20
    while desk.counts.events().get(PAIRS, 0) < pairs and time.monotonic() < end:
        time.sleep(0.01)
    return desk.counts.events()


def test_a_shadow_is_compared_and_never_returned(place: Place, tmp_path: Path) -> None:
    register(Odd())
    register(Odd(turned=True))
    with tried(place, tmp_path) as (desk, watcher):
        frame = data(1, 40)
        said = ask(desk, frame)
        assert said == [(1, int(a > 0)) for a in frame.a]
        events = settle(desk, 40)
        assert (events[PAIRS], events[DISAGREED]) == (40, 40)
        found = watcher.look()
        assert found is not None
        assert (found.verdict, found.why) == (
            WORSE, "disagreement: it says something else for 40 of 40 requests; 50% are borne",
        )  # fmt: skip
        time.sleep(0.25)
        assert desk.trial is not None
        assert not desk.trial.is_on
        ask(desk, frame)
        assert desk.counts.events()[PAIRS] == 40
        assert watcher.look() is None
    with opening.reading(place) as connection:
        (entry,) = auditing.entries(connection, subject="m/2")[:1]
    assert (entry.action, entry.reason) == ("shadow: rolled back", found.why)
    watch = watching.Watch(place, versions.find(place, "m/2"), watching.CANARY, 0.1)
    with pytest.raises(InputError, match="m 2 was tried before, and rolled back: disagreement"):
        watching.begin(watch)
    watching.begin(watch, again=True)


def test_a_canary_gets_its_share_by_id_and_no_request_is_lost_when_it_fails(
    place: Place, tmp_path: Path
) -> None:
    register(Odd())
    register(Odd(fails_above=0.5))
    with tried(place, tmp_path, share=0.3) as (desk, watcher):
        frame = data(1, 150)
        said = ask(desk, frame)
        assert [value for _version, value in said] == [int(a > 0) for a in frame.a]  # all are answered
        by = {version for version, _ in said}
        assert by == {1, 2}
        low = frame.a <= 0.5
        share = np.mean([version == 2 for (version, _), ok in zip(said, low, strict=True) if ok])
        assert 0.2 < share < 0.4
        assert {v for (v, _), ok in zip(said, low, strict=True) if not ok} == {1}
        assert ask(desk, frame) == said  # the same id, the same version
        events = settle(desk, 150)
        assert events[ONLY_CANDIDATE] > 12
        found = watcher.look()
        assert found is not None
        assert found.verdict == WORSE
        assert found.why.startswith("errors: it alone fails on ")
        time.sleep(0.25)
        assert {version for version, _ in ask(desk, frame)} == {1}


def test_a_failure_of_the_other_counts_for_the_candidate(place: Place, tmp_path: Path) -> None:
    register(Odd(fails_above=0.5))
    register(Odd())
    with tried(place, tmp_path) as (desk, watcher):
        for place, a in enumerate((0.7, 0.8)):
            with pytest.raises(MlopsError, match="too high for me"):
                ask(desk, pd.DataFrame({"a": [a], "b": [0.0]}), place)
        ask(desk, pd.DataFrame({"a": [0.1], "b": [0.0]}), 2)
        events = settle(desk, 3)
        assert (events[PAIRS], events[ONLY_OTHER], events.get(ONLY_CANDIDATE, 0)) == (3, 2, 0)
        found = watcher.look()
        assert found is not None
        assert found.verdict == GOES_ON


def test_a_request_that_is_sent_again_and_again_counts_once(place: Place, tmp_path: Path) -> None:
    """What the other version fails on would hide failures of the candidate, what both say its other answers."""
    register(Odd(fails_above=0.5))
    register(Odd())
    with tried(place, tmp_path) as (desk, _watcher):
        for _ in range(20):
            with pytest.raises(MlopsError, match="too high for me"):
                ask(desk, pd.DataFrame({"a": [0.7], "b": [0.0]}), 1)
            ask(desk, pd.DataFrame({"a": [0.1], "b": [0.0]}), 2)
        ask(desk, pd.DataFrame({"a": [0.2], "b": [0.0]}), 3)
        events = settle(desk, 3)
        assert (events[PAIRS], events[ONLY_OTHER]) == (3, 1)


def line(name: int, at: float, version: int, chance: float, role: str = "answer") -> str:
    said = {"prediction": int(chance > 0.5), "probability 0": 1 - chance, "probability 1": chance}
    return json.dumps({"_id": str(name), "_at": at, "_version": version, "_role": role, **said})


def told(name: int, at: float, label: int) -> str:
    return json.dumps({"_id": str(name), "_at": at, "_label": label})


def written(folder: Path, predictions: list[str], later: list[str]) -> None:
    logfolder.prepare(folder, LogSettings("m"))
    (folder / "predictions-1.jsonl").write_text("\n".join(predictions) + "\n")
    (folder / "labels" / "labels-1.jsonl").write_text("\n".join(later) + "\n")


def test_a_pair_is_of_one_request_and_an_id_counts_once(place: Place, tmp_path: Path) -> None:
    """Asked before the trial with a row on which version 1 is wrong, an id would lend that to the candidate."""
    for c in (1.0, 0.5):
        register(LogisticRegression(C=c))
    rng, candidate, names = np.random.default_rng(0), versions.find(place, "m/2"), range(100)
    before = [line(name, 1.0, 1, 0.01) for name in names]
    both = [
        line(name, 10.0 + name, version, rng.uniform(0.3, 0.9), role)
        for name in names
        for version, role in ((1, "answer"), (2, "beside"))
    ]
    again = [
        line(name, 300.0, version, 0.99 if version == 2 else 0.01) for name in names for version in (1, 2)
    ]
    labels_ = [told(name, 500.0 + name, name % 2) for name in names]
    corrected = [told(name, 900.0, 1) for name in names]
    written(tmp_path / "log", both, labels_)
    wanted = standing.nights_of(tmp_path / "log", candidate)
    assert (len(wanted[0]), wanted[1]) == (2, 100)
    written(tmp_path / "log", [*before, *both, *again], [*labels_, *labels_, *corrected])
    assert standing.nights_of(tmp_path / "log", candidate) == wanted


def test_labels_that_were_there_first_rearrange_nothing(place: Place, tmp_path: Path) -> None:
    """Rows that are asked after their labels came follow those that have been bet on."""
    for c in (1.0, 0.5):
        register(LogisticRegression(C=c))
    rng, candidate = np.random.default_rng(0), versions.find(place, "m/2")

    def asked(name: int, at: float) -> list[str]:
        return [line(name, at, 1, rng.uniform(0.3, 0.9)), line(name, at, 2, rng.uniform(0.3, 0.9), "beside")]

    early = [told(name, 1.0, 1) for name in range(1000, 1050)]
    first = [text for name in range(100) for text in asked(name, 10.0 + name)]
    later = [told(name, 500.0 + name, name % 2) for name in range(100)]
    written(tmp_path / "log", first, [*early, *later])
    before, _ = standing.nights_of(tmp_path / "log", candidate)
    late = [text for name in range(1000, 1050) for text in asked(name, float(name))]
    written(tmp_path / "log", [*first, *late], [*early, *later])
    after, labelled = standing.nights_of(tmp_path / "log", candidate)
    assert (len(before), len(after), labelled) == (2, 3, 150)
    assert after[:2] == before


def test_one_that_takes_far_longer_is_ended(place: Place, tmp_path: Path) -> None:
    register(Odd())
    register(Odd(work=0.01))
    with tried(place, tmp_path) as (desk, watcher):
        ask(desk, data(1, 30))
        assert settle(desk, 30)[SLOWER] == 30
        found = watcher.look()
        assert found is not None
        assert found.why == "latency: it takes more than twice as long for 30 of 30 requests"


@pytest.mark.parametrize(
    ("first", "second", "verdict"), [(1.0, 1e-4, WORSE), (1e-4, 1.0, BETTER), (1.0, 0.9, GOES_ON)]
)
def test_labels_decide_by_the_mathematics_of_gates(
    place: Place, tmp_path: Path, first: float, second: float, verdict: str
) -> None:
    register(LogisticRegression(C=first))
    register(LogisticRegression(C=second))
    with tried(place, tmp_path, log=True) as (desk, watcher):
        frame = data(5, 400)
        for start in range(0, 400, 20):
            rows, ids = frame[["a", "b"]][start : start + 20].to_dict("records"), [*range(start, start + 20)]
            desk.answer(Asked({"rows": rows, "ids": ids}, rows_of))
        settle(desk, 20)
        pd.DataFrame({"id": range(380), "label": frame.late[:380]}).to_csv(tmp_path / "late.csv", index=False)
        end = time.monotonic() + 20
        while (
            len(list(logfolder.lines(logfolder.all_files(tmp_path / "log")))) < 800 and time.monotonic() < end
        ):
            time.sleep(0.02)
        assert labels.add(tmp_path / "log", tmp_path / "late.csv").new == 380
        found = watcher.look()
        assert found is not None
        assert (found.verdict, found.labelled, found.pairs) == (verdict, 380, 20)


def test_nothing_is_shown_by_chance_more_often_than_it_may() -> None:
    """Looked at after each of 400 requests, an equal candidate is ended in at most the share alpha of trials."""
    rng = np.random.default_rng(0)
    ended = 0
    for _ in range(300):
        ones = np.cumsum(rng.integers(0, 2, 400))
        ended += any(stake(int(k), n, 0.5) >= 20 for n, k in enumerate(ones, 1))
    assert ended <= 300 * 0.05
    assert stake(12, 12, 0.5) > 80
    assert stake(0, 0, 0.5) == pytest.approx(1)
    assert standing.standing({}, [], 0, 0.05, 0.5).verdict == GOES_ON


@pytest.mark.parametrize("text", ["4", "4=0%", "4=100%", "4=ten%", "=5%", "4=5"])
def test_what_is_no_canary_is_said(text: str) -> None:
    with pytest.raises(InputError, match="is not a canary"):
        share_in(text)
    assert share_in("challenger=2.5%") == ("challenger", 0.025)


def test_answers_that_disagree() -> None:
    assert trials.differs(np.int64(1), np.int64(0))
    assert trials.differs("a", "b")
    assert trials.differs(1.0, 1.2)
    assert not trials.differs(1.0, 1.05)
    assert not trials.differs(np.float64(0.0), 0.0)
    assert trials.differs(1.0, "a")
