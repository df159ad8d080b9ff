"""Which process this is, and whether another one is still alive."""

from __future__ import annotations

import os
import socket
from functools import cache
from pathlib import Path

from mlops_jlab.entities.runs import ProcessIdentity


def this_process() -> ProcessIdentity:
    """The identity of the calling process."""
    return _identity(os.getpid())


@cache
def _identity(pid: int) -> ProcessIdentity:
    return ProcessIdentity(pid, _started(pid), _boot(), socket.gethostname())


def account() -> str:
    """The name of the account whose rights this process has."""
    if not hasattr(os, "geteuid"):
        return os.getlogin()
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return f"uid {os.geteuid()}"


def is_alive(process: ProcessIdentity) -> bool | None:
    """Whether the process still runs; nothing if it is one of another machine."""
    if process.host != socket.gethostname():
        return None
    if process.boot != _boot():
        return False
    return _started(process.pid) == process.started


def _boot() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        import psutil

        try:
            return str(int(psutil.boot_time()))
        except (OSError, RuntimeError):  # a system that tells nothing, such as one without /proc
            return ""


def _started(pid: int) -> str:
    """When the process started, or nothing if there is none (a zombie is none)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return "" if fields[0] in "ZX" else fields[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    except OSError:
        return ""
    import psutil

    try:
        return str(psutil.Process(pid).create_time())
    except psutil.NoSuchProcess:
        return ""
    except OSError:
        return _is_there(pid)


def _is_there(pid: int) -> str:
    """All that can be known of a process without /proc: whether there is one of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return "there"
