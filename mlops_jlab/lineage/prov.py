"""A lineage as W3C PROV in JSON: entities, activities, and whose they are. Sources: PROV-DM and -JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from mlops_jlab.lineage.graph import Kind, Lineage, Node

PREFIX = "mlops"
_URI = "urn:mlops-jlab:"
_ACTIVITIES = (Kind.RUN, Kind.STEP)


def document(found: Lineage) -> dict[str, Any]:
    """The document: runs and steps are activities, people agents, all else entities."""
    made: dict[str, dict[str, Any]] = {
        "prefix": {PREFIX: _URI, "prov": "http://www.w3.org/ns/prov#", "xsd": "http://www.w3.org/2001/XMLSchema#"},
        "entity": {}, "activity": {}, "agent": {}, "used": {}, "wasGeneratedBy": {}, "wasAssociatedWith": {},
        "wasInformedBy": {}, "wasAttributedTo": {}, "wasDerivedFrom": {},
    }  # fmt: skip
    for node in found.nodes.values():
        name = _name(node.id)
        if node.kind in _ACTIVITIES:
            made["activity"][name] = _activity(node)
        else:
            made["entity"][name] = _entity(node)
        _attribute(made, node)
    for edge in found.edges:
        _relate(made, found.nodes[edge.source], found.nodes[edge.target], edge.how)
    return {key: value for key, value in made.items() if value}


def _name(text: str) -> str:
    return f"{PREFIX}:{quote(text, safe='')}"


def _plain(about: Mapping[str, Any]) -> dict[str, Any]:
    simple = {
        key: value
        for key, value in about.items()
        if isinstance(value, (str, int, float, bool)) and value != ""
    }
    return {f"{PREFIX}:{quote(key.lstrip('_'), safe='')}": value for key, value in simple.items()}


def _entity(node: Node) -> dict[str, Any]:
    return {"prov:label": node.name, "prov:type": f"{PREFIX}:{node.kind}", **_plain(node.about)}


def _activity(node: Node) -> dict[str, Any]:
    about = dict(node.about)
    times = {"prov:startTime": about.pop("started", None), "prov:endTime": about.pop("ended", None)}
    said = {key: _time(at) for key, at in times.items() if at is not None}
    cells = [str(cell["id"]) for cell in about.get("cells") or ()]
    found = {"prov:label": node.name, "prov:type": f"{PREFIX}:{node.kind}", **said, **_plain(about)}
    return {**found, f"{PREFIX}:cells": " ".join(cells)} if cells else found


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def _attribute(made: dict[str, dict[str, Any]], node: Node) -> None:
    user = str(node.about.get("user", ""))
    if not user:
        return
    agent, name = _name(f"user:{user}"), _name(node.id)
    made["agent"][agent] = {"prov:type": "prov:Person", "prov:label": user}
    if node.kind in _ACTIVITIES:
        _add(made, "wasAssociatedWith", {"prov:activity": name, "prov:agent": agent})
    else:
        _add(made, "wasAttributedTo", {"prov:entity": name, "prov:agent": agent})


def _add(made: dict[str, dict[str, Any]], kind: str, content: dict[str, Any]) -> None:
    made[kind][f"_:{kind}{len(made[kind]) + 1}"] = content


def _relate(made: dict[str, dict[str, Any]], source: Node, target: Node, how: str) -> None:
    one, other = _name(source.id), _name(target.id)
    into = target.kind in _ACTIVITIES
    if how == "part":
        _add(made, "wasInformedBy", {"prov:informed": other, "prov:informant": one})
    elif into and source.kind not in _ACTIVITIES:
        _add(made, "used", {"prov:activity": other, "prov:entity": one})
    elif source.kind in _ACTIVITIES and not into:
        _add(made, "wasGeneratedBy", {"prov:entity": other, "prov:activity": one})
    elif not into:
        _add(made, "wasDerivedFrom", {"prov:generatedEntity": other, "prov:usedEntity": one})
