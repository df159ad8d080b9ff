"""A kernel provisioner whose kernels are forked from a warm parent: an extension point of jupyter_client.

papermill and nbclient use it unchanged where ``JUPYTER_DEFAULT_PROVISIONER_NAME=mlops-jlab-warm`` is set,
or a kernel's specification names it. ``MLOPS_JLAB_WARM`` lists modules that the parent imports.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import LocalProvisioner

from mlops_jlab.errors import RunError
from mlops_jlab.processes.client import connect, start
from mlops_jlab.processes.specs import python_of

MODULES = "MLOPS_JLAB_WARM"
LINGER = 600.0  # seconds; kernels come one by one and from several processes


class WarmProvisioner(LocalProvisioner):  # type: ignore[misc]  # jupyter_client is untyped here
    """Kernels of this machine, forked where that is possible and started where it is not."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        """Forks the kernel, or starts it as ever if it is not an ordinary ipykernel."""
        python = python_of(cmd)
        if not (python and start.is_possible()):
            return await super().launch_kernel(cmd, **kwargs)
        environment = {**(kwargs.get("env") or os.environ)}
        request = {
            "kind": "kernel", "environment": environment, "folder": os.path.abspath(kwargs.get("cwd") or ""),
            "connection": cmd[cmd.index("-f") + 1],
        }  # fmt: skip
        parent = None
        with suppress(RunError):
            parent = connect.connect(python, environment.get(MODULES, "").split(), environment, LINGER)
        if parent is None:
            return await super().launch_kernel(cmd, **kwargs)
        self._parent = parent
        files = [os.dup(fd) for fd in (_fd_of(kwargs.get("stdout"), 1), _fd_of(kwargs.get("stderr"), 2))]
        try:
            self.process = parent.fork(request, files)
        finally:
            for fd in files:
                os.close(fd)
        self.pid = self.pgid = self.process.pid
        return self.connection_info

    async def cleanup(self, restart: bool = False) -> None:
        """The kernel is gone: lets its parent go."""
        parent = getattr(self, "_parent", None)
        if parent is not None:
            parent.close()
        await super().cleanup(restart)


def _fd_of(file: Any, default: int) -> int:
    number = file.fileno() if hasattr(file, "fileno") else file
    return number if isinstance(number, int) and number >= 0 else default
