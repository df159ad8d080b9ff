"""Which of a cell's variables are worth keeping, and how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_jlab.errors import MlopsError
from mlops_jlab.telling import tell
from mlops_jlab.tracking import shown
from mlops_jlab.tracking.live import LiveRun


@dataclass
class Taken:
    """What was logged, to be said to the user."""

    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    figures: int = 0

    def __str__(self) -> str:
        parts = []
        if self.params:
            parts.append("params " + ", ".join(f"{k}={str(v)[:30]}" for k, v in self.params.items()))
        if self.metrics:
            parts.append("metrics " + ", ".join(f"{k}={v:.4g}" for k, v in self.metrics.items()))
        if self.files:
            parts.append("artifacts " + ", ".join(self.files))
        if self.figures:
            parts.append(f"{self.figures} figure{'s' if self.figures > 1 else ''}")
        return "; ".join(parts) or "nothing found"


def log(run: LiveRun, name: str, value: Any, kind: str, taken: Taken) -> None:
    """Keeps one variable: a scalar as ``kind`` says, a DataFrame or figure as a file."""
    try:
        if is_frame(value):
            run.log_table(value, f"{name}.csv")
            taken.files.append(f"{name}.csv")
        elif is_figure(value):
            run.log_figure(value, f"{name}.png")
            taken.files.append(f"{name}.png")
        elif kind == "metrics":
            run.log_metric(name, value)
            taken.metrics[name] = float(value)
        else:
            run.log_param(name, value)
            taken.params[name] = value
    except MlopsError as error:
        tell(str(error), once=False)


def log_found(run: LiveRun, source: str, names: Mapping[str, Any], taken: Taken) -> None:
    """Keeps the scalars that the cell binds, as :func:`shown.bound` finds them."""
    found = shown.bound(source, names)
    known = {*taken.params, *taken.metrics}
    for kind, values in (("metrics", found.metrics), ("params", found.params)):
        for name in (name for name in values if name not in known):
            log(run, name, names[name], kind, taken)


def is_frame(value: Any) -> bool:
    """Whether ``value`` is a DataFrame."""
    return hasattr(value, "to_csv") and hasattr(value, "columns")


def is_figure(value: Any) -> bool:
    """Whether ``value`` is a figure of matplotlib or plotly."""
    module = type(value).__module__
    return (module.startswith("matplotlib") and hasattr(value, "savefig")) or (
        module.startswith("plotly") and hasattr(value, "to_html")
    )
