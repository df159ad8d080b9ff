"""A controller and a node of Slurm on this machine, for nobody else, run the chain of jobs."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.conftest import WANTED, Project

_CONFIG = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={one}
SlurmdPort={two}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=bf_interval=2,sched_interval=2
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


def _port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def slurm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    if not shutil.which("slurmctld") or os.getuid():
        pytest.skip("Slurm is not installed, or this is not root")
    folder = tmp_path_factory.mktemp("slurm")
    for path in (folder, *folder.parents):
        if path.owner() == "root" and path.stat().st_mode & 0o001 == 0 and path != Path("/root"):
            path.chmod(path.stat().st_mode | 0o011)
    (folder / "munge.key").write_bytes(secrets.token_bytes(128))
    (folder / "munge.key").chmod(0o400)
    (folder / "state").mkdir()
    config = folder / "slurm.conf"
    host = socket.gethostname().partition(".")[0]
    config.write_text(_CONFIG.format(folder=folder, host=host, one=_port(), two=_port()))
    environment = {**os.environ, "SLURM_CONF": str(config)}
    munge = ["munged", "--foreground", "--force", f"--key-file={folder}/munge.key", f"--socket={folder}/munge.socket",
             f"--pid-file={folder}/munge.pid", f"--log-file={folder}/munge.log", f"--seed-file={folder}/munge.seed"]  # fmt: skip
    started = []
    with (folder / "log").open("wb") as log:
        for command in (munge, ["slurmctld", "-D"], ["slurmd", "-D"]):
            started.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
            time.sleep(2)
        try:
            yield environment
        finally:
            for process in reversed(started):
                process.terminate()
                process.wait(20)


def _wait(environment: dict[str, str], seconds: float = 240) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        queue = subprocess.run(["squeue", "-h"], env=environment, capture_output=True, text=True, check=True)
        if not queue.stdout.strip():
            return
        time.sleep(1)
    raise AssertionError(queue.stdout)


def test_the_chain_gives_the_answer_and_goes_on_where_it_failed(
    project: Project, slurm: dict[str, str]
) -> None:
    out = project.export("slurm")
    load = next((out / "pipeline" / "steps").glob("*-load.ipynb"))
    good = load.read_text()
    load.write_text(good.replace("data = list", "1 / 0\\ndata = list"))
    subprocess.run([str(out / "submit.sh"), "one"], env=slurm, check=True)
    _wait(slurm)
    logs = {path.name.rpartition("-")[0] for path in (out / "logs").iterdir()}
    assert logs == {"nb-load"}  # the others were cancelled and never began
    load.write_text(good)
    done = subprocess.run(
        [str(out / "submit.sh"), "one"], env=slurm, check=True, capture_output=True, text=True
    )
    assert done.stdout.count(": job ") == 4
    _wait(slurm)
    assert project.answer(out / "store") == WANTED
    whole = project.imported(out / "store")
    assert (whole["status"], whole["metrics"]["a"]["latest"]) == ("finished", 2.5)
