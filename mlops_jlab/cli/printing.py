"""What the commands print: for people, for programs, for code-scanning pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab import __version__
from mlops_jlab.engine.proof.verify import Verdict
from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.members import Several
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.pipeline import together
from mlops_jlab.pipeline.describing import describe
from mlops_jlab.pipeline.picture import lines_of

if TYPE_CHECKING:
    from mlops_jlab.engine.folder.state import RunState

_COLOUR = {Severity.ERROR: "red", Severity.HAZARD: "yellow", Severity.NOTE: "blue"}


def text(graph: Graph) -> str:
    """The graph and its findings for a terminal."""
    tagged = len(graph.notebook.tagged)
    code = sum(cell.is_code and bool(cell.source.strip()) for cell in graph.notebook.cells)
    lines = [
        click.style(f"{graph.name}: {len(graph.steps)} steps", bold=True)
        + f" ({tagged} of {code} code cells are in the pipeline)",
        "",
        *lines_of(graph),
    ]
    if graph.parameters:
        lines += ["", "parameters:", *(_parameter(p) for p in graph.parameters)]
    for finding in graph.findings:
        lines += ["", *_finding(finding)]
    return "\n".join([*lines, *_count(graph.findings)])


def text_of_several(several: Several, graphs: Mapping[str, Graph]) -> str:
    """All notebooks as one graph, and what is to be said of each, for a terminal."""
    drawn = together.whole(several, graphs)
    head = f"{several.name}: {len(drawn.steps)} steps in {len(graphs)} notebooks"
    lines = [click.style(head, bold=True), "", *lines_of(drawn)]
    taken = [f"  {member.path.name}: {take}" for member in several.members for take in member.takes]
    lines += ["", "takes:", *taken] if taken else []
    given = [_parameter(p, f"{name}.") for name, graph in graphs.items() for p in graph.parameters]
    lines += ["", "parameters:", *given] if given else []
    for graph in graphs.values():
        for finding in graph.findings:
            lines += ["", *_finding(finding, f"{graph.notebook.path.name}, ")]
    return "\n".join([*lines, *_count([f for graph in graphs.values() for f in graph.findings])])


def _parameter(given: Parameter, prefix: str = "") -> str:
    value = "" if given.required or given.secret or given.computed else f" = {given.default!r}"
    return f"  {prefix}{given.name}: {given.type_text}{value}" + (f"   {given.help}" if given.help else "")


def _count(findings: Sequence[Finding]) -> list[str]:
    lines: list[str] = []
    counts = {s: sum(f.severity is s for f in findings) for s in Severity}
    if counts[Severity.ERROR]:
        lines += ["", click.style(f"{counts[Severity.ERROR]} errors: nothing can run yet", fg="red")]
    elif counts[Severity.HAZARD]:
        lines += ["", f"no errors; {counts[Severity.HAZARD]} hazards are watched while running"]
    else:
        lines += ["", click.style("no errors", fg="green")]
    return lines


def _finding(finding: Finding, notebook: str = "") -> list[str]:
    word = click.style(finding.severity.value, fg=_COLOUR[finding.severity], bold=True)
    lines = [f"{word} {notebook}{finding.where}: {finding.message}"]
    return [*lines, f"  → {finding.hint}"] if finding.hint else lines


def as_json(graph: Graph) -> str:
    """The graph and its findings as JSON."""
    return json.dumps(describe(graph), indent=2, ensure_ascii=False)


def sarif(*graphs: Graph) -> str:
    """The findings of notebooks in SARIF 2.1.0; a place is a cell, as a logical location, with its line."""
    level = {Severity.ERROR: "error", Severity.HAZARD: "warning", Severity.NOTE: "note"}
    results = []
    for graph, finding in [(of, finding) for of in graphs for finding in of.findings]:
        location: dict[str, object] = {
            "physicalLocation": {
                "artifactLocation": {"uri": graph.notebook.path.as_posix()},
                "region": {"startLine": max(1, finding.line)},
            }
        }
        if finding.cell >= 0:
            location["logicalLocations"] = [{"name": f"cell {finding.cell + 1}", "kind": "cell",
                                             "fullyQualifiedName": finding.cell_id}]  # fmt: skip
        message = finding.message + (f" → {finding.hint}" if finding.hint else "")
        results.append({"ruleId": finding.code, "level": level[finding.severity],
                        "message": {"text": message}, "locations": [location]})  # fmt: skip
    rules = [{"id": code} for code in sorted({f.code for graph in graphs for f in graph.findings})]
    driver = {"name": "mlops-jlab", "version": __version__, "rules": rules}
    return json.dumps(
        {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
         "runs": [{"tool": {"driver": driver}, "results": results}]}, indent=2,
    )  # fmt: skip


def outcome(state: RunState, folder: Path, report: Path, run: str) -> dict[str, Any]:
    """How a run of a pipeline came out, as JSON data; ``run`` is its id in the run table, or nothing."""
    return {
        "status": state.status, "run": run, "folder": folder, "report": report, "seconds": state.seconds,
        "error": state.error, "note": state.remark, "parameters": state.parameters,
        "steps": [
            {"name": step.name, "status": step.status, "seconds": step.seconds, "attempts": step.attempts,
             "cached": step.cached, "why": step.why, "error": step.error}
            for step in state.steps
        ],
    }  # fmt: skip


def after(state: RunState, folder: Path, report: Path, run: str) -> str:
    """Where to look when a run has ended."""
    lines = [f"  run:    {folder}", f"  report: {report}"]
    lines += [f"  note:   {state.remark}"] if state.remark else []
    lines += [f"  show:   mlops-jlab runs show {run[:12]}"] if run else []
    return "\n".join(lines)


def verdict(found: Verdict, notebook: Path) -> str:
    """The outcome of a verification for a terminal."""
    lines: list[str] = []
    if found.failure:
        lines.append(click.style(f"✗ {found.failure}", fg="red"))
    elif found.same:
        lines.append(
            click.style("✓ the same answer", fg="green", bold=True)
            + f": {found.steps} steps, {found.outputs} outputs and {found.values} final values of "
            f"{notebook.name} compared"
        )
    else:
        count = len(found.differences)
        lines.append(click.style(f"✗ {count} difference{'s' * (count > 1)}", fg="red", bold=True))
        lines += [f"  {d.where}: {d.what}" for d in found.differences]
    if found.unseeded:
        lines.append("  depends on an unseeded draw, so not compared: " + ", ".join(found.unseeded))
    if found.not_deterministic:
        lines.append("  not deterministic, so not compared: " + ", ".join(found.not_deterministic))
    for name, why in found.uncompared.items():
        lines.append(f"  not compared: {name!r} is {why}")
    return "\n".join(lines)
