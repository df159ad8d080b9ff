"""Data that runs have read: their names, digests and sources, kept among a run's facts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mlops_jlab.entities.runs import Run
from mlops_jlab.mlflow.entities import Dataset, DatasetInput, InputTag
from mlops_jlab.tracking.live import LiveRun

# The key among a run's facts; below it are inputs, steps ({model id: step}) and read ({model id: 1}).
FACTS = "mlflow"
CONTEXT = "mlflow.data.context"


def log(run: LiveRun, inputs: Sequence[DatasetInput], models: Sequence[str] = ()) -> None:
    """Keeps which data and logged models a run has read."""
    kept: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for one in inputs:
        tags = {tag.key: tag.value for tag in one.tags}
        kept[f"{one.dataset.name} {one.dataset.digest} {tags.get(CONTEXT, '')}"] = {
            **one.dataset.to_dictionary(),
            "tags": tags,
        }
        data[one.dataset.name] = {
            "kind": one.dataset.source_type or "data",
            "hash": one.dataset.digest,
            "shape": _shape(one.dataset),
        }
    run.add_facts({FACTS: {"inputs": kept, "read": dict.fromkeys(models, 1)}, "data": data})


def _shape(dataset: Dataset) -> list[int]:
    """Rows, and columns where they are known."""
    try:
        profile = json.loads(dataset.profile or "{}")
    except ValueError:
        return []
    shape = profile.get("shape") or profile.get("features_shape")
    if isinstance(shape, list):
        return [int(size) for size in shape]
    rows = profile.get("num_rows")
    return [int(rows)] if isinstance(rows, int) else []


def of(run: Run) -> list[DatasetInput]:
    """The data that a run has read, also those that it logged by our own calls."""
    kept = run.facts.get(FACTS, {}).get("inputs", {})
    found = [_read(dict(one)) for one in kept.values()]
    names = {one.dataset.name for one in found}
    for name, facts in run.facts.get("data", {}).items():
        if name not in names:
            profile = json.dumps({"shape": facts.get("shape", [])})
            schema = json.dumps(facts["columns"]) if facts.get("columns") else None
            found.append(
                DatasetInput(Dataset(name, str(facts.get("hash", "")), "local", "", schema, profile))
            )
    return found


def _read(kept: dict[str, Any]) -> DatasetInput:
    tags = kept.pop("tags", {})
    return DatasetInput(Dataset(**kept), [InputTag(key, value) for key, value in tags.items()])
