"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How something is."""

    GOOD = "good"
    NOTE = "note"  # it works; something is missing or slower that some people want
    BROKEN = "broken"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: how it is, in words, and what to do if that is not enough."""

    name: str
    state: State
    text: str
    cure: str = ""
