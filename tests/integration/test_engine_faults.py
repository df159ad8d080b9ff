"""What runners, steps and disks do at the worst moment: each really killed, filled or flooded."""

from __future__ import annotations

import itertools
import json
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlops_jlab.engine.folder.state import RunFolder, RunState
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.handoff import objects
from tests.conftest import notebook_json
from tests.integration.running import Bench, Silent

CHAIN = [
    ("step:a", "import time; time.sleep(0.1); x = 1"), ("step:b", "time.sleep(0.1); y = x + 1"),
    ("step:c", "time.sleep(0.1); z = y + 1"), ("step:d", "print('answer', x + y + z)"),
]  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def start(folder: Path, *words: str, **more: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(folder / "store")}
    return subprocess.Popen(
        [sys.executable, "-m", "mlops_jlab", "run", *words], cwd=folder, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more,
    )  # fmt: skip


def write(folder: Path, cells: list[tuple[str, str]], name: str = "nb.ipynb") -> None:
    (folder / name).write_text(json.dumps(notebook_json(cells)))


def until_nobody_works_in(folder: Path) -> None:
    deadline = time.monotonic() + 10
    while any(process.info["cwd"] == str(folder) for process in psutil.process_iter(["cwd"])):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_a_runner_that_is_killed_at_any_moment_goes_on_to_the_same_answer(tmp_path: Path) -> None:
    write(tmp_path, CHAIN)
    draw = random.Random(1)
    kills, whole, targets = 0, 0.0, (tmp_path / f"out-{number}" for number in itertools.count())
    for number in range(2):  # the second one finds the runner that the first one has left
        begun = time.monotonic()
        undisturbed = start(
            tmp_path, "nb.ipynb", "--no-cache", "--keep-warm", "1", "--output", f"whole-{number}"
        )
        _, said = undisturbed.communicate(timeout=60)
        assert undisturbed.returncode == 0, said.decode()
        whole = time.monotonic() - begun
    while kills < 50:
        target = next(targets)
        words = ["nb.ipynb", "--no-cache", "--keep-warm", "1", "--output", target.name]
        runner = start(tmp_path, *words)
        time.sleep(draw.uniform(0.05, whole))
        runner.kill()
        _, said = runner.communicate()
        if runner.returncode == 0:
            whole *= 0.95  # it came too late
            continue
        assert runner.returncode < 0, said.decode()
        kills += 1
        until_nobody_works_in(tmp_path)  # what it had handed over goes with it, a moment later
        again = ["--resume"] if (target / "run.json").exists() else []
        if not again:
            shutil.rmtree(target, ignore_errors=True)  # it had not begun
        rest = start(tmp_path, *words, *again)
        _, said = rest.communicate(timeout=60)
        assert rest.returncode == 0, (target.name, said.decode())
        state = json.loads((target / "run.json").read_text())
        assert [step["status"] for step in state["steps"]] == ["finished"] * 4
        assert "answer 6" in (target / "executed" / "d.ipynb").read_text()
        assert not (target / "run.jsonl").exists()
        assert list(target.rglob("*.tmp")) == []


def test_what_was_being_written_at_a_kill_is_removed(bench: Bench) -> None:
    assert bench.run([("step:a", "x = 1"), ("step:b", "1 / 0 if x else 2")]).status == "failed"
    left = bench.runs[-1] / "handoff" / "objects" / ".half.tmp"
    left.write_bytes(b"half of a value")
    state = bench.resume()
    assert state.status == "failed"
    assert not left.exists()


def test_only_one_runner_is_at_work_in_a_folder(tmp_path: Path) -> None:
    write(tmp_path, [("step:a", "import time; time.sleep(4)\nprint('done')")])
    first = start(tmp_path, "nb.ipynb", "--no-cache", "--output", "out")
    deadline = time.monotonic() + 60
    while not (tmp_path / "out" / "run.json").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    second = start(tmp_path, "nb.ipynb", "--no-cache", "--output", "out", "--resume")
    _, said = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "another runner is at work in" in said.decode()
    assert first.wait(60) == 0
    third = start(tmp_path, "nb.ipynb", "--no-cache", "--output", "out", "--resume")
    assert third.wait(60) == 0


def test_two_runners_share_one_export(tmp_path: Path) -> None:
    write(tmp_path, CHAIN)
    export = [sys.executable, "-m", "mlops_jlab", "export", "nb.ipynb", "-o", "exported"]
    subprocess.run(export, cwd=tmp_path, check=True, capture_output=True)
    runners = [start(tmp_path, "exported", "--output", f"out-{n}") for n in range(2)]
    for number, runner in enumerate(runners):
        assert runner.wait(60) == 0
        assert "answer 6" in (tmp_path / f"out-{number}" / "executed" / "d.ipynb").read_text()


