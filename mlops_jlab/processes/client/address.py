"""Where a warm parent listens, who may share one, and how one is called: all that is light to import.

Two processes share a warm parent if whatever an import, or an answer, may depend on is the same for both.
"""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
import struct
import sys
import sysconfig
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_jlab.errors import RunError
from mlops_jlab.processes.client import start
from mlops_jlab.processes.client.start import Spawned
from mlops_jlab.store import locks

START_LIMIT = 60.0  # seconds until a parent listens
_NAMESPACES = ("cgroup", "ipc", "mnt", "net", "pid", "user", "uts")


def socket_of(python: str, purpose: Sequence[str], kept: Mapping[str, str]) -> Path:
    """Where the parent listens that was started for ``purpose`` in a lasting environment such as this one.

    The name changes with the interpreter, the packages, the environment, and what the system grants.
    """
    places = {sysconfig.get_paths()[name] for name in ("purelib", "platlib")}
    times = [os.stat(place).st_mtime_ns for place in sorted(places)]
    facts = [python, sys.version, times, list(purpose), dict(kept), _own_code(), _circumstances()]
    name = hashlib.sha256(json.dumps(facts).encode("utf-8", "surrogateescape")).hexdigest()[:20]
    return folder() / f"{name}.sock"


def folder() -> Path:
    """Where the sockets lie: a folder that nobody else can enter.

    Raises:
        UnsafeFolder: it belongs to somebody else, is a link, or others may enter it.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    found = Path(jupyter_runtime_dir()) / "mlops-jlab"
    found.mkdir(parents=True, exist_ok=True, mode=0o700)
    about = found.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
        raise UnsafeFolder(
            f"{found} is not a folder of this user, so what listens in it is not to be trusted",
            hint="remove it, or set JUPYTER_RUNTIME_DIR to a folder of your own; --cold needs none",
        )
    if about.st_mode & 0o077:
        raise UnsafeFolder(
            f"others may enter {found}, and could stand in for the processes that listen there",
            hint=f"chmod 700 {found}, after a look at who has written there",
        )
    return found


class UnsafeFolder(RunError):
    """The folder of sockets is open to others."""


def call(path: Path) -> socket.socket | None:
    """A connection to the parent that listens there, if any does."""
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        place = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            # The folder by its number: the name of a socket may have some hundred characters only.
            channel.connect(f"/proc/self/fd/{place}/{path.name}")
        finally:
            os.close(place)
        if _is_fit(channel):
            return channel
    except OSError:
        pass
    channel.close()
    return None


def _is_fit(channel: socket.socket) -> bool:
    """Whether the process at the other end is this user's, and has not been stopped by a signal."""
    pid, user, _group = _peer(channel)
    return user == os.geteuid() and not locks.is_stopped(pid)


def _peer(channel: socket.socket) -> tuple[int, int, int]:
    size = struct.calcsize("3i")
    credentials = channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
    found: tuple[int, int, int] = struct.unpack("3i", credentials)
    return found


def pid_of(channel: socket.socket) -> int:
    """The process that listens at the other end; 0 if the system does not say."""
    try:
        return _peer(channel)[0]
    except OSError:
        return 0


def _own_code() -> list[int]:
    """When our own modules changed last, which matters to those who work on them."""
    package = Path(__file__).parents[2]
    found = os.walk(package)
    return sorted(os.stat(os.path.join(place, name)).st_mtime_ns for place, _folders, names in found
                  for name in names if name.endswith(".py"))  # fmt: skip


def _circumstances() -> list[Any]:
    """What a process has from the one that started it, and keeps: limits, rights, containers."""
    found: list[Any] = [os.getresuid(), os.getresgid(), sorted(os.getgroups())]
    found += [os.getpriority(os.PRIO_PROCESS, 0), sorted(os.sched_getaffinity(0))]
    with suppress(OSError):
        status = Path("/proc/self/status").read_text("utf-8").splitlines()
        found += [line for line in status if line.startswith(("Umask", "Seccomp", "CapEff", "NoNewPrivs"))]
    for name in _NAMESPACES:
        with suppress(OSError):
            found.append(os.readlink(f"/proc/self/ns/{name}"))
    for name in ("cgroup", "limits", "oom_score_adj"):
        with suppress(OSError):
            found.append(Path("/proc/self", name).read_text("utf-8"))
    return found


def listen(spawned: Spawned, path: Path, linger: float, **purpose: Any) -> None:
    """Tells a parent where to listen, and for how many seconds to stay when nobody is there any more.

    ``purpose`` is either ``modules``, which are imported for steps, or ``command``, a module that imports
    all that commands need which are handed over.
    """
    order = {"path": str(path), "linger": linger, **purpose}
    spawned.tell(json.dumps(order).encode("utf-8", "surrogatepass") + b"\n")


def import_soon(modules: Sequence[str]) -> None:
    """The run that is about to begin may need these: a parent that was started early imports them."""
    parent = start.early()
    if parent is not None:
        parent.tell(json.dumps({"soon": list(modules)}).encode("utf-8", "surrogatepass") + b"\n")


def wait_and_call(spawned: Spawned, path: Path) -> socket.socket | None:
    """A connection to a parent that has been told to listen; nothing if it does not start."""
    deadline = time.monotonic() + START_LIMIT
    while (channel := call(path)) is None:
        if spawned.has_ended() or time.monotonic() > deadline:
            return None
        time.sleep(0.002)
    return channel
