"""Which of a cell's variables are worth keeping, and how."""

from __future__ import annotations

import ast
import numbers
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlops_jlab.errors import MlopsError
from mlops_jlab.tracking.live import LiveRun
from mlops_jlab.tracking.telling import tell


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
    """Keeps the scalars that the cell binds: written as a literal it is a param, computed a metric."""
    known = {*taken.params, *taken.metrics}
    for name, literal in assigned(source).items():
        value = names.get(name)
        if name in known or name.startswith("_") or not is_scalar(value):
            continue
        computed = not literal and isinstance(value, numbers.Real) and not isinstance(value, bool)
        log(run, name, value, "metrics" if computed else "params", taken)


def assigned(source: str) -> dict[str, bool]:
    """The names that a cell's own statements bind, each with whether a literal was bound last."""
    from mlops_jlab.notebook.python import parse_cell

    found: dict[str, bool] = {}
    for node in ast.walk(parse_cell(source).tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            continue
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)):
            targets = [node.target]
        for target in targets:
            for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                if isinstance(part, ast.Name):
                    found[part.id] = is_literal(getattr(node, "value", None))
    return found


def is_literal(node: ast.expr | None) -> bool:
    """Whether the expression is written out: a constant, signed or in a container."""
    try:
        ast.literal_eval(node) if node is not None else None
    except ValueError:
        return False
    return node is not None


def is_scalar(value: Any) -> bool:
    """Whether ``value`` is one number, truth value or short text."""
    if isinstance(value, str):
        return len(value) <= 200
    return isinstance(value, (bool, numbers.Real)) or (
        type(value).__module__ == "numpy" and getattr(value, "shape", None) == ()
    )


def is_frame(value: Any) -> bool:
    """Whether ``value`` is a DataFrame."""
    return hasattr(value, "to_csv") and hasattr(value, "columns")


def is_figure(value: Any) -> bool:
    """Whether ``value`` is a figure of matplotlib or plotly."""
    module = type(value).__module__
    return (module.startswith("matplotlib") and hasattr(value, "savefig")) or (
        module.startswith("plotly") and hasattr(value, "to_html")
    )
