"""Routes of registered data: their versions, one of them beside another one, and whether it is as it was."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.datasets import versions
from mlops_jlab.datasets.versions import Changes, Difference
from mlops_jlab.entities.datasets import DatasetVersion
from mlops_jlab.errors import InputError
from mlops_jlab.profiles import bins
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.server.handling import Route, answered, apart_from_the_end, aside
from mlops_jlab.server.looks import LONGEST, MOST, plain_bins, plain_column, plain_drift
from mlops_jlab.store import datasets, opening
from mlops_jlab.store.location import Place

_VERSIONS = 500  # of all datasets, the newest first
_FILES = 50  # names of each kind of change


class DatasetsRoute(Route):
    """``GET datasets``: all registered data with their versions, the newest first."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """No arguments."""
        self.answer(await aside(_datasets, self.place, self.root))


def _datasets(place: Place, root: Path) -> dict[str, Any]:
    found: dict[str, list[DatasetVersion]] = {}
    for version in versions.all_versions(place)[:_VERSIONS]:
        found.setdefault(version.dataset, []).append(version)
    return {
        "datasets": [
            {
                "name": name, "owner": str(several[0].of_dataset.get("owner", ""))[:LONGEST],
                "note": str(several[0].of_dataset.get("note", "")),
                "versions": [_brief(one, root) for one in several],
            }
            for name, several in sorted(found.items())
        ]
    }  # fmt: skip


def _brief(version: DatasetVersion, root: Path) -> dict[str, Any]:
    about = version.about
    own = about.get("own") or {}
    return {
        "version": version.version, "created": version.created, "user": version.user, "run": version.run,
        "digest": version.digest[:12], "aliases": list(version.aliases), "kind": version.kind,
        "source": _shown(version, root), "rows": about.get("rows"), "files": about.get("files"),
        "size": about.get("size"),
        "own": f"{own['format']} {own['version']}" if own else "",
    }  # fmt: skip


def _shown(version: DatasetVersion, root: Path) -> str:
    """Where it lies: relative to the server's root, if it lies there; of a query the query."""
    source = version.source
    if version.kind != "query" and Path(source).is_relative_to(root):
        source = Path(source).relative_to(root).as_posix()
    return source[:2000]


class DatasetVersionRoute(Route):
    """``GET datasets/version``: one version, its columns, its readers; beside another one on request."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``address``, such as ``flights@validated``; ``against``: another one, for the difference."""
        address, against = self.get_argument("address"), self.get_argument("against", "")
        self.answer(await aside(_version, self.place, address, against, self.root))


def _version(place: Place, address: str, against: str, root: Path) -> dict[str, Any]:
    version = versions.find(place, address)
    other = versions.find(place, against) if against else None
    looks = versions.profile_of(place, version)
    before = versions.profile_of(place, other) if other is not None else None
    with opening.reading(place) as connection:
        readers = datasets.readers(connection, version)
    return _brief(version, root) | {
        "dataset": version.dataset, "against": None if other is None else f"{other.dataset}/{other.version}",
        "connection": str(version.about.get("connection", ""))[:LONGEST],
        "schema": [
            [str(name)[:LONGEST], str(kind)[:LONGEST]]
            for name, kind in version.about.get("schema", [])[:MOST]
        ],
        "profiled": looks is not None,
        "columns": [] if looks is None else columns_beside([before] if before is not None else [], looks),
        "left_out": max(0, len(looks.columns) - MOST) if looks is not None else 0,
        "readers": [{**asdict(reader), "models": list(reader.models)} for reader in readers],
        "difference": None if other is None else _difference(versions.diff(place, other, version)),
    }  # fmt: skip


def columns_beside(others: Sequence[Profile], looks: Profile) -> list[dict[str, Any]]:
    """The columns of a profile, each in the same bins as in the others, which stand first."""
    answer = []
    for column in looks.columns[:MOST]:
        beside = [other.column(column.name) for other in others]
        found = bins.of([*beside, column])
        answer.append({
            **plain_column(column), "bins": plain_bins(found, column.kind),
            "before": next((plain_column(one) for one in beside if one is not None), None),
        })  # fmt: skip
    return answer


def _difference(found: Difference) -> dict[str, Any]:
    moved = found.moved
    return {
        "files": plain_changes(found.files), "rows": list(found.rows),
        "columns_gone": list(found.columns_gone)[:MOST], "columns_new": list(found.columns_new)[:MOST],
        "types": [list(one) for one in found.types[:MOST]],
        "moved": None if moved is None else [plain_drift(one) for one in moved.columns[:MOST]],
        "not_judged": [] if moved is None else list(moved.not_judged)[:MOST],
    }  # fmt: skip


def plain_changes(found: Changes) -> dict[str, Any]:
    """Which files are otherwise: the first of each kind, and how many there are."""
    return {
        kind: {"count": len(names), "first": [name[:LONGEST] for name in names[:_FILES]]}
        for kind, names in asdict(found).items()
    }


class DatasetVerifyRoute(Route):
    """``GET datasets/verify``: whether the files of a version are as they were when it was added."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``address``. Files whose size and time are as they were are not read again.

        400 for a query, and for files that lie outside the server's root.
        """
        self.answer(await apart_from_the_end(_verify, self.place, self.get_argument("address"), self.root))


def _verify(place: Place, address: str, root: Path) -> dict[str, Any]:
    version = versions.find(place, address)
    base = Path(os.path.realpath(str(version.about.get("base", root))))
    if not base.is_relative_to(root):
        raise InputError(
            f"the files of {version.title} lie outside the server's root",
            hint=f"mlops-jlab data verify {version.dataset}/{version.version}",
        )
    found = versions.verify(place, version, thoroughly=False)
    return {"same": not found, "changes": plain_changes(found)}
