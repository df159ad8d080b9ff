"""What a run used of the machine."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Usage:
    """What this process uses from here on: processor seconds, wall seconds, memory at its highest."""

    _clock: float = field(default_factory=time.monotonic)
    _cpu: float = field(default_factory=time.process_time)

    def facts(self, price_per_hour: float = 0.0, currency: str = "") -> dict[str, Any]:
        """Seconds, bytes, and the cost where an hour has a price."""
        wall = time.monotonic() - self._clock
        found: dict[str, Any] = {
            "wall_seconds": round(wall, 3), "cpu_seconds": round(time.process_time() - self._cpu, 3)
        }  # fmt: skip
        peak = peak_memory()
        if peak:
            found["peak_memory"] = peak
        from mlops_jlab.tracking.provenance.machine import nvidia

        graphics = [line for line in nvidia("--query-compute-apps=pid,used_memory")
                    if line.partition(",")[0].strip() == str(os.getpid())]  # fmt: skip
        if graphics:
            found["gpu_memory"] = [line.partition(",")[2].strip() for line in graphics]
        if price_per_hour:
            found["cost"] = round(wall / 3600 * price_per_hour, 6)
            found["currency"] = currency
        return found


def peak_memory() -> int:
    """The most memory that this process has held, in bytes; 0 where the system does not say."""
    try:
        import resource
    except ImportError:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
