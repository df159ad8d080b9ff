"""A lineage as events of OpenLineage 2: the start and the end of each run. Source: openlineage.io/spec."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from mlops_jlab import __version__
from mlops_jlab.lineage.graph import Kind, Lineage, Node

NAMESPACE = "mlops-jlab"
PRODUCER = f"https://pypi.org/project/mlops-jlab/{__version__}"
SCHEMA = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_FACETS = "https://openlineage.io/spec/facets"
_ENDS = {"finished": "COMPLETE", "failed": "FAIL", "blocked": "FAIL", "killed": "ABORT"}


def events(found: Lineage) -> list[dict[str, Any]]:
    """The events of all runs, in the order in which they began and ended."""
    made = [event for node in found.of(Kind.RUN, Kind.STEP) for event in _of_run(found, node)]
    return sorted(made, key=lambda event: str(event["eventTime"]))


def _of_run(found: Lineage, node: Node) -> Iterator[dict[str, Any]]:
    about = node.about
    base = {
        "producer": PRODUCER, "schemaURL": SCHEMA, "run": _run(found, node), "job": _job(found, node),
        "inputs": [], "outputs": [],
    }  # fmt: skip
    yield {**base, "eventType": "START", "eventTime": _time(about["started"])}
    end = _ENDS.get(str(about["status"]))
    if end is None:
        return
    inputs = [_dataset(one, "input") for one in found.into(node.id, "read")]
    outputs = [_dataset(one, "output") for one in found.out_of(node.id, "made")]
    at = _time(about["ended"] or about["started"])
    yield {**base, "inputs": inputs, "outputs": outputs, "eventType": end, "eventTime": at}


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _facet(name: str, revision: str, /, **content: Any) -> dict[str, Any]:
    url = f"{_FACETS}/{revision}/{name}.json#/$defs/{name}"
    return {"_producer": PRODUCER, "_schemaURL": url, **content}


def _run(found: Lineage, node: Node) -> dict[str, Any]:
    facets: dict[str, Any] = {}
    for whole in found.out_of(node.id, "part"):
        facets["parent"] = _facet(
            "ParentRunFacet", "1-2-0", run={"runId": _uuid(whole)},
            job={"namespace": NAMESPACE, "name": _name(found, whole)},
        )  # fmt: skip
    return {"runId": _uuid(node), "facets": facets}


def _uuid(node: Node) -> str:
    return str(uuid.UUID(hex=str(node.about["id"])))


def _name(found: Lineage, node: Node) -> str:
    whole = next(iter(found.out_of(node.id, "part")), None)
    own = node.name.rpartition("-")[0] or node.name if node.about.get("kind") == "pipeline" else node.name
    return f"{_name(found, whole)}.{own}" if whole is not None else own


def _job(found: Lineage, node: Node) -> dict[str, Any]:
    facets: dict[str, Any] = {
        "jobType": _facet("JobTypeJobFacet", "2-0-4", processingType="BATCH", integration="MLOPS_JLAB",
                          jobType="STEP" if node.kind is Kind.STEP else "RUN"),
    }  # fmt: skip
    for one in found.into(node.id, "ran"):
        if one.kind is Kind.CODE:
            facets["sourceCodeLocation"] = _facet(
                "SourceCodeLocationJobFacet", "1-1-0", type="git",
                url=str(one.about.get("remote") or "file:."), version=str(one.about["commit"]),
            )  # fmt: skip
    cells = node.about.get("cells") or ()
    if cells:
        text = "\n\n".join(f"# cell {cell['id']}\n{cell['source']}" for cell in cells)
        facets["sourceCode"] = _facet("SourceCodeJobFacet", "1-0-1", language="PYTHON", sourceCode=text)
    return {"namespace": NAMESPACE, "name": _name(found, node), "facets": facets}


def _dataset(node: Node, side: str) -> dict[str, Any]:
    about = node.about
    facets: dict[str, Any] = {}
    version = about.get("content") or about.get("digest") or about.get("hash")
    if version:
        facets["version"] = _facet("DatasetVersionDatasetFacet", "1-0-1", datasetVersion=str(version))
    columns = about.get("schema") or (about.get("columns") or {}).items()
    fields = [{"name": str(name), "type": str(dtype)} for name, dtype in columns if str(name)]
    if fields:
        facets["schema"] = _facet("SchemaDatasetFacet", "1-2-0", fields=fields)
    if node.kind is Kind.FILE:
        return {"namespace": "file", "name": str(about["path"]), "facets": facets, f"{side}Facets": {}}
    return {"namespace": NAMESPACE, "name": node.id, "facets": facets, f"{side}Facets": {}}
