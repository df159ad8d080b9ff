"""A fork whose child belongs to whoever takes over orphans, with memory of its own, however it is made."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

SCRIPT = """
import ctypes, json, os, sys, threading
import numpy as np
from mlops_jlab.processes.parent import between

ctypes.CDLL(None).prctl(36, 1)  # orphans are ours
fork = getattr(between, sys.argv[1])
matrix = np.random.default_rng(0).random((300, 300))
wanted = float((matrix @ matrix).sum())
told, count = [], 0

def generation(left):
    read, write = os.pipe()

    def go_on(middle):
        global count
        count += 1
        deep = lambda n: [n] if n == 0 else [n, deep(n - 1)]
        json.dumps(deep(300))
        said = {"count": count, "parent": os.getppid(), "main": threading.main_thread() is threading.current_thread(),
                "same": abs(float((matrix @ matrix).sum()) - wanted) < 1e-6, "others": threading.active_count()}
        below = generation(left - 1) if left else []
        os.write(write, json.dumps([said, *below]).encode())
        os._exit(0)

    made = []
    helper = threading.Thread(target=lambda: made.append(fork(go_on)))
    helper.start()
    helper.join()
    os.close(write)
    answer = json.loads(os.read(read, 65536))
    os.close(read)
    return [{**answer[0], "pid": made[0]}, *answer[1:]]

found = generation(4)
while True:
    try:
        os.wait()
    except ChildProcessError:
        break
print(json.dumps({"found": found, "count": count, "me": os.getpid(), "threads": threading.active_count()}))
"""


@pytest.mark.parametrize("way", ["_beside", "_after", "fork"])
def test_a_fork_goes_on_with_memory_of_its_own(way: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, way], capture_output=True, text=True, check=True, timeout=60
    )
    said = json.loads(done.stdout)
    assert not done.stderr
    assert said["count"] == 0
    assert said["threads"] == 1
    assert [one["count"] for one in said["found"]] == [1, 2, 3, 4, 5]
    assert all(one["main"] and one["same"] and one["others"] == 1 for one in said["found"])


LIMITED = """
import os, resource, threading
from mlops_jlab.processes.parent import between
os.setuid(65534)
resource.setrlimit(resource.RLIMIT_NPROC, (1, 1))
try:
    between._beside(lambda middle: None)
except OSError as error:
    print("no room", error.errno)
"""


def test_no_room_is_an_error() -> None:
    done = subprocess.run([sys.executable, "-c", LIMITED], capture_output=True, text=True, timeout=60)
    if "PermissionError" in done.stderr:
        pytest.skip("only root may become somebody else")
    assert done.stdout.startswith("no room")
