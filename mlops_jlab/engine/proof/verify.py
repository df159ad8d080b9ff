"""The proof: run the notebook whole and as a pipeline, and compare outputs and final values."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.engine.asked import Listener, Options
from mlops_jlab.engine.folder.state import RunFolder, RunState
from mlops_jlab.engine.plan import Plan
from mlops_jlab.engine.proof.unseeded import Unseeded, unseeded
from mlops_jlab.engine.run.loop import run
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.engine.step.attempt import CellFailure, Execution
from mlops_jlab.engine.step.papermill import execute
from mlops_jlab.entities.findings import Finding
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.notebooks import Notebook, Role
from mlops_jlab.errors import RunError
from mlops_jlab.handoff.records import records_above
from mlops_jlab.notebook.suggesting import retagged, suggest
from mlops_jlab.pipeline import build, export, manifest

_NOISE = (
    (re.compile(r"(?:0|\.\.\.)x[0-9a-fA-F]{6,}"), "0x…"),  # scikit-learn cuts long texts in the middle
    (re.compile(r"(?<!\S)\S*ipykernel_\d+\S*?\.py"), "<cell>"),  # from a word on, else quadratic
    (re.compile(r"sk-(container|estimator)-id-\d+"), "sk-id"),
    (re.compile(r"\x1b\[[0-9;]*m"), ""),
)


@dataclass(frozen=True)
class Difference:
    """One place where the pipeline and the whole notebook are not the same."""

    where: str
    what: str


@dataclass
class Verdict:
    """What was compared and how it came out. ``failure`` is set when one side did not finish.

    ``unseeded`` depends on random numbers that nobody seeded; ``not_deterministic`` differed between two
    runs of the whole notebook for another reason. Neither was compared, nor counted.
    """

    outputs: int = 0
    values: int = 0
    differences: list[Difference] = field(default_factory=list)
    unseeded: list[str] = field(default_factory=list)
    not_deterministic: list[str] = field(default_factory=list)
    uncompared: dict[str, str] = field(default_factory=dict)
    steps: int = 0
    failure: str = ""

    @property
    def same(self) -> bool:
        """Whether the pipeline computes what the notebook computes."""
        return not self.differences and not self.failure

    def add(self, notebook: str, other: Verdict) -> None:
        """Takes over what was found of one of several notebooks, under its name."""
        self.steps += other.steps
        self.outputs += other.outputs
        self.values += other.values
        self.differences += [Difference(f"{notebook}: {one.where}", one.what) for one in other.differences]
        self.unseeded += [f"{notebook}: {place}" for place in other.unseeded]
        self.not_deterministic += [f"{notebook}: {place}" for place in other.not_deterministic]
        self.uncompared |= {f"{notebook}.{name}": why for name, why in other.uncompared.items()}
        if other.failure:
            self.failure = f"{notebook}: {other.failure}"


def cut_everywhere(notebook: Notebook, findings: tuple[Finding, ...] = ()) -> Graph:
    """The graph of the notebook with every tagged cell as a step of its own."""
    inside = {cell.index for cell in notebook.tagged}
    cuts = suggest(notebook, "cells")
    tags = {index: found for index, found in cuts.items() if index in inside}
    return analyse(retagged(notebook, _with_orders(notebook, tags)), findings)


def _with_orders(notebook: Notebook, tags: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """What is tagged ``after:`` stays so: each cut of such a step comes after each cut of the other."""
    after: dict[str, set[str]] = {}
    cuts: dict[str, list[str]] = {}
    for cell in notebook.tagged:
        name = next((tag[5:] for tag in tags.get(cell.index, ()) if tag.startswith("step:")), "")
        if cell.step and name:
            after.setdefault(cell.step, set()).update(cell.after)
            cuts.setdefault(cell.step, []).append(name)
    return {
        cell.index: (
            *tags[cell.index],
            *(f"after:{cut}" for other in sorted(after.get(cell.step, ())) for cut in cuts.get(other, ())),
        )
        for cell in notebook.tagged
        if cell.index in tags
    }


def verify(
    graph: Graph, target: Path, given: Mapping[str, object], options: Options, listener: Listener
) -> Verdict:
    """Runs ``graph`` into ``target/pipeline`` and its notebook whole into ``target/whole``, and compares.

    Raises:
        UnfitNotebook: the notebook has errors.
    """
    target.mkdir(parents=True, exist_ok=True)
    plan = unconditional(manifest.read(export.export(graph, target / "export", force=True)))
    folder = RunFolder(target / "pipeline")
    state = run(plan, folder.root, given, replace(options, keep_all=True), listener)
    return compare(graph, plan, (folder, state), target, options)


def compare(
    graph: Graph, plan: manifest.Manifest, ran: tuple[RunFolder, RunState], target: Path, options: Options
) -> Verdict:
    """Runs the notebook of ``graph`` whole into ``target/whole``, and compares its pipeline's run with it.

    What depends on random numbers that nobody seeded is not compared. A place that differs is run whole a
    second time: what differs between two whole runs is not deterministic and proves nothing.
    ``ran`` is a run that kept everything, and asked no step whether it would rather be left out.
    """
    folder, state = ran
    verdict = Verdict(steps=len(plan.steps))
    if state.status == "killed":
        raise KeyboardInterrupt
    whole = _whole(graph, folder, target, "whole", state, options)
    if isinstance(whole, CellFailure) or state.status != "finished":
        verdict.failure = _compare_failures(whole, state)
        return verdict
    records = records_above(folder.handoff, state.pipeline, sys.maxsize)
    chance = unseeded(records, _reading_anything(plan), _silent(graph))
    outputs = _outputs_of_pipeline(graph, folder)
    found = _compare(graph, whole, outputs, chance, verdict)
    if found:
        again = _whole(graph, folder, target, "whole-again", state, options)
        if isinstance(again, CellFailure):
            raise RunError(f"the whole notebook ran once and failed the second time: {again.message}")
        found = _drop_chance(found, whole, again, verdict)
    verdict.differences = list(found.values())
    return verdict


def _reading_anything(steps: manifest.Manifest) -> set[str]:
    """The steps that may read what their source does not name."""
    plan = Plan(steps, StepSources(steps))
    return {name for name in plan.order if plan.step(name).writes_any or plan.step(name).uses_history}


def _silent(graph: Graph) -> frozenset[str]:
    """The steps whose source does not name Python's own generator; setup is everybody's."""
    words = re.compile(r"(?<!\.)\brandom\b")
    if any(words.search(cell.source) for cell in graph.setup):
        return frozenset()
    return frozenset(s.name for s in graph.steps if not any(words.search(cell.source) for cell in s.cells))


def unconditional(plan: manifest.Manifest) -> manifest.Manifest:
    """Run All asks no step whether it would rather be left out."""
    steps = [
        replace(step, settings={k: v for k, v in step.settings.items() if k not in ("when", "for_each")})
        for step in plan.steps
    ]
    return replace(plan, steps=tuple(steps))


@dataclass(frozen=True)
class _Whole:
    outputs: dict[str, list[Any]]
    result: dict[str, Any]


def _whole(
    graph: Graph, folder: RunFolder, target: Path, name: str, state: RunState, options: Options
) -> _Whole | CellFailure:
    source, done = target / f"{name}.source.ipynb", target / f"{name}.ipynb"
    result = target / f"{name}.json"
    source.write_bytes(build.dump(_whole_notebook(graph, folder, state.pipeline, result)))
    environment = {"PYTHONHASHSEED": "0", **options.environment}
    failure = execute(
        source, done, parameters=state.parameters, environment=environment,
        folder=options.folder, kernel=options.kernel or graph.notebook.kernel, execution=Execution(),
    )  # fmt: skip
    if failure is not None:
        return failure
    outputs = _outputs(done)
    return _Whole(outputs, json.loads(result.read_text("utf-8")))


def _whole_notebook(graph: Graph, folder: RunFolder, identity: str, result: Path) -> dict[str, Any]:
    """The tagged cells in document order, then one cell that compares the values."""
    first = replace(graph.steps[0], cells=graph.notebook.tagged, carried=())
    notebook = build.step_notebook(graph, first, identity)
    by_id = {cell["id"]: cell for cell in notebook["cells"]}
    cells: list[dict[str, Any]] = []
    for cell in graph.notebook.tagged:
        cells += build.plain_cells(graph, cell)
    text = (
        "from mlops_jlab.handoff.comparing import compare as _mlops_compare\n\n"
        f"_mlops_compare({str(folder.handoff)!r}, {identity!r}, {str(result)!r})"
    )
    cells.append({**by_id[build.SAVE_CELL], "source": text.splitlines(keepends=True)})
    return {**notebook, "cells": cells}


def _compare_failures(whole: _Whole | CellFailure, state: RunState) -> str:
    failed = next((step for step in state.steps if step.error), None)
    theirs = failed.error if failed and failed.error else None
    if isinstance(whole, CellFailure):
        if theirs and theirs["kind"] == whole.kind:
            return f"both stop with {whole.kind}: {whole.message}"
        return f"the whole notebook stops with {whole.kind}: {whole.message}; the pipeline does not"
    why = f"{theirs['kind']}: {theirs['message']}" if theirs else state.error
    return f"the pipeline stops, the whole notebook does not: {why}"


def _outputs(path: Path) -> dict[str, list[Any]]:
    cells = json.loads(path.read_text("utf-8"))["cells"]
    return {c["id"]: c["outputs"] for c in cells if c["cell_type"] == "code"}


def _outputs_of_pipeline(graph: Graph, folder: RunFolder) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for step in graph.steps:
        own = {cell.id for cell in step.cells}
        for cell_id, outputs in _outputs(folder.executed(step.name)).items():
            if cell_id in own or cell_id not in found:
                found[cell_id] = outputs
    return found


def _compare(
    graph: Graph, whole: _Whole, outputs: Mapping[str, list[Any]], chance: Unseeded, verdict: Verdict
) -> dict[str, Difference]:
    found: dict[str, Difference] = {}
    for cell in graph.notebook.tagged:
        if cell.role is not Role.STEP:
            continue
        mine, theirs = normal(outputs.get(cell.id, [])), normal(whole.outputs.get(cell.id, []))
        if cell.step in chance.steps:
            verdict.unseeded += [f"output of cell {cell.index + 1}"] if mine or theirs else []
            continue
        verdict.outputs += 1
        if mine != theirs:
            found[cell.id] = Difference(f"output of cell {cell.index + 1}", _excerpt(theirs, mine))
    verdict.uncompared = dict(whole.result["uncompared"])
    drawn = [n for n in whole.result["prints"] if n in chance.names and n not in verdict.uncompared]
    verdict.unseeded += [f"value of {name!r}" for name in drawn]
    verdict.values = whole.result["compared"] - len(drawn)
    for name, what in whole.result["differences"].items():
        if name not in chance.names:
            found[f"={name}"] = Difference(f"value of {name!r}", what)
    return found


def _drop_chance(
    found: dict[str, Difference], first: _Whole, second: _Whole, verdict: Verdict
) -> dict[str, Difference]:
    kept: dict[str, Difference] = {}
    for key, difference in found.items():
        if key.startswith("="):
            chance = first.result["prints"][key[1:]] != second.result["prints"][key[1:]]
        else:
            chance = normal(first.outputs.get(key, [])) != normal(second.outputs.get(key, []))
        if chance:
            verdict.not_deterministic.append(difference.where)
        else:
            kept[key] = difference
    return kept


def normal(outputs: list[Any]) -> list[tuple[str, str]]:
    """Outputs as comparable text: streams joined, addresses and temporary names blanked.

    Standard output and error come through two pipes, and which one is heard first is chance.
    """
    joined: list[tuple[str, str]] = []
    streams: dict[str, str] = {}
    for output in [*outputs, {"output_type": "end"}]:
        kind = output["output_type"]
        if kind == "stream":
            streams[output["name"]] = streams.get(output["name"], "") + "".join(output["text"])
            continue
        joined += sorted(streams.items())
        streams = {}
        if kind == "error":
            joined.append(("error", f"{output['ename']}: {output['evalue']}"))
        else:
            for mime, data in sorted(output.get("data", {}).items()):
                joined.append((mime, data if isinstance(data, str) else json.dumps(data)))
    return [(key, _clean(text)) for key, text in joined]


def _clean(text: str) -> str:
    for pattern, word in _NOISE:
        text = pattern.sub(word, text)
    return text


def _excerpt(whole: list[tuple[str, str]], mine: list[tuple[str, str]]) -> str:
    for (kind, one), (_other_kind, other) in zip(whole, mine, strict=False):
        if one != other:
            return f"{kind}: the notebook gives {one[:120]!r}, the pipeline {other[:120]!r}"
    return f"the notebook gives {len(whole)} outputs, the pipeline {len(mine)}"
