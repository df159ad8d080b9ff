"""Adding versions of data, finding, promoting, comparing and verifying them: what every face calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mlops_jlab.datasets import contents, queries
from mlops_jlab.entities.datasets import DataFile, DatasetVersion, check_dataset_name, parse_dataset
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.masking import masked
from mlops_jlab.profiles import chunks, profile, written
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.store import datasets as rows
from mlops_jlab.store import opening
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import lifecycle

_QUERY = "query"


@dataclass(frozen=True)
class Added:
    """A version, and whether it is a new one."""

    version: DatasetVersion
    is_new: bool


def add(name: str, source: str | Path, *, owner: str = "", note: str = "", profiled: bool = True) -> Added:
    """Keeps what lies at a path or pattern as the next version of a dataset; files stay where they are.

    Content that the newest version has already is no new version. Files that have not changed since are
    not read again. ``profiled`` makes the profile too, of files of rows.

    Raises:
        InputError: there are no files, or the name cannot be one.
        StoreError: the store cannot be written.
    """
    check_dataset_name(name)
    place = _place()
    where = contents.source_of(source)
    newest = _newest(place, name)
    known: Sequence[DataFile] = ()
    if newest is not None and newest.source == where.text:
        with opening.reading(place) as connection:
            known = rows.files(connection, newest)
    files = contents.files_of(where, known, newest.created if newest else 0.0)
    digest = contents.digest_of(files)
    about: dict[str, Any] = {
        "kind": where.kind, "source": where.text, "base": str(where.base), "files": len(files),
        "size": contents.size_of(files),
    }  # fmt: skip
    if own := contents.own_version(where):
        about["own"] = own
    found = None
    if profiled and not (newest is not None and newest.digest == digest):
        found = _profile(where, files)
    return _keep(place, name, rows.Found(digest, about, files), found, owner, note)


def add_query(
    name: str, query: str, connection: Any, *, address: str = "", owner: str = "", note: str = "",
    profiled: bool = True,
) -> Added:  # fmt: skip
    """Keeps the rows that a query gives now as the next version: their digest and profile, not the rows.

    ``connection`` is one of DB-API. Rows count in the order in which they come, so the query should sort
    them.

    Raises:
        InputError: the query fails, or gives no rows.
    """
    check_dataset_name(name)
    digest, count, found, columns = queries.look(connection, query, profiled=profiled)
    about: dict[str, Any] = {
        "kind": _QUERY, "source": query, "connection": masked(address), "rows": count,
        "schema": [[column, ""] for column in columns],
    }  # fmt: skip
    return _keep(_place(), name, rows.Found(digest, about), found, owner, note)


def _place() -> Place:
    recorder = lifecycle.recorder()
    recorder.open_database()
    return recorder.place


def _newest(place: Place, name: str) -> DatasetVersion | None:
    with opening.reading(place) as connection:
        return next(iter(rows.versions(connection, name)), None)


def _profile(source: contents.Source, files: Sequence[DataFile]) -> Profile | None:
    tables = [source.base / file.path for file in files if chunks.is_table(Path(file.path))]
    return chunks.gathered(profile.of_frame(part) for table in tables for part in chunks.of_file(table))


def _keep(place: Place, name: str, found: rows.Found, looks: Profile | None, owner: str, note: str) -> Added:
    about = dict(found.about)
    if looks is not None:
        about["rows"] = looks.rows
        about["schema"] = [[column.name, column.dtype] for column in looks.columns]
    text = written.as_json(looks, None) if looks is not None else ""
    run = lifecycle.current()
    shared = {key: masked(value) for key, value in (("owner", owner), ("note", note)) if value}
    with opening.writing(place) as connection:
        number, is_new = rows.add(
            connection, name, rows.Found(found.digest, about, found.files, text), who=lifecycle.who(),
            run=run.id if run else "", of_dataset=shared,
        )  # fmt: skip
        return Added(rows.find(connection, parse_dataset(f"{name}/{number}")), is_new)


def all_versions(place: Place, name: str = "") -> list[DatasetVersion]:
    """The versions of one dataset, or of all; nothing where there is no store yet."""
    if not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        return rows.versions(connection, name)


def find(place: Place, address: str) -> DatasetVersion:
    """The version that ``NAME@ALIAS``, ``NAME/NUMBER`` or ``NAME`` means.

    Raises:
        InputError: there is none.
    """
    with opening.reading(place) as connection:
        return rows.find(connection, parse_dataset(address))


def profile_of(place: Place, version: DatasetVersion) -> Profile | None:
    """The profile of a version, if one was made."""
    with opening.reading(place) as connection:
        text = rows.profile(connection, version)
    return written.from_json(text) if text else None


def promote(place: Place, address: str, alias: str, *, reason: str = "") -> tuple[DatasetVersion, int]:
    """Lets an alias point at a version; the version, and the number of the one before (0: none).

    Raises:
        InputError: there is no such version, or the alias cannot be one.
    """
    version = find(place, address)
    with opening.writing(place) as connection:
        return version, rows.point(connection, version, alias, who=lifecycle.who(), reason=reason)


@dataclass(frozen=True)
class Changes:
    """Files that are not what a version has: by path, in three lists."""

    changed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    more: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changed or self.gone or self.more)

    def __str__(self) -> str:
        parts = {"changed": self.changed, "gone": self.gone, "new": self.more}
        return "; ".join(
            f"{word}: {', '.join(found[:3])}" + (f" and {len(found) - 3} more" if len(found) > 3 else "")
            for word, found in parts.items()
            if found
        )


def changes(before: Sequence[DataFile], now: Sequence[DataFile]) -> Changes:
    """How two lists of files differ in content."""
    old, new = ({file.path: file.digest for file in files} for files in (before, now))
    return Changes(
        tuple(path for path in old if path in new and old[path] != new[path]),
        tuple(path for path in old if path not in new), tuple(path for path in new if path not in old),
    )  # fmt: skip


def verify(place: Place, version: DatasetVersion, *, thoroughly: bool = True) -> Changes:
    """What of a version's files is not as it was; ``thoroughly`` reads all of them again.

    Raises:
        InputError: it is a query, whose rows lie elsewhere.
    """
    if version.kind == _QUERY:
        raise InputError(
            f"{version.title} is a query: its rows are not files",
            hint="add it again: an equal one makes no new version",
        )
    with opening.reading(place) as connection:
        known = rows.files(connection, version)
    source = contents.again(version.about)
    try:
        now = contents.files_of(source, () if thoroughly else known, version.created)
    except contents.NothingThere:
        now = []
    return changes(known, now)


@dataclass(frozen=True)
class Difference:
    """How two versions differ: files, columns and rows; with profiles also how the columns moved."""

    files: Changes
    rows: tuple[int | None, int | None]
    columns_gone: tuple[str, ...]
    columns_new: tuple[str, ...]
    types: tuple[tuple[str, str, str], ...]
    moved: Any = None  # a Drift, where both have a profile and a column in common


def diff(place: Place, one: DatasetVersion, other: DatasetVersion) -> Difference:
    """Compares two versions, of one dataset or of two."""
    from mlops_jlab.drift.detecting import detect

    with opening.reading(place) as connection:
        files = changes(rows.files(connection, one), rows.files(connection, other))
    before, now = _schema(one.about), _schema(other.about)
    profiles = profile_of(place, one), profile_of(place, other)
    moved = None
    if profiles[0] is not None and profiles[1] is not None and before.keys() & now.keys():
        shared = Profile(profiles[0].rows, tuple(c for c in profiles[0].columns if c.name in now))
        moved = detect(shared, profiles[1])
    return Difference(
        files, (one.about.get("rows"), other.about.get("rows")),
        tuple(name for name in before if name not in now), tuple(name for name in now if name not in before),
        tuple((name, old, now[name]) for name, old in before.items() if old != now.get(name, old)),
        moved,
    )  # fmt: skip


def _schema(about: Mapping[str, Any]) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in about.get("schema", ())}


def use(address: str) -> Path | list[Path]:
    """The path of a version for the step that reads it, which counts as its input.

    Raises:
        InputError: there is no such version, or it is a query.
        MlopsError: its files are not what they were when it was added.
    """
    run = lifecycle.current()
    place = run.recorder.place if run is not None else lifecycle.recorder().place
    version = find(place, address)
    if version.kind == _QUERY:
        raise InputError(
            f"{version.title} is a query and has no path", hint="read it: pandas.read_sql(query, connection)"
        )
    found = verify(place, version, thoroughly=False)
    if found:
        added = f"{datetime.fromtimestamp(version.created, UTC):%Y-%m-%d %H:%M} UTC"
        raise MlopsError(
            f"{version.source} is not what {version.title} was on {added}: {found}",
            hint=f"keep it as a new version: mlops-jlab data add {version.dataset} {version.source}",
        )
    if run is not None:
        with opening.writing(place) as connection:
            rows.note_read(connection, version, run.id)
        run.add_facts({"datasets": {version.dataset: {
            "version": version.version, "digest": version.digest, "asked": address, "source": version.source,
        }}})  # fmt: skip
    if version.kind == "glob":
        with opening.reading(place) as connection:
            base = Path(str(version.about["base"]))
            return [base / file.path for file in rows.files(connection, version)]
    return Path(version.source)
