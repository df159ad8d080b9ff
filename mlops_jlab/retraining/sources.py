"""What a schedule runs: the parameters, rules and content of a notebook, an export, or several notebooks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from mlops_jlab.dataflow.gatecells import rules_of
from mlops_jlab.entities.notebooks import Notebook
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.entities.schedules import Schedule
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.notebook import reading
from mlops_jlab.pipeline import export as exporting
from mlops_jlab.pipeline import manifest, members
from mlops_jlab.pipeline.planning import is_several, source_of


def declared(pipeline: Path) -> tuple[tuple[Parameter, ...], str]:
    """The parameters that a pipeline declares, and the digest of what it is made of.

    Those of several notebooks are called after theirs: ``load.rows``.

    Raises:
        InputError: it cannot be read, or has errors.
    """
    if pipeline.is_dir():
        plan = manifest.read(pipeline)
        return plan.parameters, plan.digest
    if is_several(pipeline):
        graphs = members.graphs_of(members.read(pipeline))
        members.check(graphs)
        return members.parameters(graphs), digest(pipeline)
    graph = exporting.graph_of(pipeline)
    if graph.errors:
        raise exporting.UnfitNotebook(graph)
    return graph.parameters, graph.notebook.digest


def named(pipeline: Path, given: Mapping[str, object]) -> dict[str, object]:
    """Parameters by their whole names: of several notebooks, ``rows`` is that of the one that has it.

    Raises:
        ParameterError: no notebook has it, or several have.
    """
    if not given or not is_several(pipeline):
        return dict(given)
    graphs = members.graphs_of(members.read(pipeline))
    return {".".join(members.owner(graphs, word)): value for word, value in given.items()}


def digest(source: Path) -> str:
    """The digest of what is run: of a notebook's sources and tags, or of those of all notebooks of a file."""
    digests = [_read(path, _stamp(path)).digest for path in _notebooks(source).values()]
    if not is_several(source):
        return digests[0]
    return hashlib.sha256(" ".join([members.read(source).digest, *digests]).encode()).hexdigest()


def drifted(schedule: Schedule) -> str:
    """What has changed since the schedule was made, in words; nothing if all is as it was."""
    source = Path(schedule.pipeline)
    if source.is_dir() and (source / manifest.FILE).exists():
        source = source_of(manifest.read(source), source)
    what = "one of the notebooks" if is_several(source) else "the notebook"
    try:
        paths = _paths(source)
        gone = [path for path in paths if not path.is_file()]
        if gone:
            return f"{'the notebook' if gone == [source] else gone[0].name} is gone"
        if digest(source) == schedule.digest:
            return ""
    except MlopsError as error:  # it is one line in a list of others
        return f"{what} cannot be read: {error.message.splitlines()[0]}"
    changed = datetime.fromtimestamp(max(path.stat().st_mtime for path in paths), UTC)
    return f"{what} was changed on {changed:%Y-%m-%d %H:%M} UTC"


def gates(schedule: Schedule) -> dict[str, list[str]]:
    """The rules in the gates of what is followed, by step; of several notebooks by ``train.judge``."""
    source = Path(schedule.pipeline)
    found = {"schedule": list(schedule.gate)} if schedule.gate else {}
    with suppress(MlopsError):  # which is said beside it
        for name, path in _notebooks(source).items():
            rules = _rules(path, _stamp(path))
            found |= {f"{name}.{step}" if name else step: told for step, told in rules.items()}
    return found


def _paths(source: Path) -> list[Path]:
    """The files in which a change counts."""
    if not is_several(source) or not source.is_file():
        return [source]
    return [source, *(member.path for member in members.read(source).members)]


def _notebooks(source: Path) -> dict[str, Path]:
    """The notebooks by their names; one alone has none, and an export has no notebook."""
    if source.is_dir():
        return {}
    return {m.name: m.path for m in members.read(source).members} if is_several(source) else {"": source}


def _stamp(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        raise InputError(f"{path} is gone") from None


@lru_cache(256)
def _read(source: Path, _stamp: int) -> Notebook:
    return reading.read(source)[0]


@lru_cache(256)
def _rules(source: Path, stamp: int) -> dict[str, list[str]]:
    return rules_of(_read(source, stamp))
