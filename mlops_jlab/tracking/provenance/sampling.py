"""Looks now and then at what runs take of the machine: from one thread of this process, at their processes.

Memory is that of the first processes, and what those below them hold for themselves. A look is dear where
there are many processes, so it never takes more than half a percent of a core; and the longer a run goes on,
the seldomer it is looked at: an hour has some 850 samples, a day some 1,400.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from mlops_jlab import usage
from mlops_jlab.entities.runs import Sample
from mlops_jlab.tracking.live import LiveRun
from mlops_jlab.tracking.provenance.machine import nvidia

FIRST = 0.5  # seconds between two looks at the beginning
SOME = 120  # looks after which it is twice as long
_SHARE = 200  # a look of one second is followed by a pause of so many
_GATHER = 2.0  # seconds for which samples are gathered before they are kept
_CARDS = 10.0  # seconds between two questions about graphics cards, which start a process


@dataclass
class _Watched:
    """One run that is looked at, and what was seen of its processes."""

    run: LiveRun
    processes: Callable[[], Sequence[int]]
    due: float
    pause: float = FIRST
    looks: int = 0
    kept: float = 0.0
    samples: list[Sample] = field(default_factory=list)
    used: dict[int, float] = field(default_factory=dict)  # processor seconds by process
    clock: float = 0.0

    def look(self, cards: tuple[float | None, int | None]) -> None:
        """Takes a sample, and says when the next one is due."""
        begun, clock = time.thread_time(), time.monotonic()
        first = self.processes()
        used, memory = measured(first)
        if used and self.used:
            # One of the first may be old when it begins to work for the run; one below them is new.
            before = {pid: used[pid] for pid in first if pid in used} | self.used
            busy = sum(max(now - before.get(pid, 0.0), 0.0) for pid, now in used.items())
            cpu = busy / max(clock - self.clock, 0.001)
            self.samples.append(Sample(round(time.time(), 3), round(cpu, 3), memory, *cards))
        dear = (time.thread_time() - begun) * _SHARE if self.used else 0.0
        self.used, self.clock = used, clock
        self.looks += 1
        if self.looks % SOME == 0:
            self.pause *= 2
        self.due = clock + max(self.pause, dear)

    def keep(self) -> None:
        """Hands on what was gathered."""
        if self.samples:
            self.run.add_samples(self.samples)
            self.samples = []
        self.kept = time.monotonic()


def measured(pids: Sequence[int]) -> tuple[dict[int, float], int]:
    """Of processes and all below them: the processor seconds of each that lives, and their bytes together."""
    used: dict[int, float] = {}
    memory = 0
    for pid in pids:
        with suppress(psutil.Error, OSError):
            first = psutil.Process(pid)
            memory += first.memory_info().rss
            used[pid] = _seconds(first)
            for below in _below(first):
                with suppress(psutil.Error, OSError):
                    used[below.pid] = _seconds(below)
                    memory += below.memory_full_info().uss
    return used, memory


def _below(process: psutil.Process) -> Iterator[psutil.Process]:
    """The processes below it. Elsewhere than on Linux all that the machine has are looked through."""
    if sys.platform != "linux":
        yield from process.children(recursive=True)
        return
    for pid in usage.below(process.pid):
        with suppress(psutil.Error):
            yield psutil.Process(pid)


def _seconds(process: Any) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def cards() -> tuple[float | None, int | None]:
    """How busy graphics cards are, from 0 to 1, and the bytes in use on all together; nothing without one."""
    busy, memory = [], 0
    for line in nvidia("--query-gpu=utilization.gpu,memory.used"):
        with suppress(ValueError):
            share, used = (text.split()[0] for text in line.split(","))
            memory += int(used) << 20
            busy.append(int(share) / 100)
    return (round(sum(busy) / len(busy), 3), memory) if busy else (None, None)


class Sampler:
    """The thread of one process, which is there while a run is watched."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._watched: dict[str, _Watched] = {}
        self._thread: threading.Thread | None = None
        self._cards: tuple[float | None, int | None] = (None, None)
        self._asked = 0.0
        self._has_cards = True  # until nobody has answered

    def watch(self, run: LiveRun, processes: Callable[[], Sequence[int]]) -> None:
        """From now on the run is sampled; ``processes`` gives those that work for it now."""
        with self._changed:
            self._watched[run.id] = _Watched(run, processes, time.monotonic())
            if self._thread is None:
                self._thread = threading.Thread(target=self._go, name="mlops-jlab sampler", daemon=True)
                self._thread.start()
            self._changed.notify()

    def leave(self, run: LiveRun) -> None:
        """The run is about to end: what was gathered is kept."""
        with self._changed:
            watched = self._watched.pop(run.id, None)
            self._changed.notify()
        if watched is not None:
            watched.keep()

    def _go(self) -> None:
        while True:
            with self._changed:
                if not self._watched:
                    self._thread = None
                    return
                due = min(one.due for one in self._watched.values())
                if (wait := due - time.monotonic()) > 0:
                    self._changed.wait(wait)
                now = time.monotonic()
                ready = [one for one in self._watched.values() if one.due <= now]
            for one in ready:
                one.look(self._of_cards(now))
                if now - one.kept >= _GATHER:
                    one.keep()

    def _of_cards(self, now: float) -> tuple[float | None, int | None]:
        if self._has_cards and now - self._asked >= _CARDS:
            self._asked = now
            self._cards = cards()
            self._has_cards = self._cards[0] is not None
        return self._cards


_sampler = Sampler()


def watch(run: LiveRun, processes: Callable[[], Sequence[int]]) -> None:
    """Samples a run until :func:`leave`; ``processes`` gives those that work for it now."""
    _sampler.watch(run, processes)


def watch_this_process(run: LiveRun) -> None:
    """Samples a run that this process works for."""
    pid = os.getpid()
    _sampler.watch(run, lambda: (pid,))


def leave(run: LiveRun) -> None:
    """Ends the sampling of a run."""
    _sampler.leave(run)


def _in_child() -> None:
    """A forked child has no such thread, and its parent's runs are none of its own."""
    global _sampler
    _sampler = Sampler()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
