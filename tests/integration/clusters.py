"""A Dask cluster of processes, for tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Cluster:
    """A scheduler and two workers, as processes of their own, each with its own working directory."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None) -> None:
        self.folder = folder
        self.environment = {
            **os.environ, "DASK_DISTRIBUTED__ADMIN__TICK__LIMIT": "60s",
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1", "DASK_TEMPORARY_DIRECTORY": str(folder),
            **(environment or {}),
        }  # fmt: skip
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"dask://127.0.0.1:{port}"
        self.scheduler = self._start(
            "scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"
        )
        self.workers: list[subprocess.Popen[bytes]] = []
        self._port = port

    def add_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Starts a worker without a nanny, so that a killed one stays dead."""
        worker = self._start(
            "worker", f"127.0.0.1:{self._port}", "--no-nanny", "--nthreads", "1", "--no-dashboard",
            "--name", f"w{len(self.workers)}", *options,
        )  # fmt: skip
        self.workers.append(worker)
        return worker

    def _start(self, kind: str, *options: str) -> subprocess.Popen[bytes]:
        folder = self.folder / f"{kind}-{time.monotonic_ns()}"
        folder.mkdir(parents=True)
        with (folder / "log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "distributed.cli.dask_" + kind, *options],
                cwd=folder, env=self.environment, stdout=log, stderr=log,
            )  # fmt: skip

    def wait(self, count: int) -> None:
        """Waits until so many workers are there."""
        with self.client() as client:
            client.wait_for_workers(count, timeout=60)

    def client(self) -> Any:
        """A client of the scheduler."""
        from distributed import Client

        return Client(self.address.replace("dask", "tcp"), set_as_default=False)

    def close(self) -> None:
        """Ends all processes."""
        for process in [*self.workers, self.scheduler]:
            process.kill()
            process.wait()


@contextmanager
def two_workers(folder: Path, *options: str, environment: dict[str, str] | None = None) -> Iterator[Cluster]:
    """A cluster whose two workers are there, and gone afterwards."""
    made = Cluster(folder, environment)
    try:
        for _ in range(2):
            made.add_worker(*options)
        made.wait(2)
        yield made
    finally:
        made.close()
