"""The worker: a loop over the tick, with a few processes at once, that sleeps when nothing is due."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from mlops_jlab.errors import MlopsError
from mlops_jlab.retraining import ticking
from mlops_jlab.retraining.ticking import Claimed
from mlops_jlab.scheduling import due
from mlops_jlab.store import opening, scheduling
from mlops_jlab.store.location import Place
from mlops_jlab.store.watching import StoreWatch

_LOOK = 1.0  # seconds between two looks at whether schedules or data have changed
_DATA = 10.0  # seconds between two looks at data
_LONGEST = 60.0  # seconds after which it is looked in any case, as for claims that dead workers left


class Worker:
    """Starts what is due, at most ``slots`` at once. ``told`` hears of each firing that begins."""

    def __init__(self, place: Place, slots: int, told: Callable[[str], None] = lambda _line: None) -> None:
        self._place = place
        self._slots = max(1, slots)
        self._told = told
        self._running: dict[subprocess.Popen[bytes], Claimed] = {}
        self._stop = threading.Event()
        self._next = 0.0

    def stop(self) -> None:
        """Lets :meth:`work` return soon; what runs goes on, and writes down how it ends."""
        self._stop.set()

    def wait(self) -> None:
        """Waits until what it has started is over."""
        for process in self._running:
            process.wait()

    @property
    def busy(self) -> int:
        """How many runs are going on."""
        return sum(process.poll() is None for process in self._running)

    def work(self) -> None:
        """Works until it is stopped."""
        watch = StoreWatch(self._place.root)
        try:
            while not self._stop.is_set():
                freed = self._collect()
                if watch.changed() or freed or time.time() >= self._next:
                    self._tick()
                self._stop.wait(_LOOK)
        finally:
            watch.close()

    def _collect(self) -> bool:
        """Whether any process has ended. The claim of one that could not even begin is given up."""
        ended = [process for process in self._running if process.poll() is not None]
        for process in ended:
            claimed = self._running.pop(process)
            if process.returncode:
                with suppress(MlopsError), opening.writing(self._place) as connection:
                    scheduling.let_go(connection, claimed.firing)
        return bool(ended)

    def _tick(self) -> None:
        free = self._slots - len(self._running)
        try:
            if free > 0:
                for claimed in ticking.claim_all(self._place, time.time(), free, self._stop.is_set):
                    self._running[ticking.start(self._place, claimed)] = claimed
                    self._told(f"{claimed.schedule.name}: {claimed.firing.steps[0].why}")
            self._next = self._when_next(free)
        except MlopsError as error:  # such as a store that is locked: the next look will tell
            self._told(f"error: {error.message}")
            self._next = time.time() + _LOOK * 5

    def _when_next(self, free: int) -> float:
        """When something may be due again."""
        now = time.time()
        if len(self._running) >= self._slots and free > 0:
            return now  # more may be due: as soon as a slot is free
        soonest = now + _LONGEST
        if not opening.exists(self._place):
            return soonest
        with opening.reading(self._place) as connection:
            active = scheduling.schedules(connection, active=True)
        moment = datetime.fromtimestamp(now, UTC)
        for schedule in active:
            if schedule.on_data or schedule.on_drift:
                soonest = min(soonest, now + _DATA)
            coming = due.upcoming(schedule, moment, 1) if schedule.cron or schedule.every else []
            soonest = min([soonest, *(at.timestamp() for at in coming)])
        return soonest
