"""Values keep everything on their way; what was tampered with, or cannot travel, is refused."""

from __future__ import annotations

import datetime as dt
import io
import json
import sys
import textwrap
import threading
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff import enter, snapshot
from mlops_jlab.handoff.equality import difference
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.objects import ObjectStore
from mlops_jlab.handoff.pickling import CannotTravel
from mlops_jlab.handoff.records import StepRecord, Written, read_record, resolve, write_record
from mlops_jlab.handoff.saving import Saver


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[types.ModuleType]:
    """A notebook's namespace, and a handoff folder for it."""
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.setenv("MLOPS_JLAB_HANDOFF", str(tmp_path / "handoff"))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield module


def journey(tmp_path: Path, **values: object) -> dict[str, object]:
    """The values after they were saved as one group and loaded again."""
    seen = snapshot.take(values, {})
    written = Saver(ObjectStore(tmp_path), {}, seen).save([list(values)], values)
    return Loader(ObjectStore(tmp_path)).group(next(iter(written.values())).object)


CATEGORIES = pd.DataFrame(
    {"c": pd.Categorical(["u", "v"] * 600, ordered=True), "t": pd.Timestamp("2024-01-01", tz="UTC"),
     "n": pd.array([1, None] * 600, dtype="Int64"), "s": ["ü", "y"] * 600},
    index=pd.MultiIndex.from_product([range(600), ["a", "b"]], names=["x", "y"]),
)  # fmt: skip
VALUES = {
    "a frame": CATEGORIES,
    "a small frame": CATEGORIES.head(2),
    "a series": CATEGORIES["n"],
    "an object frame": pd.DataFrame({"o": [{"a": 1}, None]}, dtype=object),
    "an array": np.arange(10_000.0).reshape(100, 100).T,
    "a read-only array": np.broadcast_to(np.float32(2), (50, 50)).copy(),
    "object array": np.array([{"a": 1}, None, [2]], dtype=object),
    "masked array": np.ma.array(np.arange(1000), mask=np.arange(1000) % 2),
    "structured array": np.zeros(800, dtype=[("a", "i4"), ("b", "f8")]),
    "numpy scalar": np.float32(1.5),
    "floats": [float("nan"), float("inf"), -0.0, 1e308],
    "huge int": 10**400,
    "text": "\u2028\u202e\x00😀",
    "moments": [dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.date(2024, 1, 1)],
    "paths and sets": [Path("a/b"), {1, 2}, frozenset("x"), range(3), slice(1), ..., None],
    "a generator with its state": np.random.default_rng(3),
    "an estimator": LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]),
    "a module": json,
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_the_same_after_the_journey(name: str, tmp_path: Path) -> None:
    value = VALUES[name]
    back = journey(tmp_path, value=value)["value"]
    assert type(back) is type(value)
    assert difference(value, back) == ""


