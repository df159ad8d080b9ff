"""A process that a warm parent forked, as the runner sees it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import suppress


class Process:
    """A process that a warm parent forked: as ``subprocess.Popen`` shows it, as far as anybody asks."""

    stdin = stdout = stderr = None

    def __init__(self) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self.memory = 0  # peak, in bytes; known at the end
        self.unfit = ""  # the module for which the parent cannot fork
        self.forked = threading.Event()
        self.ended = threading.Event()

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or nothing while it lives."""
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the end.

        Raises:
            subprocess.TimeoutExpired: it still lives after ``timeout`` seconds.
        """
        if not self.ended.wait(timeout):
            raise subprocess.TimeoutExpired("step", timeout or 0)
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Signals the process and all in its group."""
        if self.pid and self.returncode is None:
            with suppress(OSError):
                os.killpg(self.pid, number)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it."""
        self.send_signal(signal.SIGKILL)

    def note_end(self, code: int, memory: int = 0) -> None:
        """It has ended."""
        self.returncode, self.memory = code, memory
        self.forked.set()
        self.ended.set()
