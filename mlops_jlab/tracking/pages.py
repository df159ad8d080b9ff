"""Runs as HTML that needs nothing but a browser, and as text. Everything from a user is escaped."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from html import escape

from mlops_jlab.entities.runs import MetricSummary, Point, Run, RunStatus
from mlops_jlab.errors import MlopsError
from mlops_jlab.store import location, opening, reading
from mlops_jlab.tracking.charts import curves, number, seconds, sparkline
from mlops_jlab.tracking.lines import Line

_MARKS = {RunStatus.PENDING: "○", RunStatus.RUNNING: "●", RunStatus.FINISHED: "✓", RunStatus.FAILED: "✗",
          RunStatus.KILLED: "✗", RunStatus.BLOCKED: "⊘"}  # fmt: skip
_POINTS = 120
_STYLE = """<style>
.mlops-run{border:1px solid rgba(127,127,127,.35);border-radius:6px;padding:8px 12px;max-width:640px;
font-size:13px;line-height:1.5}
.mlops-run table,.mlops-table{border-collapse:collapse;font-size:12px;line-height:1.5;margin:4px 0}
.mlops-run td,.mlops-run th,.mlops-table td,.mlops-table th{padding:2px 10px 2px 0;text-align:left;
vertical-align:middle;background:none}
.mlops-table td,.mlops-table th{padding:4px 10px;border-bottom:1px solid rgba(127,127,127,.25);
white-space:nowrap;max-width:22em;overflow:hidden;text-overflow:ellipsis}
.mlops-table tr.differs td:first-child{box-shadow:inset 3px 0 #E69F00}
.mlops-table tr.differs td{font-weight:600}
.mlops-finished{color:#238a43}.mlops-failed,.mlops-killed{color:#d93a40}.mlops-running{color:#1f7ae0}
.mlops-pending{color:#9a6700}
.mlops-wide{overflow-x:auto}.mlops-dim{opacity:.65}.mlops-chart{display:inline-block;margin:4px 8px 4px 0}
.mlops-long{max-width:36em;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
</style>"""


def status(run: Run) -> str:
    """The status as a coloured word with a mark, so that colour alone says nothing."""
    return f'<span class="mlops-{run.status}">{_MARKS[run.status]} {run.status}</span>'


def took(run: Run) -> float:
    """Seconds that the run took, or has been running."""
    return run.duration if run.duration is not None else max((run.ended or time.time()) - run.started, 0.0)


def histories(run: Run, points: int = _POINTS) -> dict[str, list[Point]]:
    """The course of each metric, thinned out."""
    with opening.reading(location.find()) as connection:
        return {name: reading.history(connection, run, name, points) for name in run.metrics}


def card(run: Run, courses: Mapping[str, Sequence[Point]] | None = None) -> str:
    """One run: status, time, metrics with their courses, params, tags, note."""
    if courses is None:
        try:
            courses = histories(run)
        except MlopsError:
            courses = {}
    head = (
        f"<b>{escape(run.name)}</b> &ensp;{status(run)} &ensp;"
        f'<span class="mlops-dim">{escape(seconds(took(run)))} · {escape(run.experiment)} · '
        f"<code>{run.id[:12]}</code></span>"
    )
    reason = f'<div class="mlops-{run.status}">{escape(run.reason)}</div>' if run.reason else ""
    body = _metrics(run.metrics, courses) + _pairs("param", run.params) + _pairs("tag", run.tags)
    note = f"<div>{escape(run.note)}</div>" if run.note else ""
    return f'{_STYLE}<div class="mlops-run">{head}{reason}{note}{body}</div>'


def _metrics(metrics: Mapping[str, MetricSummary], courses: Mapping[str, Sequence[Point]]) -> str:
    rows = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(number(metric.latest))}</td>"
        f"<td>{sparkline(courses[name]) if len(courses.get(name, ())) > 1 else ''}</td></tr>"
        for name, metric in metrics.items()
    )
    return f"<table>{rows}</table>" if rows else ""


def _pairs(kind: str, values: Mapping[str, str]) -> str:
    rows = "".join(
        f'<tr><td class="mlops-dim">{kind}</td><th>{escape(name)}</th>'
        f'<td class="mlops-long">{escape(value[:200])}</td></tr>'
        for name, value in values.items()
    )
    return f"<table>{rows}</table>" if rows else ""


def table(runs: Sequence[Run], columns: Sequence[str] = ()) -> str:
    """Several runs, one a row: the metrics and params that they have, or ``columns``."""
    chosen = columns or columns_of(runs)
    head = "".join(f"<th>{escape(name.partition('.')[2] or name)}</th>" for name in chosen)
    rows = "".join(
        f"<tr><td>{escape(run.name)}</td><td>{status(run)}</td><td>{escape(seconds(took(run)))}</td>"
        + "".join(f'<td class="mlops-long">{escape(cell(run, name))}</td>' for name in chosen)
        + f'<td class="mlops-dim"><code>{run.id[:8]}</code></td></tr>'
        for run in runs
    )
    return (
        f'{_STYLE}<div class="mlops-wide"><table class="mlops-table"><thead><tr><th>name</th><th>status</th>'
        f"<th>took</th>{head}<th>id</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )


def columns_of(runs: Sequence[Run], most: int = 12) -> list[str]:
    """The metrics, then the params, that most of the runs have."""
    counts: dict[str, int] = {}
    for run in runs:
        for name in (*(f"metrics.{m}" for m in run.metrics), *(f"params.{p}" for p in run.taken)):
            counts[name] = counts.get(name, 0) + 1
    often = sorted(counts, key=lambda name: (-counts[name], name))[:most]
    return sorted(often, key=lambda name: (name.startswith("params."), name))


def cell(run: Run, column: str) -> str:
    """What stands in a column (``metrics.acc``, ``params.depth``) for a run."""
    kind, _, name = column.partition(".")
    if kind == "metrics":
        return number(run.metrics[name].latest) if name in run.metrics else ""
    values = run.taken if kind == "params" else run.tags
    return values.get(name, "")[:200]


def comparison(runs: Sequence[Run], lines: Sequence[Line]) -> str:
    """Runs side by side: what differs is marked; metrics with a course are drawn together."""
    names = [f"{run.name} ({run.id[:6]})" for run in runs]
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "".join(
        f'<tr class="{"differs" if line.differs else ""}"><td class="mlops-dim">{line.kind}</td>'
        f"<td>{escape(line.name)}</td>"
        + "".join(f'<td class="mlops-long">{escape(_value(value))}</td>' for value in line.values)
        + "</tr>"
        for line in lines
    )
    return (
        f'{_STYLE}<div class="mlops-wide"><table class="mlops-table"><thead><tr><th></th><th></th>{head}'
        f"</tr></thead><tbody>{rows}</tbody></table></div>{_charts(runs, names)}"
    )


def _charts(runs: Sequence[Run], names: Sequence[str]) -> str:
    try:
        courses = [histories(run) for run in runs]
    except MlopsError:
        return ""
    metrics = dict.fromkeys(name for course in courses for name in course)
    long = [name for name in metrics if any(len(course.get(name, ())) > 1 for course in courses)]
    return "".join(curves([course.get(name, []) for course in courses], names, name) for name in long[:12])


def _value(value: str | float | None) -> str:
    return "–" if value is None else value[:200] if isinstance(value, str) else number(value)


def comparison_text(runs: Sequence[Run], lines: Sequence[Line]) -> str:
    """Runs side by side as text; a star marks what differs."""
    head = ["", *(f"{run.name} ({run.id[:6]})" for run in runs)]
    rows = [
        [f"{'*' if line.differs else ' '} {line.name}", *map(_value, line.values)]
        for line in lines
        if line.kind != "fact" or line.differs
    ]
    widths = [max(len(row[n]) for row in [head, *rows]) for n in range(len(head))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip()
        for row in [head, *rows]
    )


def text(run: Run) -> str:
    """One run as text, for a terminal."""
    lines = [f"{_MARKS[run.status]} {run.name}  {run.status}  {seconds(took(run))}  {run.id[:12]}"]
    lines += [f"    {run.reason}"] if run.reason else []
    lines += [f"    metric  {name} = {number(metric.latest)}" for name, metric in run.metrics.items()]
    lines += [f"    param   {name} = {value[:100]}" for name, value in run.params.items()]
    return "\n".join(lines)
