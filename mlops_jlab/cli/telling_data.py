"""Versions of data in print: one of them, and how two differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from mlops_jlab.cli.tables import moment, visible
from mlops_jlab.datasets.versions import Difference
from mlops_jlab.drift.detecting import Drift
from mlops_jlab.drift.distances import distance
from mlops_jlab.entities.datasets import DatasetVersion
from mlops_jlab.profiles import written
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.store.datasets import Reader

_SHOWN = 20


def plain(
    version: DatasetVersion, readers: Sequence[Reader], profile: Profile | None
) -> dict[str, object]:  # fmt: skip
    """A version as JSON data."""
    return {
        **asdict(version), "source": version.source, "read_by": [asdict(reader) for reader in readers],
        "profile": written.plain(profile) if profile is not None else None,
    }  # fmt: skip


def as_text(version: DatasetVersion, readers: Sequence[Reader], profile: Profile | None) -> str:
    """A version for people."""
    own = version.about.get("own", {})
    about = {
        "source": version.source, "connection": version.about.get("connection", ""), "kind": version.kind,
        "digest": version.digest, "aliases": ", ".join(version.aliases),
        "own version": f"{own['format']} {own['version']}" if own else "",
        "added": f"{moment(version.created)} by {version.user}", "run": version.run[:12],
        "owner": version.of_dataset.get("owner", ""), "note": version.of_dataset.get("note", ""),
    }  # fmt: skip
    lines = [version.title, *(f"  {key:<12}{text}" for key, text in about.items() if text)]
    if readers:
        lines.append("  read by")
        for reader in readers:
            models = f"  → {', '.join(reader.models)}" if reader.models else ""
            lines.append(f"    {reader.run[:8]}  {reader.name}  {moment(reader.started)}{models}")
    if profile is not None:
        lines += [f"  {line}" for line in repr(profile).splitlines()]
    return "\n".join(visible(line) for line in lines)


def difference(found: Difference) -> str:
    """How two versions differ, for people."""
    lines = []
    before, now = found.rows
    if before is not None and now is not None:
        lines.append(f"rows      {before:,} → {now:,} ({now - before:+,})")
    lines.append(f"files     {found.files if found.files else 'the same'}")
    if found.columns_gone:
        lines.append(f"columns gone: {', '.join(found.columns_gone)}")
    if found.columns_new:
        lines.append(f"new columns: {', '.join(found.columns_new)}")
    lines += [f"type of {name}: {old} → {new}" for name, old, new in found.types]
    if found.moved is not None:
        lines += repr(found.moved).splitlines()[: _SHOWN + 1]
    return "\n".join(visible(line) for line in lines)


def distances(name: str, one: Profile, other: Profile) -> dict[str, float]:
    """A distance by its name, of each column that both have.

    Raises:
        InputError: there is no distance of that name.
    """
    pairs = ((column, other.column(column.name)) for column in one.columns)
    return {
        column.name: round(distance(name, column, twin), 6)
        for column, twin in pairs
        if twin is not None and twin.kind is column.kind
    }


def drift(found: Drift, name: str, known: Mapping[str, float]) -> str:
    """What has drifted, for people, with a distance of each column beside it."""
    lines = repr(found).splitlines()
    lines += [f"  {name} {column:<24} {value:.4g}" for column, value in known.items()]
    return "\n".join(visible(line) for line in lines)
