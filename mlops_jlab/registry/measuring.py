"""What a gate measures of a model beside its predictions: time, size, rows of training, whether it loads."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_jlab.gates.judging import Measured
from mlops_jlab.gates.rules import Rule
from mlops_jlab.registry import cleanly, training
from mlops_jlab.registry.evaluating import EvaluationRows, Taken

__all__ = ["Measured", "measure"]


def measure(
    rules: Sequence[Rule], model: Any, files: Mapping[str, bytes], rows: EvaluationRows, taken: Taken,
    train: Any,
) -> Measured:  # fmt: skip
    """What the rules ask for; ``files`` are the model's."""
    kinds = {rule.kind for rule in rules}
    count, near, shared = training.overlap(rows, taken, rules, train) if "overlap" in kinds else (None, 0, ())
    return Measured(
        latency=_latency(model, taken.rows) if "latency" in kinds and len(taken.rows) else None,
        size=sum(map(len, files.values())) if "size" in kinds else None,
        overlap=count, near=near, shared=shared,
        loads=cleanly.problem(files, taken.rows[:100], model) if "loads" in kinds else None,
    )  # fmt: skip


def _latency(model: Any, rows: Any) -> float:
    times = []
    for _ in range(12):
        begun = time.perf_counter()
        model.predict(rows[:1])
        times.append(time.perf_counter() - begun)
    return statistics.median(times[2:])
