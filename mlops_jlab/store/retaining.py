"""What the policy does not let us keep any longer: runs, their artifacts, and logs of predictions."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mlops_jlab.policies import standing
from mlops_jlab.policies.policy import Policy
from mlops_jlab.store import auditing, database
from mlops_jlab.store.location import Place

_DAY = 86_400.0
RETAIN = "retention"
# What a registered version needs: the run that made it, the one that this was part of, and the parts of both.
_NEEDED = """
  WITH RECURSIVE need (id) AS (
    SELECT run FROM versions WHERE deleted IS NULL AND run <> ''
    UNION SELECT whole FROM versions WHERE deleted IS NULL AND whole <> ''
    UNION SELECT parent FROM runs JOIN need ON runs.id = need.id WHERE parent <> ''
    UNION SELECT runs.id FROM runs JOIN need ON runs.parent = need.id WHERE runs.parent <> ''
  ) SELECT id FROM need
"""


@dataclass(frozen=True)
class Expired:
    """What is too old: runs and the runs whose artifacts are, by id, and files of prediction logs."""

    runs: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    logs: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.runs or self.artifacts or self.logs)

    def __str__(self) -> str:
        counts = {"runs": self.runs, "runs' artifacts": self.artifacts, "files of predictions": self.logs}
        return ", ".join(f"{len(found)} {what}" for what, found in counts.items() if found) or "nothing"


def expired(place: Place, connection: sqlite3.Connection, now: float | None = None) -> Expired:
    """What the policy of a store lets nobody keep any longer.

    Raises:
        BrokenPolicy: the policy cannot be read.
    """
    policy = standing.of(place.root)
    now = time.time() if now is None else now
    kept = policy.retention
    runs = _older(connection, now, kept.runs)
    artifacts = [run for run in _older(connection, now, kept.artifacts, "artifacts") if run not in set(runs)]
    return Expired(tuple(runs), tuple(artifacts), tuple(sorted(_logs(place, policy, now))))


def _older(connection: sqlite3.Connection, now: float, days: float | None, having: str = "") -> list[str]:
    """Runs that ended so long ago and that no version needs; only those with rows in a table ``having``."""
    if days is None:
        return []
    has = f"AND EXISTS (SELECT 1 FROM {having} x WHERE x.run = r.seq)" if having else ""
    rows = connection.execute(
        f"SELECT r.id FROM runs r WHERE r.status NOT IN ('pending', 'running') "
        f"AND coalesce(r.ended, r.started) < ? AND r.id NOT IN ({_NEEDED}) AND NOT EXISTS ("
        "SELECT 1 FROM runs p WHERE p.parent = r.id AND p.parent <> '' "
        f"AND p.status IN ('pending', 'running')) {has} ORDER BY r.seq",
        (now - days * _DAY,),
    )
    return [run for (run,) in rows]


def _logs(place: Place, policy: Policy, now: float) -> Iterator[Path]:
    days = policy.retention.predictions
    if days is None:
        return
    for folder in policy.retention.folders:
        for path in (place.root.parent / Path(folder).expanduser()).rglob("*.jsonl"):
            with suppress(OSError):
                is_open = path.name.startswith(".")  # a process writes it
                if path.is_file() and not path.is_symlink() and not is_open:
                    if now - path.stat().st_mtime > days * _DAY:
                        yield path


def retain(connection: sqlite3.Connection, found: Expired, *, who: str) -> None:
    """Removes what is too old, and says so in the audit log. Files go when the store is cleaned up."""
    for path in found.logs:
        path.unlink(missing_ok=True)
    if not found:
        return
    with database.transaction(connection, durable=True):
        connection.execute(
            "UPDATE runs SET deleted = ? WHERE deleted IS NULL AND id IN (SELECT value FROM json_each(?))",
            (time.time(), json.dumps(found.runs)),
        )
        connection.execute(
            "DELETE FROM artifacts WHERE run IN "
            "(SELECT seq FROM runs WHERE id IN (SELECT value FROM json_each(?)))",
            (json.dumps(found.artifacts),),
        )
        auditing.append(
            connection, who, RETAIN, str(found),
            details={"runs": found.runs[:1000], "artifacts": found.artifacts[:1000],
                     "logs": [str(path) for path in found.logs[:1000]]},
        )  # fmt: skip
