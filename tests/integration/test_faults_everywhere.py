"""What may happen to a step, happening on forked steps, on ordinary kernels and on Dask workers alike."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from mlops_jlab.engine.folder.state import RunFolder
from tests.integration.clusters import Cluster, two_workers
from tests.integration.running import Bench, computed

WAYS = ("warm", "cold", "dask")
PATIENT = "import time\nwhile True:\n    try: time.sleep(60)\n    except KeyboardInterrupt: pass"
BOMB = """import os, time
for _ in range(400):
    if os.fork() == 0:
        time.sleep(60)
        os._exit(0)
time.sleep(30)"""
CHAIN = [
    ("step:a", "x = 1"), ("step:b", "y = x + 1"), ("step:c", "z = y + 1"),
    ("step:d", "print('answer', x + y + z)"),
]  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with two_workers(tmp_path_factory.mktemp("cluster")) as made:
        yield made


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The options of a run in one of the ways."""
    if request.param == "dask":
        return {"cache": None, "executor": request.getfixturevalue("cluster").address}
    return {"cache": None, "cold": request.param == "cold"}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.parametrize(
    ("source", "kind", "words", "settings"),
    [
        ("1 / 0", "ZeroDivisionError", "division by zero", {}),
        ("input('who?')", "StdinNotImplementedError", "input", {}),
        ("import getpass; getpass.getpass()", "StdinNotImplementedError", "", {}),
        ("import os; os.kill(os.getpid(), 9)", "DeadKernel", "killed by SIGKILL", {}),
        ("import ctypes; ctypes.string_at(0)", "DeadKernel", "killed by SIGSEGV", {}),
        ("import os; os._exit(7)", "DeadKernel", "died", {}),
        ("import os; os._exit(0)", "DeadKernel", "died", {}),
        ("import sys; sys.exit(0)", "StoppedEarly", "ended before its last cell", {}),
        (PATIENT, "Stopped", "6 s", {"timeout": 6}),
        ("big = [0] * 400_000_000", "MemoryError", "the memory limit of 1 GB", {"memory": "1 GB"}),
        (BOMB, "Stopped", "process limit was reached", {"processes": 100}),
        ("y = __import__('threading').Lock(); y.acquire()", "CannotTravel", "'y' (_thread.lock)", {}),
    ],
    ids=["error", "input", "getpass", "killed", "segfault", "exit 7", "exit 0", "sys.exit", "endless",
         "memory", "fork bomb", "lock that is held"],
)  # fmt: skip
def test_a_step_that_ends_badly_is_named(
    bench: Bench, way: dict[str, Any], source: str, kind: str, words: str, settings: dict[str, Any]
) -> None:
    cells = [("step:a", "x = 1"), ("step:b", f"print('so far', x)\n{source}"), ("step:c", "print(x)")]
    if kind == "CannotTravel":
        cells.append(("step:c", "print(y.locked())"))
    state = bench.run(cells, settings={"b": settings}, **way)
    if kind == "CannotTravel" and "executor" not in way:  # who goes on in living state has the lock itself
        assert state.status == "finished"
        assert bench.printed("c") == "1\nTrue\n"
        return
    assert state.status == "failed"
    error = state.step("b").error
    assert error is not None
    assert error["kind"].rpartition(".")[2] == kind
    assert words in error["message"]
    assert error["cell"] == ("c2" if kind != "CannotTravel" else "mlops-save")
    assert state.step("a").status == "finished"
    if kind != "DeadKernel" or not way.get(
        "cold"
    ):  # a kernel that dies takes what it had not sent yet with it
        assert "so far" in bench.printed("b")


