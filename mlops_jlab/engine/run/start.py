"""The state from which a run starts: a new one, or what an earlier runner has left."""

from __future__ import annotations

import secrets

from mlops_jlab.engine.folder.notebookfile import repair
from mlops_jlab.engine.folder.state import RunFolder, RunState, StepState, now
from mlops_jlab.errors import InputError
from mlops_jlab.handoff.records import record_path
from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.pipeline.planning import is_unbegun


def begin(
    folder: RunFolder, manifest: Manifest, values: dict[str, object], *, resume: bool, apart: bool = False
) -> RunState:  # fmt: skip
    """Claims the folder for this runner; the state from which the run starts, or goes on.

    ``apart``: other runners execute steps of it as well, and what they have skipped stays so.

    Raises:
        InputError: the folder holds another run, or one that cannot be resumed so.
    """
    fresh = RunState(
        manifest.identity, manifest.source, manifest.digest, dict(values),
        [StepState(step.name) for step in manifest.steps], started=now(), begun=secrets.token_hex(8),
    )  # fmt: skip
    if resume and not is_unbegun(folder.root):
        folder.claim()
        folder.sweep()
        old = folder.load()
        if old.pipeline != manifest.identity:
            raise InputError(
                f"the run in {folder.root} is of {old.pipeline}, and the pipeline is {manifest.identity} now",
                hint="the notebook has changed since: start a new run",
            )
        if values and values != old.parameters:
            raise InputError("a run is resumed with the parameters that it began with")
        fresh.parameters, fresh.begun = dict(old.parameters), old.begun
        for step in fresh.steps:
            before = old.step(step.name)
            whole = record_path(folder.handoff, old.steps.index(before), step.name).exists()
            _mend(folder, manifest, step.name)
            if whole and (before.status == "finished" or (apart and before.status == "skipped")):
                fresh.steps[fresh.steps.index(step)] = before
    elif (folder.root / "run.json").exists():
        raise InputError(
            f"{folder.root} holds a run already", hint="choose another --output, or add --resume"
        )
    else:
        folder.create()
        folder.claim()
        if (folder.root / "run.json").exists():  # another was faster, and is over already
            raise InputError(f"{folder.root} holds a run already", hint="choose another --output")
    return fresh


def _mend(folder: RunFolder, manifest: Manifest, step: str) -> None:
    """An executed notebook that was being saved when the runner died is made whole."""
    planned = next(one for one in manifest.steps if one.name == step)
    executed = folder.executed(step)
    if executed.is_file():
        repair(executed, manifest.notebook_of(planned))
