"""What a run used of the machine."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import Any

from mlops_jlab.surroundings import variables
from mlops_jlab.usage import cpu_seconds, graphics_cards, peak_memory

SPOT = "MLOPS_JLAB_SPOT"  # set where the machine is one that may be taken away, and costs less


@dataclass
class Usage:
    """What this process and those below it use from here on: processor and wall seconds, memory, cards."""

    _clock: float = field(default_factory=time.monotonic)
    _cpu: float = field(default_factory=cpu_seconds)

    def facts(self, price_per_hour: float = 0.0, currency: str = "") -> dict[str, Any]:
        """Seconds, bytes, and the cost where an hour has a price."""
        wall = time.monotonic() - self._clock
        found: dict[str, Any] = {
            "wall_seconds": round(wall, 3), "cpu_seconds": round(max(cpu_seconds() - self._cpu, 0.0), 3)
        }  # fmt: skip
        peak, cards = peak_memory(), graphics_cards()
        found |= ({"peak_memory": peak} if peak else {}) | ({"gpus": cards} if cards else {})
        if is_spot():
            found["spot"] = True
        from mlops_jlab.tracking.provenance.machine import nvidia

        graphics = [line for line in nvidia("--query-compute-apps=pid,used_memory")
                    if line.partition(",")[0].strip() == str(os.getpid())]  # fmt: skip
        if graphics:
            found["gpu_memory"] = [line.partition(",")[2].strip() for line in graphics]
        if price_per_hour:
            found["cost"] = round(wall / 3600 * price_per_hour, 6)
            found["currency"] = currency
        return found


def is_spot() -> bool:
    """Whether this machine is said to be one that may be taken away."""
    return variables().get(SPOT, "").lower() in ("1", "true", "yes")
