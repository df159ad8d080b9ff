"""Signals become actions: what drift is worth, and what holds an action back."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass

from mlops_jlab.entities.schedules import in_words

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


def decide(
    persisting: Sequence[str], rows: int, past: Sequence[Seen], policy: Policy, now: float
) -> tuple[Action, str]:
    """What is to be done after a window, and why.

    ``persisting`` are the columns whose drift persists, ``rows`` those of this window, ``past`` the windows
    before it, the newest first.
    """
    if not persisting:
        return Action.NOTHING, "no drift persists"
    what = f"drift persists in {', '.join(persisting[:5])}"
    fired = [window for window in past if window.action is Action.RETRAIN]
    since = past[: past.index(fired[0])] if fired else past
    gathered = rows + sum(window.rows for window in since)
    if gathered < policy.min_rows:
        return Action.HELD, f"{what}; {gathered:,} new rows, of {policy.min_rows:,} that are needed"
    if fired and now - fired[0].at < policy.cooldown:
        left = in_words(max(1, round(policy.cooldown - (now - fired[0].at))))
        return Action.HELD, f"{what}; the last retraining was too short ago, {left} are left"
    lately = sum(now - window.at < _WEEK for window in fired)
    if lately >= policy.per_week:
        return Action.HELD, f"{what}; there were {lately} retrainings within a week, which is the cap"
    return Action.RETRAIN, what
