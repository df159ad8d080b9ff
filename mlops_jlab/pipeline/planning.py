"""A notebook or an export, as it is named → the manifest to run, and the folder where its cells run."""

from __future__ import annotations

from pathlib import Path

from mlops_jlab.errors import InputError
from mlops_jlab.notebook import reading
from mlops_jlab.pipeline import manifest
from mlops_jlab.pipeline.manifest import Manifest


def is_several(path: Path) -> bool:
    """Whether a path names a file of several notebooks."""
    return path.suffix.lower() in reading.SEVERAL and not path.is_dir()


def plan_of(pipeline: Path, target: Path, *, resume: bool) -> tuple[Manifest, Path]:
    """The manifest to run, and the folder where its cells run.

    Raises:
        InputError: ``target`` holds something else, or a run to ``resume`` of what has changed since.
        UnfitNotebook: it cannot be cut into steps.
    """
    if pipeline.is_dir():
        plan = manifest.read(pipeline)
        source = (pipeline / plan.source).resolve()
        return plan, source.parent if source.is_file() else Path.cwd()
    if resume and not target.exists():
        raise InputError(
            f"there is no run in {target}: it does not exist", hint="leave --resume out to begin one"
        )
    if resume and not is_unbegun(target):
        if has_changed(pipeline, target):
            raise InputError(
                f"{pipeline} has changed since the run in {target} began",
                hint="run it anew: what is finished, and has not changed, comes from the cache",
            )
        return manifest.read(target / "pipeline"), pipeline.parent
    from mlops_jlab.pipeline import export as exporting  # an export is run without reading its notebook

    graph = exporting.graph_of(pipeline)
    if graph.errors:
        raise exporting.UnfitNotebook(graph)
    if (target / "run.json").exists():
        raise InputError(f"{target} holds a run already", hint="choose another, or add --resume")
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    if any(target.iterdir()) and not is_unbegun(target):
        raise InputError(f"{target} holds something that is not a run", hint="choose another --output")
    exporting.export(graph, target / "pipeline")
    return manifest.read(target / "pipeline"), pipeline.parent


def has_changed(pipeline: Path, target: Path) -> bool:
    """Whether a notebook has other cells or steps than the run in ``target``."""
    from mlops_jlab.pipeline import build
    from mlops_jlab.pipeline import export as exporting

    now, then = build.identity_of(exporting.graph_of(pipeline)), manifest.read(target / "pipeline").identity
    return now.rpartition("@")[2] != then.rpartition("@")[2]


def name_of(pipeline: Path) -> str:
    """The name of a pipeline, as its runs carry it.

    Raises:
        InputError: it cannot be read.
    """
    if pipeline.is_dir():
        return manifest.read(pipeline).identity.partition("@")[0]
    if is_several(pipeline):
        from mlops_jlab.pipeline import members

        return members.read(pipeline).name
    from mlops_jlab.pipeline import build
    from mlops_jlab.pipeline import export as exporting

    return build.identity_of(exporting.graph_of(pipeline)).partition("@")[0]


def is_unbegun(target: Path) -> bool:
    """Whether a folder is what a runner leaves that is killed in its first moments: no run is in it."""
    if not target.is_dir() or (target / "run.json").exists():
        return False
    names = {path.name for path in target.iterdir()}
    started = {name for name in names if name.startswith((".pipeline.", ".run.json."))}
    if (target / "pipeline" / manifest.FILE).is_file():
        started.add("pipeline")
    for name in ("executed", "handoff"):
        if (target / name).is_dir() and not any((target / name).iterdir()):
            started.add(name)
    return names == started  # none at all, where it was killed before the first


def source_of(plan: Manifest, pipeline: Path) -> Path:
    """The notebook that the pipeline was made from, as far as it is there."""
    if pipeline.is_file():
        return pipeline.resolve()
    found: Path = (pipeline / plan.source).resolve()
    return found
