"""A fork of this process as it lives, made by a helper thread, in which everything goes on as it was.

The pool of an OpenMP library belongs to the thread that used it: a child of that thread waits for workers
that it does not have, a child of a fresh thread makes its own. So a helper forks, and is the main thread
of the child. It forks through a process between (:mod:`between`), so that the child is the warm parent's,
which takes over what is left behind, and hears how it ends.
"""

from __future__ import annotations

import contextlib
import contextvars
import ctypes
import gc
import os
import random
import signal
import threading
from collections.abc import Callable
from time import sleep  # a notebook may put another in its place
from typing import Any

from mlops_jlab.processes.parent import between, threads

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
_TIMERS = (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF)
_listeners: list[Callable[[], None]] = []


def when_continued(call: Callable[[], None]) -> None:
    """``call`` is made in each child that goes on, before anything else of the user's."""
    if call not in _listeners:
        _listeners.append(call)


class _Kept:
    """What a fork does not carry over by itself."""

    def __init__(self) -> None:
        self._random: Any = random.getstate()  # it is seeded anew in each child
        self._locals = threads.values()
        self._timers = {which: signal.setitimer(which, 0) for which in _TIMERS}
        self._main = threading.main_thread()
        self._of_thread = threads.settings()

    def timers_go_on(self) -> None:
        """An alarm that was set rings: in who goes on, not in the snapshot."""
        for which, (left, interval) in self._timers.items():
            if left:
                signal.setitimer(which, left, interval)

    def give(self) -> None:
        """In the child, which has one thread."""
        random.setstate(self._random)
        threads.give(self._locals)
        threads.become(self._main)
        self.timers_go_on()
        threads.give_settings(self._of_thread)


def fork(go_on: Callable[[], None], *, continues: bool) -> int:
    """Forks; the child does ``go_on`` and ends. The child's process id.

    Unless it ``continues``, the child is a copy to be looked at, and nobody is told.

    Raises:
        OSError: there is no room for another process.
    """
    wake()  # an earlier copy may have stopped the clock of this process, which has not gone on since
    gc.callbacks[:] = [one for one in gc.callbacks if one is not _thaw]
    gc.freeze()  # a collection in the child would copy each page that it looks at
    kept = _Kept()
    found: list[int | OSError] = []
    context = contextvars.copy_context()
    parent = os.getppid()

    def begin(middle: int) -> None:
        while os.getppid() == middle:  # it is just going; who dies with its parent would die with it
            sleep(0.0002)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() == parent:
            context.run(_begin, kept, go_on, continues)

    def help_out() -> None:
        try:
            found.append(between.fork(begin))
        except OSError as error:
            found.append(error)

    helper = threading.Thread(target=help_out, name="mlops-jlab-fork")
    helper.start()
    helper.join()
    answer = found[0]
    if isinstance(answer, OSError):
        kept.timers_go_on()
        raise answer
    _asleep.append(kept)
    return answer


_asleep: list[_Kept] = []


def wake() -> None:
    """This process goes on after all: no fork of it did."""
    while _asleep:
        _asleep.pop().timers_go_on()


def _begin(kept: _Kept, go_on: Callable[[], None], continues: bool) -> None:
    _asleep.clear()
    kept.give()
    gc.callbacks.append(_thaw)
    for call in _listeners if continues else ():
        call()
    go_on()


def _thaw(phase: str, about: dict[str, int]) -> None:
    """A whole collection looks at everything, as it would have done in one process."""
    if phase == "start" and about["generation"] == 2:
        gc.unfreeze()
