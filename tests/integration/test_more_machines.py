"""Steps on the workers of a real Dask cluster, and values in a folder and in a real S3 server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError
from mlops_jlab.handoff.trust import KEY_FILE, machine_key
from tests.conftest import notebook_json
from tests.integration.clusters import Cluster, two_workers
from tests.integration.running import Bench

LINE = [
    ("setup", "import numpy as np"),
    ("step:load", "x = np.arange(200_000.0)\nprint(len(x))"),
    ("step:left", "left = float(x.sum())"),
    ("step:right", "x *= 2\nright = float(x.sum())"),
    ("step:both", "print(left, right, x[1])"),
]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with two_workers(tmp_path / "cluster", "--resources", "cpus=2") as made:
        yield made


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def eventually(what: Callable[[], object], limit: float = 30) -> bool:
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.1)
    return False


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_workers_compute_what_this_machine_computes(bench: Bench, cluster: Cluster, cold: bool) -> None:
    assert bench.run(LINE, cache=None).status == "finished"
    here = bench.printed("both")
    state = bench.run(LINE, cache=None, executor=cluster.address, cold=cold)
    assert state.status == "finished", state.error
    assert bench.printed("both") == here
    assert not list((bench.runs[-1] / "executed").glob(".*"))


def test_several_notebooks_hand_over_on_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    cells = {
        "load": [("step:read", "import os\none = [os.environ['ON_A_WORKER']]\nrows = [one, one]")],
        "train": [("step:fit", "import os\nprint(df[0] is df[1], *df[0], os.environ['ON_A_WORKER'])")],
    }
    for name, sources in cells.items():
        Path(f"{name}.ipynb").write_text(json.dumps(notebook_json(sources)))
    Path("both.yaml").write_text(
        "pipeline: {notebooks: [load.ipynb, train.ipynb], take: {train: from load take rows as df}}"
    )
    with two_workers(tmp_path / "cluster", environment={"ON_A_WORKER": "yes"}) as cluster:
        words = ["run", "both.yaml", "-o", "run", "--executor", cluster.address, "--no-track", "-q"]
        assert CliRunner().invoke(cli, words, standalone_mode=False).return_value == 0
    executed = json.loads((tmp_path / "run" / "train" / "executed" / "fit.ipynb").read_text())
    (printed,) = [one["text"] for cell in executed["cells"] for one in cell.get("outputs", ())]
    assert "".join(printed) == "True yes yes\n"


def test_modules_beside_a_notebook_stand_in_for_none_on_a_worker(bench: Bench) -> None:
    """Nor with a worker that is kept from its own folder; steps find the notebook's modules there."""
    (bench.folder / "mlops_jlab").mkdir()
    for name in ("enum", "types", "json", "typing", "secrets", "sqlite3", "mlops_jlab/__init__"):
        (bench.folder / f"{name}.py").write_text("raise SystemExit('this is the wrong module')")
    (bench.folder / "helper.py").write_text("answer = 42_000")
    cells = [("step:a", "import helper\nx = helper.answer + 1"), ("step:b", "print(x)")]
    with two_workers(bench.folder / "cluster", environment={"PYTHONSAFEPATH": "1"}) as cluster:
        for cold in (False, True):
            state = bench.run(cells, cache=None, executor=cluster.address, cold=cold)
            assert state.status == "finished", (cold, state.error)
            assert "42001" in bench.printed("b")


def test_a_failure_on_a_worker_is_told_like_one_here(bench: Bench, cluster: Cluster) -> None:
    state = bench.run([("step:a", "x = 1\n1 / 0"), ("step:b", "x")], cache=None, executor=cluster.address)
    error = state.step("a").error
    assert state.status == "failed"
    assert error is not None
    assert error["kind"] == "ZeroDivisionError"
    assert error["cell"] == "c1"
    assert "ZeroDivisionError" in bench.printed("a") or "division" in bench.printed("a")


def test_finished_steps_never_run_twice_when_their_worker_dies(bench: Bench, cluster: Cluster) -> None:
    log = bench.folder / "log.txt"
    note = f"_ = open({str(log)!r}, 'a').write('{{0}} ')\n"
    cells = [
        ("step:first", note.format("first") + "x = 1"),
        (
            "after:first step:second",
            "import os, time\nfirst_time = not os.path.exists('begun')\n"
            + note.format("second")  # before the file that its killer waits for
            + "open('begun', 'w').close()\ntime.sleep(120 * first_time)\ny = x + 1",
        ),
        ("step:third", "print(y)\n" + note.format("third")),
    ]

    def kill_its_worker() -> None:
        assert eventually(lambda: (bench.folder / "begun").exists(), limit=240)
        with cluster.client() as client:
            (busy,) = [worker for worker, keys in client.processing().items() if keys]
            pid = client.run(os.getpid, workers=[busy])[busy]
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_its_worker)
    killer.start()
    state = bench.run(cells, cache=None, executor=cluster.address)
    killer.join()
    assert state.status == "finished", state.error
    assert bench.printed("third") == "2\n"
    assert log.read_text().split() == ["first", "second", "second", "third"]
    assert list(cluster.folder.rglob("run.key"))  # where Dask removes it when its next worker begins


