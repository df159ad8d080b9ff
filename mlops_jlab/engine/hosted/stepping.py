"""One step of a pipeline that another engine runs: fetch, execute, publish; done twice it is done once."""

from __future__ import annotations

import hashlib
import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlops_jlab.engine.asked import Listener, Options
from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState
from mlops_jlab.engine.hosted.collecting import collected
from mlops_jlab.engine.hosted.place import About, Ended, RunStore
from mlops_jlab.engine.hosted.tracked import HostedRun
from mlops_jlab.engine.run.automatic import only_logged
from mlops_jlab.engine.run.loop import run
from mlops_jlab.entities import conditions
from mlops_jlab.errors import InputError, RunError, nearest
from mlops_jlab.handoff.records import read_record, record_path, records_above, resolve
from mlops_jlab.handoff.variables import ARTIFACTS
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep
from mlops_jlab.registry.versions import all_versions
from mlops_jlab.store import location, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.store.recorder import close_all


@dataclass(frozen=True)
class Hosted:
    """One step of a hosted run. ``folder`` is where its cells run, ``source`` the notebook it came from.

    ``again`` executes it although it is done.
    """

    manifest: Manifest
    step: str
    store: RunStore
    name: str
    values: Mapping[str, Any]
    folder: Path
    source: Path
    kernel: str = ""
    experiment: str = ""
    again: bool = False
    cold: bool = False


@dataclass(frozen=True)
class Outcome:
    """How a hosted step came out. ``done_before``: it was done, and nothing was executed."""

    state: StepState
    url: str
    done_before: bool = False


def execute(asked: Hosted, listening: Callable[[], Listener]) -> Outcome:
    """Executes the step and publishes what it made, in a folder of its own that goes when it is over.

    Raises:
        InputError: there is no such step, or steps above it are not done.
        RunError: the answer would not be that of the notebook.
    """
    step = _planned(asked.manifest, asked.step)
    about = _about(asked)
    asked.store.check(about)
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-", ignore_cleanup_errors=True) as scratch:
        folder = RunFolder(Path(scratch).resolve() / "run")
        folder.create()
        asked.store.artifacts.fetch_records(folder.handoff)
        ended = {one.name: asked.store.ended(one.name) for one in _above(asked.manifest, step)}
        before = asked.store.ended(step.name)
        if before is not None and not asked.again and _is_done(asked, folder, step, before):
            return Outcome(before.state, asked.store.url, done_before=True)
        _check_above(asked, folder, step)
        asked.store.begin(about)
        asked.store.check(about)  # another step may have been first
        _prepare(folder, asked, step, ended)
        with _table(Path(scratch)) as own:
            return _execute(asked, about, folder, step, listening(), before, own)


def without_retries(manifest: Manifest) -> Manifest:
    """The same pipeline, of which no step is tried again by us."""
    left_out = ("retries", "backoff")
    steps = [
        replace(step, settings={name: value for name, value in step.settings.items() if name not in left_out})
        for step in manifest.steps
    ]
    return replace(manifest, steps=tuple(steps))


def _planned(manifest: Manifest, name: str) -> ManifestStep:
    for step in manifest.steps:
        if step.name == name:
            return step
    known = [step.name for step in manifest.steps]
    raise InputError(f"there is no step {name!r}{nearest(name, known)}", hint=f"steps: {', '.join(known)}")


def _about(asked: Hosted) -> About:
    identity = f"{asked.manifest.identity}\n{asked.store.url.rpartition('/')[2]}"
    return About(
        asked.manifest.identity, asked.name, asked.manifest.source,
        tuple(step.name for step in asked.manifest.steps), dict(asked.values),
        hashlib.sha256(identity.encode()).hexdigest()[:32],
        asked.experiment or asked.manifest.name,
    )  # fmt: skip


def _above(manifest: Manifest, step: ManifestStep) -> list[ManifestStep]:
    """All steps that this one waits for, directly or not."""
    before: dict[str, set[str]] = {}
    for edge in manifest.edges:
        before.setdefault(edge.target, set()).add(edge.source)
    for one in manifest.steps:
        if "when" in one.settings and conditions.parse(str(one.settings["when"])).metrics:
            before.setdefault(one.name, set()).update(s.name for s in manifest.steps[: one.position])
    todo, found = [step.name], set[str]()
    while todo:
        new = before.get(todo.pop(), set()) - found
        found |= new
        todo += new
    return [one for one in manifest.steps if one.name in found]


def _is_done(asked: Hosted, folder: RunFolder, step: ManifestStep, before: Ended) -> bool:
    """Whether the step is done with the values that there are now."""
    path = record_path(folder.handoff, step.position, step.name)
    if before.state.status not in ("finished", "skipped") or not path.exists():
        return False
    record = read_record(path)
    if record.pipeline != asked.manifest.identity:
        return False
    above = records_above(folder.handoff, asked.manifest.identity, step.position)
    return all(resolve(above, name)[0] == taken for name, taken in record.takes.items())


def _check_above(asked: Hosted, folder: RunFolder, step: ManifestStep) -> None:
    missing = [
        one.name
        for one in _above(asked.manifest, step)
        if not record_path(folder.handoff, one.position, one.name).exists()
    ]
    if missing:
        raise InputError(
            f"step {step.name!r} needs what {', '.join(missing)} made, which is not in {asked.store.url}",
            hint="run those steps first, with the same --store and --run",
        )


