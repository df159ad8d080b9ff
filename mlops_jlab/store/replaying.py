"""The audit log, replayed: what it says there is, against what there is.

The chain shows that the log was not changed; this shows that nothing was changed beside the log, and that its
end was not cut off: every registration and every gate has noted the head of the chain as it was then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field

from mlops_jlab.store import artifacts, auditing, judgements
from mlops_jlab.store.auditing import Entry
from mlops_jlab.store.location import Place

_START = "0" * 64  # the head of a log without entries
BESIDE = "by the log"  # in an entry that puts an alias right: what the log had said of it


@dataclass
class _Replayed:
    """What there has to be, going by the log."""

    aliases: dict[str, int] = field(default_factory=dict)  # name@alias -> version
    versions: dict[str, dict[str, str]] = field(default_factory=dict)  # name/number -> files with digests
    about: dict[str, str] = field(default_factory=dict)  # name/number -> digest of what is known of it
    made: dict[str, tuple[str, str, float | None]] = field(default_factory=dict)  # who, in which run, when
    wholes: dict[str | int, str] = field(default_factory=dict)  # version or result -> the run it is part of
    verdicts: dict[int, str] = field(default_factory=dict)  # number of a gate's result -> digest
    spent: dict[int, str] = field(default_factory=dict)  # number of a gate's result -> digest
    schedules: dict[str, bool] = field(default_factory=dict)  # name -> whether it is paused
    specs: dict[str, str] = field(default_factory=dict)  # name of a schedule -> digest of what it says
    data: dict[str, str] = field(default_factory=dict)  # data:name/number -> digest
    heads: set[str] = field(default_factory=lambda: {_START})
    moved: list[str] = field(default_factory=list)  # aliases that were moved between two entries

    def apply(self, entry: Entry) -> None:
        self.heads.add(entry.digest)
        if entry.action == "register":
            self._register(entry)
        elif entry.action == "judge":
            number = int(entry.details["number"])
            self.verdicts[number] = str(entry.details["report"])
            if "spent" in entry.details:  # older entries have not noted it
                self.spent[number] = str(entry.details["spent"])
                self.wholes[number] = str(entry.details["whole"])
        elif entry.action in ("adopt", "set aside"):
            self._take_over(entry)
        elif entry.action == "add data":
            self.data[entry.subject] = str(entry.details.get("digest", ""))
        elif entry.action == "delete":
            self.versions.pop(entry.subject, None)
        elif entry.action == "remove alias":
            self._leave(entry)
            self.aliases.pop(entry.subject, None)
        elif entry.action == "remove schedule":
            self.schedules.pop(entry.subject, None)
        elif entry.action in ("add schedule", "pause schedule", "resume schedule"):
            self.schedules[entry.subject] = entry.action == "pause schedule"
            if entry.action == "add schedule":
                self.specs[entry.subject] = str(entry.details.get("spec", ""))
        elif entry.action == "edit schedule":
            before = str(entry.details.get("name", [entry.subject])[0])
            self.schedules[entry.subject] = self.schedules.pop(before, False)
            self.specs.pop(before, None)
            self.specs[entry.subject] = str(entry.details.get("spec", ""))
        elif "@" in entry.subject and "to" in entry.details:
            self._leave(entry)
            self.aliases[entry.subject] = int(entry.details["to"])

    def _leave(self, entry: Entry) -> None:
        """An alias leaves the version that the log has for it, or one that it was moved to beside the log."""
        then, found = self.aliases.get(entry.subject, 0), int(entry.details.get("from") or 0)
        if "from" in entry.details and found != then and BESIDE not in entry.details:
            self.moved.append(
                f"{entry.subject} was version {found or 'none'} before entry {entry.seq}, "
                f"and by the log version {then or 'none'}"
            )

    def _register(self, entry: Entry) -> None:
        self.versions[entry.subject] = dict(entry.details.get("files", {}))
        self.about[entry.subject] = str(entry.details.get("about", ""))
        created = entry.details.get("created")
        self.made[entry.subject] = (entry.who, str(entry.details.get("run", "")), created)
        if "whole" in entry.details:  # older entries have not noted it
            self.wholes[entry.subject] = str(entry.details["whole"])

    def _take_over(self, entry: Entry) -> None:
        """What was part of one run is part of another, as :mod:`mlops_jlab.store.belonging` says."""
        taken = [f"{entry.subject}/{number}" for number in entry.details.get("versions", [])]
        for one in (*taken, *entry.details.get("gate_results", [])):
            if one in self.wholes:
                self.wholes[one] = str(entry.details["whole"])


def problems(connection: sqlite3.Connection) -> list[str]:
    """What differs between the store and its audit log, one sentence each."""
    said = _Replayed()
    for entry in reversed(auditing.entries(connection)):
        said.apply(entry)
    return [*_versions(connection, said), *_verdicts(connection, said), *_aliases(connection, said),
            *_schedules(connection, said), *_data(connection, said), *_anchors(connection, said)]  # fmt: skip


def of_alias(connection: sqlite3.Connection, subject: str) -> int:
    """The version that an alias (``MODEL@ALIAS``) has by the log; 0 for none."""
    said = _Replayed()
    for entry in reversed(auditing.entries(connection, subject=subject)):
        said.apply(entry)
    return said.aliases.get(subject, 0)


def of_version(connection: sqlite3.Connection, model: str, version: int) -> list[str]:
    """What differs of one version, and of what gates have found of its model, one sentence each."""
    said, name = _Replayed(), f"{model}/{version}"
    for subject in (name, model):
        for entry in reversed(auditing.entries(connection, subject=subject)):
            said.apply(entry)
    return [*_versions(connection, said, name), *_verdicts(connection, said, model)]


def _versions(connection: sqlite3.Connection, said: _Replayed, only: str = "") -> Iterator[str]:
    there: dict[str, dict[str, str]] = {}
    rows = connection.execute(
        "SELECT v.id, m.name || '/' || v.version, v.about, v.user, v.run, v.created, v.whole FROM versions v "
        "JOIN models m ON m.id = v.model WHERE v.deleted IS NULL AND ? IN ('', m.name || '/' || v.version) "
        "ORDER BY m.name, v.version", (only,),
    ).fetchall()  # fmt: skip
    for number, name, about, user, run, created, whole in rows:
        known = said.about.get(name)
        if known and known != auditing.digest_of(about):
            yield f"what is known of {name} is not what was registered"
        if name in said.made:
            yield from _origin(name, said.made[name], (user, run, created))
        if said.wholes.get(name, whole) != whole:
            yield f"{name} is said to be part of another run than by the log"
        files = connection.execute("SELECT path, digest FROM version_files WHERE version = ?", (number,))
        there[name] = dict(files.fetchall())
    for name in there.keys() - said.versions.keys():
        yield f"{name} is there, and the log has no registration of it"
    for name in said.versions.keys() - there.keys():
        yield f"{name} was registered, and is gone without an entry"
    for name in there.keys() & said.versions.keys():
        if there[name] != said.versions[name]:
            yield f"the files of {name} are not those that were registered"
    for (name,) in connection.execute(
        "SELECT m.name FROM models m WHERE m.deleted IS NOT NULL AND ? IN ('', m.name || '/') AND EXISTS "
        "(SELECT 1 FROM versions v WHERE v.model = m.id AND v.deleted IS NULL) ORDER BY m.name",
        (only.rpartition("/")[0] + "/" if only else "",),
    ):
        yield f"the model {name} is hidden without an entry, and has versions"


def _origin(name: str, then: tuple[str, str, float | None], now: tuple[str, str, float]) -> Iterator[str]:
    if then[0] != now[0]:
        yield f"{name} is said to be registered by {now[0]}, and by the log it was {then[0]}"
    if then[1] != now[1]:
        yield f"{name} is said to be of another run than by the log"
    if then[2] not in (None, now[2]):
        yield f"{name} is said to be registered at another time than by the log"


def _verdicts(connection: sqlite3.Connection, said: _Replayed, only: str = "") -> Iterator[str]:
    """Results of an older version of the product, which had no entries, come before the first that has."""
    there: dict[int, tuple[str, str, str]] = {
        number: (model, auditing.digest_of(model, *rest), whole)
        for number, whole, model, *rest in connection.execute(
            "SELECT id, whole, model, content, gate, champion, verdict, report FROM gate_results "
            "WHERE ? IN ('', model)",
            (only,),
        )
    }
    first = min(said.verdicts, default=0)
    for number in sorted(there.keys() | said.verdicts.keys()):
        model, digest, whole = there.get(number, ("", "", ""))
        if number not in there:
            yield f"a gate's result, number {number}, is gone without an entry"
        elif number not in said.verdicts:
            if number < 1 or (first and number > first):
                yield f"a gate's result for {model}, number {number}, is there without an entry"
        elif said.verdicts[number] != digest:
            yield f"a gate's result for {model}, number {number}, is not what the gate found"
        elif said.wholes.get(number, whole) != whole:
            yield f"a gate's result for {model}, number {number}, is of another run than by the log"
        elif number in said.spent and said.spent[number] != judgements.spent(connection, number):
            yield f"a gate's result for {model}, number {number}, was at another time or on other rows"


def contents(connection: sqlite3.Connection, place: Place) -> Iterator[str]:
    """What the files of versions hold, against their digests: all of them are read, which takes a while."""
    rows = connection.execute(
        "SELECT m.name || '/' || v.version, f.path, f.digest FROM version_files f "
        "JOIN versions v ON v.id = f.version JOIN models m ON m.id = v.model "
        "WHERE v.deleted IS NULL ORDER BY m.name, v.version, f.path"
    ).fetchall()
    known: dict[str, str] = {}  # digest -> what is wrong
    for name, path, digest in rows:
        if digest not in known:
            file = artifacts.path_of(place, digest)
            whole = file.is_file() and artifacts.digest_of(file) == digest
            known[digest] = "" if whole else "not what was registered" if file.is_file() else "gone"
        if known[digest]:
            yield f"the content of {path} of {name} is {known[digest]}"


def _aliases(connection: sqlite3.Connection, said: _Replayed) -> Iterator[str]:
    there = {
        str(name): int(version)
        for name, version in connection.execute(
            "SELECT m.name || '@' || a.alias, v.version FROM aliases a JOIN models m ON m.id = a.model "
            "JOIN versions v ON v.id = a.version"
        )
    }
    if _has_data(connection):
        there |= connection.execute(
            "SELECT 'data:' || d.name || '@' || a.alias, v.version FROM dataset_aliases a "
            "JOIN datasets d ON d.id = a.dataset JOIN dataset_versions v ON v.id = a.version"
        ).fetchall()
    yield from said.moved
    for name in sorted(there.keys() | said.aliases.keys()):
        now, then = there.get(name, 0), said.aliases.get(name, 0)
        if now != then:
            yield f"{name} is version {now or 'none'}, and by the log version {then or 'none'}"


def _has_data(connection: sqlite3.Connection) -> bool:
    """Whether the store knows of registered data: one that is older and only read does not."""
    found = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'dataset_versions'").fetchone()
    return found is not None


def _data(connection: sqlite3.Connection, said: _Replayed) -> Iterator[str]:
    rows = (
        "SELECT 'data:' || d.name || '/' || v.version, v.digest FROM dataset_versions v "
        "JOIN datasets d ON d.id = v.dataset"
    )
    there = dict(connection.execute(rows).fetchall()) if _has_data(connection) else {}
    for name in sorted(there.keys() | said.data.keys()):
        if there.get(name) != said.data.get(name):
            what = "is gone without an entry" if name not in there else "is not what the log says was added"
            yield f"{name} {what}"


def _schedules(connection: sqlite3.Connection, said: _Replayed) -> Iterator[str]:
    there: dict[str, bool] = {}
    for name, paused, spec in connection.execute(
        "SELECT name, paused, spec FROM schedules WHERE removed IS NULL"
    ):
        there[str(name)] = bool(paused)
        if said.specs.get(name) and said.specs[name] != auditing.digest_of(spec):
            yield f"what the schedule {name} is to do is not what the log says"
    for name in sorted(there.keys() - said.schedules.keys()):
        yield f"the schedule {name} is there, and the log has no entry that adds it"
    for name in sorted(said.schedules.keys() - there.keys()):
        yield f"the schedule {name} is gone without an entry"
    for name in sorted(there.keys() & said.schedules.keys()):
        if there[name] != said.schedules[name]:
            words = ("goes on", "is paused")
            yield f"the schedule {name} {words[there[name]]}, and by the log it {words[said.schedules[name]]}"


def _anchors(connection: sqlite3.Connection, said: _Replayed) -> Iterator[str]:
    rows = connection.execute(
        "SELECT m.name || '/' || v.version, json_extract(v.about, '$.anchor') FROM versions v "
        "JOIN models m ON m.id = v.model UNION ALL "
        "SELECT 'a gate of ' || model, json_extract(report, '$.anchor') FROM gate_results"
    )
    for name, anchor in rows:
        if anchor and anchor not in said.heads:
            yield f"{name} has noted the head {anchor[:12]}, which the log does not have: its end was cut off"
