"""Starting a run: its folder, its command, and the announcement by which it is known at once."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_jlab.entities.runs import new_run_id
from mlops_jlab.server import apart
from mlops_jlab.store import location
from mlops_jlab.store.location import Place
from mlops_jlab.tracking.announcing import Announcement


def running(source: Path, target: Path) -> list[str]:
    """The words of the command that runs a notebook, or a file of several, in a folder."""
    return ["run", str(source), "--output", str(target), "--keep-warm", "10"]


def new_run(place: Place, source: Path) -> Path:
    """Where a run's folder will lie, with its log and parameters beside it."""
    location.make(place)
    stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"  # for people
    target = place.root / "runs" / source.stem / stamp
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return target


def begin(place: Place, name: str, source: Path, target: Path, words: Sequence[str]) -> dict[str, Any]:
    """Starts what ``words`` say of a pipeline, as a run that is known from now on."""
    kind = "sweep" if words[0] == "sweep" else "pipeline"
    run = Announcement(new_run_id(), f"{name}-{target.name}", name, kind, source, folder=target)
    apart.start_run(place, run, words, source.parent)
    return {"run": run.id, "name": run.name, "pipeline": name}
