"""Signals become actions: what drift is worth, and what holds an action back."""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_jlab.entities.schedules import in_words

LOSS = "loss"  # stands among the columns where the truth of a window is known
TOGETHER = "all columns together"  # and this one where there are rows of the reference
_WEEK = 7 * 86_400.0


class Action(enum.StrEnum):
    """What comes of a window. ``HELD``: it would have been a retraining, and something stands against it."""

    NOTHING = "nothing"
    RETRAIN = "retrain"
    HELD = "held back"


@dataclass(frozen=True)
class Policy:
    """When drift that persists starts a retraining.

    ``cooldown`` are seconds after the last one, ``per_week`` how many there may be in seven days,
    ``min_rows`` how many new rows have to be there since.
    """

    cooldown: float = 86_400.0
    per_week: int = 3
    min_rows: int = 500


@dataclass(frozen=True)
class Seen:
    """A window of the past: when, how many rows, and what came of it."""

    at: float
    rows: int
    action: Action


@dataclass(frozen=True)
class Standing:
    """What would hold a retraining back.

    ``gathered`` are the rows that are new since the last one, ``last`` is when that was (None: never),
    ``until`` until when that is too short ago (0: it is not), ``lately`` how many there were within a week.
    """

    gathered: int
    last: float | None
    until: float
    lately: int


def standing(past: Sequence[Seen], policy: Policy, now: float) -> Standing:
    """How things stand after the windows of the past, the newest first."""
    fired = [window for window in past if window.action is Action.RETRAIN]
    since = past[: past.index(fired[0])] if fired else past
    until = fired[0].at + policy.cooldown if fired else 0.0
    return Standing(
        sum(window.rows for window in since), fired[0].at if fired else None, until if now < until else 0.0,
        sum(now - window.at < _WEEK for window in fired),
    )  # fmt: skip


def decide(
    persisting: Sequence[str], rows: int, past: Sequence[Seen], policy: Policy, now: float, loss: str = ""
) -> tuple[Action, str]:
    """What is to be done after a window, and why.

    ``persisting`` are the columns whose drift persists, ``rows`` those of this window, ``past`` the windows
    before it, the newest first. ``loss`` says that the loss has risen, or nothing.
    """
    if not persisting and not loss:
        return Action.NOTHING, "no drift persists"
    what = "; ".join(filter(None, [loss, _in_words(persisting)]))
    found = standing(past, policy, now)
    gathered = rows + found.gathered
    if gathered < policy.min_rows:
        return Action.HELD, f"{what}; {gathered:,} new rows, of {policy.min_rows:,} that are needed"
    if found.until:
        left = in_words(_roughly(found.until - now))
        return Action.HELD, f"{what}; the last retraining was too short ago, {left} are left"
    if found.lately >= policy.per_week:
        return Action.HELD, f"{what}; there were {found.lately} retrainings within a week, which is the cap"
    return Action.RETRAIN, what


def _roughly(seconds: float) -> float:
    """A duration in whole hours, minutes or seconds, as long as it takes for that to be near enough."""
    unit = 3_600 if seconds > 86_400 else 60 if seconds > 600 else 1
    return max(1.0, math.ceil(seconds / unit)) * unit


def _in_words(persisting: Sequence[str]) -> str:
    columns = [name for name in persisting if name != LOSS]
    parts = [f"drift persists in {', '.join(columns[:5])}"] if columns else []
    parts += ["the loss stays beyond its limit"] if LOSS in persisting else []
    return ", and ".join(parts)
