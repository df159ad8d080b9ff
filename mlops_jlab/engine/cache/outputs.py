"""The outputs that were kept of a step, put into the notebook that the step has now."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlops_jlab.engine.cache.meaning import meaning
from mlops_jlab.pipeline.build import LOAD_CELL, OWN_CELLS

_CHECKS = frozenset({"mlops-parameters"})
_PARAMETERS = frozenset({"parameters", "injected-parameters", "mlops-parameters"})


def read_notebook(path: Path) -> dict[str, Any]:
    """The notebook at ``path`` as plain data.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def notebook_bytes(notebook: Mapping[str, Any]) -> bytes:
    """The text of a notebook as the engine writes it."""
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode("utf-8", "replace") + b"\n"


def with_outputs(own: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any] | None:
    """``own`` with the outputs of ``kept``, cell by cell; nothing if the two do not have the same code.

    Ids, tags, comments, texts and all other metadata are those of ``own``. Cells with parameters may be
    other ones: what they printed belongs to the values that they were given.
    """
    found = copy.deepcopy(dict(own))
    if not any(cell["id"] == LOAD_CELL for cell in kept["cells"]):
        found["cells"] = _continued(found["cells"], kept["cells"])
    mine = [cell for cell in found["cells"] if _is_compared(cell)]
    theirs = [cell for cell in kept["cells"] if _is_compared(cell)]
    if len(mine) != len(theirs):
        return None
    for cell, other in zip(mine, theirs, strict=True):
        if not cell["id"].startswith("mlops-") and _code(cell) != _code(other):
            return None
        _put(cell, other)
    by_tag = {_parameter_tag(cell): cell for cell in kept["cells"]}
    for cell in found["cells"]:
        tag = _parameter_tag(cell)
        if tag and tag in by_tag:
            _put(cell, by_tag[tag])
    if "papermill" in kept.get("metadata", {}):
        found["metadata"]["papermill"] = kept["metadata"]["papermill"]
    return found


def _continued(own: list[dict[str, Any]], kept: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The cells of a step that continued another: without ours, and without setup executed before."""
    own = [cell for cell in own if cell["cell_type"] == "code" and cell["id"] not in OWN_CELLS - _CHECKS]
    more = len([cell for cell in own if _is_compared(cell)]) - len([c for c in kept if _is_compared(c)])
    inside = any(_parameter_tag(cell) for cell in kept)
    found = []
    for cell in own:
        if _parameter_tag(cell):
            if inside:
                found.append(cell)
        elif more > 0:
            more -= 1
        else:
            found.append(cell)
    return found


def _put(cell: dict[str, Any], other: Mapping[str, Any]) -> None:
    cell["outputs"] = other.get("outputs", [])
    cell["execution_count"] = other.get("execution_count")
    for when in ("papermill", "mlops_jlab"):  # when it was executed, and when each line was printed
        if when in other.get("metadata", {}):
            cell["metadata"][when] = other["metadata"][when]


def _is_compared(cell: Mapping[str, Any]) -> bool:
    return cell["cell_type"] == "code" and not _parameter_tag(cell)


def _parameter_tag(cell: Mapping[str, Any]) -> str:
    tags = cell.get("metadata", {}).get("tags", ()) if cell["cell_type"] == "code" else ()
    return next((tag for tag in tags if tag in _PARAMETERS), "")


def _code(cell: Mapping[str, Any]) -> str:
    return meaning("".join(cell["source"]))
