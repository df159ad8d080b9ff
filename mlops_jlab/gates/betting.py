"""Whether events are more frequent than they may be, asked at any time: bets against it, an e-process.

Each event is 0 or 1, and what is doubted is that its chance, whatever came before, is at most ``most``. Who
bets the share ``s`` of the stake has ``1 + s (1 - most) / most`` times it after a 1, and ``1 - s`` times
after a 0: no gain can be hoped for where the doubt is wrong, so the stake exceeds ``1 / alpha`` at any time
at all with at most the probability ``alpha`` (Ville). Several shares are bet at once; counts alone decide.
"""

from __future__ import annotations

import math

_SHARES = (0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95)
_LARGEST = 700.0  # of an exponent


def stake(events: int, of: int, most: float) -> float:
    """The stake after ``events`` ones ``of`` so many; ``most`` lies between 0 and 1, without both."""
    found = 0.0
    for share in _SHARES:
        gained = events * math.log1p(share * (1 - most) / most) + (of - events) * math.log1p(-share)
        found += math.exp(min(gained, _LARGEST)) / len(_SHARES)
    return found
