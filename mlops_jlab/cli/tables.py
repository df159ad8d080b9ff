"""Runs as text for a terminal."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import click

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.entities.runs import Artifact, Run, RunStatus
from mlops_jlab.notebook.outputs import Line
from mlops_jlab.tracking.charts import number, seconds
from mlops_jlab.tracking.pages import cell, took
from mlops_jlab.tracking.provenance import code

_COLOURS = {RunStatus.FINISHED: "green", RunStatus.FAILED: "red", RunStatus.KILLED: "red",
            RunStatus.BLOCKED: "magenta", RunStatus.RUNNING: "blue", RunStatus.PENDING: "yellow"}  # fmt: skip
_WIDEST = 28
_NARROWEST = 8
# What a terminal would obey instead of show: controls, and marks that turn the reading direction.
_OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def visible(text: str) -> str:
    """``text`` with everything that a terminal would obey shown as its escape instead."""
    return _OBEYED.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def run_table(runs: Sequence[tuple[Run, int]], columns: Sequence[str], parts: Mapping[str, int]) -> str:
    """One line a run, set in by how deep it lies; ``parts`` are how many steps or trials it has."""
    head = ["id", "name", "parts", "status", "started", "took", *(c.partition(".")[2] or c for c in columns)]
    table = [
        [run.id[:8], "  " * depth + _short(run.name), str(parts.get(run.id, "")), str(run.status),
         moment(run.started), seconds(took(run)), *(_short(cell(run, column)) for column in columns)]
        for run, depth in runs
    ]  # fmt: skip
    colours: dict[int, list[str | None]] = {3: [_COLOURS.get(run.status) for run, _ in runs]}
    if not parts:
        head, table, colours = (
            [*head[:2], *head[3:]],
            [[*row[:2], *row[3:]] for row in table],
            {2: colours[3]},
        )
    return rows(head, table, colours)


def rows(
    head: Sequence[str], table: Sequence[Sequence[str]],
    colours: Mapping[int, Sequence[str | None]] | None = None,
) -> str:  # fmt: skip
    """A table; ``colours`` are those of the cells of some columns, by the column's place."""
    table = [[visible(text) for text in row] for row in table]
    widths = fitting([max(len(row[n]) for row in [head, *table]) for n in range(len(head))], _columns())
    head = [_cut(text, width) for text, width in zip(head, widths, strict=True)]
    table = [[_cut(text, width) for text, width in zip(row, widths, strict=True)] for row in table]
    first = "  ".join(text.ljust(w) for text, w in zip(head, widths, strict=True)).rstrip()
    lines = [click.style(first, bold=True)]
    for place, row in enumerate(table):
        cells = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        for column, of_rows in (colours or {}).items():
            cells[column] = click.style(cells[column], fg=of_rows[place])
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _columns() -> int:
    """How wide the terminal is; 0 where the table goes into a file or another program."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else 0


def fitting(widths: Sequence[int], columns: int) -> list[int]:
    """The widths of columns that together take ``columns`` characters at most, two between each.

    The widest give way first, down to eight characters; where that is not enough, lines are longer.
    """
    found = list(widths)
    over = sum(found) + 2 * (len(found) - 1) - columns if columns else 0
    while over > 0 and max(found) > _NARROWEST:
        found[found.index(max(found))] -= 1
        over -= 1
    return found


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


_VERDICTS = {"pass": "green", "fail": "red", "not enough data": "yellow"}


def version_table(versions: Sequence[ModelVersion]) -> str:
    """One line a version of a model."""
    head = ["model", "version", "aliases", "gate", "registered", "by", "size", "class"]
    table = [
        [_short(v.model), str(v.version), ", ".join(v.aliases), v.verdict, moment(v.created), _short(v.user),
         f"{v.size / 1e6:.1f} MB", str(v.about.get("class", "")).rpartition(".")[2]]
        for v in versions
    ]  # fmt: skip
    return rows(head, table, {3: [_VERDICTS.get(v.verdict) for v in versions]})


def run_details(
    run: Run, files: Sequence[Artifact], children: Sequence[Run], log: Path | None = None
) -> str:  # fmt: skip
    """All that is known of one run, for people."""
    git = run.facts.get("git", {})
    usage = run.facts.get("usage", {})
    about = {
        "id": run.id, "status": click.style(run.status, fg=_COLOURS.get(run.status)), "reason": run.reason,
        "experiment": run.experiment, "group": run.group, "kind": run.kind,
        "started": f"{moment(run.started)} by {run.user}", "took": seconds(took(run)),
        "source": run.source, "parent": run.parent[:12],
        "commit": f"{git.get('commit', '')[:12]}{code.changes(git.get('dirty'))}",
        "memory": f"{usage['peak_memory'] / 1e6:,.0f} MB at its highest" if "peak_memory" in usage else "",
        "cpu": seconds(usage.get("cpu_seconds")),
        "cost": f"{usage['cost']} {usage.get('currency', '')}" if "cost" in usage else "",
        "log": str(log or ""), "note": run.note,
    }  # fmt: skip
    lines = [click.style(visible(run.name), bold=True)]
    lines += [
        f"  {key:<11}{text if key == 'status' else visible(text)}" for key, text in about.items() if text
    ]
    sections = {
        "metrics": [f"{name} = {number(metric.latest)}" + (
            f"   ({number(metric.minimum)} to {number(metric.maximum)}, to iteration {metric.iteration})"
            if metric.iteration else "") for name, metric in run.metrics.items()],
        "params": [f"{name} = {value[:200]}" for name, value in run.params.items()],
        "tags": [f"{name} = {value[:200]}" for name, value in run.tags.items()],
        "artifacts": [f"{file.path}   {file.size:,} bytes" for file in files],
        "children": [f"{child.id[:8]}  {child.name}  {child.status}" for child in children],
    }  # fmt: skip
    for title, entries in sections.items():
        if entries:
            lines += [f"  {title}", *(f"    {visible(entry)}" for entry in entries)]
    return "\n".join(lines)


def log_lines(lines: Sequence[tuple[str, Line]]) -> str:
    """Lines of a log, each with its time and its step; errors are red on a terminal."""
    width = max((len(step) for step, _ in lines), default=0)
    return "\n".join(
        f"{'' if line.time is None else f'{datetime.fromtimestamp(line.time):%H:%M:%S}':8}  "
        + (f"{visible(step):{width}}  " if width else "")
        + click.style(visible(line.text), fg="red" if line.kind in ("err", "error") else None)
        for step, line in lines
    )


def moment(at: float) -> str:
    """A moment in local time, to the second."""
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M:%S}"  # the reader's own time


def _short(text: str) -> str:
    line = visible(" ".join(text.split()))
    return line if len(line) <= _WIDEST else line[: _WIDEST - 1] + "…"
