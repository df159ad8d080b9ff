"""Several runs side by side: params and metrics, and which of them differ."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mlops_jlab.entities.runs import Run
from mlops_jlab.tracking import pages
from mlops_jlab.tracking.lines import Line

if TYPE_CHECKING:
    import pandas


@dataclass(frozen=True)
class Comparison:
    """Several runs side by side. In a notebook it is a table with the differences marked."""

    runs: tuple[Run, ...]
    lines: tuple[Line, ...]

    @property
    def differences(self) -> tuple[Line, ...]:
        """The lines on which the runs do not agree."""
        return tuple(line for line in self.lines if line.differs)

    @property
    def frame(self) -> pandas.DataFrame:
        """A DataFrame: one row a param, metric or fact, one column a run."""
        import pandas

        index = pandas.MultiIndex.from_tuples([(line.kind, line.name) for line in self.lines])
        names = [f"{run.name} ({run.id[:8]})" for run in self.runs]
        return pandas.DataFrame([line.values for line in self.lines], index=index, columns=names)

    def __repr__(self) -> str:
        return pages.comparison_text(self.runs, self.lines)

    def _repr_html_(self) -> str:
        return pages.comparison(self.runs, self.lines)


def compare(runs: Sequence[Run]) -> Comparison:
    """The runs side by side."""
    lines: list[Line] = []
    params = [run.taken for run in runs]
    for name in _in_order(params):
        lines.append(Line("param", name, tuple(own.get(name) for own in params)))
    for name in _in_order(list(run.metrics) for run in runs):
        lines.append(
            Line(
                "metric",
                name,
                tuple(run.metrics[name].latest if name in run.metrics else None for run in runs),
            )
        )
    for name, values in _facts(runs).items():
        lines.append(Line("fact", name, values))
    return Comparison(tuple(runs), tuple(lines))


def _in_order(names: Iterable[Iterable[str]]) -> list[str]:
    found: dict[str, None] = {}
    for some in names:
        found |= dict.fromkeys(some)
    return sorted(found)


def _facts(runs: Sequence[Run]) -> dict[str, tuple[str | None, ...]]:
    """Commit, notebook, and the versions of packages that differ."""
    found: dict[str, tuple[str | None, ...]] = {"status": tuple(str(run.status) for run in runs)}
    for section, key in (("git", "commit"), ("notebook", "digest"), ("machine", "python")):
        values = tuple(run.facts.get(section, {}).get(key) for run in runs)
        if any(values):
            found[section if section != "machine" else "python"] = tuple(
                v[:12] if v else None for v in values
            )
    versions = [run.facts.get("packages", {}) for run in runs]
    for package in _in_order(versions):
        row = tuple(version.get(package) for version in versions)
        if len(set(row)) > 1:
            found[f"package {package}"] = row
    for name in _in_order(run.facts.get("data", {}) for run in runs):
        row = tuple(run.facts.get("data", {}).get(name, {}).get("hash") for run in runs)
        found[f"data {name}"] = tuple(value[:12] if value else None for value in row)
    return found
