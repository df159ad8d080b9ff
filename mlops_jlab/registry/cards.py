"""The model card: what is known of a version, as Markdown, and as a page."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mlops_jlab.entities.datasets import DatasetVersion
from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.entities.runs import Run
from mlops_jlab.registry import evaluationlines
from mlops_jlab.registry.markdown import number, table, text
from mlops_jlab.store.auditing import Entry
from mlops_jlab.tracking.provenance import code

_TAGS = {  # of a card's page; there are neither links nor pictures
    "h1", "h2", "h3", "h4", "p", "table", "thead", "tbody", "tr", "th", "td", "ul", "ol", "li", "pre", "code",
    "strong", "em", "blockquote", "br", "hr",
}  # fmt: skip


def markdown(
    version: ModelVersion, run: Run | None, head: tuple[int, str], entries: Sequence[Entry] = (),
    data: Sequence[DatasetVersion] = (), evaluation: Mapping[str, Any] | None = None,
) -> str:  # fmt: skip
    """The card of a version; ``run`` made it, ``head`` is the newest entry of the audit log.

    ``entries`` are those of the log that moved an alias to this version, ``data`` what its run has read,
    ``evaluation`` is the newest one.
    """
    return "\n".join(_lines(version, run, head, entries, data, evaluation)) + "\n"


def _lines(
    version: ModelVersion, run: Run | None, head: tuple[int, str], entries: Sequence[Entry],
    data: Sequence[DatasetVersion], evaluation: Mapping[str, Any] | None,
) -> Iterator[str]:  # fmt: skip
    about = version.about
    made = datetime.fromtimestamp(version.created, UTC)
    yield f"# {text(version.model)}, version {version.version}"
    yield ""
    if version.aliases:
        yield f"This version is the **{', '.join(version.aliases)}**."
        yield ""
    if about.get("note"):
        yield from (text(about["note"]), "")
    yield from table([
        ("Class", about.get("class", "")), ("Registered", f"{made:%Y-%m-%d %H:%M} UTC by {version.user}"),
        ("Run", f"{run.name} ({run.id[:12]})" if run else version.run[:12]),
        ("Notebook", run.source if run else ""), ("Commit", _commit(run)),
        ("Part of run", version.whole[:12] if version.whole != version.run else ""),
        ("Format", f"{about.get('format', '')}, {version.size:,} bytes"),
        ("Content", about.get("content", "")),
    ])  # fmt: skip
    yield from ("", "## Intended use and limits", "")
    unsaid = f"not stated: mlops-jlab models describe {version.model}/{version.version}"
    yield from table([
        ("Intended use", about.get("intended_use") or unsaid), ("Limits", about.get("limits") or unsaid),
    ])  # fmt: skip
    if entries:
        yield from ("", "## Approval", "")
        yield "| when | who | what | alias | why |"
        yield "|---|---|---|---|---|"
        for entry in entries:
            cells = [entry.at, entry.who, entry.action, entry.subject, entry.reason]
            yield "| " + " | ".join(text(cell) for cell in cells) + " |"
    metrics = {**_metrics(run), **about.get("metrics", {})}
    if metrics:
        yield from ("", "## Metrics", "")
        yield from table([(name, f"{value:.6g}") for name, value in sorted(metrics.items())])
    if version.gate:
        yield from ("", f"## Gate: {version.verdict}", "")
        yield from gate_lines(version.gate)
        yield from _judged(version.gate)
        yield from _parts(version.gate)
        yield from _evidence(version.gate)
        if not evaluation:
            yield from evaluationlines.importance(version.gate.get("facts", {}).get("importance"))
    yield from evaluationlines.lines(evaluation)
    inputs = about.get("signature", {}).get("inputs", [])
    if inputs:
        yield from ("", "## What it takes", "")
        yield from table([(column["name"], column["dtype"]) for column in inputs], ("column", "type"))
    if about.get("parameters"):
        yield from ("", "## Parameters", "")
        yield from table([(name, str(value)) for name, value in about["parameters"].items()])
    yield from _data(about.get("data") or {}, data)
    yield from ("", "## What it needs", "", "```")
    yield from (" ".join(str(line).replace("`", "").split()) for line in about.get("requirements", []))
    yield from ("```", "", "## Files", "")
    yield from table([(file.path, file.digest) for file in version.files], ("file", "BLAKE3"))
    yield from ("", f"Head of the audit log: entry {head[0]}, `{head[1]}`")


def _data(fitted_on: Mapping[str, Any], read: Sequence[DatasetVersion]) -> Iterator[str]:
    if fitted_on:
        yield from ("", "## Data that it was fitted on", "")
        yield from table([(str(name), str(value)[:120]) for name, value in fitted_on.items()])
    if read:
        yield from ("", "## Registered data that its run has read", "")
        yield from table([(f"{d.dataset}/{d.version}", d.digest) for d in read], ("version", "digest"))


def gate_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What a gate found, as the lines of a table."""
    yield "| rule | verdict | estimate | interval | rows | why |"
    yield "|---|---|---|---|---|---|"
    for rule in report["rules"]:
        known = rule["low"] is not None and rule["high"] is not None
        interval = f"{number(rule['low'])} to {number(rule['high'])}" if known else ""
        cells = [
            rule["rule"],
            rule["verdict"],
            number(rule["estimate"]),
            interval,
            rule["rows"],
            rule["why"],
        ]
        yield "| " + " | ".join(text(cell) for cell in cells) + " |"