@pytest.mark.parametrize("step", range(4))
def test_a_kernel_that_dies_in_any_step_is_made_good_by_resuming(
    bench: Bench, way: dict[str, Any], step: int
) -> None:
    cells = list(CHAIN)
    tag, source = cells[step]
    fatal = "import os, pathlib\nif not pathlib.Path('mended').exists(): os.kill(os.getpid(), 9)\n"
    cells[step] = (tag, fatal + source)
    state = bench.run(cells, **way)
    assert [one.status for one in state.steps] == ["finished"] * step + ["failed"] + ["pending"] * (3 - step)
    (bench.folder / "mended").touch()
    state = bench.resume(**way)
    assert state.status == "finished", state.error
    assert [one.attempts for one in state.steps][:step] == [1] * step
    assert computed(state) == ["a", "b", "c", "d"]
    assert bench.printed("d") == "answer 6\n"


def test_a_flood_of_output_is_cut_with_a_note(bench: Bench, way: dict[str, Any]) -> None:
    flood = "for _ in range(20): print('x' * 1_000_000)\nfrom IPython.display import display\n" \
            "for n in range(5_000): display(n)"  # fmt: skip
    assert bench.run([("step:a", flood), ("step:b", "print('after')")], **way).status == "finished"
    executed = RunFolder(bench.runs[-1]).executed("a")
    assert executed.stat().st_size < 5_000_000
    assert "more characters or outputs were left out" in executed.read_text()
    assert bench.printed("b") == "after\n"


def test_what_a_cell_changes_around_it_goes_with_it_to_the_steps_below(
    bench: Bench, way: dict[str, Any]
) -> None:
    (bench.folder / "inner").mkdir()
    cells = [
        (
            "step:a",
            "import os, random\nos.chdir('inner')\nos.environ['PLACE'] = 'here'\nrandom.seed(3)\nx = 1",
        ),
        ("step:b", "print(os.path.basename(os.getcwd()), os.environ['PLACE'], random.random(), x)"),
    ]
    assert bench.run(cells, **way).status == "finished"
    assert bench.printed("b") == "inner here 0.23796462709189137 1\n"


def test_what_a_step_has_started_ends_with_it(bench: Bench, way: dict[str, Any]) -> None:
    source = "import subprocess\nleft = subprocess.Popen(['sleep', '300']).pid"
    assert bench.run([("step:a", source), ("step:b", "print(left)")], **way).status == "finished"
    left = int(bench.printed("b"))
    deadline = time.monotonic() + 5
    while psutil.pid_exists(left) and psutil.Process(left).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_step_is_tried_again_and_failed_attempts_leave_nothing(bench: Bench, way: dict[str, Any]) -> None:
    flaky = """import os, pathlib
tries = len(list(pathlib.Path('.').glob('try-*')))
pathlib.Path(f'try-{tries}').touch()
y = list(range(tries))
if tries == 1: os._exit(3)
if tries == 0: raise OSError('the network is down')"""
    settings = {"b": {"retries": 2, "backoff": 0.05}}
    state = bench.run(
        [("step:a", "x = 1"), ("step:b", flaky), ("step:c", "print(x, y)")], settings=settings, **way
    )
    assert state.status == "finished", state.error
    assert state.step("b").attempts == 3
    assert len(state.step("b").again) == 2
    assert bench.printed("c") == "1 [0, 1]\n"


def test_a_value_that_was_damaged_stops_who_takes_it(bench: Bench, way: dict[str, Any]) -> None:
    damage = """import glob, os
for name in glob.glob(os.environ['MLOPS_JLAB_HANDOFF'] + '/objects/??/*'):
    with open(name, 'r+b') as file:
        first = file.read(1)[0]
        file.seek(0)
        file.write(bytes([first ^ 1]))"""
    cells = [
        ("step:a", "import numpy as np\nx = np.arange(300_000.0)"),
        ("step:b after:a", damage), ("step:c after:b", "print(x.sum())"),
    ]  # fmt: skip
    state = bench.run(cells, **way)
    if "executor" not in way:  # nothing is taken: the values live in the process that goes on
        assert state.status == "finished"
        assert bench.printed("c") == f"{sum(range(300_000)):.1f}\n"
        return
    assert state.status == "failed"
    error = state.step("c").error
    assert error is not None
    assert "is not what was written" in error["message"]
