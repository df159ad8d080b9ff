"""Ordinary kernels that were started before anybody asked for one: where processes cannot be forked."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.launcher import launch_kernel
from jupyter_client.provisioning import LocalProvisioner

from mlops_jlab.processes.specs import python_of

# Modules beside a notebook must not stand in for those of the library, and -P would show in the kernel.
_BEGIN = """import sys
sys.path[:] = filter(None, sys.path)
from mlops_jlab.processes.spare import waiting
sys.exit(waiting.main())"""
# The same for a kernel that begins at once, in an environment that may not have this package.
_AT_ONCE = """import sys
sys.path[:] = filter(None, sys.path)
import ipykernel_launcher
from ipykernel.kernelapp import IPKernelApp
try:
    import mlops_jlab.handoff.session, mlops_jlab.magics.loading, mlops_jlab.processes.kernel
except ImportError:
    pass
sys.argv[0] = ipykernel_launcher.__file__
IPKernelApp.launch_instance()"""


class KernelsAhead:
    """Processes that wait to become kernels, of one interpreter and with the environment of one run."""

    def __init__(self, python: str, environment: Mapping[str, str]) -> None:
        self.python = python
        self._environment = dict(environment)
        self._waiting: deque[subprocess.Popen[bytes]] = deque()
        self._lock = threading.Lock()
        self._closed = False

    def expect(self, count: int) -> None:
        """So many steps are going to ask soon: starts what is missing."""
        with self._lock:
            while len(self._waiting) < count and not self._closed:
                process = launch_kernel(
                    [self.python, "-c", _BEGIN, "mlops_jlab.processes.spare.waiting"], stdin=subprocess.PIPE,
                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(self._environment),
                )  # fmt: skip
                self._waiting.append(process)

    def take(self, order: Mapping[str, Any]) -> subprocess.Popen[bytes] | None:
        """A process that becomes the kernel that ``order`` describes, if one is waiting.

        See :mod:`mlops_jlab.processes.spare.waiting` for ``order``.
        """
        while True:
            with self._lock:
                process = self._waiting.popleft() if self._waiting else None
            if process is None:
                return None
            stdin = process.stdin
            with suppress(OSError):
                if stdin is not None and process.poll() is None:
                    stdin.write(json.dumps(order).encode() + b"\n")
                    stdin.close()
                    return process
            process.kill()
            process.wait()

    def close(self) -> None:
        """Ends those that nobody asked for."""
        with self._lock:
            self._closed = True
            left = list(self._waiting)
            self._waiting.clear()
        for process in left:
            if process.stdin is not None:
                process.stdin.close()
            process.kill()
            process.wait()


def provide(manager: Any, ahead: KernelsAhead | None) -> None:
    """Lets the kernel of ``manager`` come from ``ahead``, or begin as those do, if it is an ordinary one."""
    spec = manager.kernel_spec
    if python_of(spec.argv) and not spec.metadata.get("kernel_provisioner"):
        manager.provisioner = AheadProvisioner(kernel_id=manager.kernel_id, kernel_spec=spec, parent=manager)
        manager.provisioner.ahead = ahead


class AheadProvisioner(LocalProvisioner):  # type: ignore[misc]  # jupyter_client is untyped here
    """Takes the kernel's process from those that wait, and starts one where there is none."""

    ahead: KernelsAhead | None = None

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """The connection file is written by now; the last two words of the command name it."""
        process = None
        log = _path_of(kwargs.get("stdout"))
        if self.ahead is not None and log and python_of(cmd) == self.ahead.python:
            process = self.ahead.take({
                "environment": dict(kwargs.get("env") or os.environ),
                "folder": str(kwargs.get("cwd") or os.getcwd()),
                "arguments": cmd[cmd.index("-f") :], "log": log,
            })  # fmt: skip
        if process is None:
            if python_of(cmd):
                first = cmd.index("-m")
                cmd = [*cmd[:first], "-c", _AT_ONCE, *cmd[first + 2 :]]
            return await super().launch_kernel(cmd, **kwargs)
        self.process = process
        self.pid = process.pid
        with suppress(OSError, AttributeError):
            self.pgid = os.getpgid(process.pid)
        self.cwd = kwargs.get("cwd")
        return self.connection_info


def _path_of(file: Any) -> str:
    """Where another process opens the file, or nothing where a pipe has no such place."""
    name = getattr(file, "name", os.devnull)
    if isinstance(name, str):
        return name
    place = f"/proc/{os.getpid()}/fd/{file.fileno()}"
    return place if os.path.exists(place) else ""
