"""The command line, as a user meets it: exit codes, messages, files; with real kernels."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_jlab.engine.folder.state import RunFolder
from mlops_jlab.engine.step.attempt import Execution
from mlops_jlab.engine.step.papermill import execute

WriteNotebook = Callable[..., Path]


def mlops(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mlops_jlab", *map(str, arguments)], cwd=cwd, text=True,
        capture_output=True, timeout=300, env={**os.environ, **environment}, check=False,
    )  # fmt: skip


GOOD = [
    ("parameters", "n: int = 2"),
    ("step:load", "rows = list(range(n))\nprint('loaded', n)"),
    ("step:left", "a = sum(rows)"),
    ("step:right", "b = len(rows)"),
    ("step:end", "print('end', a, b)"),
]


def test_check_export_and_run(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    notebook = write_notebook(GOOD)
    before = notebook.read_bytes()
    checked = mlops("check", notebook, "--format", "json", cwd=tmp_path)
    assert checked.returncode == 0, checked.stderr
    edges = json.loads(checked.stdout)["edges"]
    assert {(e["from"], e["to"]) for e in edges} == {
        ("load", "left"), ("load", "right"), ("left", "end"), ("right", "end"),
    }  # fmt: skip
    assert json.loads(mlops("check", notebook, "--format", "sarif", cwd=tmp_path).stdout)["runs"]
    exported = mlops("export", notebook, cwd=tmp_path)
    assert exported.returncode == 0, exported.stderr
    folder = tmp_path / "pipelines" / "nb"
    first = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert mlops("export", notebook, cwd=tmp_path).returncode == 0
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == first
    ran = mlops("run", folder, "-p", "n=5", "-o", tmp_path / "run", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    state = json.loads((tmp_path / "run" / "run.json").read_text())
    assert state["status"] == "finished"
    assert state["parameters"] == {"n": 5}
    assert [s["status"] for s in state["steps"]] == ["finished"] * 4
    executed = json.loads((tmp_path / "run" / "executed" / "end.ipynb").read_text())
    own = next(c for c in executed["cells"] if c["id"] == "c5")
    assert "".join(own["outputs"][0]["text"]) == "end 10 5\n"
    assert own["execution_count"]
    assert "end 10 5" in (tmp_path / "run" / "report.html").read_text()
    assert notebook.read_bytes() == before


def test_a_step_notebook_runs_under_plain_papermill(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    mlops("export", write_notebook(GOOD), "-o", tmp_path / "out", cwd=tmp_path)
    for source in sorted((tmp_path / "out" / "steps").iterdir()):
        done = subprocess.run(
            [sys.executable, "-m", "papermill", str(source), f"done-{source.name}", "-p", "n", "4"],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "end 6 4" in (tmp_path / "done-04-end.ipynb").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "nb.ipynb", "-p", "m=1"], "no parameter 'm'"),
        (["run", "nb.ipynb", "-p", "n=x"], "expects int"),
        (["run", "nb.ipynb", "-p", "n"], "sets no parameter"),
        (["run", "nb.ipynb", "-f", "missing.yaml"], "cannot be read"),
        (["run", "nb.ipynb", "--kernel", "pyhton3"], "no kernel 'pyhton3'; did you mean 'python3'?"),
        (["run", "nb.ipynb", "--resume"], "name its folder with --output"),
        (["run", "nb.ipynb", "--cwd", "nowhere"], "no folder"),
        (["run", "none.ipynb"], "no file"),
        (["run", "http://x/y.ipynb"], "no file"),
        (["run", "."], "holds no pipeline.yaml"),
        (["export", "nb.ipynb", "-o", "full"], "not an export"),
        (["export", "nb.ipynb", "-o", "link"], "symbolic link"),
        (["tag", "nb.ipynb", "--from", "nothing"], "nothing"),
        (["check", "bad.ipynb"], "'oops', which nothing defines"),
        (["export", "bad.ipynb"], "1 error"),
        (["export", "none-tagged.ipynb"], "nothing to run"),
    ],
    ids=lambda value: " ".join(value[:4]) if isinstance(value, list) else None,
)
def test_wrong_input_is_exit_code_2_and_one_clear_sentence(
    arguments: list[str], words: str, write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    write_notebook(GOOD)
    write_notebook([("step:a", "oops")], "bad.ipynb")
    write_notebook([("-", "x = 1")], "none-tagged.ipynb")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("years of work")
    (tmp_path / "link").symlink_to(tmp_path / "full")
    done = mlops(*arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
    assert (tmp_path / "full" / "thesis.tex").read_text() == "years of work"


FAILURES = {
    "an exception": ("raise ValueError('no luck')", "ValueError: no luck"),
    "sys.exit(0)": ("import sys; sys.exit(0)", "ended before its last cell"),
    "os._exit(0)": ("import os; os._exit(0)", "kernel died"),
    "a killed kernel": ("import os, signal; os.kill(os.getpid(), 9)", "SIGKILL"),
    "input()": ("input('name?')", "StdinNotImplementedError"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failed_step_is_exit_code_1_and_the_run_can_be_resumed(
    name: str, write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    source, words = FAILURES[name]
    guarded = f"import os\nif not os.path.exists('mended'):\n    {source.replace(chr(10), chr(10) + '    ')}"
    cells = [
        ("step:load", "rows = [1, 2]\nprint('once')"),
        ("step:middle", guarded + "\nlater2 = 5"),
        ("step:end", "print(len(rows), later2)"),
    ]  # fmt: skip
    notebook = write_notebook(cells)
    run = tmp_path / "run"
    done = mlops("run", notebook, "-o", run, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert words in done.stderr
    state = json.loads((run / "run.json").read_text())
    assert (state["status"], [s["status"] for s in state["steps"]]) == (
        "failed", ["finished", "failed", "pending"],
    )  # fmt: skip
    assert state["steps"][1]["error"]["cell"]
    assert (run / "executed" / "middle.ipynb").exists()
    assert (run / "report.html").exists()
    (tmp_path / "mended").touch()
    attempts = state["steps"][0]["attempts"]
    again = mlops("run", notebook, "-o", run, "--resume", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    after = json.loads((run / "run.json").read_text())
    assert after["status"] == "finished"
    assert after["steps"][0]["attempts"] == attempts


def test_a_run_of_a_notebook_that_was_edited_is_not_resumed(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    cells = [("step:load", "rows = [1, 2]"), ("step:end", "rows / 0")]
    notebook = write_notebook(cells)
    run = tmp_path / "run"
    assert mlops("run", notebook, "-o", run, cwd=tmp_path).returncode == 1
    write_notebook([*cells[:1], ("step:end", "print(len(rows))")])
    edited = mlops("run", notebook, "-o", run, "--resume", cwd=tmp_path)
    assert edited.returncode == 2
    assert f"{notebook.name} has changed since the run in {run} began" in edited.stderr
    assert "comes from the cache" in edited.stderr
    anew = mlops("run", notebook, "-o", tmp_path / "anew", cwd=tmp_path)
    assert (anew.returncode, "load  cached" in anew.stderr) == (0, True), anew.stderr


def test_ctrl_c_ends_the_kernel_and_leaves_a_resumable_run(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    stubborn = (
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\n"
        "while not os.path.exists('mended'):\n"
        "    try:\n        time.sleep(0.1)\n    except KeyboardInterrupt:\n        pass\nx = 1"
    )
    notebook = write_notebook([("step:wait", stubborn), ("step:end", "print(x)")])
    run = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-m", "mlops_jlab", "run", str(notebook), "-o", str(run)],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    kernel = int((tmp_path / "pid").read_text())
    process.send_signal(signal.SIGINT)
    _out, error = process.communicate(timeout=60)
    assert process.returncode == 130, error
    assert json.loads((run / "run.json").read_text())["status"] == "killed"
    with pytest.raises(ProcessLookupError):
        os.kill(kernel, 0)
    (tmp_path / "mended").touch()
    assert mlops("run", notebook, "-o", run, "--resume", cwd=tmp_path).returncode == 0


def test_a_stop_that_comes_before_the_kernel_is_there_counts(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    execution = Execution()
    execution.stop("too late")
    begun = time.monotonic()
    failure = execute(
        write_notebook([("step:a", "import time; time.sleep(100)")]), tmp_path / "out.ipynb", parameters={},
        environment={}, folder=tmp_path, kernel="python3", execution=execution,
    )  # fmt: skip
    assert failure is not None
    assert (failure.kind, failure.message) == ("Stopped", "too late")
    assert time.monotonic() - begun < 50


def with_settings(path: Path, settings: dict[str, object]) -> Path:
    node = json.loads(path.read_text())
    node["metadata"]["mlops_jlab"] = {"steps": settings}
    path.write_text(json.dumps(node))
    return path


def test_a_time_limit_ends_the_step(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook([("step:slow", "import time; time.sleep(600)")])
    done = mlops("run", with_settings(path, {"slow": {"timeout": 8}}), "-o", tmp_path / "run", cwd=tmp_path)
    assert done.returncode == 1
    step = json.loads((tmp_path / "run" / "run.json").read_text())["steps"][0]
    assert "time limit of 8 s" in step["error"]["message"]


def test_a_step_that_failed_is_tried_again(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    (tmp_path / "tries").mkdir()
    source = "import os\nn = len(os.listdir('tries')); open(f'tries/{n}', 'w').close()\nassert n > 0"
    path = with_settings(write_notebook([("step:flaky", source)]), {"flaky": {"retries": 1}})
    done = mlops("run", path, "-o", tmp_path / "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    step = json.loads((tmp_path / "run" / "run.json").read_text())["steps"][0]
    assert (step["status"], step["attempts"]) == ("finished", 2)


def test_a_full_disk_keeps_no_values_and_steps_go_on_where_they_live(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    cell = (
        "import os, resource\nif os.environ.get('FULL'):\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\nx = os.urandom(1_000_000)"
    )
    notebook = write_notebook([("step:big", cell), ("step:size", "print(len(x))")])
    done = mlops("run", notebook, "-o", tmp_path / "whole", cwd=tmp_path, FULL="1")
    assert done.returncode == 0, done.stderr  # who goes on needs no values
    assert "no space left" in RunFolder(tmp_path / "whole").load().step("big").note
    done = mlops("run", notebook, "-o", tmp_path / "run", "--cold", cwd=tmp_path, FULL="1")
    assert done.returncode == 0, done.stderr  # the next step goes on where they live, and says why
    assert "no space left" in done.stdout
    assert not list((tmp_path / "run").rglob("*.tmp"))
    assert mlops("run", notebook, "-o", tmp_path / "run", "--resume", cwd=tmp_path).returncode == 0


def test_a_kernel_that_does_not_start_at_once_is_tried_again(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    """A kernel that ends before its first answer, as one does that lost a race for its port."""
    folder = tmp_path / "share" / "kernels" / "moody"
    folder.mkdir(parents=True)
    start = (
        "import pathlib, runpy, sys\n"
        f"count = len(list(pathlib.Path({str(tmp_path)!r}).glob('start-*')))\n"
        f"pathlib.Path({str(tmp_path)!r}, f'start-{{count}}').touch()\n"
        "if count < 2:\n    sys.exit(1)\n"
        "sys.argv = ['ipykernel_launcher', *sys.argv[1:]]\n"
        "runpy.run_module('ipykernel_launcher', run_name='__main__')\n"
    )
    (folder / "start.py").write_text(start)
    argv = [sys.executable, str(folder / "start.py"), "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(
        json.dumps({"argv": argv, "display_name": "moody", "language": "python"})
    )
    notebook = write_notebook([("step:a", "print('here')")])
    environment = {"JUPYTER_PATH": str(tmp_path / "share")}
    done = mlops("run", notebook, "--kernel", "moody", "-o", "run", cwd=tmp_path, **environment)
    assert done.returncode == 0, done.stderr
    assert len(list(tmp_path.glob("start-*"))) == 3
    assert "here" in (tmp_path / "run" / "executed" / "a.ipynb").read_text()


def test_secrets_come_from_the_environment_and_are_written_nowhere(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    path = write_notebook(
        [
            ("parameters", "api_key = ''"),
            ("step:a", "n = len(api_key)"),
            ("step:b", "print(n + len(api_key))"),
        ]
    )
    done = mlops("run", path, "-o", tmp_path / "run", cwd=tmp_path, API_KEY="hunter2-hunter2")
    assert done.returncode == 0, done.stderr
    assert "30" in (tmp_path / "run" / "executed" / "b.ipynb").read_text()
    for file in (tmp_path / "run").rglob("*"):
        assert not file.is_file() or b"hunter2" not in file.read_bytes()
    refused = mlops("run", path, "-p", "api_key=x", cwd=tmp_path)
    assert refused.returncode == 2


def test_a_failed_export_leaves_the_old_one(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    path = write_notebook(GOOD)
    assert mlops("export", path, "-o", "out", cwd=tmp_path).returncode == 0
    before = (tmp_path / "out" / "pipeline.yaml").read_bytes()
    write_notebook([("step:a", "oops")])
    assert mlops("export", path, "-o", "out", cwd=tmp_path).returncode == 2
    assert (tmp_path / "out" / "pipeline.yaml").read_bytes() == before


def test_verify_tells_a_difference_that_cannot_be_put_right(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    process = "os.readlink('/proc/self')"  # by this nobody sees that it asks
    path = write_notebook([("step:a", f"import os\npid = {process}"), ("step:b", f"print(pid == {process})")])
    done = mlops("verify", path, cwd=tmp_path)
    assert done.returncode == 1, done.stdout
    assert "output of cell 2" in done.stdout


def test_the_command_line_starts_quickly_and_imports_little() -> None:
    code = "import sys, mlops_jlab.cli.main; print([m for m in ('papermill', 'tornado', 'pandas', 'IPython', 'nbformat', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no such limit")
def test_a_step_that_wants_too_much_memory_is_ended_and_named(
    write_notebook: Callable[..., Path], tmp_path: Path
) -> None:
    path = write_notebook(
        [("step:small", "x = 1"), ("step:greedy", "y = [x] * 400_000_000"), ("step:after", "print(y)")]
    )
    done = mlops(
        "run", with_settings(path, {"greedy": {"memory": "1 GB"}}), "-o", tmp_path / "run", cwd=tmp_path
    )
    assert done.returncode == 1
    assert "the memory limit of 1 GB was reached" in done.stderr
    state = json.loads((tmp_path / "run" / "run.json").read_text())
    assert [step["status"] for step in state["steps"]] == ["finished", "failed", "pending"]
