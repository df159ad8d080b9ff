"""Forks of a living process: what they have of it, one after another."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")

# A process that takes over what others leave behind, as a warm parent does, and one in it that is forked.
FORKED = """
import ctypes, os, signal, sys, time
from pathlib import Path
from mlops_jlab.processes.parent import snapshot

ctypes.CDLL(None).prctl(36, 1)
done = Path(sys.argv[1])


def write(name, text):
    (done / f"{name}.part").write_text(text)
    (done / f"{name}.part").rename(done / name)
    os._exit(0)


if os.fork() == 0:
    exec(sys.argv[2])
    snapshot.fork(lambda: write("copy", ""), continues=False)
    snapshot.fork(lambda: write("on", str(eval(sys.argv[3]))), continues=True)
    time.sleep(30)
while not ((done / "copy").exists() and (done / "on").exists()):
    time.sleep(0.01)
os.killpg(0, signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("told", "asked"),
    [
        *[
            (f"signal.setitimer(signal.{name}, 1000)", f"signal.getitimer(signal.{name})[0] > 900")
            for name in ("ITIMER_REAL", "ITIMER_VIRTUAL", "ITIMER_PROF")
        ],
        ("sys.setprofile(lambda *a: None)", "sys.getprofile() is not None"),
        ("sys.settrace(lambda *a: None)", "sys.gettrace() is not None"),
        ("sys.set_coroutine_origin_tracking_depth(3)", "sys.get_coroutine_origin_tracking_depth() == 3"),
        ("ctypes.set_errno(5)", "ctypes.get_errno() == 5"),
        ("import scipy.special as s; s.seterr(loss='raise')", "s.geterr()['loss'] == 'raise'"),
        ("import xgboost as x; x.set_config(verbosity=0)", "x.get_config()['verbosity'] == 0"),
    ],
)
def test_who_goes_on_after_a_copy_was_made_is_told_what_the_process_was_told(
    tmp_path: Path, told: str, asked: str
) -> None:
    words = [sys.executable, "-c", FORKED, str(tmp_path), told, asked]
    subprocess.run(words, timeout=60, check=False, start_new_session=True)
    assert (tmp_path / "on").read_text() == "True"
