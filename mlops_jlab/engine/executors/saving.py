"""What steps made is written down beside those that go on: by the process they ended in, or a copy."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from mlops_jlab.engine.step.attempt import StepShell
from mlops_jlab.engine.step.shell import ProcessEnded
from mlops_jlab.processes import protocol

_HEAD_START = 0.03  # seconds in which the next step may go on first
_NICE = 10
_BEHIND = 6  # steps that may wait before what they made is written down at full speed


@dataclass
class _Job:
    step: str
    shell: StepShell
    leaving: Mapping[str, object]
    added: float = field(default_factory=time.monotonic)
    went_on: threading.Event = field(default_factory=threading.Event)  # a step continues it, or is about to
    is_copy: bool = False
    why: str = ""
    over: threading.Event = field(default_factory=threading.Event)


class Saving:
    """One job after the other, in the order in which the steps ended; ``told`` hears of each.

    ``is_needed`` says whether a process must stay as it is, for a step that will continue it.
    """

    def __init__(self, is_needed: Callable[[StepShell], bool], told: Callable[[str, str], None]) -> None:
        self._is_needed = is_needed
        self._told = told
        self._jobs: dict[str, _Job] = {}
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._pace = threading.Lock()
        self._writes = 0  # the process that writes now, and gives way unless somebody waits
        self._waiters = 0
        self._thread = threading.Thread(target=self._loop, name="saving", daemon=True)
        self._thread.start()

    def add(self, step: str, shell: StepShell, leaving: Mapping[str, object]) -> None:
        """The step ended in this process."""
        job = self._jobs[step] = _Job(step, shell, leaving)
        self._queue.put(job)

    def is_continued(self, shell: StepShell) -> None:
        """A step has gone on from this process: the way is free."""
        for job in list(self._jobs.values()):
            if job.shell is shell:
                job.went_on.set()

    def before_moving(self, shell: StepShell) -> None:
        """The process is going on itself: what it is now has to be caught before that."""
        for job in list(self._jobs.values()):
            if job.shell is not shell or job.over.is_set():
                continue
            with shell.lock:
                if job.over.is_set() or job.is_copy:
                    continue
                copy = shell.copy(pristine=True)
                if not isinstance(copy, protocol.Stays):
                    job.shell, job.is_copy = copy, True
                elif copy.kind == protocol.DEVICE:
                    job.why = copy.why
                else:
                    self._finish(job, shell.save(job.leaving))
            job.went_on.set()

    def is_done(self, shell: StepShell) -> bool:
        """Whether nothing of this process is still to be written down."""
        return all(job.over.is_set() for job in list(self._jobs.values()) if job.shell is shell)

    def wait(self, steps: set[str] | None = None) -> None:
        """Waits until what these steps made is written down, or what all did."""
        with self._waiting():
            for job in list(self._jobs.values()):
                if steps is None or job.step in steps:
                    job.went_on.set()
                    job.over.wait()

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        """Within it, what is written down does not give way to steps."""
        with self._pace:
            self._waiters += 1
            if self._writes:
                _hurry(self._writes)
        try:
            yield
        finally:
            with self._pace:
                self._waiters -= 1

    def outcome(self, step: str) -> str:
        """Waits until what the step made is written down; why it is not, or nothing."""
        self.wait({step})
        return self._jobs[step].why

    def forget(self, step: str) -> None:
        """The step will be executed once more: what it made does not count."""
        job = self._jobs.pop(step, None)
        if job is not None:
            job.went_on.set()
            with self._waiting():
                job.over.wait()

    def close(self) -> None:
        """Nothing more will come."""
        self._queue.put(None)
        self._thread.join()

    def _loop(self) -> None:
        while (job := self._queue.get()) is not None:
            job.went_on.wait(max(0.0, job.added + _HEAD_START - time.monotonic()))
            if not job.over.is_set():
                self._do(job)

    def _do(self, job: _Job) -> None:
        with job.shell.lock:
            if job.over.is_set():
                return
            if job.why:
                self._finish(job, job.why)
                return
            shell, own = job.shell, job.is_copy
            try:
                if not own and self._is_needed(shell):
                    copy = shell.copy(pristine=True)
                    if isinstance(copy, protocol.Stays):
                        why = copy.why if copy.kind == protocol.DEVICE else shell.save(job.leaving)
                        self._finish(job, why)
                        return
                    shell, own = copy, True
            except ProcessEnded:
                self._finish(job, "its process has ended")
                return
        slowly = own or not self._is_needed(shell)
        with self._pace:
            self._writes = shell.process.pid if slowly else 0
            if slowly and not self._waiters and self._queue.qsize() < _BEHIND:
                _give_way(shell.process.pid)
        with shell.lock:
            why = shell.save({**job.leaving, "ends": slowly})
        with self._pace:
            self._writes = 0
        if own:
            shell.drop()
        self._finish(job, why)

    def _finish(self, job: _Job, why: str) -> None:
        job.why = why
        job.over.set()
        self._told(job.step, why)


def _give_way(pid: int) -> None:
    """The process gets what time is left: it ends when it has written down what it is to."""
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
            return
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, _NICE)


def _hurry(pid: int) -> None:
    """Somebody waits for what the process does, where that can be undone."""
    if hasattr(os, "SCHED_IDLE"):
        with suppress(OSError):
            os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))