def _judged(report: Mapping[str, Any]) -> Iterator[str]:
    """Both models' metrics on the evaluation rows, with their intervals."""
    both = report.get("facts", {}).get("metrics", {})
    if both:
        yield from ("", "| metric | this version | champion then |", "|---|---|---|")
    for metric, own in both.get("challenger", {}).items():
        cells = [metric, _with_bounds(own), _with_bounds(both.get("champion", {}).get(metric))]
        yield "| " + " | ".join(text(cell) for cell in cells) + " |"


def _parts(report: Mapping[str, Any]) -> Iterator[str]:
    """Each slice and group by itself."""
    for rule in report["rules"]:
        if rule.get("parts"):
            yield from (
                "",
                f"### {text(rule['rule'])}",
                "",
                "| part | estimate | interval | rows |",
                "|---|---|---|---|",
            )
        for part in rule.get("parts") or ():
            interval = f"{number(part['low'])} to {number(part['high'])}"
            cells = [part["name"], number(part["estimate"]), interval, f"{part['rows']:,}"]
            yield "| " + " | ".join(text(cell) for cell in cells) + " |"


def _evidence(report: Mapping[str, Any]) -> Iterator[str]:
    """What the verdict rests on: rows, unit, and what was spent of their error budget."""
    facts = report.get("facts", {})
    yield ""
    yield from table([
        ("Evaluation rows", f"{facts.get('rows', 0):,}"),
        ("Rows equal to another", f"{facts.get('equal rows', 0):,}"),
        ("Evaluation set", report["evaluation"]), ("Unit", facts.get("unit", "")),
        ("Alpha spent", f"{report['alpha']:.4g} of {facts.get('budget', 0):g}"),
        ("Use of these rows", f"{report['use']:.3g}"),
        ("Champion then", f"version {report['champion']}" if report["champion"] else "none"),
    ])  # fmt: skip


def _with_bounds(found: Sequence[float] | None) -> str:
    return f"{found[0]:.4g} ({found[1]:.4g} to {found[2]:.4g})" if found else ""


def _metrics(run: Run | None) -> dict[str, float]:
    return {name: metric.latest for name, metric in run.metrics.items()} if run else {}


def _commit(run: Run | None) -> str:
    facts = run.facts.get("git", {}) if run else {}
    return str(facts.get("commit", ""))[:12] + code.changes(facts.get("dirty"))


def page(text: str, title: str) -> str:
    """The card as one HTML page, light or dark as its reader likes it; it runs and loads nothing."""
    import mistune
    import nh3

    made = str(mistune.create_markdown(escape=False, plugins=["table"])(text))
    body = nh3.clean(made, tags=_TAGS, attributes={}, clean_content_tags={"script", "style"})
    return (
        f"<!doctype html>\n<html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>\n"
        "<meta http-equiv=Content-Security-Policy "
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        "<meta name=viewport content='width=device-width'><style>\n"
        ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;"
        "margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}"
        "td,th{padding:.3rem .6rem;text-align:left;"
        "border-bottom:1px solid #8884;overflow-wrap:anywhere;vertical-align:top}"
        "code,pre{background:#8882;padding:.1rem .3rem}h2{margin-top:2rem}</style>\n"
        f"{body}</html>\n"
    )
