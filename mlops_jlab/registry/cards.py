"""The model card: what is known of a version, as Markdown, and as a page."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.entities.runs import Run


def markdown(version: ModelVersion, run: Run | None, head: tuple[int, str]) -> str:
    """The card of a version; ``run`` made it, ``head`` is the newest entry of the audit log."""
    return "\n".join(_lines(version, run, head)) + "\n"


def _lines(version: ModelVersion, run: Run | None, head: tuple[int, str]) -> Iterator[str]:
    about = version.about
    made = datetime.fromtimestamp(version.created, UTC)
    yield f"# {_text(version.model)}, version {version.version}"
    yield ""
    if version.aliases:
        yield f"This version is the **{', '.join(version.aliases)}**."
        yield ""
    if about.get("note"):
        yield from (_text(about["note"]), "")
    yield from _table([
        ("Class", about.get("class", "")), ("Registered", f"{made:%Y-%m-%d %H:%M} UTC by {version.user}"),
        ("Run", f"{run.name} ({run.id[:12]})" if run else version.run[:12]),
        ("Notebook", run.source if run else ""), ("Commit", _commit(run)),
        ("Format", f"{about.get('format', '')}, {version.size:,} bytes"),
    ])  # fmt: skip
    metrics = {**_metrics(run), **about.get("metrics", {})}
    if metrics:
        yield from ("", "## Metrics", "")
        yield from _table([(name, f"{value:.6g}") for name, value in sorted(metrics.items())])
    if version.gate:
        yield from ("", f"## Gate: {version.verdict}", "")
        yield from gate_lines(version.gate)
        yield from _judged(version.gate)
    inputs = about.get("signature", {}).get("inputs", [])
    if inputs:
        yield from ("", "## What it takes", "")
        yield from _table([(column["name"], column["dtype"]) for column in inputs], ("column", "type"))
    if about.get("parameters"):
        yield from ("", "## Parameters", "")
        yield from _table([(name, str(value)[:120]) for name, value in about["parameters"].items()])
    if about.get("data"):
        yield from ("", "## Data", "")
        yield from _table([(str(name), str(value)[:120]) for name, value in about["data"].items()])
    yield from ("", "## What it needs", "", "```")
    yield from about.get("requirements", [])
    yield from ("```", "", "## Files", "")
    yield from _table([(file.path, file.digest) for file in version.files], ("file", "BLAKE3"))
    yield from ("", f"Head of the audit log: entry {head[0]}, `{head[1]}`")


def gate_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """What a gate found, as the lines of a table."""
    yield "| rule | verdict | estimate | interval | rows | why |"
    yield "|---|---|---|---|---|---|"
    for rule in report["rules"]:
        known = rule["low"] is not None and rule["high"] is not None
        interval = f"{_number(rule['low'])} to {_number(rule['high'])}" if known else ""
        cells = [
            rule["rule"],
            rule["verdict"],
            _number(rule["estimate"]),
            interval,
            rule["rows"],
            rule["why"],
        ]
        yield "| " + " | ".join(_text(cell) for cell in cells) + " |"


def _judged(report: Mapping[str, Any]) -> Iterator[str]:
    """Both models' metrics on the evaluation rows, with their intervals."""
    both = report.get("facts", {}).get("metrics", {})
    if both:
        yield from ("", "| metric | this version | champion then |", "|---|---|---|")
    for metric, own in both.get("challenger", {}).items():
        cells = [metric, _with_bounds(own), _with_bounds(both.get("champion", {}).get(metric))]
        yield "| " + " | ".join(_text(cell) for cell in cells) + " |"


def _with_bounds(found: Sequence[float] | None) -> str:
    return f"{found[0]:.4g} ({found[1]:.4g} to {found[2]:.4g})" if found else ""


def _number(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, (int, float)) else ""


def _metrics(run: Run | None) -> dict[str, float]:
    return {name: metric.latest for name, metric in run.metrics.items()} if run else {}


def _commit(run: Run | None) -> str:
    facts = run.facts.get("git", {}) if run else {}
    return str(facts.get("commit", ""))[:12] + (" with changes" if facts.get("dirty") else "")


def _table(rows: Sequence[tuple[str, Any]], head: tuple[str, str] = ("", "")) -> Iterator[str]:
    yield f"| {head[0]} | {head[1]} |"
    yield "|---|---|"
    for name, value in rows:
        if str(value).strip():
            yield f"| {_text(name)} | {_text(value)} |"


def _text(value: object) -> str:
    """As text in Markdown: nothing in it is mark-up."""
    words = " ".join(str(value).split())
    for char in "\\`*_[]|#!":
        words = words.replace(char, "\\" + char)
    return html.escape(words, quote=False)


def page(text: str, title: str) -> str:
    """The card as one HTML page, light or dark as its reader likes it."""
    import mistune

    body = mistune.create_markdown(escape=False, plugins=["table"])(text)
    return (
        f"<!doctype html>\n<html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>\n"
        "<meta name=viewport content='width=device-width'><style>\n"
        ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;"
        "margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}"
        "td,th{padding:.3rem .6rem;text-align:left;"
        "border-bottom:1px solid #8884;overflow-wrap:anywhere;vertical-align:top}"
        "code,pre{background:#8882;padding:.1rem .3rem}h2{margin-top:2rem}</style>\n"
        f"{body}</html>\n"
    )
