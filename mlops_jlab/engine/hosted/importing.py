"""A hosted run → one run in the table, with a child for each step; done twice it is done once."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jlab.engine.hosted.collecting import bring_files, lines_of
from mlops_jlab.engine.hosted.place import About, Ended, RunStore
from mlops_jlab.engine.run import automatic
from mlops_jlab.entities.runs import ENGINE, RunStatus
from mlops_jlab.store import database, location, opening
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.journal import Line
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import lifecycle, values


@dataclass(frozen=True)
class Imported:
    """What came of an import: the run's id and status, how many steps are done, and what was new."""

    id: str
    name: str
    status: str
    done: int
    steps: int
    new: int


def bring(store: RunStore, place: Place, *, unfinished: bool = True) -> Imported:
    """Brings a hosted run into the table at ``place``. What is there already stays as it is.

    ``unfinished``: one with steps that are not over is written down as well, as killed; another import puts
    it right when they are.

    Raises:
        NotFound: there is no run in the store.
        StoreError: the table cannot be written, or an artifact is missing.
    """
    about = store.known()
    ended = {step: one for step in about.steps if (one := store.ended(step)) is not None}
    tracked = {step: found for step in ended if (found := store.tracked(step)) is not None}
    location.make(place)
    if not opening.exists(place):
        database.connect(place.database).close()
    with opening.writing(place) as connection:
        rows = connection.execute("SELECT id, status, attempt FROM runs").fetchall()
    known = {run: (str(status), int(attempt)) for run, status, attempt in rows}
    new = [found for found in tracked.values() if not _is_over(known.get(found["run"]["id"]))]
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as scratch:
        for found in new:
            bring_files(place, found, store.artifacts, Path(scratch))
    status, reason = _outcome(about, ended)
    done = sum(one.state.status in ("finished", "skipped") for one in ended.values())
    whole: Sequence[Line] = ()
    if unfinished or _all_over(about, ended):
        whole = _pipeline(about, store, tracked, status, reason, known.get(about.id))
    lines = [*whole, *(line for found in new for line in lines_of(found))]
    with closing(database.connect(place.database)) as connection, database.transaction(connection):
        Applier(connection).apply(lines)
    if whole:
        _lift(about, place)
    return Imported(about.id, _name(about), status, done, len(about.steps), len(new) + bool(whole))


def _is_over(known: tuple[str, int] | None) -> bool:
    return known is not None and RunStatus(known[0]).is_over


def _all_over(about: About, ended: Mapping[str, Ended]) -> bool:
    failed = any(one.state.status not in ("finished", "skipped") for one in ended.values())
    return failed or len(ended) == len(about.steps)


def _outcome(about: About, ended: Mapping[str, Ended]) -> tuple[str, str]:
    """How the run came out so far, and why."""
    for step in about.steps:
        if step in ended and ended[step].state.status not in ("finished", "skipped"):
            return str(RunStatus.FAILED), ended[step].state.cause
    if len(ended) < len(about.steps):
        why = f"{len(ended)} of {len(about.steps)} steps were over when it was imported"
        return str(RunStatus.KILLED), why
    return str(RunStatus.FINISHED), ""


def _name(about: About) -> str:
    return f"{about.pipeline.partition('@')[0]}-{about.run}"[:200]


def _pipeline(
    about: About,
    store: RunStore,
    tracked: Mapping[str, Any],
    status: str,
    reason: str,
    known: tuple[str, int] | None,
) -> list[Line]:
    """The lines of the pipeline's own run; none if it is there and came out so."""
    if known is not None and known[0] == status and status != RunStatus.KILLED:
        return []
    runs = [found["run"] for found in tracked.values()]
    started = min((run["started"] for run in runs), default=time.time())
    over = max((run["ended"] or started for run in runs), default=started)
    attempt = 1 if known is None else known[1] + 1
    key = [about.id, attempt]
    fields = {
        "name": _name(about), "experiment": about.experiment, "kind": "pipeline", "parent": "",
        "source": about.notebook, "user": lifecycle.user(), "owner": "", "started": started,
    }  # fmt: skip
    lines: list[Line] = [["run", *key, fields]] if known is None else []
    lines += [["resume", *key, {"owner": "", "at": over}]] if known is not None else []
    params = {name: values.param(name, value) for name, value in about.parameters.items()}
    lines += [["param", *key, name, value, started] for name, value in params.items()]
    lines.append(["tag", *key, "pipeline", about.pipeline])
    lines.append(["facts", *key, {ENGINE: {"folder": store.url}}])
    lines.append(["end", *key, {"status": status, "reason": reason, "ended": over,
                                "duration": round(over - started, 3)}])  # fmt: skip
    return lines


def _lift(about: About, place: Place) -> None:
    """The metrics of the steps become the pipeline's too."""
    run = lifecycle.run_of(about.id, place)
    automatic.lift(run, about.steps)
    run.recorder.flush()
