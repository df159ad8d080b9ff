"""What gates have found, as rows: each belongs to the content of one model, and to the run that judged it."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from blake3 import blake3

from mlops_jlab.entities.models import CHAMPION, parse_address
from mlops_jlab.errors import InputError
from mlops_jlab.store import auditing

_WORST = ("fail", "not enough data", "pass")


def of_version(
    connection: sqlite3.Connection, model: str, version: int, content: str
) -> Mapping[str, Any] | None:
    """What the gates of the newest run that judged a version say together; None where none did.

    A version is known by its ``content``. All gates of one run must pass; a gate that was asked again in the
    same run counts as it came out last. A comparison of a version with itself says nothing about it.
    """
    rows = [
        (number, gate, whole)
        for number, gate, whole, other in _results(connection, model, content)
        if other != version
    ]
    if not rows:
        return None
    newest: dict[str, int] = {}
    for number, gate, whole in rows:
        if whole == rows[0][2]:
            newest.setdefault(gate, number)
    reports = [_report(connection, number) for number in newest.values()]
    return _together(reports, str(rows[0][2]))


def compared(connection: sqlite3.Connection, model: str, content: str, whole: str) -> frozenset[int]:
    """The versions of the same model that a content was compared with in a run; 0 where there was none."""
    found = _results(connection, model, content)
    return frozenset(other for _number, _gate, run, other in found if run == whole and other is not None)


def _results(
    connection: sqlite3.Connection, model: str, content: str
) -> list[tuple[int, str, str, int | None]]:
    """Gates of a content, the newest first: number, gate, run, and the version of this model compared with.

    None stands for a version of another model.
    """
    rows = connection.execute(
        "SELECT id, gate, whole, champion, json_extract(report, '$.facts.against') FROM gate_results "
        "WHERE model = ? AND content = ? AND content <> '' ORDER BY id DESC",
        (model, content),
    )
    return [
        (number, gate, str(whole), int(other) if _is_own(str(against or CHAMPION), model) else None)
        for number, gate, whole, other, against in rows
    ]


def _is_own(against: str, model: str) -> bool:
    try:
        return against == CHAMPION or parse_address(against).model == model
    except InputError:
        return False


def _report(connection: sqlite3.Connection, number: int) -> dict[str, Any]:
    (text,) = connection.execute("SELECT report FROM gate_results WHERE id = ?", (number,)).fetchone()
    found: dict[str, Any] = json.loads(text)
    return found


def _together(reports: Sequence[dict[str, Any]], whole: str) -> dict[str, Any]:
    worst = min(reports, key=lambda report: _WORST.index(report["verdict"]))
    if len(reports) == 1:
        return {**worst, "whole": whole}
    why = f"all {len(reports)} gates pass" if worst["verdict"] == "pass" else worst["why"]
    rules = [rule for report in reports for rule in report["rules"]]
    return {**worst, "whole": whole, "why": why, "rules": rules}


def reports(connection: sqlite3.Connection, model: str, content: str) -> list[tuple[int, str]]:
    """All that gates have ever found of a model's content, the oldest first: its number and its JSON."""
    return connection.execute(
        "SELECT id, report FROM gate_results WHERE model = ? AND content = ? AND content <> '' ORDER BY id",
        (model, content),
    ).fetchall()


def of_runs(connection: sqlite3.Connection, runs: Sequence[str]) -> list[dict[str, Any]]:
    """All that gates have found in some runs, the oldest first."""
    rows = connection.execute(
        f"SELECT id FROM gate_results WHERE whole IN ({', '.join('?' * len(runs))}) ORDER BY id", [*runs]
    ).fetchall()
    return [_report(connection, number) for (number,) in rows]


def judged(connection: sqlite3.Connection, whole: str) -> list[tuple[str, str]]:
    """The models (name, content) that gates have judged in a run, in that order."""
    rows = connection.execute(
        "SELECT model, content FROM gate_results WHERE whole = ? GROUP BY model, content ORDER BY min(id)",
        (whole,),
    )
    return [(str(model), str(content)) for model, content in rows]


def guarded(connection: sqlite3.Connection, model: str) -> frozenset[str]:
    """The aliases of a model that only a version gets whose gates pass.

    Nothing is guarded before a gate has judged the model. From then on the champion is, and each alias that
    a gate compares with, or that a schedule promotes to.
    """
    found = connection.execute(
        "SELECT DISTINCT json_extract(report, '$.facts.against') FROM gate_results WHERE model = ?", (model,)
    ).fetchall()
    if not found:
        return frozenset()
    promoted = connection.execute(
        "SELECT DISTINCT json_extract(spec, '$.promote') FROM schedules WHERE removed IS NULL"
    )
    aliases = {CHAMPION, *(str(alias) for (alias,) in promoted if alias)}
    for (against,) in found:
        aliases |= {_alias(str(against or ""), model)}
    return frozenset(aliases - {""})


def _alias(against: str, model: str) -> str:
    try:
        address = parse_address(against)
    except InputError:
        return ""
    return address.alias if address.model == model else ""


