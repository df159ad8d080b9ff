"""Something done in a copy of this process, which is gone when it is done: this one has not been touched."""

from __future__ import annotations

import contextlib
import contextvars
import gc
import json
import os
import random
import select
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from mlops_jlab.processes import protocol
from mlops_jlab.processes.parent import threads

_PATIENCE = 15.0  # seconds in which a copy that lives uses the processor
_LOOK = 0.5  # seconds


def in_copy(call: Callable[[], protocol.Saved]) -> protocol.Saved | None:
    """What ``call`` gives in a fork of this process; nothing where there can be none, or it did not answer.

    Only a helper thread's child goes on where native threads of libraries have been at work.
    """
    if sys.platform != "linux" or not threads.are_known():
        return None
    reading, writing = os.pipe()
    pids: list[int] = []
    chance = random.getstate()  # it is seeded anew in each child
    context = contextvars.copy_context()  # a thread begins with an empty one
    kept = threads.values()  # and with none of these

    def go_on() -> protocol.Saved:
        random.setstate(chance)
        threads.give(kept)
        return context.run(call)

    def fork() -> None:
        with contextlib.suppress(OSError):
            pid = os.fork()
            if pid == 0:
                _be_copy(reading, writing, go_on)
            pids.append(pid)

    helper = threading.Thread(target=fork, name="mlops-jlab-copy")
    helper.start()
    helper.join()
    os.close(writing)
    try:
        return _answer(reading, pids[0]) if pids else None
    finally:
        os.close(reading)
        for pid in pids:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):  # the user may have children reaped by the system
                os.waitpid(pid, 0)


def _be_copy(reading: int, writing: int, call: Callable[[], protocol.Saved]) -> None:
    """In the child, whose thread is the only one: nothing that it says reaches anybody."""
    try:
        gc.disable()
        os.close(reading)
        for stream in (sys.stdout, sys.stderr):  # the very objects stay: they are looked at
            with contextlib.suppress(AttributeError, TypeError):
                stream.write = len  # type: ignore[method-assign]  # as if it were written
        answer = json.dumps(protocol.packed(call())).encode("utf-8", "surrogatepass")
        while answer:
            answer = answer[os.write(writing, answer) :]
    finally:
        os._exit(0)


def _answer(reading: int, pid: int) -> protocol.Saved | None:
    """What the copy says; nothing if it does not get on, as where it waits for a thread that is not there."""
    data, used, since = b"", -1, time.monotonic()
    while True:
        if select.select([reading], [], [], _LOOK)[0]:
            read = os.read(reading, 1 << 16)
            if not read:
                break
            data += read
        now = _ticks(pid)
        if now != used:
            used, since = now, time.monotonic()
        elif time.monotonic() - since > _PATIENCE:
            return None
    try:
        message = protocol.unpacked(json.loads(data.decode("utf-8", "surrogatepass")))
    except ValueError:
        return None
    return message if isinstance(message, protocol.Saved) else None


def _ticks(pid: int) -> int:
    """How much of processors, and of disks, the process has used."""
    with contextlib.suppress(OSError, ValueError, IndexError):
        words = Path("/proc", str(pid), "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return int(words[11]) + int(words[12]) + int(words[39])
    return 0
