"""Steps that are forked from a warm parent: each a process of its own that does what a kernel does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from mlops_jlab.engine.folder.notebookfile import repair
from mlops_jlab.engine.folder.state import RunFolder
from mlops_jlab.errors import InputError
from mlops_jlab.notebook.outputs import lines_of
from tests.conftest import notebook_json
from tests.integration.running import Bench

BOTH = pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def run_one(bench: Bench, source: str, **options: object) -> dict[str, object]:
    state = bench.run([("step:a", source), ("step:b", "y = 1")], cache=None, **options)
    return {"status": state.status, **(state.step("a").error or {})}


@BOTH
def test_a_step_goes_on_in_another_process_and_nothing_leaks_from_run_to_run(
    bench: Bench, cold: bool
) -> None:
    cells = [
        ("step:a", "import os, math\nunused = 1\nfirst = os.readlink('/proc/self')\nx = math.pi"),
        (
            "step:b",
            "print('unused' in get_ipython().user_ns, first == os.readlink('/proc/self'), x > 3)\nimport json\njson.mark = 1",
        ),
    ]
    assert bench.run(cells, cache=None, cold=cold, linger=20).status == "finished"
    assert bench.printed("b") == "True False True\n"  # looked at whole, it is handed on whole
    again = [("step:c", "import json\nprint(hasattr(json, 'mark'))"), *cells]
    assert bench.run(again, cache=None, cold=cold).status == "finished"
    assert bench.printed("c") == "False\n"  # another run, from the same parent


def test_a_step_is_forked_whatever_python_the_path_leads_to(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel's specification names a bare ``python``: that is the interpreter which asks."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\nexit 3\n")
    other.chmod(0o755)
    cells = [("step:a", "print(type(get_ipython().parent).__name__)"), ("step:b", "print(1)")]
    assert bench.run(cells, cache=None).status == "finished"
    assert bench.printed("a") == "ShellApp\n"
    assert bench.run(cells, cache=None, cold=True).status == "finished"
    assert bench.printed("a") == "IPythonKernel\n"


def test_unseeded_generators_differ_between_forks(bench: Bench) -> None:
    draw = "import random, numpy as np\nprint(np.random.rand(), random.random())"
    bench.run([("step:a", draw), ("after:a step:b", draw), ("setup", "import numpy")], cache=None, jobs=1)
    assert bench.printed("a").split() != bench.printed("b").split()


@BOTH
def test_libraries_with_threads_and_processes_work(bench: Bench, cold: bool) -> None:
    source = (
        "import numpy as np\nfrom sklearn.ensemble import RandomForestClassifier\n"
        "from sklearn.datasets import load_iris\nfrom concurrent.futures import ThreadPoolExecutor\n"
        "X, y = load_iris(return_X_y=True)\n"
        "forest = RandomForestClassifier(20, n_jobs=2, random_state=0).fit(X, y)\n"
        "big = np.ones((300, 300)) @ np.ones((300, 300))\n"
        "from joblib import Parallel, delayed\n"
        "squares = Parallel(n_jobs=2)(delayed(pow)(n, 2) for n in range(4))\n"
        "with ThreadPoolExecutor(2) as pool: tens = list(pool.map(lambda n: 10 * n, range(3)))\n"
        "print(round(forest.score(X, y)), int(big[0, 0]), squares, tens)"
    )
    assert run_one(bench, source, cold=cold) == {"status": "finished"}
    assert bench.printed("a") == "1 300 [0, 1, 4, 9] [0, 10, 20]\n"


@BOTH
def test_a_cell_does_what_it_does_in_a_kernel(bench: Bench, cold: bool) -> None:
    source = (
        "import asyncio, os, subprocess, sys\nawait asyncio.sleep(0)\n"
        "print('python'); sys.stdout.flush()\n"
        "subprocess.run(['echo', 'program'], check=True)\n"
        "!echo shell\n"
        "try:\n    asyncio.run(asyncio.sleep(0))\nexcept RuntimeError as error:\n    print(error)\n"
        "import matplotlib.pyplot as plt\nplt.plot([1, 2]);"
    )
    assert run_one(bench, source, cold=cold)["status"] == "finished"
    printed = bench.printed("a")
    seen = () if cold else ("program",)  # ipykernel sees no programs while pytest runs
    for words in ("python", *seen, "shell", "cannot be called from a running event loop"):
        assert words in printed
    outputs = [
        output
        for cell in json.loads(RunFolder(bench.runs[-1]).executed("a").read_text())["cells"]
        for output in cell.get("outputs", ())
    ]
    assert any("image/png" in output.get("data", {}) for output in outputs)


@pytest.mark.parametrize("backoff", [0.2, 1e-9])
def test_a_step_is_tried_again_after_a_pause(bench: Bench, tmp_path: Path, backoff: float) -> None:
    source = "open('tries', 'a').write('x')\ntries = len(open('tries').read())\nassert tries > 2, 'not yet'"
    begun = time.monotonic()
    state = bench.run(
        [("step:a", source), ("step:b", "print(tries)")], cache=None,
        settings={"a": {"retries": 2, "backoff": backoff}},
    )  # fmt: skip
    assert state.status == "finished"
    assert state.step("a").attempts == 3
    assert time.monotonic() - begun > 3 * backoff  # the second pause is twice the first
    assert bench.printed("b") == "3\n"


def test_an_executed_notebook_can_be_read_while_the_step_goes_on(bench: Bench, tmp_path: Path) -> None:
    cells = [("step:a", f"print(chr({n} + 65) * 2000)\nimport time; time.sleep(0.01)") for n in range(30)]
    ended = threading.Event()
    seen: set[int] = set()

    def look() -> None:
        while not ended.wait(0.005):
            for path in (tmp_path / "runs").glob("*/executed/*.ipynb"):
                seen.add(len({line.text for line in lines_of(path)}))

    watcher = threading.Thread(target=look)
    watcher.start()
    try:
        assert bench.run(cells, cache=None).status == "finished"
    finally:
        ended.set()
        watcher.join()
    assert len(seen) > 3  # it grew


def test_a_notebook_that_was_cut_off_is_made_whole(bench: Bench) -> None:
    bench.run([("step:a", "print('one')"), ("step:a", "print('two')")], cache=None)
    path = RunFolder(bench.runs[-1]).executed("a")
    source = next((bench.runs[-1] / "pipeline" / "steps").glob("*.ipynb"))
    whole = path.read_text()
    assert not repair(path, source)
    for length in range(40, len(whole) - 2, 211):
        path.write_text(whole[:length])
        assert repair(path, source)
        cells = json.loads(path.read_text())["cells"]
        assert [cell["id"] for cell in cells] == [cell["id"] for cell in json.loads(whole)["cells"]]
    assert "one" in path.read_text()


def test_the_steps_of_a_dead_runner_end_themselves(tmp_path: Path) -> None:
    cells = [("step:a", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(120)")]
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(cells)))
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(tmp_path / "store")}
    runner = subprocess.Popen(
        [sys.executable, "-m", "mlops_jlab", "run", "nb.ipynb", "--output", "out"], cwd=tmp_path,
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    pid = tmp_path / "pid"
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    runner.send_signal(signal.SIGKILL)
    runner.wait()
    step = int(pid.read_text())
    deadline = time.monotonic() + 5
    while _lives(step):
        assert time.monotonic() < deadline, "the step outlives its runner"
        time.sleep(0.05)
    executed = json.loads((tmp_path / "out" / "executed" / "a.ipynb").read_text())
    assert [cell["id"] for cell in executed["cells"]] == ["c1"]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("through", ["papermill", "nbclient"])
def test_others_use_the_engine_and_the_kernels(tmp_path: Path, through: str) -> None:
    source, target = tmp_path / "in.ipynb", tmp_path / "out.ipynb"
    cells = [
        ("parameters", "depth = 1"),
        ("-", "import os\nprint('depth', depth, os.environ.get('FORKED_BY_US'))"),
    ]
    source.write_text(json.dumps(notebook_json(cells)))
    environment = {**os.environ, "FORKED_BY_US": "yes"}
    if through == "papermill":
        words = ["papermill", "--engine", "mlops-jlab", str(source), str(target), "-p", "depth", "4"]
    else:
        environment |= {"JUPYTER_DEFAULT_PROVISIONER_NAME": "mlops-jlab-warm", "MLOPS_JLAB_WARM": "json csv"}
        words = ["jupyter", "execute", str(source), "--output", str(target)]
    subprocess.run([sys.executable, "-m", *words], check=True, env=environment, cwd=tmp_path, timeout=120)
    text = target.read_text()
    assert ("depth 4 yes" if through == "papermill" else "depth 1 yes") in text


def test_a_library_that_starts_threads_is_left_to_the_steps_which_go_on_in_its_process(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "threading_library.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    cells = [
        ("step:a", "import threading_library\nx = type(get_ipython().parent).__name__\nprint(x)"),
        ("step:b", "print(x)"),
    ]
    for _ in range(2):  # the second time nobody tries to import it beforehand
        state = bench.run(cells, cache=None)
        assert state.status == "finished"
        assert bench.printed("b") == "ShellApp\n"
        assert "is alive: b" in state.remark
    assert bench.run([("step:a", "print(type(get_ipython().parent).__name__)")], cache=None).remark == ""
    assert bench.printed("a") == "ShellApp\n"


def test_what_a_step_had_to_import_the_next_parent_has(bench: Bench) -> None:
    own = {"OWN_PARENT": os.urandom(8).hex()}  # parents of this test alone
    cells = [
        ("step:a", "import time; time.sleep(0.5)  # what was learned comes last, while first steps begin"),
        ("step:b", "print('b')"),
        ("step:c", "import sys\nprint('wave' in sys.modules)\nwave = __import__('wave').__name__"),
    ]
    for linger, known in ((0, "False"), (20, None), (0, "True")):  # who waits for steps has time to import it
        assert bench.run(cells, cache=None, environment=own, jobs=1, linger=linger).status == "finished"
        assert known is None or bench.printed("c") == f"{known}\n"


def test_a_dead_step_is_noticed_while_others_wait_for_their_process(bench: Bench) -> None:
    own = {"OWN_PARENT": os.urandom(8).hex()}  # a parent that has to import first
    cells = [
        ("step:a", "import os; os.kill(os.getpid(), 9)"), ("step:b", "import pandas"),
        ("step:c", "import sklearn.ensemble"), ("step:d", "print(1)"),
    ]  # fmt: skip
    state = bench.run(cells, cache=None, environment=own, jobs=3)
    assert state.step("a").error is not None
    assert state.step("a").seconds is not None
    assert state.step("a").seconds < 15  # it was twenty while others held its channel


def test_shells_that_were_forked_ahead_know_nothing_of_other_steps(bench: Bench) -> None:
    cells = [
        (f"step:s{n}", f"import os\nprint(os.environ['MLOPS_JLAB_ATTEMPT'], os.readlink('/proc/self'), {n})")
        for n in range(6)
    ]
    assert bench.run(cells, cache=None, jobs=3).status == "finished"
    said = [bench.printed(f"s{n}").split() for n in range(6)]
    assert len({attempt for attempt, _, _ in said}) == 6
    assert len({pid for _, pid, _ in said}) == 6
    deadline = time.monotonic() + 5
    for _, pid, _ in said:
        while Path(f"/proc/{pid}").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_a_finished_run_keeps_no_large_file_that_nobody_needs(bench: Bench) -> None:
    a = "x = [np.arange(3e5), np.arange(3e5) / 2, getattr(threading, 'Thr' + 'ead')()]\ny = 1"
    cells = [
        ("setup", "import threading\nimport numpy as np"),
        ("step:a", a),  # x cannot be handed on, which is known only when its arrays are written
        ("step:b", "z = np.arange(3e5) * eval(chr(121))"),  # it may need x
        ("step:c", "print(z.sum(), 1 / int(open('n').read()))"),
    ]

    def large() -> int:
        objects = RunFolder(bench.runs[-1]).handoff / "objects"
        return sum(path.stat().st_size == 2_400_000 for path in objects.glob("??/*"))

    (bench.folder / "n").write_text("0")
    assert (bench.run(cells, cache=None).status, large()) == ("failed", 2)  # who resumes it may find them
    (bench.folder / "n").write_text("1")
    assert (bench.resume().status, large()) == ("finished", 1)


CONDITIONAL = [
    ("parameters", "force: bool = False"),
    ("step:load", "rows = 10\nbest = 'old'"),
    ("after:load step:train", "best = 'new'\nmodel = 1"),
    ("step:explain", "print(model)"),
    ("step:tell", "print(best)"),
]
ONLY = {"train": {"when": "force or metrics.rows > 100"}}


def test_a_step_whose_condition_is_not_so_is_left_out(bench: Bench) -> None:
    logged = {"rows": 10.0}
    state = bench.run(CONDITIONAL, settings=ONLY, metrics=lambda: logged)
    assert state.status == "finished"
    assert [step.status for step in state.steps] == ["finished", "skipped", "skipped", "finished"]
    assert state.step("train").why == ("not so: force or metrics.rows > 100 (force is False, rows is 10)")
    assert state.step("explain").why == "it takes model from step train, which was skipped"
    assert bench.printed("tell") == "old\n"
    for given, metric in (({"force": True}, 10.0), ({}, 101.0)):
        logged["rows"] = metric
        state = bench.run(CONDITIONAL, given, settings=ONLY, metrics=lambda: logged)
        assert [step.status for step in state.steps] == ["finished"] * 4
        assert bench.printed("tell") == "new\n"


def test_a_condition_that_cannot_be_decided_is_told(bench: Bench) -> None:
    with pytest.raises(InputError, match="this run keeps no metrics"):
        bench.run(CONDITIONAL, settings=ONLY)
    with pytest.raises(InputError, match="no parameter 'forced'; did you mean 'force'"):
        bench.run(CONDITIONAL, settings={"train": {"when": "forced"}})
    state = bench.run(CONDITIONAL, settings=ONLY, metrics=dict)
    assert state.status == "failed"
    assert "step 'train': no step above has logged the metric 'rows'" in state.error


def test_where_nothing_is_forked_kernels_start_before_they_are_asked_for(bench: Bench) -> None:
    source = "import sys, os\nprint(sys.orig_argv[3], os.environ['MLOPS_JLAB_ATTEMPT'] != '', os.readlink('/proc/self'))"
    cells = [(f"step:s{n}", source + (f"\nx{n} = {n}" if not n else f"\nx{n} = x{n - 1}")) for n in range(4)]
    assert bench.run(cells, cache=None, cold=True, jobs=1).status == "finished"
    said = [bench.printed(f"s{n}").split() for n in range(4)]
    assert [words[0] for words in said] == ["mlops_jlab.processes.spare.waiting"] * 4
    assert [words[1] for words in said] == ["True"] * 4
    assert len({words[2] for words in said}) == 4
    left = [
        p for p in psutil.Process().children(recursive=True) if "kernels.waiting" in " ".join(p.cmdline())
    ]
    assert left == []


def test_a_value_that_brings_its_library_along_changes_no_setting(bench: Bench) -> None:
    """numpy is imported in the middle of pandas, which is imported because a frame is taken."""
    cells = [
        ("step:load", "import pandas as pd\nframe = pd.DataFrame({'a': [1.0, 2.0]})"),
        ("step:left", "left = frame * 2"),
        ("step:right", "right = frame * 3"),
        ("step:both", "print(float((left + right).a.sum()))"),
    ]
    state = bench.run(cells, cache=None, cold=True)
    assert state.status == "finished"
    assert [step.again for step in state.steps] == [[]] * 4
    assert bench.printed("both") == "15.0\n"


def test_figures_are_shown_whatever_the_parent_has_learned(bench: Bench) -> None:
    """What a library sets up in the shell that imports it must not be imported before there is one."""
    own = {"OWN_PARENT": os.urandom(8).hex()}
    cells = [
        ("step:draw", "import matplotlib.pyplot as plt\nfig, ax = plt.subplots()\nax.plot([1, 2])"),
        ("step:show", "fig"),
    ]
    for _ in range(3):
        assert bench.run(cells, cache=None, environment=own).status == "finished"
        for step in ("draw", "show"):
            executed = json.loads(RunFolder(bench.runs[-1]).executed(step).read_text())
            outputs = [output for cell in executed["cells"] for output in cell.get("outputs", ())]
            assert any("image/png" in output.get("data", {}) for output in outputs), step


@pytest.mark.parametrize(
    "change",
    ["os.environ['COLOUR'] = 'red'", "os.environ.update(COLOUR='red')", "os.putenv('X', '1')\nos.environ |= {'COLOUR': 'red'}",
     "%env COLOUR=red"],
)  # fmt: skip
def test_a_library_sees_the_environment_that_cells_have_made(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    site = tmp_path / "site-packages"
    site.mkdir()
    (site / "painting.py").write_text("import os\nCOLOUR = os.environ.get('COLOUR', 'none')\n")
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    cells = [
        ("step:a", f"import os\n{change}\nimport painting\nprint(painting.COLOUR)\nx = 1"),
        ("step:b", "import painting\nprint(painting.COLOUR, x)"),
    ]
    for _ in range(2):  # nothing is learned from the first run
        assert bench.run(cells, cache=None).status == "finished"
        assert bench.printed("a").endswith("red\n")
        assert bench.printed("b") == "red 1\n"
    calm = [("step:a", "import os\nimport painting\nprint(painting.COLOUR, os.environ.get('HOME') == '')")]
    assert bench.run(calm, cache=None).status == "finished"
    assert bench.printed("a") == "none False\n"
