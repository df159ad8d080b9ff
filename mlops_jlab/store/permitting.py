"""The door of the policy: who may point an alias at a version, and what may be registered.

Each breach is in the audit log before it is raised, and so is each policy that was not known before.
"""

from __future__ import annotations

import json
import re
import socket
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import StoreError
from mlops_jlab.gates.rules import rule_of
from mlops_jlab.policies import reading, standing
from mlops_jlab.policies.packages import breaches as of_packages
from mlops_jlab.policies.policy import Approval, Policy, Promotion, is_one_of
from mlops_jlab.policies.standing import PolicyBreach
from mlops_jlab.store import auditing, database
from mlops_jlab.store.processes import account, this_process

APPROVE = "approve"
REFUSED = "refused by the policy"
RETRAINING = "retraining"  # who promotes where a schedule does
_KNOWN = "policy"  # the key of the digest of the policy that was known last


def root_of(connection: sqlite3.Connection) -> Path:
    """The folder of the store that a connection is to."""
    (_, _, name) = connection.execute("PRAGMA database_list").fetchone()
    return Path(name).parent


def policy_of(connection: sqlite3.Connection, *, who: str = "") -> Policy:
    """The policy that counts for a store that is written to; one that has changed is in the audit log.

    Raises:
        BrokenPolicy: it cannot be read.
    """
    root = root_of(connection)
    policy = standing.of(root)
    if any(one.rules for one in policy.promotion):
        reading.read(root / reading.FILE, rule_of)
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (_KNOWN,)).fetchone()
    before = str(row[0]) if row else ""
    if before != policy.digest:
        with database.transaction(connection, durable=True):
            connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (_KNOWN, policy.digest))
            auditing.append(
                connection, who, "policy changed" if policy.digest else "policy taken away", reading.FILE,
                details={"before": before[:12], "now": policy.digest[:12], "name": policy.name},
            )  # fmt: skip
    return policy


def refuse(connection: sqlite3.Connection, subject: str, why: Sequence[str], *, who: str, hint: str) -> None:
    """Writes a breach into the audit log, and raises it; nothing where there is none.

    Raises:
        PolicyBreach: there is one.
    """
    if not why:
        return
    with database.transaction(connection, durable=True):
        auditing.append(connection, who, REFUSED, subject, reason="; ".join(why)[:2000])
    raise PolicyBreach("; ".join(why), hint=hint)


def check_promotion(
    connection: sqlite3.Connection, version: ModelVersion, alias: str, *, who: str, action: str, had: bool
) -> None:
    """Whether ``who`` may point an alias at a version. ``had`` says that it pointed there before.

    Raises:
        PolicyBreach: they may not.
        BrokenPolicy: the policy cannot be read.
    """
    policy = policy_of(connection, who=who)
    asked = [one for one in policy.promotion if one.speaks_of(version.model, alias)]
    if not asked:
        return
    where = f"{version.model}@{alias}"
    why: list[str] = []
    if who == RETRAINING and not _fires_here(connection):
        why.append("only a schedule that is due promotes as retraining")
    approved = approvals(connection, version, alias)
    for one in asked:
        found = _of_promotion(one, version, who, action, approved, had=had and action == "roll back")
        why += [f"{sentence} ({reading.FILE}:{one.line})" for sentence in found]
    refuse(connection, where, why, who=who, hint="what the policy asks for: mlops-jlab policy check")


def check_removal(connection: sqlite3.Connection, model: str, alias: str, *, who: str) -> None:
    """Whether ``who`` may take an alias away: whoever may promote to it may.

    Raises:
        PolicyBreach: they may not.
        BrokenPolicy: the policy cannot be read.
    """
    asked = [one for one in policy_of(connection, who=who).promotion if one.speaks_of(model, alias)]
    why = [
        f"{who} may not take {model}@{alias} away: it is for {', '.join(one.by)} ({reading.FILE}:{one.line})"
        for one in asked
        if one.by is not None and not is_one_of(who, one.by)
    ]
    refuse(connection, f"{model}@{alias}", why, who=who, hint="ask one of them")


def _fires_here(connection: sqlite3.Connection) -> bool:
    """Whether this process executes a firing of a schedule."""
    owners = connection.execute("SELECT owner FROM firings WHERE status = 'running'")
    mine = asdict(this_process())
    return any(json.loads(owner or "{}") == mine for (owner,) in owners)


def _of_promotion(
    one: Promotion, version: ModelVersion, who: str, action: str, approved: Sequence[str], *, had: bool
) -> Iterator[str]:
    title, alias = version.title, one.alias if one.alias != "*" else "an alias"
    if one.by is not None and not is_one_of(who, one.by):
        yield f"{who} may not promote {version.model} to {alias}: it is for {', '.join(one.by)}"
    overrides = action.startswith("override")
    may = one.override is not None and is_one_of(who, one.override)
    if overrides and one.override is not None and not may:
        yield f"{who} may not override: it is for {', '.join(one.override) or 'nobody'}"
    if had or (overrides and may):
        return
    if one.gate and version.verdict != "pass":
        yield f"the gate of {title} has to pass, and says: {version.verdict or 'nothing: none has judged it'}"
    held = [str(rule["rule"]) for rule in (version.gate or {}).get("rules", ())]
    missing = [rule for rule in one.rules if not any(_covers(other, rule) for other in held)]
    if missing:
        yield f"the gate of {title} has to ask: {'; '.join(missing)}"
    if one.approval is not None:
        yield from _of_approval(one.approval, version, who, approved)


