"""Large values are files of their own: read once to be written, and not at all to be taken again unchanged."""

from __future__ import annotations

import mmap
import os
import shutil
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff import enter, mapped, objects
from mlops_jlab.handoff.digests import digest_of
from mlops_jlab.handoff.objects import Apart, ObjectStore
from mlops_jlab.handoff.records import StepRecord, read_record, record_path

SIZE = 300_000  # floats, more than twice what makes a buffer large


@pytest.fixture
def main(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[types.ModuleType]:
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    monkeypatch.setenv("MLOPS_JLAB_HANDOFF", str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    yield module


def frame() -> pd.DataFrame:
    return pd.DataFrame({"n": np.arange(float(SIZE)), "s": np.array(["one", "another"] * (SIZE // 2))})


def record(folder: Path, position: int, step: str) -> StepRecord:
    return read_record(record_path(folder, position, step))


def make(main: types.ModuleType, **values: object) -> None:
    step = enter("p@0", "make", 0)
    vars(main).update(values)
    step.leave(outputs=list(values))
    for name in values:
        del vars(main)[name]


def apart(folder: Path) -> set[str]:
    """The large files."""
    return {path.name for path in (folder / "objects").glob("??/*") if path.stat().st_size >= objects.LARGE}


def test_a_frame_comes_as_it_was_and_is_known_by_its_content(main: types.ModuleType, tmp_path: Path) -> None:
    make(main, x=frame())
    made = record(tmp_path, 0, "make")
    assert apart(tmp_path) == {digest for digest in made.objects if digest in made.seals}
    assert all(digest_of((tmp_path / "objects" / d[:2] / d).read_bytes()) == d for d in apart(tmp_path))
    enter("p@0", "use", 1, inputs=["x"], after=["make"]).leave(watched=["x"])
    pd.testing.assert_frame_equal(main.x, frame())
    assert record(tmp_path, 1, "use").takes["x"].fingerprint == made.writes["x"].fingerprint
    assert record(tmp_path, 1, "use").writes == {}


@pytest.mark.parametrize("told", [True, False], ids=["told by the system", "read again"])
@pytest.mark.parametrize("column", ["n", "s", ""])
def test_a_change_in_place_is_found(
    main: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: bool, column: str
) -> None:
    assert mapped.tells_writes() or sys.platform != "linux"
    if not told:
        monkeypatch.setattr(mapped, "tells_writes", lambda: False)
    make(main, x=frame(), a=np.arange(float(SIZE)))
    files = apart(tmp_path)
    step = enter("p@0", "use", 1, inputs=["x", "a"], after=["make"])
    main.a[SIZE // 2] = main.a[SIZE // 2]  # a write that changes nothing
    if column:
        main.x.loc[SIZE - 1, column] = {"n": -1.0, "s": "end"}[column]
    step.leave(watched=["x", "a"])
    used = record(tmp_path, 1, "use")
    assert set(used.writes) == ({"x"} if column else set())
    assert apart(tmp_path) == files | {d for d in used.objects if d in used.seals}
    enter("p@0", "show", 2, inputs=["x"], after=["use"])
    assert main.x["n"].iloc[-1] == (-1.0 if column == "n" else SIZE - 1)
    assert main.x["s"].iloc[-1] == ("end" if column == "s" else "another")


def test_what_nobody_touched_is_not_read_again(
    main: types.ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(main, x=np.arange(float(SIZE)))
    (name,) = apart(tmp_path)
    path = tmp_path / "objects" / name[:2] / name
    read: list[int] = []
    monkeypatch.setattr(objects, "digest_of", lambda data: read.append(len(data)) or digest_of(data))

    def bytes_read() -> int:
        read.clear()
        enter("p@0", "use", 1, inputs=["x"], after=["make"])
        return sum(read)

    assert bytes_read() < objects.LARGE
    os.utime(path)
    assert bytes_read() > objects.LARGE
    monkeypatch.setattr(objects, "_TRUSTED", 0.0)
    assert bytes_read() > objects.LARGE


@pytest.mark.parametrize("how", ["written to", "replaced", "cut", "gone", "others may write"])
def test_a_large_file_that_is_not_what_was_written_is_refused(
    main: types.ModuleType, tmp_path: Path, how: str
) -> None:
    make(main, x=np.arange(float(SIZE)))
    (name,) = apart(tmp_path)
    path = tmp_path / "objects" / name[:2] / name
    before = path.stat()
    data = path.read_bytes()
    if how == "gone":
        path.unlink()
    elif how == "cut":
        path.write_bytes(data[:-8])
    elif how == "written to":
        with path.open("r+b") as file:
            file.write(b"\xff")
    else:
        other = tmp_path / "other"
        other.write_bytes(data[:-1] + b"\xff")
        if how == "replaced":
            shutil.copystat(path, other)
            other.replace(path)
        else:  # its content may have changed though its time is as it was
            path.write_bytes(other.read_bytes())
            path.chmod(0o666)
    if how in ("replaced", "others may write"):
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(HandoffError, match="handoff file"):
        enter("p@0", "use", 1, inputs=["x"], after=["make"])


def test_what_is_not_kept_after_all_is_named_and_removed_when_nobody_is_at_work(
    main: types.ModuleType, tmp_path: Path
) -> None:
    step = enter("p@0", "make", 0)
    vars(main).update(x={"big": np.arange(float(SIZE)), "f": (n for n in [1])}, y=np.ones(SIZE))
    step.leave(outputs=["y"], optional=["x"])
    made = record(tmp_path, 0, "make")
    assert "a generator" in made.refused["x"]
    needed = {digest_of(memoryview(np.ones(SIZE)).cast("B"))}
    assert apart(tmp_path) == needed | set(made.spare)
    assert len(made.spare) == 1
    ObjectStore(tmp_path).drop(made.spare)
    assert apart(tmp_path) == needed


def test_a_part_of_a_frame_does_not_bring_the_whole_along(main: types.ModuleType, tmp_path: Path) -> None:
    whole = frame()
    make(main, few=whole.iloc[5:9], text=whole["s"].iloc[7:8])
    assert apart(tmp_path) == set()
    enter("p@0", "use", 1, inputs=["few", "text"], after=["make"])
    pd.testing.assert_frame_equal(main.few, whole.iloc[5:9])
    assert list(main.text) == ["another"]


def test_frames_that_share_a_column_write_it_once(main: types.ModuleType, tmp_path: Path) -> None:
    numbers = np.arange(float(SIZE))
    make(main, one={"a": numbers}, two=pd.Series(numbers.copy(), name="b"))
    assert len(apart(tmp_path)) == 1


def test_read_only_stays_read_only(main: types.ModuleType) -> None:
    value = np.arange(float(SIZE))
    value.flags.writeable = False
    make(main, x=value)
    enter("p@0", "use", 1, inputs=["x"], after=["make"])
    assert not main.x.flags.writeable


def test_a_buffer_apart_is_found_by_its_digest(tmp_path: Path) -> None:
    store = ObjectStore(tmp_path)
    memory = memoryview(np.arange(float(SIZE))).cast("B")
    digest = store.put_apart(memory)
    put = store.put(b"stream", [memoryview(b"small"), Apart(digest, memory.nbytes, readonly=True), memory])
    assert put.all == {put.digest, digest}
    payload = store.get(put.digest)
    assert bytes(payload.stream) == b"stream"
    assert [bytes(one) for one in payload.buffers] == [b"small", bytes(memory), bytes(memory)]
    assert [one.readonly for one in payload.buffers] == [True, True, False]


def test_the_system_tells_which_pages_were_written(tmp_path: Path) -> None:
    if not mapped.tells_writes():
        pytest.skip("not on this system")
    path = tmp_path / "file"
    path.write_bytes(os.urandom(10 * mmap.PAGESIZE + 5))
    known = mapped.Mapped()
    with path.open("rb") as file:
        memory: Any = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    known.note(memory, "digest")
    place = mapped.place_of(memoryview(memory))
    assert known.unchanged(place) == "digest"
    assert sum(memory[:]) > 0
    assert known.unchanged(place) == "digest"
    memory[10 * mmap.PAGESIZE + 4] ^= 1
    assert known.unchanged(place) == ""
    assert known.digest_of(place) == "digest"
    assert known.unchanged((place[0] + 1, place[1] - 1)) == ""
