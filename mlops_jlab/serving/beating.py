"""The pulse of the service in this process and its children is taken, in a thread of its own."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psutil

from mlops_jlab.serving import pulse
from mlops_jlab.serving.counting import Counted
from mlops_jlab.serving.pulse import Beat, Begun
from mlops_jlab.serving.setup import Setup
from mlops_jlab.telling import tell

_PAUSE = 5.0  # seconds between two beats


class Pulse:
    """Takes a beat at once, every few seconds, and a last one at the end. ``counted`` is over all processes.

    No service ends or waits because its pulse cannot be written.
    """

    def __init__(
        self, setup: Setup, url: str, processes: int, counted: Callable[[], Counted], pause: float = _PAUSE
    ) -> None:
        self._setup, self._counted, self._pause = setup, counted, pause
        watch = setup.watch()
        begun = Begun(
            setup.model, setup.address, url, os.getpid(), processes, time.time(),
            log=str(setup.log or ""), trial=watch.kind if watch else "",
            candidate=watch.candidate.version if watch else 0, share=setup.share,
        )  # fmt: skip
        self._record = pulse.Record(setup.place, begun)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mlops-jlab-pulse", daemon=True)

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self, patience: float = 10.0) -> None:
        """Takes a last beat."""
        self._stopped.set()
        self._thread.join(patience)

    def _run(self) -> None:
        pulse.tidy(self._setup.place, time.time())
        self._take()
        while not self._stopped.wait(self._pause):
            self._take()
        self._take()
        self._record.close()

    def _take(self) -> None:
        try:
            self._record.add(self._beat())
        except Exception as error:  # a full disk, a process that has just died: the service goes on
            tell(f"how the service does cannot be noted: {error}")

    def _beat(self) -> Beat:
        found, setup = self._counted(), self._setup
        cpu, memory = _used()
        return Beat(
            round(time.time(), 3), self._version(), found.outcomes.get("ok", 0),
            found.outcomes.get("refused", 0), found.outcomes.get("failed", 0), found.rows, found.lost,
            found.busy, found.behind, memory, found.seconds, cpu, found.events, setup.going.exists(),
            _standing(setup),
        )  # fmt: skip

    def _version(self) -> int:
        with suppress(OSError, ValueError):
            return int(self._setup.answering.read_text("utf-8").rpartition("/")[2])
        return 0


def _standing(setup: Setup) -> dict[str, Any] | None:
    """How the trial stands, as far as it was judged."""
    with suppress(OSError, ValueError):
        found: dict[str, Any] = json.loads(setup.standing.read_text("utf-8"))
        return found
    return None


def _used() -> tuple[dict[str, float], int]:
    """The processor's seconds of this process and each of its children, and the bytes of all of them."""
    own = psutil.Process()
    cpu: dict[str, float] = {}
    memory = 0
    for process in (own, *own.children()):
        with suppress(psutil.Error):
            times = process.cpu_times()
            cpu[str(process.pid)] = round(times.user + times.system, 3)
            memory += process.memory_info().rss
    return cpu, memory
