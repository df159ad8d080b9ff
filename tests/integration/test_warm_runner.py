"""A command that a warm runner does: the same as one in a process of its own, and gone with who asked for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.conftest import notebook_json

CELLS = [
    ("parameters", "n: int = 3"),
    ("step:a", "import os, time\nprint('in', os.getcwd(), os.environ.get('GREETING'))\ntime.sleep(n / 10)"),
    ("step:b", "print('n is', 10 // n)"),
]
SMALL = 40_000_000  # bytes; a process that has papermill has twice as many


@dataclass
class Shop:
    """A folder in which commands run, with warm parents of its own."""

    folder: Path

    def start(self, *words: str, **more: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ, "MLOPS_JLAB_STORE": str(self.folder / "store"),
            "JUPYTER_RUNTIME_DIR": str(self.folder / "runtime"), **more,
        }  # fmt: skip
        return subprocess.Popen(
            [sys.executable, "-m", "mlops_jlab", "run", *words], cwd=self.folder, env=environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *words: str, **more: str) -> tuple[int, str, str]:
        process = self.start(*words, **more)
        out, err = process.communicate(timeout=120)
        return process.returncode, out.decode(), err.decode()

    def leave_ready(self) -> None:
        """A first command leaves a runner behind, which has imported all when this is over."""
        code, _, said = self.run("nb.ipynb", "-o", "first", "-p", "n=1", "--keep-warm", "5")
        assert code == 0, said
        until(lambda: len(self.parents()) == 2)
        code, _, said = self.run("nb.ipynb", "-o", "second", "-p", "n=1")
        assert code == 0, said

    def parents(self) -> list[psutil.Process]:
        """The warm parents of this shop."""
        found = []
        for process in psutil.process_iter(["cmdline", "environ", "status", "ppid"]):
            words, environment = process.info["cmdline"] or [], process.info["environ"] or {}
            ours = environment.get("JUPYTER_RUNTIME_DIR") == str(self.folder / "runtime")
            if ours and words[-1:] == ["mlops_jlab.processes.parent.serve"] and process.info["ppid"] == 1:
                found.append(process)
        return found

    def state(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / run / "run.json").read_text())
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    (tmp_path / "nb.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    shop = Shop(tmp_path)
    yield shop
    for process in shop.parents():
        process.kill()


def until(true: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_small(process: subprocess.Popen[bytes]) -> bool:
    """Whether the process has not imported what a run needs: somebody else does its work."""
    return bool(psutil.Process(process.pid).memory_info().rss < SMALL)


def begun(shop: Shop, run: str) -> bool:
    return (shop.folder / run / "executed" / "a.ipynb").exists()


def test_a_command_is_handed_over_and_says_what_it_would_say(shop: Shop) -> None:
    code, first, progress = shop.run("nb.ipynb", "-o", "alone")
    assert code == 0
    shop.leave_ready()
    process = shop.start("nb.ipynb", "-o", "handed", "--no-cache", "-p", "n=8")
    until(lambda: begun(shop, "handed"))
    assert is_small(process)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    lines = first.replace("alone", "handed").splitlines()
    assert out.decode().splitlines()[:2] == lines[:2]
    words = [line.split()[:2] for line in err.decode().splitlines()]
    assert words == [line.split()[:2] for line in progress.splitlines()]
    printed = (shop.folder / "handed" / "executed" / "a.ipynb").read_text()
    assert f"in {shop.folder} None" in printed


@pytest.mark.slow
def test_exit_codes_and_errors_come_through(shop: Shop) -> None:
    shop.leave_ready()
    code, out, err = shop.run("nb.ipynb", "-o", "failed", "-p", "n=0")
    assert (code, "  run:" in out) == (1, True)
    assert "ZeroDivisionError" in err
    code, _, err = shop.run("nb.ipynb", "-o", "wrong", "-p", "m=0")
    assert code == 2
    assert "there is no parameter 'm'" in err or "unknown parameter" in err
    code, out, _ = shop.run("--help")
    assert (code, "Run a pipeline headless" in out) == (0, True)


def test_ctrl_c_reaches_the_run(shop: Shop) -> None:
    shop.leave_ready()
    process = shop.start("nb.ipynb", "-o", "stopped", "--no-cache", "-p", "n=600")
    until(lambda: begun(shop, "stopped"))
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert shop.state("stopped")["status"] == "killed"


@pytest.mark.parametrize("handed", [False, True])
def test_in_the_background_of_a_script_ctrl_c_is_for_others(shop: Shop, handed: bool) -> None:
    if handed:
        shop.leave_ready()
    old = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts with &
    try:
        process = shop.start("nb.ipynb", "-o", "goes-on", "--no-cache", "-p", "n=20")
    finally:
        signal.signal(signal.SIGINT, old)
    until(lambda: begun(shop, "goes-on"))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said.decode()
    assert shop.state("goes-on")["status"] == "finished"


def test_ctrl_c_counts_while_the_runner_still_imports(shop: Shop) -> None:
    code, _, said = shop.run("nb.ipynb", "-o", "first", "-p", "n=1", "--keep-warm", "5")
    assert code == 0, said
    until(lambda: len(shop.parents()) == 2)
    process = shop.start("nb.ipynb", "-o", "stopped", "--no-cache", "-p", "n=600")
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=30)
    assert process.returncode in (130, -signal.SIGTERM)


def test_without_its_socket_nobody_is_asked(shop: Shop) -> None:
    shop.leave_ready()
    for socket in (shop.folder / "runtime" / "mlops-jlab").glob("*.sock"):
        socket.unlink()
        socket.touch()  # what a killed one may leave
    code, _, said = shop.run("nb.ipynb", "-o", "alone", "--no-cache", "-p", "n=1")
    assert code == 0, said


@pytest.mark.slow
def test_a_run_ends_with_the_command_that_asked_for_it(shop: Shop) -> None:
    shop.leave_ready()
    process = shop.start("nb.ipynb", "-o", "dead", "--no-cache", "-p", "n=600")
    until(lambda: begun(shop, "dead"))
    assert is_small(process)
    runners = [child for parent in shop.parents() for child in parent.children(recursive=True)]
    assert len(runners) >= 2  # who runs the pipeline, and its steps
    process.kill()
    process.communicate()
    _, alive = psutil.wait_procs(runners, timeout=5)
    assert alive == []
    code, _, said = shop.run("nb.ipynb", "-o", "dead", "--resume", "--no-cache")
    assert shop.state("dead")["parameters"] == {"n": 600}
    assert code != 2, said


@pytest.mark.slow
def test_who_ends_the_warm_runner_is_told(shop: Shop) -> None:
    shop.leave_ready()
    process = shop.start("nb.ipynb", "-o", "orphan", "--no-cache", "-p", "n=600")
    until(lambda: begun(shop, "orphan"))
    for parent in shop.parents():
        parent.kill()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "--resume" in err.decode()


def test_another_environment_has_a_process_of_its_own(shop: Shop) -> None:
    shop.leave_ready()
    process = shop.start("nb.ipynb", "-o", "other", "--no-cache", "-p", "n=8", GREETING="hello")
    until(lambda: begun(shop, "other"))
    assert not is_small(process)
    process.communicate(timeout=60)
    assert "hello" in (shop.folder / "other" / "executed" / "a.ipynb").read_text()


def test_nothing_stays_longer_than_it_was_asked_to(shop: Shop) -> None:
    assert shop.run("nb.ipynb", "-o", "first", "-p", "n=1", "--keep-warm", "0.03")[0] == 0
    assert shop.parents() != []
    until(lambda: shop.parents() == [])
    assert list((shop.folder / "runtime" / "mlops-jlab").glob("*.sock")) == []


def test_a_folder_with_a_long_name_is_no_hindrance(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    (folder / "nb.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    shop = Shop(folder)
    try:
        shop.leave_ready()
    finally:
        for process in shop.parents():
            process.kill()
