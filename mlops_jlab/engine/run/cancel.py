"""Ctrl-C and SIGTERM as a question that is asked at a safe moment.

An exception out of nowhere may strike while a lock of the thread pool is held, and then nobody can
give it back. So a first signal is only noted; a second one strikes at once.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def cancellation(told: Callable[[int], None]) -> Iterator[threading.Event]:
    """An event that is set by the first SIGINT or SIGTERM; ``told`` hears which.

    The old handlers return afterwards.

    Outside the main thread no signal arrives and the event stays unset. A signal that was ignored when the
    process began, as SIGINT is in the background of a script, stays ignored.
    """
    asked = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        told(number)
        asked.set()

    known = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    old = {number: handler for number, handler in known.items() if handler is not signal.SIG_IGN}
    for number in old:
        signal.signal(number, note)
    try:
        yield asked
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