def _of_approval(asked: Approval, version: ModelVersion, who: str, approved: Sequence[str]) -> Iterator[str]:
    counted = _counted(asked, version, (*approved, who))
    if len(counted) < asked.count:
        by = "anybody else than who registered it" if asked.by == ("*",) else ", ".join(asked.by)
        yield (
            f"{version.title} needs {asked.count} approval{'s' * (asked.count > 1)} by {by}, and has "
            f"{len(counted)}: mlops-jlab models approve {version.model}/{version.version}"
        )


def _counted(asked: Approval, version: ModelVersion, people: Sequence[str]) -> list[str]:
    """Those of some people whose approval counts, each person once, whatever machine they sit at."""
    made = person(version.user)
    found = {person(one): one for one in people}
    return [
        one for name, one in found.items() if name != made and one != RETRAINING and is_one_of(one, asked.by)
    ]


def person(name: str) -> str:
    """Who somebody is, without their machine."""
    return name.partition("@")[0]


_LIMIT = re.compile(r"(.+ (?:above|below|not worse by|better by)) ([0-9.eE+-]+)( .+)?")


def _covers(held: str, asked: str) -> bool:
    """Whether a rule asks for as much as another one: it is the same, or has a stricter limit."""
    held, asked = " ".join(held.split()), " ".join(asked.split())
    if held == asked:
        return True
    one, other = _LIMIT.fullmatch(held), _LIMIT.fullmatch(asked)
    if one is None or other is None or (one[1], one[3]) != (other[1], other[3]):
        return False
    with suppress(ValueError):
        more = one[1].endswith(("above", "better by"))
        return float(one[2]) >= float(other[2]) if more else float(one[2]) <= float(other[2])
    return False


def approve(
    connection: sqlite3.Connection, version: ModelVersion, alias: str, *, who: str, reason: str
) -> None:
    """Writes down that somebody approves of a version for an alias."""
    with database.transaction(connection, durable=True):
        auditing.append(
            connection, who, APPROVE, f"{version.model}/{version.version}", reason=reason,
            details={"alias": alias, "content": str(version.about.get("content", ""))},
        )  # fmt: skip


def approvals(connection: sqlite3.Connection, version: ModelVersion, alias: str) -> list[str]:
    """Who has approved of a version for an alias."""
    entries = auditing.entries(connection, subject=f"{version.model}/{version.version}")
    return list(dict.fromkeys(
        entry.who for entry in entries if entry.action == APPROVE and entry.details.get("alias") == alias
    ))  # fmt: skip


@dataclass(frozen=True)
class Waiting:
    """The approvals that a version waits for: how many, by whom, and who has given one that counts.

    ``against`` says why whoever asks cannot give one, and is empty where they can.
    """

    count: int
    by: tuple[str, ...]
    given: tuple[str, ...]
    against: str


def waiting(
    connection: sqlite3.Connection, policy: Policy, version: ModelVersion, alias: str, *, who: str
) -> Waiting | None:
    """What a version waits for before it may have an alias; nothing where it has it, or nobody is asked."""
    asked = [one.approval for one in policy.promotion if one.approval and one.speaks_of(version.model, alias)]
    if not asked or alias in version.aliases:
        return None
    approved = approvals(connection, version, alias)
    left = [(one, _counted(one, version, approved)) for one in asked]
    one, given = max(left, key=lambda pair: pair[0].count - len(pair[1]))
    against = ""
    if person(who) == person(version.user):
        against = f"{version.title} was registered by {who}: somebody else has to approve"
    elif not is_one_of(who, one.by):
        against = f"approval is for {', '.join(one.by)}"
    elif person(who) in map(person, given):
        against = "you have approved"
    return Waiting(one.count, one.by, tuple(given), against)


def check_registration(
    connection: sqlite3.Connection, name: str, about: Mapping[str, Any], *, who: str
) -> None:
    """Whether a version may be registered, by what it was made with.

    Raises:
        PolicyBreach: it may not.
        BrokenPolicy: the policy cannot be read.
    """
    policy = policy_of(connection, who=who)
    why = of_packages(policy, about.get("requirements", ()), about.get("imported", {}))
    refuse(connection, name, why, who=who, hint="use other packages, or ask whoever looks after the policy")


def note_breach(root: Path, subject: str, why: str, who: str = "") -> None:
    """Writes a breach into the audit log of a store, if there is one that can be written."""
    path = root / "runs.db"
    if not path.exists():
        return
    who = who or f"{account()}@{socket.gethostname()}"
    with suppress(StoreError, sqlite3.Error), closing(database.connect(path)) as connection:  # noqa: SIM117
        with database.transaction(connection, durable=True):
            auditing.append(connection, who, REFUSED, subject, reason=why[:2000])


standing.breaches_are_told_to(note_breach)
