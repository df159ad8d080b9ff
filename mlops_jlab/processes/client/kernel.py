"""The runner's side of an ordinary kernel: start it, speak to it, end it."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import zmq
from jupyter_client.manager import KernelManager

from mlops_jlab.processes.spare.kernels import KernelsAhead, provide

ATTEND = "__import__('mlops_jlab.processes.kernel', fromlist=['attend']).attend()"
_START_LIMIT = 60.0  # seconds
_TRIES = 3


def use_ipc(manager: Any) -> None:
    """Sockets in the user's runtime folder: no ports, so no race for them (papermill 511).

    The path is ours because jupyter_client's default is relative to the working directory. Where
    it would be longer than a socket's may be, and on Windows, TCP stays.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    path = os.path.join(jupyter_runtime_dir(), f"mlops-{secrets.token_hex(8)}")
    if sys.platform != "win32" and len(path) < 100:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        manager.transport = "ipc"
        manager.ip = path


class LocalKernel:
    """A kernel that this process has started, and is the only one to speak to. :meth:`shut_down` ends it.

    Raises:
        RuntimeError: it does not start.
        OSError: neither does its process.
    """

    def __init__(
        self, name: str, environment: Mapping[str, str], folder: Path, log: BinaryIO,
        ahead: KernelsAhead | None,
    ) -> None:  # fmt: skip
        for attempt in range(1, _TRIES + 1):
            self._manager: Any = KernelManager(kernel_name=name)
            use_ipc(self._manager)
            provide(self._manager, ahead)
            try:
                self._manager.start_kernel(
                    extra_arguments=["--HistoryManager.hist_file=:memory:"], env=dict(environment),
                    cwd=str(folder), stdout=log, stderr=log,
                )  # fmt: skip
                self._client = self._manager.client()
                self._client.start_channels()
                self._client.wait_for_ready(timeout=_START_LIMIT)
            except RuntimeError:
                self.shut_down(now=True)
                if attempt == _TRIES:
                    raise
            else:
                break
        self._client.allow_stdin = False
        self._channels = {"shell": self._client.shell_channel, "iopub": self._client.iopub_channel}
        self._poller = zmq.Poller()
        for channel in self._channels.values():
            self._poller.register(channel.socket, zmq.POLLIN)

    @property
    def process(self) -> Any:
        """The kernel's process, as ``subprocess.Popen`` shows it."""
        return self._manager.provisioner.process

    def execute(self, source: str, *, silent: bool = False) -> str:
        """Sends a cell; the name of the request."""
        return str(self._client.execute(source, silent=silent, store_history=not silent, stop_on_error=False))

    def send(self, kind: str, content: Mapping[str, Any]) -> str:
        """Sends any other request; its name."""
        message = self._client.session.msg(kind, dict(content))
        self._client.shell_channel.send(message)
        return str(message["header"]["msg_id"])

    def messages(self, limit: float) -> Iterator[tuple[str, dict[str, Any]]]:
        """What has come, each with its channel; after ``limit`` seconds nothing."""
        ready = dict(self._poller.poll(int(limit * 1000)))
        for name, channel in self._channels.items():
            if channel.socket in ready:
                while channel.msg_ready():
                    yield name, channel.get_msg(timeout=1)

    def shut_down(self, *, now: bool = False) -> None:
        """Asks it to end, and ends it if it does not."""
        client = getattr(self, "_client", None)
        if self._manager.provisioner is not None and self._manager.has_kernel:
            self._manager.shutdown_kernel(now=now)
        if client is not None:
            client.stop_channels()
