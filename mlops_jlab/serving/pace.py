"""How long small requests take, as of late: whether one is worth a thread."""

from __future__ import annotations

import time
from dataclasses import dataclass

try:
    import resource
except ImportError:  # where it is not, the clock has to do
    resource = None  # type: ignore[assignment]

_QUICK = 0.01  # seconds: a request that takes less is answered in the loop, without a change of threads
_SETTLING = 0.1  # how much the newest request counts


@dataclass(frozen=True)
class Begun:
    """The moment at which a request is taken up, by three clocks."""

    clock: float
    processor: float
    waits: int | None


@dataclass
class Pace:
    """What a small request takes of the thread that answers it.

    On a crowded machine the clock goes on while others have the processor, and threads would only make it
    worse; so the processor's time counts, unless the model itself waits: for threads, a file, a service.
    """

    takes: float = 0.0  # seconds

    @property
    def is_quick(self) -> bool:
        """Whether a small request is answered so fast that no thread is worth its change."""
        return self.takes < _QUICK

    @staticmethod
    def begin() -> Begun:
        """A request is taken up by this thread."""
        return Begun(time.perf_counter(), time.thread_time(), _waits())

    def end(self, begun: Begun) -> None:
        """It is answered, by the same thread."""
        waits = _waits()
        if waits is not None and waits == begun.waits:
            took = time.thread_time() - begun.processor
        else:
            took = time.perf_counter() - begun.clock
        self.takes += _SETTLING * (took - self.takes)


def _waits() -> int | None:
    """How often this thread has waited for something so far; nothing where the system does not count."""
    who = getattr(resource, "RUSAGE_THREAD", None)
    return resource.getrusage(who).ru_nvcsw if who is not None else None
