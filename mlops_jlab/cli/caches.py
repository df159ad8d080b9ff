"""``mlops-jlab cache``: what is kept, why a step was run again, and making room."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.errors import InputError

if TYPE_CHECKING:
    from mlops_jlab.engine.cache.store import CacheStore

_PATH = click.Path(path_type=Path)


@click.group()
def cache() -> None:
    """Look after the answers of steps that are kept for later runs.

    They lie in the folder cache of the store that serves the current folder.
    """


def _store() -> CacheStore:
    from mlops_jlab.engine.cache.store import CacheStore
    from mlops_jlab.store import location

    return CacheStore(location.find().root / "cache")


@cache.command("list")
@FORMAT
def show(style: str) -> None:
    """List what is kept, the one used last first."""
    from mlops_jlab.cli.tables import rows

    store = _store()
    entries = store.all()
    kept = [
        {"pipeline": one.pipeline, "step": one.step, "created": one.created, "seconds": one.seconds,
         "parameters": dict(sorted(one.parameters.items()))}
        for one in entries
    ]  # fmt: skip
    table = [
        [one.pipeline, one.step, f"{datetime.fromisoformat(one.created).astimezone():%Y-%m-%d %H:%M}",
         f"{one.seconds:.1f} s", _given(one.parameters)]
        for one in entries
    ]  # fmt: skip
    size = store.size()
    if table and style == "text":
        click.echo(rows(("pipeline", "step", "computed", "took", "parameters"), table))
    answer(
        style, {"folder": store.root, "bytes": size, "steps": kept},
        f"{len(entries)} steps, {size / 1e6:,.1f} MB in {store.root}",
    )  # fmt: skip


def _given(parameters: dict[str, Any]) -> str:
    return " ".join(f"{name}={value!r}" for name, value in sorted(parameters.items()))


@cache.command()
@click.argument("run", type=_PATH, metavar="FOLDER|RUN")
@FORMAT
def why(run: Path, style: str) -> None:
    """Say for each step of a run why it was run, or whose answer was used.

    FOLDER is the run's folder, RUN its id or name in the run table.
    """
    from mlops_jlab.engine.folder.state import RunFolder

    state = RunFolder(folder_of(run)).load()
    told = [{"step": one.name, "status": one.status, "cached": one.cached, "reason": reason(one)}
            for one in state.steps]  # fmt: skip
    answer(style, told, "\n".join(f"{one['step']}: {one['reason']}" for one in told))


def reason(step: Any) -> str:
    """Why a step was run or not, in one sentence."""
    if step.cached:
        made = datetime.fromisoformat(step.cached).astimezone()
        return f"not run again, its answer is that of {made:%Y-%m-%d %H:%M:%S}"
    if step.status == "skipped":
        return f"skipped, {step.why}"
    if step.status == "pending":
        return "not run"
    told = f"run, because {step.why}" if step.why else "run"
    return told + (f"; its answer is not kept: {step.note}" if step.note else "")


def folder_of(run: Path) -> Path:
    """The folder of a run: ``run`` itself, or that of the run with this id or name."""
    from mlops_jlab.store import location, opening, reading

    if run.is_dir():
        return run
    place = location.find()
    if not opening.exists(place):
        raise InputError(f"there is no folder {run}, and no run either")
    with opening.reading(place) as connection:
        found = reading.find(connection, str(run))
    folder = found.engine.folder
    if not folder:
        raise InputError(f"run {found.id[:12]} is not a run of a pipeline")
    return Path(folder)


@cache.command()
@click.option("--limit", default="10 GB", show_default=True, metavar="SIZE", help="Keep at most this much.")
@FORMAT
def gc(limit: str, style: str) -> None:
    """Remove what was not used for the longest time."""
    from mlops_jlab.entities.settings import size

    most = 0 if limit.strip() == "0" else size(limit)
    if most is None:
        raise InputError(f"{limit!r} is not a size", hint="write it as 500 MB, 2 GB or 0")
    removed, freed = _store().collect(most)
    answer(style, {"removed": removed, "bytes": freed}, f"removed {removed} steps, {freed / 1e6:,.1f} MB")
