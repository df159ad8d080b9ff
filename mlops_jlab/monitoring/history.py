"""What has been seen of a model's data so far: its windows, and one column of one of them in full."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mlops_jlab.drift.detecting import ColumnDrift
from mlops_jlab.drift.distances import psi
from mlops_jlab.errors import InputError, MlopsError, NotFound, nearest
from mlops_jlab.monitoring import policy as policies
from mlops_jlab.monitoring import watching
from mlops_jlab.monitoring.losses import Loss
from mlops_jlab.monitoring.policy import LOSS, TOGETHER, Action, Policy, Seen, Standing
from mlops_jlab.profiles import bins, written
from mlops_jlab.profiles.bins import Bins
from mlops_jlab.profiles.columns import ColumnProfile
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.registry import references, versions
from mlops_jlab.store import artifacts, monitored, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.monitored import WindowRow

MOST = 100  # windows that are looked back


@dataclass(frozen=True)
class Window:
    """One window: its row, what was found of each column (the worst test of each), and its loss if known.

    ``columns`` is empty where the window's run was deleted.
    """

    row: WindowRow
    columns: Mapping[str, ColumnDrift]
    loss: Loss | None


@dataclass(frozen=True)
class History:
    """The windows of a model, the oldest first; the policy of the newest and how things stand by it."""

    windows: tuple[Window, ...]
    policy: Policy
    standing: Standing


def history(place: Place, model: str, now: float, most: int = MOST) -> History:
    """The last windows of a model; none where it was never watched."""
    if not opening.exists(place):
        return History((), Policy(), policies.standing((), Policy(), now))
    with opening.reading(place) as connection:
        rows = monitored.windows(connection, model, most=most, whole=False)
        files = {row.id: reading.files_of(connection, row.run) for row in rows}
    windows = [_window(place, row, files[row.id]) for row in reversed(rows)]
    newest = next((_policy(place, files[row.id]) for row in rows), Policy())
    past = [Seen(row.at, row.rows, Action(row.action)) for row in rows]
    return History(tuple(windows), newest, policies.standing(past, newest, now))


def _window(place: Place, row: WindowRow, files: Mapping[str, str]) -> Window:
    found = _content(place, files.get(watching.DRIFT, "")) or {}
    worst: dict[str, ColumnDrift] = {}
    for entry in found.get("columns", ()):
        one = ColumnDrift(**entry)
        if one.name not in worst or _weight(one) > _weight(worst[one.name]):
            worst[one.name] = one
    for none in (LOSS, TOGETHER):  # which have no values of their own that a cell could show
        worst.pop(none, None)
    about = _content(place, files.get(watching.ABOUT, "")) or {}
    loss = about.get("loss")
    return Window(row, worst, Loss(**loss) if loss else None)


def _weight(one: ColumnDrift) -> tuple[bool, float]:
    return one.drifted, one.effect / max(one.needed, 1e-9)


def _policy(place: Place, files: Mapping[str, str]) -> Policy:
    about = _content(place, files.get(watching.ABOUT, "")) or {}
    return Policy(**about["policy"]) if about.get("policy") else Policy()


def _content(place: Place, digest: str) -> Any:
    """A file of JSON, or nothing where it is not there any more."""
    if not digest:
        return None
    try:
        return _parsed(place, digest)
    except (MlopsError, ValueError):
        return None


@lru_cache(256)
def _parsed(place: Place, digest: str) -> Any:
    return json.loads(artifacts.read(place, digest))


@dataclass(frozen=True)
class Beside:
    """One column of a window beside the reference. ``psi`` is None where it has no value."""

    window: WindowRow
    reference: ColumnProfile
    current: ColumnProfile | None
    bins: Bins
    found: tuple[ColumnDrift, ...]
    psi: float | None


def column(place: Place, model: str, window: int, name: str) -> Beside:
    """A column in a window, and in what the version of that window was fitted on.

    Raises:
        NotFound: there is no such window, its run was deleted, or the reference has no such column.
    """
    with opening.reading(place) as connection:
        row = monitored.window(connection, model, window)
        files = reading.files_of(connection, row.run)
    if watching.PROFILE not in files:
        raise NotFound(
            f"the run of this window of {model} was deleted", hint="restore it: mlops-jlab runs restore"
        )
    reference = references.read(place, versions.find(place, f"{model}/{row.version}"))
    one = _column(reference, name, f"what {model} {row.version} was fitted on")
    current = written.from_json(artifacts.read(place, files[watching.PROFILE])).column(name)
    drift = _content(place, files.get(watching.DRIFT, "")) or {}
    found = tuple(ColumnDrift(**entry) for entry in drift.get("columns", ()) if entry["name"] == name)
    comparable = current is not None and current.kind is one.kind
    return Beside(
        row, one, current, bins.of([one, current]), found,
        psi(one, current) if current is not None and comparable else None,
    )  # fmt: skip


def _column(looks: Profile, name: str, where: str) -> ColumnProfile:
    found = looks.column(name)
    if found is None:
        near = nearest(name, [column.name for column in looks.columns])
        raise NotFound(f"{where} has no column {name!r}{near}")
    return found


def order_of(windows: Sequence[Window]) -> list[str]:
    """The columns of windows, those first that have drifted most often and most; what the model says last."""
    weights: dict[str, tuple[float, float]] = {}
    for window in windows:
        for name, one in window.columns.items():
            times, most = weights.get(name, (0.0, 0.0))
            weights[name] = (times + one.drifted, max(most, one.effect / max(one.needed, 1e-9)))
    last = references.PREDICTION
    return sorted(weights, key=lambda name: (name == last, *(-part for part in weights[name]), name))


def watched(place: Place) -> list[WindowRow]:
    """The newest window of each model that is watched."""
    if not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        return monitored.newest(connection)


def check_reference(place: Place, model: str) -> bool:
    """Whether the newest version of a model has a reference.

    Raises:
        InputError: there is no such model.
    """
    version = versions.find(place, model)
    try:
        references.read(place, version)
    except InputError:
        return False
    return True