def test_attrs_and_read_only_flags_survive(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": range(3)})
    frame.attrs["unit"] = "m"
    fixed = np.arange(5000.0)
    fixed.flags.writeable = False
    back = journey(tmp_path, frame=frame, fixed=fixed, free=np.arange(5000.0))
    assert back["frame"].attrs == {"unit": "m"}  # type: ignore[attr-defined]
    assert not back["fixed"].flags.writeable  # type: ignore[attr-defined]
    back["free"][0] = 7  # type: ignore[index]


def test_one_object_stays_one_object(tmp_path: Path) -> None:
    train, big = [1], np.zeros(5000)
    back = journey(tmp_path, train=train, data=[train, big], named={"big": big}, view=big[10:20])
    assert back["data"][0] is back["train"]  # type: ignore[index]
    assert back["data"][1] is back["named"]["big"]  # type: ignore[index]
    back["view"][:] = 5  # type: ignore[index]
    assert back["named"]["big"].sum() == 50  # type: ignore[index]


def test_closures_in_a_container_travel_and_share_what_they_shared(
    main: types.ModuleType, tmp_path: Path
) -> None:
    source = "def counter():\n  n = 0\n  def inc():\n    nonlocal n\n    n += 1\n    return n\n  return inc, lambda: n\n"
    exec(source + "pair = list(counter()); pair[0]()", vars(main))
    inc, get = journey(tmp_path, pair=main.pair)["pair"]  # type: ignore[misc]
    assert (inc(), inc(), get(), main.pair[1]()) == (2, 3, 3, 1)


def test_writing_to_a_loaded_array_changes_no_file(tmp_path: Path) -> None:
    values = {"a": np.zeros(5000)}
    written = Saver(ObjectStore(tmp_path), {}, snapshot.take(values, {})).save([["a"]], values)
    Loader(ObjectStore(tmp_path)).group(written["a"].object)["a"][:] = 9
    assert Loader(ObjectStore(tmp_path)).group(written["a"].object)["a"].sum() == 0


@pytest.mark.parametrize("change", ["flip", "cut", "empty", "gone"])
def test_a_file_that_is_not_what_was_written_is_refused(change: str, tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    digest = store.put(b"\x80\x05N.", []).digest
    path = store.path(digest)
    data = path.read_bytes()
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes({"flip": data[:-1] + b"x", "cut": data[:-2], "empty": b""}[change])
    with pytest.raises(HandoffError, match="handoff file"):
        store.get(digest)


def test_a_record_that_another_machine_signed_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_record(tmp_path, StepRecord("p@1", "a", 0, writes={"x": Written("f", "0" * 64)}))
    assert read_record(path).writes["x"].object == "0" * 64
    monkeypatch.setenv("MLOPS_JLAB_KEY_FILE", str(tmp_path / "other.key"))
    with pytest.raises(HandoffError, match="not written by a run on this machine"):
        read_record(path)


def test_a_record_is_read_once_and_again_when_it_was_written_anew(tmp_path: Path) -> None:
    path = write_record(tmp_path, StepRecord("p@1", "a", 0, attempt="first"))
    assert read_record(path) is read_record(path)
    write_record(tmp_path, StepRecord("p@1", "a", 0, attempt="second"))
    assert read_record(path).attempt == "second"
    path.unlink()
    with pytest.raises(HandoffError, match="cannot be read"):
        read_record(path)


def test_a_record_that_was_edited_is_refused(tmp_path: Path) -> None:
    path = write_record(tmp_path, StepRecord("p@1", "a", 0))
    path.write_text(path.read_text().replace("p@1", "p@2"))
    with pytest.raises(HandoffError):
        read_record(path)


@pytest.mark.parametrize("digest", ["../../etc/passwd", "", "A" * 64, "0" * 63])
def test_a_digest_cannot_lead_out_of_the_folder(digest: str, tmp_path: Path) -> None:
    with pytest.raises(HandoffError, match="not a digest"):
        ObjectStore(tmp_path).path(digest)


def test_the_newest_writer_above_wins_and_a_deletion_counts(tmp_path: Path) -> None:
    first = StepRecord("p", "a", 0, writes={"x": Written("1", "")})
    second = StepRecord("p", "b", 1, deleted=("x",))
    assert resolve([first], "x")[0].step == "a"
    assert resolve([second, first], "x")[0].fingerprint == "deleted"
    assert resolve([], "x")[1] is None


def lock() -> object:
    held = threading.Lock()
    held.acquire()
    return held


STAYS = {
    "a generator": lambda: (i for i in [1]),
    "an open file": lambda: open(__file__),  # noqa: SIM115
    "a lock that is held": lock,
    "a pandas groupby": lambda: pd.DataFrame({"a": [1]}).groupby("a"),
    "in memory": lambda: io.BytesIO(b"x"),
}


@pytest.mark.parametrize("what", [name for name in STAYS if name != "in memory"])
def test_what_cannot_travel_names_variable_type_step_and_cure(what: str, main: types.ModuleType) -> None:
    step = enter("p@0", "make", 0)
    value = STAYS[what]()
    main.held = value  # type: ignore[attr-defined]
    with pytest.raises(CannotTravel) as caught:
        step.leave(outputs=["held"])
    text = str(caught.value)
    assert "'held'" in text
    assert "'make'" in text
    assert type(value).__name__ in text
    assert "→" in text


def test_a_step_takes_what_the_step_above_left(main: types.ModuleType) -> None:
    step = enter("p@0", "a", 0)
    main.x = [1]  # type: ignore[attr-defined]
    step.leave(outputs=["x"])
    vars(main).pop("x")
    second = enter("p@0", "b", 1, inputs=["x"], after=["a"])
    assert main.x == [1]
    main.x.append(2)
    second.leave(watched=["x"])
    vars(main).pop("x")
    enter("p@0", "c", 2, inputs=["x"])
    assert main.x == [1, 2]


def test_a_step_out_of_order_says_which_step_is_missing(main: types.ModuleType) -> None:
    with pytest.raises(HandoffError, match="'b' needs 'a' to have run"):
        enter("p@0", "b", 1, inputs=["x"], after=["a"])


def test_steps_with_different_parameters_are_refused(main: types.ModuleType) -> None:
    main.n = 1  # type: ignore[attr-defined]
    enter("p@0", "a", 0, setup=["n"]).leave()
    main.n = 2  # type: ignore[attr-defined]
    with pytest.raises(HandoffError, match="'n' is not the same"):
        enter("p@0", "b", 1, after=["a"], setup=["n"])


def test_arrays_of_objects_are_compared_item_by_item() -> None:
    """An ensemble keeps its trees so, and each tree has a generator whose text holds an address."""

    def trees(seed: int) -> object:
        return np.array([[np.random.RandomState(seed)], [np.random.RandomState(2)]], dtype=object)

    assert difference(trees(1), trees(1)) == ""
    assert "[0, 0]" in difference(trees(1), trees(3))
    assert difference(trees(1), np.array([1], dtype=object)) != ""


def test_what_the_notebook_has_put_into_a_library_since_is_not_taken_for_what_was_there(
    main: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def saved(value: object) -> tuple[ObjectStore, str]:
        seen = snapshot.take({"x": value}, vars(main))
        store = ObjectStore(tmp_path)
        return store, Saver(store, vars(main), seen).save([["x"]], {"x": value})["x"].object

    shorten, most, encoder = textwrap.shorten, Counter("aab").most_common, json.JSONEncoder
    kept = [saved(shorten), saved(most), saved({"encoder": encoder})]
    assert [type(Loader(store).group(digest)["x"]) for store, digest in kept] == [
        types.FunctionType, types.MethodType, dict,
    ]  # fmt: skip
    exec(
        "import functools, textwrap\ndef f(*a): return 'mine'\nclass E: pass\n"
        "@functools.wraps(textwrap.shorten)\ndef g(*a): return 'mine'",
        vars(main),
    )
    monkeypatch.setattr(textwrap, "shorten", main.f)
    monkeypatch.setattr(Counter, "most_common", main.f)
    monkeypatch.setattr(json.encoder, "JSONEncoder", main.E)
    for store, digest in kept:
        with pytest.raises(HandoffError, match="has put something else since"):
            Loader(store).group(digest)
    monkeypatch.setattr(textwrap, "shorten", main.g)
    refused = snapshot.take({"x": [textwrap.shorten]}, vars(main)).values["x"].refused
    assert "stands for textwrap.shorten" in (refused or ("",))[0]
