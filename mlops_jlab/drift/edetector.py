"""Losses one by one, as labels come: an e-detector that may be looked at after each of them.

After Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change detection" (New
England Journal of Statistics in Data Science 2, 2024): a mixture of Shiryaev and Roberts' sums of betting
e-processes. Losses lie between 0 and 1; nothing else is asked of them. As long as each has a mean of at most
the limit, whatever came before it, false alarms come on average at least ``every`` labels apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

_BETS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)  # shares of the largest bet that cannot ruin
_LARGEST = 1e300
_LEAST = 1e-6  # of a limit: a loss of 0 leaves nothing to bet against


@dataclass(frozen=True)
class Detector:
    """What has been gathered so far. ``limit`` is the mean loss up to which nothing is wrong.

    ``sums`` has the evidence of each bet; ``rises`` what each has gathered since ``since`` (both one a bet),
    which tells when a change began. ``alarms`` are pairs: after how many labels, and since which one.
    """

    limit: float
    every: float
    seen: int = 0
    sums: tuple[float, ...] = (0.0,) * len(_BETS)
    rises: tuple[float, ...] = (1.0,) * len(_BETS)
    since: tuple[int, ...] = (0,) * len(_BETS)
    alarms: tuple[tuple[int, int], ...] = ()

    @property
    def evidence(self) -> float:
        """The evidence for a change; an alarm is given from ``every`` on."""
        return sum(self.sums) / len(_BETS)

    def after(self, losses: Iterable[float]) -> Detector:
        """What has been gathered after more losses. After an alarm it begins anew."""
        limit = min(max(self.limit, _LEAST), 1 - _LEAST)
        bets = [share / limit for share in _BETS]
        sums, rises, since = list(self.sums), list(self.rises), list(self.since)
        seen, alarms = self.seen, list(self.alarms)
        for loss in losses:
            seen += 1
            gain = min(max(float(loss), 0.0), 1.0) - limit
            for place, bet in enumerate(bets):
                factor = 1 + bet * gain
                sums[place] = min((sums[place] + 1) * factor, _LARGEST)
                if rises[place] <= 1:
                    rises[place], since[place] = 1.0, seen
                rises[place] = min(rises[place] * factor, _LARGEST)
            if sum(sums) >= self.every * len(bets):
                best = max(range(len(bets)), key=lambda place: rises[place])
                alarms.append((seen, since[best]))
                sums, rises = [0.0] * len(bets), [1.0] * len(bets)
        return replace(
            self, seen=seen, sums=tuple(sums), rises=tuple(rises), since=tuple(since), alarms=tuple(alarms)
        )