def test_a_time_limit_ends_the_process_on_the_worker(bench: Bench, cluster: Cluster) -> None:
    cells = [("step:a", "import subprocess\nsubprocess.run(['sleep', '987'])"), ("step:b", "1")]
    state = bench.run(cells, cache=None, executor=cluster.address, settings={"a": {"timeout": 8}})
    assert state.status == "failed"
    assert "time limit of 8 s" in str(state.step("a").error)
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "987"]]


def test_steps_end_when_their_runner_is_killed(bench: Bench, cluster: Cluster) -> None:
    (bench.folder / "nb.ipynb").write_text(json.dumps(_sleeper()))
    runner = subprocess.Popen(
        [sys.executable, "-m", "mlops_jlab", "run", "nb.ipynb", "--no-track", "--no-cache", "-o", "out",
         "--executor", cluster.address], cwd=bench.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip

    def sleeping() -> bool:
        return any(p.info["cmdline"] == ["sleep", "986"] for p in psutil.process_iter(["cmdline"]))

    assert eventually(sleeping)
    os.kill(runner.pid, signal.SIGKILL)
    runner.wait()
    assert eventually(lambda: not sleeping())


def _sleeper() -> dict[str, object]:
    from tests.conftest import notebook_json

    return dict(notebook_json([("step:a", "import subprocess\nsubprocess.run(['sleep', '986'])")]))


def test_resources_of_steps_become_those_of_dask(bench: Bench, cluster: Cluster) -> None:
    cells = [("step:a", "import os\nprint(len(os.sched_getaffinity(0)))")]
    settings = {"a": {"cpus": 1}}
    assert bench.run(cells, cache=None, executor=cluster.address, settings=settings).status == "finished"
    assert bench.printed("a") == "1\n"
    state = bench.run(cells, cache=None, executor=cluster.address, settings={"a": {"cpus": 64}})
    assert state.status == "failed"
    assert "asks for cpus 64, and the largest worker has 2" in state.error


def test_what_is_missing_is_said_before_anything_runs(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Dask scheduler at"):
        bench.run(LINE, cache=None, executor="dask://127.0.0.1:1")
    with pytest.raises(InputError, match="'ray' is not an executor"):
        bench.run(LINE, cache=None, executor="ray")
    empty = Cluster(tmp_path / "empty")
    try:
        with pytest.raises(InputError, match="has no workers"):
            bench.run(LINE, cache=None, executor=empty.address)
    finally:
        empty.close()


def test_the_cache_serves_workers_and_is_served_by_them(bench: Bench, cluster: Cluster) -> None:
    assert bench.run(LINE, executor=cluster.address).status == "finished"
    state = bench.run(LINE)
    assert [bool(step.cached) for step in state.steps] == [True] * 4
    changed = [*LINE[:-1], ("step:both", "print('again', left, right, x[1])")]
    state = bench.run(changed, executor=cluster.address)
    assert [bool(step.cached) for step in state.steps] == [True, True, True, False]
    assert bench.printed("both").startswith("again")


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_workers_that_share_no_folder_find_values_in_a_store(
    bench: Bench, tmp_path: Path, bucket: str, kind: str
) -> None:
    url = f"{bucket}/run-{time.monotonic_ns()}" if kind == "s3" else str(tmp_path / "store")
    other = tmp_path / "other-machine"
    other.mkdir()
    environment = {KEY_FILE: str(other / "key"), "TMPDIR": str(other)}  # it trusts nothing of this machine
    with two_workers(tmp_path / "cluster", environment=environment) as cluster:
        assert bench.run(LINE, cache=None).status == "finished"
        here = bench.printed("both")
        state = bench.run(LINE, cache=None, executor=cluster.address, artifacts=url)
        assert state.status == "finished", state.error
        assert bench.printed("both") == here
        assert not list((bench.runs[-1] / "handoff").glob("objects/*/*"))  # no value came here
        assert machine_key()


@pytest.mark.parametrize("kind", ["folder", "s3"])
def test_a_local_run_leaves_a_copy_in_the_store(bench: Bench, tmp_path: Path, bucket: str, kind: str) -> None:
    import fsspec

    url = f"{bucket}/copy" if kind == "s3" else str(tmp_path / "copy")
    assert bench.run(LINE, artifacts=url).status == "finished"
    files, root = fsspec.core.url_to_fs(url)
    steps = sorted(Path(name).name for name in files.ls(f"{root}/steps", detail=False))
    assert steps == ["00000-load.json", "00001-left.json", "00002-right.json", "00003-both.json"]
    assert len(files.ls(f"{root}/executed", detail=False)) == 4
    assert files.find(f"{root}/objects")
    with pytest.raises(InputError, match="cannot be used as a store"):
        bench.run(LINE, artifacts="nonsense://x")
