"""What the commands print: for people, for programs, for code-scanning pages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from mlops_jlab import __version__
from mlops_jlab.engine.proof.verify import Verdict
from mlops_jlab.entities.findings import Finding, Severity
from mlops_jlab.entities.graphs import Graph
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
        lines += ["", "parameters:"]
        for p in graph.parameters:
            value = "" if p.required or p.secret or p.computed else f" = {p.default!r}"
            lines.append(f"  {p.name}: {p.type_text}{value}" + (f"   {p.help}" if p.help else ""))
    for finding in graph.findings:
        lines += ["", *_finding(finding)]
    counts = {s: sum(f.severity is s for f in graph.findings) for s in Severity}
    if counts[Severity.ERROR]:
        lines += ["", click.style(f"{counts[Severity.ERROR]} errors: nothing can run yet", fg="red")]
    elif counts[Severity.HAZARD]:
        lines += ["", f"no errors; {counts[Severity.HAZARD]} hazards are watched while running"]
    else:
        lines += ["", click.style("no errors", fg="green")]
    return "\n".join(lines)


def _finding(finding: Finding) -> list[str]:
    word = click.style(finding.severity.value, fg=_COLOUR[finding.severity], bold=True)
    lines = [f"{word} {finding.where}: {finding.message}"]
    return [*lines, f"  → {finding.hint}"] if finding.hint else lines


def as_json(graph: Graph) -> str:
    """The graph and its findings as JSON."""
    return json.dumps(describe(graph), indent=2, ensure_ascii=False)


def sarif(graph: Graph) -> str:
    """The findings in SARIF 2.1.0; a place is a cell, as a logical location, with its line."""
    level = {Severity.ERROR: "error", Severity.HAZARD: "warning", Severity.NOTE: "note"}
    results = []
    for finding in graph.findings:
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
    rules = [{"id": code} for code in sorted({f.code for f in graph.findings})]
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
