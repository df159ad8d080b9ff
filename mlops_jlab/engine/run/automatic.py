"""What steps show without a line of tracking code, kept in their runs and lifted to the pipeline's run."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_jlab.entities.runs import AUTOMATIC, Artifact, Automatic, Run
from mlops_jlab.errors import MlopsError
from mlops_jlab.handoff import looks
from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.policies.standing import is_personal
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import shown
from mlops_jlab.tracking.live import LiveRun
from mlops_jlab.tracking.shown import Shown

PROFILES = "profiles"  # the folder among a run's files
TAG = "no-record"  # of a cell from which nothing is taken
_LARGEST = 50_000_000  # bytes of an executed notebook that is looked through

Cells = Sequence[tuple[str, Sequence[Mapping[str, Any]]]]


def recorded_steps(manifest: Manifest, place: Place) -> dict[str, frozenset[str]]:
    """For each step that is recorded, the ids of its own cells.

    Left out are steps whose setting ``record`` is false, and all if the store's ``settings.json`` says so.
    """
    with suppress(OSError, ValueError, AttributeError):
        if json.loads((place.root / "settings.json").read_text("utf-8")).get("record") is False:
            return {}
    return {
        step.name: frozenset(step.cells)
        for step in manifest.steps
        if step.settings.get("record", True) is not False
    }


def cells_of(executed: Path, own: frozenset[str]) -> Cells:
    """The sources and outputs of a step's own cells; nothing of a notebook that cannot be read."""
    try:
        if executed.stat().st_size > _LARGEST:
            return []
        content = json.loads(executed.read_text("utf-8"))
    except (OSError, ValueError):
        return []
    return [
        ("".join(cell.get("source", "")), cell.get("outputs", ()))
        for cell in content.get("cells", ())
        if cell.get("id") in own and TAG not in cell.get("metadata", {}).get("tags", ())
    ]


def keep_displayed(run: LiveRun, step: str, cells: Cells) -> None:
    """Keeps the figures, small tables and last results of a step that is over."""
    _keep(run, shown.displayed(cells, step))


def want_profiles(handoff: Path, steps: Iterable[str]) -> None:
    """Asks the processes of steps to profile the frames that they make."""
    for step in steps:
        looks.folder_of(handoff, step).mkdir(parents=True, exist_ok=True, mode=0o700)


def keep_profiles(run: LiveRun, handoff: Path, step: str) -> None:
    """Keeps the profiles of the frames that a step has made."""
    found = {
        f"{PROFILES}/{path.name}": path.read_bytes()
        for path in sorted(looks.folder_of(handoff, step).glob("*.json"))
    }
    _keep(run, Shown(files=found))


def copy_profiles(run: LiveRun, files: Iterable[Artifact]) -> None:
    """A step whose answer came from another run has made the frames of that one."""
    found = [file for file in files if file.path.startswith(f"{PROFILES}/")]
    for file in found:
        run.keep_artifact(file)
    _mark(run, Automatic((), (), tuple(file.path for file in found)))


def keep_bound(run: LiveRun, cells: Cells, scalars: Mapping[str, Any]) -> None:
    """Keeps the scalars that the cells of a step bind, as they were when it was done."""
    whole = Shown()
    for source, _outputs in cells:
        found = shown.bound(source, scalars)
        for name in found.params:
            whole.metrics.pop(name, None)
        for name in found.metrics:
            whole.params.pop(name, None)
        whole.params |= found.params
        whole.metrics |= found.metrics
    _keep(run, whole)


def _keep(run: LiveRun, found: Shown) -> None:
    """What the user's code has logged by the same name is not touched."""
    if not (found.params or found.metrics or found.files):
        return
    run.recorder.flush()
    with opening.reading(run.recorder.place) as connection:
        kept = reading.find(connection, run.id)
        files = {file.path for file in reading.artifacts(connection, kept)}
    before, known = kept.automatic, kept.params.keys() | kept.metrics
    params = {name: v for name, v in found.params.items() if name not in known and not is_personal(name)}
    metrics = {name: v for name, v in found.metrics.items() if name not in known and not is_personal(name)}
    for name, content in found.files.items():
        if name not in files:
            run.log_content(content, name)
    _log(run, params, metrics)
    _mark(run, Automatic(
        (*before.params, *params), (*before.metrics, *metrics),
        (*before.files, *(name for name in found.files if name not in files)),
    ))  # fmt: skip


def _log(run: LiveRun, params: Mapping[str, Any], metrics: Mapping[str, float]) -> None:
    for name, value in params.items():
        with suppress(MlopsError):  # a name that nothing can have
            run.log_param(name, value)
    for name, number in metrics.items():
        with suppress(MlopsError):
            run.log_metric(name, number, 0)


def _mark(run: LiveRun, found: Automatic) -> None:
    facts = {key: sorted(set(names)) for key, names in vars(found).items() if names}
    if facts:
        run.add_facts({AUTOMATIC: facts})


def lift(run: LiveRun, order: Iterable[str]) -> None:
    """The latest metrics of a pipeline's steps, and what was recorded by itself, become the pipeline's too.

    Of one name, the lowest step's counts; what the pipeline's run has of its own, its parameters, stays.
    """
    run.recorder.flush()
    with opening.reading(run.recorder.place) as connection:
        own = reading.find(connection, run.id)
        places = {name: place for place, name in enumerate(order)}
        steps = [child for child in reading.children(connection, own) if child.name in places]
        steps.sort(key=lambda child: places[child.name])
        files = [(step, file) for step in steps for file in reading.artifacts(connection, step)]
    params: dict[str, str] = {}
    metrics: dict[str, float] = {}
    marked: set[str] = set()
    for step in steps:
        params |= {name: step.params[name] for name in step.automatic.params if name in step.params}
        metrics |= {name: metric.latest for name, metric in step.metrics.items()}
        marked = (marked - step.metrics.keys()) | (step.metrics.keys() & set(step.automatic.metrics))
    mine = {name for name in own.params if name not in own.automatic.params}
    params = {name: value for name, value in params.items() if name not in mine | metrics.keys()}
    lifted = [file for step, file in files if file.path in step.automatic.files]
    _log(run, params, metrics)
    for file in lifted:
        run.keep_artifact(file)
    _mark(run, Automatic(tuple(params), tuple(marked), tuple(file.path for file in lifted)))


def only_logged(runs: Iterable[Run]) -> dict[str, float]:
    """The latest metrics that code has logged; of one name, the lowest run's."""
    return {
        name: metric.latest
        for run in runs
        for name, metric in run.metrics.items()
        if name not in run.automatic.metrics
    }