@dataclass(frozen=True)
class NightRow:
    """What one night has added to a sequence, and the hashes of its rows, eight bytes each."""

    sequence: str
    metric: str
    gain: float
    variance: float
    hashes: bytes


@dataclass(frozen=True)
class Used:
    """What a comparison has used: for each choice of columns its rows' sketch and number, and its nights."""

    sketches: Mapping[str, tuple[bytes, int]] = field(default_factory=dict)
    nights: Sequence[NightRow] = ()


def used(connection: sqlite3.Connection, seen: str, evaluation: str, comparison: str) -> list[bytes]:
    """The rows' sketches of all other comparisons before this one was made first."""
    rows = connection.execute(
        "SELECT r.hashes FROM gate_rows r JOIN gate_results g ON g.id = r.result WHERE r.seen = ? "
        "AND NOT (g.evaluation = ? AND g.comparison = ?) AND g.id < coalesce("
        "(SELECT min(id) FROM gate_results WHERE evaluation = ? AND comparison = ?), 1 << 62) "
        "GROUP BY g.evaluation, g.comparison",
        (seen, evaluation, comparison, evaluation, comparison),
    )
    return [bytes(hashes) for (hashes,) in rows]


def nights(connection: sqlite3.Connection, sequence: str, evaluation: str, comparison: str) -> list[NightRow]:
    """What a sequence has gathered, night by night; without what this same comparison has brought before."""
    rows = connection.execute(
        "SELECT n.sequence, n.metric, n.gain, n.variance, n.hashes FROM gate_nights n "
        "JOIN gate_results g ON g.id = n.result WHERE n.sequence = ? "
        "AND NOT (g.evaluation = ? AND g.comparison = ?) ORDER BY n.id",
        (sequence, evaluation, comparison),
    )
    return [NightRow(*row) for row in rows]


def sequences(connection: sqlite3.Connection, model: str, metric: str, since: float, but: str) -> int:
    """How many sequences of a model and metric have begun since then, beside one."""
    (count,) = connection.execute(
        "SELECT count(DISTINCT n.sequence) FROM gate_nights n JOIN gate_results g ON g.id = n.result "
        "WHERE g.model = ? AND n.metric = ? AND g.at > ? AND n.sequence <> ?",
        (model, metric, since, but),
    ).fetchone()
    return int(count)


def keep(
    connection: sqlite3.Connection, report: Mapping[str, Any], *, who: str, run: str, whole: str, used: Used
) -> None:
    """Keeps what a gate found, and what it has used; ``report`` is its JSON. The audit log has its digest.

    Within a transaction of the caller's, who has looked in it at what is used by now.
    """
    text = json.dumps(dict(report))
    result = connection.execute(
        "INSERT INTO gate_results (model, run, whole, at, verdict, evaluation, comparison, alpha, "
        "report, content, gate, champion) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (report["model"], run, whole, time.time(), report["verdict"], report["evaluation"],
         report["comparison"], report["alpha"], text, report["content"],
         report["gate"], report["champion"]),
    ).lastrowid  # fmt: skip
    connection.executemany(
        "INSERT INTO gate_rows VALUES (?, ?, ?, ?)",
        [(result, seen, count, hashes) for seen, (hashes, count) in used.sketches.items()],
    )
    connection.executemany(
        "INSERT INTO gate_nights (result, sequence, metric, gain, variance, hashes) "
        "SELECT ?, ?, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM gate_nights n JOIN gate_results g "
        "ON g.id = n.result WHERE n.sequence = ? AND g.evaluation = ? AND g.comparison = ?)",
        [
            (
                result,
                n.sequence,
                n.metric,
                n.gain,
                n.variance,
                n.hashes,
                n.sequence,
                report["evaluation"],
                report["comparison"],
            )
            for n in used.nights
        ],
    )
    told = (report[name] for name in ("model", "content", "gate", "champion", "verdict"))
    details = {
        "number": result,
        "verdict": report["verdict"],
        "report": auditing.digest_of(*told, text),
        "whole": whole,
        "spent": spent(connection, int(result or 0)),
    }
    auditing.append(connection, who, "judge", report["model"], details=details)


def spent(connection: sqlite3.Connection, number: int) -> str:
    """The digest of when and in which run a gate was asked, and of what that has used of the error budget."""
    row = connection.execute(
        "SELECT run, at, evaluation, comparison, alpha FROM gate_results WHERE id = ?", (number,)
    ).fetchone()
    rows = connection.execute(
        "SELECT seen, rows, hashes FROM gate_rows WHERE result = ? ORDER BY seen", (number,)
    )
    nights = connection.execute(
        "SELECT sequence, metric, gain, variance, hashes FROM gate_nights WHERE result = ? ORDER BY id",
        (number,),
    )
    used = [(*kept, blake3(hashes).hexdigest()) for *kept, hashes in (*rows, *nights)]
    return auditing.digest_of(row, *used)
