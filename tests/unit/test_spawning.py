"""A warm parent is started with next to nothing, and ends when nobody needs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from mlops_jlab.errors import RunError
from mlops_jlab.processes.client import address, connect, start, wanted

pytestmark = pytest.mark.skipif(not start.is_possible(), reason="processes cannot be forked safely here")


def until_ended(spawned: start.Spawned) -> None:
    deadline = time.monotonic() + 20
    while not spawned.has_ended():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_one_that_is_told_nothing_ends_and_had_nothing_to_say() -> None:
    spawned = start.Spawned(sys.executable, dict(os.environ))
    assert not spawned.has_ended()
    os.close(spawned._order)
    spawned._order = -1
    until_ended(spawned)
    assert spawned.said() == ""
    spawned.let_go()


@pytest.mark.parametrize("ignored", [False, True])
def test_one_that_is_not_needed_is_ended(ignored: bool) -> None:
    old = signal.signal(signal.SIGCHLD, signal.SIG_IGN if ignored else signal.SIG_DFL)
    try:
        spawned = start.Spawned(sys.executable, dict(os.environ))
        spawned.end()
        until_ended(spawned)
        spawned.end()
    finally:
        signal.signal(signal.SIGCHLD, old)


def test_one_that_has_nothing_left_to_import_waits_for_who_is_slow_to_call(tmp_path: Path) -> None:
    spawned = start.Spawned(sys.executable, dict(os.environ))
    process, before = psutil.Process(spawned._pid), 0.0
    while (now := process.cpu_times().user) > before or not now:
        before = now
        time.sleep(0.5)  # it imports
    address.listen(spawned, tmp_path / "one.sock", 0, modules=[])
    while not (tmp_path / "one.sock").exists():
        assert not spawned.has_ended()
        time.sleep(0.01)
    time.sleep(0.5)
    channel = address.call(tmp_path / "one.sock")
    assert channel is not None
    channel.close()
    until_ended(spawned)
    assert spawned.said() == ""
    spawned.let_go()


def test_what_a_parent_says_when_it_cannot_start_is_told(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'no such library' >&2\nexit 3\n")
    broken.chmod(0o755)
    with pytest.raises(RunError, match="the warm parent does not start: no such library"):
        connect.connect(str(broken), [], os.environ, 0)
    with pytest.raises(RunError, match="the warm parent does not start"):
        connect.connect(str(tmp_path / "nothing"), [], os.environ, 0)


def test_only_what_may_matter_keeps_two_environments_apart() -> None:
    one = {"A": "1", "TERM": "dumb", "MLOPS_JLAB_STORE": "/s"}
    assert start.lasting(one) == start.lasting({"A": "1", "COLUMNS": "80"}) == {"A": "1"}
    here = address.socket_of("python", ["numpy"], start.lasting(one))
    assert here == address.socket_of("python", ["numpy"], {"A": "1"})
    assert here != address.socket_of("python", ["numpy"], {"A": "2"})
    assert here != address.socket_of("python", ["pandas"], {"A": "1"})
    asked = "from mlops_jlab.processes.client import address; print(address.socket_of('python', ['numpy'], {'A': '1'}))"
    for words, same in ((["nice", "-n", "3"], False), (["prlimit", "--nofile=99"], False), ([], True)):
        said = subprocess.run(
            [*words, sys.executable, "-c", asked], capture_output=True, text=True, check=True
        )
        assert (said.stdout.strip() == str(here)) is same


def test_nothing_is_imported_beforehand_below_what_imports_change_too() -> None:
    above, below = "import numpy as np", "import warnings\nwarnings.filterwarnings('ignore')\nimport pandas"
    assert wanted.modules_of([above, below]) == ["numpy", "warnings"]
    assert wanted.matters_to_imports([above, below])
    assert not wanted.matters_to_imports([above, "import warnings\nwarnings.warn('x')"])
    assert wanted.matters_to_imports(["from warnings import simplefilter"])
    assert wanted.modules_of(["import random", "random.seed(1)\nimport rich"]) == ["random"]
    assert not wanted.matters_to_imports(["np.random.seed(1)", "from random import randint"])


_LATE = """
import os, select, socket, sys
from pathlib import Path
from mlops_jlab.processes.parent import serve
from mlops_jlab.processes.protocol import Receiver, send

path = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listener.bind(path)
listener.listen(8)
order = {"path": path, "linger": 0, "modules": [], "place": serve._identity(Path(path))}
parent = serve.Parent(listener, order)
parent._missing, parent._unfit, parent._commands = [], "so that nothing is forked", True
caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
look, called = parent._selector.select, []

def late(wait):
    if called and caller.fileno() >= 0 and select.select([caller], [], [], 0)[0]:
        print(*Receiver(caller).read())
        caller.close()
    found = look(wait)
    if not found and not called:  # somebody calls after it has looked for the last time
        called.append(caller.connect(path))
        send(caller, {"id": 7, "fds": 0})
    return found

parent._selector.select = late
parent.serve()
print(os.path.exists(path))
"""


def test_who_calls_in_the_moment_in_which_it_ends_is_answered(tmp_path: Path) -> None:
    """Under load that moment is long: its run failed, as the parent had ended before it could fork."""
    done = subprocess.run(
        [sys.executable, "-c", _LATE, str(tmp_path / "one.sock")], capture_output=True, text=True, timeout=120
    )
    assert "'forked': 7" in done.stdout, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("False")


def test_one_that_ends_leaves_the_socket_of_the_next_one(tmp_path: Path) -> None:
    spawned = start.Spawned(sys.executable, dict(os.environ))
    path = tmp_path / "one.sock"
    address.listen(spawned, path, 0, modules=[])
    channel = address.wait_and_call(spawned, path)
    assert channel is not None
    path.unlink()  # as who finds it stopped does, before it starts another one, and as early as can be
    path.touch()
    channel.close()
    until_ended(spawned)
    assert path.exists()
    spawned.let_go()
