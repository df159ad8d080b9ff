"""A run of the past → a folder with what it was made of, run again, its metrics compared."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jlab.engine.step.attempt import Execution
from mlops_jlab.engine.step.papermill import execute
from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import InputError, RunError
from mlops_jlab.store import artifacts, location, opening, reading
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import finding
from mlops_jlab.tracking.provenance import kept

_CLOCKS = ("seconds", "_time", "duration")  # endings of metrics that no two runs share
_MESSAGES = 2  # standard error: the result that people and programs read is the comparison


@dataclass(frozen=True)
class MetricPair:
    """A metric then and now; nothing where a run does not have it."""

    run: str
    name: str
    then: float | None
    now: float | None

    def agrees(self, tolerance: float) -> bool:
        """Whether both are the same, up to a relative ``tolerance``. NaN agrees with NaN."""
        if self.then is None or self.now is None:
            return self.then is self.now
        if math.isnan(self.then) or math.isnan(self.now):
            return math.isnan(self.then) and math.isnan(self.now)
        return math.isclose(self.then, self.now, rel_tol=tolerance, abs_tol=0.0)


@dataclass(frozen=True)
class Remains:
    """What a folder of a run holds: its source, and where its cells ran."""

    run: Run
    folder: Path
    source: Path
    cells: Path | None
    directory: Path

    @property
    def store(self) -> Place:
        """The store of the repetition, apart from the run's own."""
        return Place(self.folder / ".mlops")


def gather(wanted: str, target: Path) -> Remains:
    """Writes notebook or script, executed cells, parameters, requirements and uncommitted changes.

    Raises:
        InputError: the run is not known, has kept no source, or ``target`` is not empty.
        StoreError: a file of the run is missing or damaged.
    """
    place = location.find()
    run = finding.get_run(wanted)
    origin = kept.origin(run)
    if "digest" not in origin:
        raise InputError(
            f"run {run.id[:12]} has kept no notebook or script",
            hint="runs of steps and candidates are reproduced through their parent" if run.parent else "",
        )
    if target.exists() and any(target.iterdir()):
        raise InputError(f"{target} is not empty", hint="choose another --output")
    target.mkdir(parents=True, exist_ok=True)
    source = target / Path(origin["path"]).name
    source.write_bytes(artifacts.read(place, origin["digest"]))
    cells = _cells(place, run, target)
    diff = run.facts.get("git", {}).get("diff")
    if diff:
        (target / "uncommitted.patch").write_bytes(artifacts.read(place, diff))
    (target / "parameters.json").write_text(json.dumps(_parameters(run), indent=2, ensure_ascii=False) + "\n")
    (target / "requirements.txt").write_text(requirements(run.facts.get("packages", {})))
    directory = Path(run.facts.get("directory") or target)
    if "notebook" in run.facts or run.kind == "pipeline":
        directory = Path(origin["path"]).parent
    return Remains(run, target, source, cells, directory if directory.is_dir() else target)


def _cells(place: Place, run: Run, target: Path) -> Path | None:
    """The executed cells as a notebook, in the order in which they were executed."""
    sources = kept.executed_cells(place, run)
    if not sources:
        return None
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "execution_count": None, "id": f"executed-{n}", "metadata": {}, "outputs": [],
         "source": source}
        for n, source in enumerate(sources, 1)
    ]  # fmt: skip
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    node = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    path = target / "executed-cells.ipynb"
    path.write_text(json.dumps(node, indent=1, ensure_ascii=False), "utf-8")
    return path


def _parameters(run: Run) -> dict[str, Any]:
    """The params as JSON: texts that are numbers or lists become such again."""
    found: dict[str, Any] = {}
    for name, text in run.params.items():
        try:
            found[name] = json.loads(text)
        except ValueError:
            found[name] = {"None": None, "True": True, "False": False}.get(text, text)
    return found


def requirements(packages: Mapping[str, str]) -> str:
    """A requirements file for imported modules, under the names of their distributions."""
    from importlib.metadata import packages_distributions

    names = packages_distributions()
    lines = {f"{names.get(module, [module])[0]}=={version}" for module, version in packages.items()}
    return "".join(f"{line}\n" for line in sorted(lines, key=str.lower))


def repeat(remains: Remains, kernel: str = "python3") -> None:
    """Runs it again, into a store of its own.

    Raises:
        RunError: it fails.
    """
    environment = {location.VARIABLE: str(remains.store.root)}
    if remains.run.kind == "pipeline":
        _command(
            ["-P", "-m", "mlops_jlab", "run", str(remains.source),
             "-f", str(remains.folder / "parameters.json"), "-o", str(remains.folder / "run"),
             "--cwd", str(remains.directory)],
            remains, environment,
        )  # fmt: skip
    elif remains.source.suffix == ".py" and remains.cells is None:
        _command([str(remains.source)], remains, environment)
    else:
        notebook = remains.cells or remains.source
        failure = execute(
            notebook, remains.folder / "executed" / notebook.name, parameters={}, environment=environment,
            folder=remains.directory, kernel=kernel, execution=Execution(),
        )  # fmt: skip
        if failure is not None:
            raise RunError(f"the notebook failed: {failure.kind}: {failure.message}")


def _command(arguments: list[str], remains: Remains, environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, *arguments], cwd=remains.directory, env={**os.environ, **environment}, check=False,
        stdout=_MESSAGES,
    )  # fmt: skip
    if done.returncode:
        raise RunError(f"running it again failed with exit code {done.returncode}")


def compare(remains: Remains) -> list[MetricPair]:
    """The metrics that the run and its children have logged, then and now.

    Those that measure time are left out, and so is what was recorded by itself, which may be anything.
    """
    with opening.reading(location.find()) as connection:
        then = _metrics([remains.run, *reading.children(connection, remains.run)], remains.run)
    with opening.reading(remains.store) as connection:
        runs = reading.page(connection, reading.Query(limit=10_000)).runs
        same = [run for run in runs if run.kind == remains.run.kind and not run.parent]
        again = [run for run in same if run.name == remains.run.name] or list(same)
        if not again:
            return [MetricPair(run, name, value, None) for (run, name), value in sorted(then.items())]
        now = _metrics([again[0], *reading.children(connection, again[0])], again[0])
    return [MetricPair(*key, then.get(key), now.get(key)) for key in sorted({*then, *now})]


def _metrics(runs: list[Run], top: Run) -> dict[tuple[str, str], float]:
    return {
        ("" if run.id == top.id else run.name, name): metric.latest
        for run in runs
        if run.id != top.id or run.kind != "pipeline"  # whose metrics are those of its steps
        for name, metric in run.metrics.items()
        if not name.endswith(_CLOCKS) and name not in run.automatic.metrics
    }
