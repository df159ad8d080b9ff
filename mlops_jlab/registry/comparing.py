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
    metrics = [_metrics(place, version) for version in versions]
    lines = [
        Line("metric", name, tuple(f"{values[name]:.6g}" if name in values else "" for values in metrics))
        for name in sorted({name for values in metrics for name in values})
    ]
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
    return [line for line in lines if any(line.values)]


def _metrics(place: Place, version: ModelVersion) -> Mapping[str, float]:
    own: dict[str, float] = dict(version.about.get("metrics", {}))
    if version.run:
        with opening.reading(place) as connection:
            run = reading.find(connection, version.run)
        own = {name: metric.latest for name, metric in run.metrics.items()} | own
    return own


def as_text(versions: Sequence[ModelVersion], lines: Sequence[Line]) -> str:
    """The lines for a terminal; a star marks what differs."""
    table = [["", "", *(version.title for version in versions)]]
    table += [["*" if line.differs else "", line.name, *(v[:40] for v in line.values)] for line in lines]
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    rows = (zip(row, widths, strict=True) for row in table)
    return "\n".join("  ".join(text.ljust(width) for text, width in row).rstrip() for row in rows)
