"""Versions side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.store import opening, reading
from mlops_jlab.store.location import Place


@dataclass(frozen=True)
class Line:
    """One thing that versions have: its value in each, as text."""

    kind: str
    name: str
    values: tuple[str, ...]

    @property
    def differs(self) -> bool:
        """Whether the versions do not agree."""
        return len(set(self.values)) > 1


def compare(place: Place, versions: Sequence[ModelVersion]) -> list[Line]:
    """What is known of the versions, line by line."""
    lines = [*_judged(versions), *_logged(place, versions)]
    lines.append(Line("gate", "verdict", tuple(version.verdict for version in versions)))
    facts: dict[str, Callable[[ModelVersion], object]] = {
        "class": lambda v: v.about.get("class", ""), "format": lambda v: v.about.get("format", ""),
        "size": lambda v: f"{v.size:,} bytes",
        "requirements": lambda v: " ".join(v.about.get("requirements", [])),
        "columns": lambda v: " ".join(c["name"] for c in v.about.get("signature", {}).get("inputs", [])),
        "data": lambda v: str(v.about.get("data", {}).get("hash", ""))[:12],
        "aliases": lambda v: ", ".join(v.aliases),
    }  # fmt: skip
    lines += [Line("fact", name, tuple(str(get(v)) for v in versions)) for name, get in facts.items()]
    given = [version.about.get("parameters", {}) for version in versions]
    lines += [
        Line("parameter", name, tuple(str(values.get(name, "")) for values in given))
        for name in sorted({name for values in given for name in values})
    ]
    of_runs = [_run_params(place, version) for version in versions]
    lines += [
        Line("run parameter", name, tuple(values.get(name, "") for values in of_runs))
        for name in sorted({name for values in of_runs for name in values})
    ]
    return [line for line in lines if any(line.values)]


def on_same_rows(one: ModelVersion, other: ModelVersion) -> bool:
    """Whether a gate has measured both versions on the same evaluation rows."""
    return any(all(line.values) for line in _judged([one, other]))


def _judged(versions: Sequence[ModelVersion]) -> list[Line]:
    """What gates have measured, a line for each set of rows: only what stands on one line can be compared."""
    found: dict[tuple[str, str], dict[int, str]] = {}
    for version in versions:
        report = version.gate or {}
        for whose, number in (("challenger", version.version), ("champion", report.get("champion"))):
            for metric, bounds in report.get("facts", {}).get("metrics", {}).get(whose, {}).items():
                for place, other in enumerate(versions):
                    if (other.model, other.version) == (version.model, number):
                        told = f"{bounds[0]:.4g} ({bounds[1]:.4g} to {bounds[2]:.4g})"
                        found.setdefault((metric, str(report["evaluation"])), {})[place] = told
    return [
        Line("metric", f"{metric} on rows {rows[:8]}", tuple(told.get(n, "") for n in range(len(versions))))
        for (metric, rows), told in sorted(found.items())
    ]


def _logged(place: Place, versions: Sequence[ModelVersion]) -> list[Line]:
    """What runs have logged, a line for each run: whether two logged it on the same rows is not known."""
    found: dict[tuple[str, str], dict[int, str]] = {}
    for number, version in enumerate(versions):
        for name, value in _metrics(place, version).items():
            by = f"run {version.run[:8]}" if version.run else version.title
            found.setdefault((name, by), {})[number] = f"{value:.6g}"
    return [
        Line("logged", f"{name}, logged by {by}", tuple(told.get(n, "") for n in range(len(versions))))
        for (name, by), told in sorted(found.items())
    ]


def _metrics(place: Place, version: ModelVersion) -> Mapping[str, float]:
    own: dict[str, float] = dict(version.about.get("metrics", {}))
    if version.run:
        with opening.reading(place) as connection:
            run = reading.find(connection, version.run)
        own = {name: metric.latest for name, metric in run.metrics.items()} | own
    return own


def _run_params(place: Place, version: ModelVersion) -> Mapping[str, str]:
    if not version.run:
        return {}
    with opening.reading(place) as connection:
        return {name: str(value) for name, value in reading.find(connection, version.run).params.items()}


def as_text(versions: Sequence[ModelVersion], lines: Sequence[Line]) -> str:
    """The lines for a terminal; a star marks what differs."""
    table = [["", "", *(version.title for version in versions)]]
    table += [["*" if line.differs else "", line.name, *(v[:40] for v in line.values)] for line in lines]
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    rows = (zip(row, widths, strict=True) for row in table)
    return "\n".join("  ".join(text.ljust(width) for text, width in row).rstrip() for row in rows)