def _prepare(folder: RunFolder, asked: Hosted, step: ManifestStep, ended: Mapping[str, Ended | None]) -> None:
    """A run's folder in which the steps above are done, and all others are still to be executed."""
    above = {one.name for one in _above(asked.manifest, step)}
    for one in asked.manifest.steps:  # what runs beside this step, or was done again above it, is not for it
        if one.name not in above:
            record_path(folder.handoff, one.position, one.name).unlink(missing_ok=True)
    manifest = asked.manifest
    states = []
    for one in manifest.steps:
        known = ended.get(one.name)
        states.append(known.state if known is not None and one.name in above else StepState(one.name))
    state = RunState(manifest.identity, manifest.source, manifest.digest, dict(asked.values), states)
    folder.begin(state)
    folder.end(state)


@contextmanager
def _table(scratch: Path) -> Iterator[Place | None]:
    """Within it, what cells log has a run table: the one that the environment names, or one of their own.

    The latter is given, and goes with the step's folder.
    """
    if os.environ.get(location.VARIABLE):
        yield None
        return
    os.environ[location.VARIABLE] = str(scratch / "table")
    try:
        yield Place(scratch / "table")
    finally:
        close_all()
        del os.environ[location.VARIABLE]


def _lost(own: Place | None) -> str:
    """What a step has registered where nobody will find it: an error, not a loss; or nothing."""
    lost = all_versions(own) if own is not None else []
    return f"it has registered the model {lost[0].model!r}, and no run table keeps it" if lost else ""


def _execute(
    asked: Hosted, about: About, folder: RunFolder, step: ManifestStep, listener: Listener,
    before: Ended | None, own: Place | None,
) -> Outcome:  # fmt: skip
    tracked = HostedRun(listener, asked.source, folder, about, asked.manifest)
    options = Options(
        folder=asked.folder, kernel=asked.kernel, resume=True, cold=asked.cold, only=frozenset({step.name}),
        environment={ARTIFACTS: asked.store.url}, environment_of=tracked.environment_of,
        metrics=lambda: _metrics(asked),
    )  # fmt: skip
    state = run(asked.manifest, folder.root, {}, options, tracked)
    mine = state.step(step.name)
    if mine.status == "pending":  # the run was stopped before the step could begin
        mine = replace(mine, status="failed", error={"kind": "RunError", "message": state.error})
    if lost := _lost(own):
        mine = replace(mine, status="failed", error={"kind": "RunError", "message": lost})
    if before is not None:
        mine = replace(mine, attempts=mine.attempts + before.state.attempts)
    _publish(asked, folder, step, mine, tracked)
    if state.status == "killed":
        raise KeyboardInterrupt
    if lost:
        raise RunError(
            f"step {step.name!r} is not done: {lost}",
            hint=f"set {location.VARIABLE} to a folder that all tasks see",
        )
    if state.status != "finished" and not mine.error:
        raise RunError(state.error)
    return Outcome(mine, asked.store.url)


def told(asked: Hosted, outcome: Outcome) -> dict[str, Any]:
    """How a step came out, for the engine that has started it: status, metrics, where its notebook is."""
    ended = asked.store.ended(asked.step)
    metrics = ended.metrics if ended is not None else {}
    return {
        "step": asked.step, "status": outcome.state.status, "run": outcome.url,
        "notebook": f"{outcome.url}/executed/{asked.step}.ipynb",
        "metrics": {name: value for name, value in metrics.items() if math.isfinite(value)},
    }  # fmt: skip


def _metrics(asked: Hosted) -> dict[str, float]:
    """The metrics of the steps above; of one name, the lowest step's."""
    found: dict[str, float] = {}
    for step in asked.manifest.steps:
        ended = asked.store.ended(step.name)
        found |= ended.metrics if ended is not None else {}
    return found


def _publish(
    asked: Hosted, folder: RunFolder, step: ManifestStep, mine: StepState, tracked: HostedRun
) -> None:
    """Logs and notebooks first, the record last: who finds it finds all of the step."""
    files = asked.store.artifacts
    executed = folder.executed(step.name)
    for path in (executed, executed.with_suffix(".log")):
        if path.is_file():
            files.put_file(path, "executed", path.name)
    metrics: dict[str, float] = {}
    run_id = tracked.run_of(step.name)
    if run_id:
        place = location.find()
        with opening.reading(place) as connection:
            metrics = only_logged([reading.find(connection, run_id)])
        asked.store.write(f"tracked/{step.name}.json", collected(place, run_id, files))
    asked.store.end(step.name, Ended(mine, metrics))
    if mine.status == "finished":
        files.put_step(folder.handoff, step.position, step.name, executed)
    elif mine.status == "skipped":
        files.put_file(record_path(folder.handoff, step.position, step.name), "steps",
                       record_path(folder.handoff, step.position, step.name).name)  # fmt: skip


def given_by_environment(environment: Mapping[str, str] = os.environ) -> dict[str, object]:
    """Parameters that an engine hands over in the environment, where no shell reads them.

    ``MLOPS_JLAB_PARAMETERS`` is a JSON object; ``MLOPS_JLAB_PARAMETER_name`` one value as text, and nothing
    where it is empty.

    Raises:
        InputError: it is no JSON object.
    """
    found: dict[str, object] = {}
    text = environment.get("MLOPS_JLAB_PARAMETERS", "").strip()
    if text:
        try:
            whole = json.loads(text)
        except ValueError as error:
            raise InputError(f"MLOPS_JLAB_PARAMETERS is not valid JSON: {error}") from error
        if not isinstance(whole, dict):
            raise InputError("MLOPS_JLAB_PARAMETERS is not a JSON object", hint='write {"name": value}')
        found.update(whole)
    prefix = "MLOPS_JLAB_PARAMETER_"
    for key, value in environment.items():
        if key.startswith(prefix) and value:
            found[key.removeprefix(prefix)] = value
    return found
