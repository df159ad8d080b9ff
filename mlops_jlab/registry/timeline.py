"""What has become of a model: who moved which alias from which version to which, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mlops_jlab.store import auditing, opening
from mlops_jlab.store.location import Place


@dataclass(frozen=True)
class Move:
    """One move of an alias: from version ``before`` to ``after``, 0 where there is none.

    ``at`` is seconds since 1970; ``action`` is the audit log's word for it.
    """

    at: float
    who: str
    action: str
    alias: str
    before: int
    after: int
    reason: str = ""


def moves(place: Place, model: str) -> list[Move]:
    """All moves of the aliases of a model, the oldest first; none where there is no store."""
    if not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        entries = auditing.entries(connection)
    found = []
    for entry in reversed(entries):
        name, at, alias = entry.subject.rpartition("@")
        if at and name == model:
            before, after = (int(entry.details.get(end) or 0) for end in ("from", "to"))
            moment = datetime.fromisoformat(entry.at).timestamp()
            found.append(Move(moment, entry.who, entry.action, alias, before, after, entry.reason))
    return found
