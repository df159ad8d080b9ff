"""The route of the profiles of frames that a run has kept, beside those of another run on request."""

from __future__ import annotations

from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.drift.detecting import detect
from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError
from mlops_jlab.profiles import written
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.server.datasets import columns_beside
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.server.looks import LONGEST, MOST, plain_drift
from mlops_jlab.store import artifacts, opening, reading
from mlops_jlab.store.location import Place

_FOLDER = "profiles/"
_FRAMES = 50  # of one answer
_LARGEST = 200_000  # bytes of a file that is a profile of a frame


class RunProfilesRoute(Route):
    """``GET runs/ID/profiles``: the frames that a run, or a step of it, has made, column by column."""

    @web.authenticated
    @authorized
    @answered
    async def get(self, run_id: str) -> None:
        """``against``: another run, whose frames of the same step and name stand first."""
        self.answer(await aside(_profiles, self.place, run_id, self.get_argument("against", "")))


def _profiles(place: Place, run_id: str, against: str) -> dict[str, Any]:
    found = _frames(place, run_id)
    others = _frames(place, against) if against else {}
    frames = [
        _frame(place, key, digest, others.get(key, "")) for key, digest in list(found.items())[:_FRAMES]
    ]
    return {
        "frames": [frame for frame in frames if frame is not None],
        "left_out": max(0, len(found) - _FRAMES),
    }


def _frames(place: Place, run_id: str) -> dict[tuple[str, str], str]:
    """The digests of profiles by step and name of the frame: of the run's steps, or its own."""
    with opening.reading(place) as connection:
        run = reading.find(connection, run_id)
        steps: list[Run] = reading.children(connection, run, LONGEST)
        return {
            (one.name if one is not run else "", file.path[len(_FOLDER) : -len(".json")]): file.digest
            for one in (steps if run.kind == "pipeline" else [run])
            for file in reading.artifacts(connection, one)
            if file.path.startswith(_FOLDER) and file.path.endswith(".json") and file.size <= _LARGEST
        }


def _frame(place: Place, key: tuple[str, str], digest: str, before: str) -> dict[str, Any] | None:
    looks = _read(place, digest)
    if looks is None:
        return None
    other = _read(place, before) if before else None
    return {
        "step": key[0][:LONGEST], "name": key[1][:LONGEST], "rows": looks.rows,
        "columns": columns_beside([other] if other is not None else [], looks),
        "left_out": looks.left_out + max(0, len(looks.columns) - MOST),
        "rows_before": None if other is None else other.rows,
        "moved": [] if other is None else _moved(other, looks),
    }  # fmt: skip


def _moved(before: Profile, now: Profile) -> list[dict[str, Any]]:
    try:
        return [plain_drift(one) for one in detect(before, now).columns[:MOST]]
    except InputError:  # no column in common
        return []


def _read(place: Place, digest: str) -> Profile | None:
    """The profile in a file; nothing where the user's own file of that name is none."""
    try:
        return written.from_json(artifacts.read(place, digest))
    except InputError:
        return None
