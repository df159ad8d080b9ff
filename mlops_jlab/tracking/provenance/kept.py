"""What a run has kept of its source, read again: the notebook as it was, the cells that were executed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_jlab.entities.runs import Run
from mlops_jlab.store import artifacts
from mlops_jlab.store.location import Place


def origin(run: Run) -> Mapping[str, Any]:
    """Path and digest of the notebook or script that the run came from; empty where none was kept."""
    found: Mapping[str, Any] = run.facts.get("notebook") or run.facts.get("script") or {}
    return found


def executed_cells(place: Place, run: Run) -> list[str]:
    """The sources of the cells that the run's process had executed, in that order.

    Raises:
        StoreError: the file is missing or damaged.
    """
    digest = run.facts.get("cells")
    found: list[str] = json.loads(artifacts.read(place, digest)) if digest else []
    return found


def notebook(place: Place, run: Run) -> dict[str, Any] | None:
    """The notebook as it was when the run began; nothing where it came from elsewhere.

    Raises:
        StoreError: the file is missing or damaged.
    """
    about = run.facts.get("notebook") or {}
    if "digest" not in about:
        return None
    found: dict[str, Any] = json.loads(artifacts.read(place, about["digest"]))
    return found


def code(place: Place, run: Run) -> list[str]:
    """The code of a run: the executed cells, else the notebook's code cells, else its script."""
    cells = executed_cells(place, run)
    if cells:
        return cells
    node = notebook(place, run)
    if node is not None:
        return ["".join(cell["source"]) for cell in node.get("cells", ()) if cell.get("cell_type") == "code"]
    about = origin(run)
    if "digest" in about and Path(about.get("path", "")).suffix == ".py":
        return [artifacts.read(place, about["digest"]).decode("utf-8", "replace")]
    return []