@pytest.mark.parametrize(
    "flood",
    [
        "for _ in range(1000): print('x' * 1_000_000)",
        "import subprocess\nsubprocess.run('head -c 1000000000 /dev/zero', shell=True)",
    ],
    ids=["python", "program"],
)
def test_a_gigabyte_that_is_printed_is_bounded(tmp_path: Path, flood: str) -> None:
    write(tmp_path, [("step:a", f"print('first')\n{flood}"), ("step:b", "print('after')")])
    runner = start(tmp_path, "nb.ipynb", "--no-track", "--no-cache", "--output", "out")
    peak = 0
    watched = psutil.Process(runner.pid)
    while runner.poll() is None:
        try:
            peak = max(peak, watched.memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.05)
    assert runner.wait() == 0
    executed = tmp_path / "out" / "executed" / "a.ipynb"
    assert executed.stat().st_size < 15_000_000
    assert "first" in executed.read_text()
    assert "more characters or outputs were left out" in executed.read_text()
    assert peak < 400_000_000


def test_a_fork_bomb_takes_its_step_and_nothing_else(bench: Bench) -> None:
    bomb = (
        "import os, time\nfor _ in range(400):\n    if os.fork() == 0:\n        time.sleep(60)\n        os._exit(0)"
        "\ntime.sleep(30)"
    )
    state = bench.run(
        [("step:a", "x = 1"), ("step:b", bomb), ("step:c", "print('alive', x)")], cache=None,
        settings={"b": {"processes": 100}},
    )  # fmt: skip
    error = state.step("b").error
    assert error is not None
    assert error["kind"] == "Stopped"
    assert "process limit was reached" in error["message"]
    assert state.step("b").seconds is not None
    assert state.step("b").seconds < 20
    left = [
        p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] and "kernels.parent" in str(p.info)
    ]
    assert len(left) < 60  # no flock of children is left behind


def limited(size: int) -> Callable[[], None]:
    """No file of the process that starts may become larger than that: a disk that is full."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_disk_that_is_full_when_outputs_are_saved_is_told(tmp_path: Path) -> None:
    write(tmp_path, [("step:a", "x = 1"), ("step:b", "print('y' * 300_000 * x)\nprint('end')")])
    words = ["nb.ipynb", "--no-cache", "--no-track", "--output", "out"]
    full = start(tmp_path, *words, preexec_fn=limited(100_000))
    _, said = full.communicate(timeout=60)
    assert full.returncode == 1, said.decode()
    assert "File too large" in said.decode() or "no space" in said.decode()
    state = json.loads((tmp_path / "out" / "run.json").read_text())
    assert state["status"] == "failed"
    assert state["steps"][0]["status"] == "finished"
    rest = start(tmp_path, *words, "--resume")
    _, said = rest.communicate(timeout=60)
    assert rest.returncode == 0, said.decode()
    assert "end" in (tmp_path / "out" / "executed" / "b.ipynb").read_text()
    assert list((tmp_path / "out").rglob("*.tmp")) == []


def test_how_a_run_ended_is_told_though_its_folder_is_full(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[tuple[str, str]] = []
    monkeypatch.setattr(Silent, "ended", lambda _self, state: ended.append((state.status, state.error)))

    def full(_self: RunFolder, _state: RunState) -> None:
        raise MlopsError("run.json cannot be written: No space left on device")

    monkeypatch.setattr(RunFolder, "end", full)
    with pytest.raises(MlopsError, match="run.json cannot be written"):
        bench.run([("step:a", "x = 1")])
    assert ended == [("failed", "run.json cannot be written: No space left on device")]
    with pytest.raises(MlopsError, match="run.json cannot be written"):
        bench.run([("step:a", "raise ValueError('no')")])
    assert ended[1] == ("failed", "a: ValueError: no")


def test_there_must_be_room_before_a_value_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlops_jlab.errors import HandoffError

    store = objects.ObjectStore(tmp_path / "handoff")
    free = shutil.disk_usage(tmp_path).free
    monkeypatch.setattr(objects, "RESERVE", free - 1000)
    with pytest.raises(HandoffError, match="a value of .* no space left"):
        store.put(b"x" * 10_000_000, [])
    assert list(tmp_path.rglob("*")) == []


def test_a_run_that_is_resumed_where_there_is_none_leaves_nothing(bench: Bench) -> None:
    strange = bench.folder / "runs" / "0" / "notes.txt"  # else it is what a kill in the first moments leaves
    strange.parent.mkdir(parents=True)
    strange.write_text("mine")
    with pytest.raises(InputError, match="holds no run"):
        bench.run(CHAIN, resume=True)
    assert not RunFolder(bench.runs[-1]).handoff.exists()
    assert strange.read_text() == "mine"
