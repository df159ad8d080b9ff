"""A lineage as an RO-Crate 1.1: a folder with files of runs and models. Source: w3id.org/ro/crate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from mlops_jlab import __version__
from mlops_jlab.errors import InputError, unwritten
from mlops_jlab.files import write_whole
from mlops_jlab.lineage.graph import Kind, Lineage, Node
from mlops_jlab.store import artifacts, opening, reading
from mlops_jlab.store.location import Place

METADATA = "ro-crate-metadata.json"
_STATUS = {"finished": "CompletedActionStatus", "running": "ActiveActionStatus"}


def metadata(found: Lineage, payload: dict[str, str] | None = None) -> dict[str, Any]:
    """The description; ``payload`` are files of the crate, the digest by their path in it."""
    paths = payload or {}
    root = found.nodes[found.root]
    entities = [entity for node in found.nodes.values() for entity in _of(found, node, paths)]
    parts = [one for one in entities if one["@type"] in ("File", ["File", "SoftwareSourceCode"])]
    actions = [one for one in entities if one["@type"] == "CreateAction"]
    newest = max((str(one.get("endTime", "")) for one in actions), default="")
    graph: list[dict[str, Any]] = [
        {"@id": METADATA, "@type": "CreativeWork", "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
         "about": {"@id": "./"}},
        {"@id": "./", "@type": "Dataset", "name": f"Lineage of {root.kind} {root.name}",
         "description": f"What {root.name} came of, and what came of it. Written by mlops-jlab {__version__}",
         "datePublished": newest or f"{datetime.now(UTC):%Y-%m-%d}",
         "license": "not stated", "hasPart": _refs(parts), "mentions": _refs(actions)},
        *entities,
    ]  # fmt: skip
    return {"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": list(_once(graph))}


def _once(graph: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    seen: set[str] = set()
    for entity in graph:
        if entity["@id"] not in seen:
            seen.add(entity["@id"])
            yield entity


def _refs(entities: list[dict[str, Any]]) -> list[dict[str, str]]:
    return [{"@id": name} for name in dict.fromkeys(str(one["@id"]) for one in entities)]


def _id(node: Node) -> str:
    if node.kind is Kind.FILE or (node.kind is Kind.NOTEBOOK and Path(str(node.about["path"])).is_absolute()):
        return Path(str(node.about["path"])).as_uri()
    return f"#{quote(node.id, safe=':/@')}"


def _of(found: Lineage, node: Node, payload: dict[str, str]) -> Iterator[dict[str, Any]]:
    about = node.about
    user = str(about.get("user", ""))
    if user:
        yield {"@id": f"#user:{quote(user)}", "@type": "Person", "name": user}
    if node.kind in (Kind.RUN, Kind.STEP):
        yield _action(found, node)
    elif node.kind is Kind.MODEL:
        files = [
            {"@id": path, "@type": "File", "name": PurePosixPath(path).name, "identifier": f"blake3:{digest}"}
            for path, digest in payload.items()
            if digest in {str(file["digest"]) for file in about.get("files", ())}
        ]
        yield from files
        yield {"@id": _id(node), "@type": "SoftwareApplication", "name": node.name,
               "version": str(about.get("content", "")), "hasPart": _refs(files)}  # fmt: skip
    elif node.kind is Kind.NOTEBOOK:
        yield {"@id": _id(node), "@type": ["File", "SoftwareSourceCode"], "name": node.name,
               "programmingLanguage": "Python", "version": str(about.get("digest", ""))}  # fmt: skip
    elif node.kind is Kind.CODE:
        yield {"@id": _id(node), "@type": "SoftwareSourceCode", "name": f"commit {node.name}",
               "version": str(about["commit"])}  # fmt: skip
    elif node.kind is Kind.FILE:
        yield {"@id": _id(node), "@type": "File", "name": node.name, "version": str(about.get("digest", "")),
               **({"contentSize": str(about["size"])} if "size" in about else {})}  # fmt: skip
    else:
        kind = "Dataset" if node.kind is Kind.DATA else "CreativeWork"
        yield {"@id": _id(node), "@type": kind, "name": node.name,
               "version": str(about.get("digest") or about.get("hash") or "")}  # fmt: skip


def _action(found: Lineage, node: Node) -> dict[str, Any]:
    about = node.about
    status = _STATUS.get(str(about["status"]), "FailedActionStatus")
    entity: dict[str, Any] = {
        "@id": _id(node), "@type": "CreateAction", "name": node.name,
        "startTime": _time(about["started"]), "actionStatus": {"@id": f"http://schema.org/{status}"},
        "instrument": [{"@id": _id(one)} for one in found.into(node.id, "ran")],
        "object": [{"@id": _id(one)} for one in found.into(node.id, "read")],
        "result": [{"@id": _id(one)} for one in found.out_of(node.id, "made")],
    }  # fmt: skip
    if about.get("ended"):
        entity["endTime"] = _time(about["ended"])
    if about.get("user"):
        entity["agent"] = {"@id": f"#user:{quote(str(about['user']))}"}
    return entity


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def write(place: Place, found: Lineage, target: Path) -> Path:
    """Writes the crate as a folder: the description, model files, and executed notebooks.

    Raises:
        InputError: the folder holds something, or cannot be written.
        StoreError: a file is not what was kept.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise InputError(f"{target} is not an empty folder", hint="choose another --output")
    files = dict(_payload(place, found))
    try:
        for path, digest in files.items():
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            write_whole(target / path, artifacts.read(place, digest))
        target.mkdir(parents=True, exist_ok=True)
        text = json.dumps(metadata(found, files), indent=2, ensure_ascii=False)
        write_whole(target / METADATA, text.encode())
    except OSError as error:
        raise unwritten(target, error, InputError) from error
    return target


def _payload(place: Place, found: Lineage) -> Iterator[tuple[str, str]]:
    for node in found.of(Kind.MODEL):
        for file in node.about.get("files", ()):
            yield f"models/{node.name}/{file['path']}", str(file["digest"])
    with opening.reading(place) as connection:
        for node in found.of(Kind.STEP):
            for kept in reading.artifacts(connection, reading.find(connection, str(node.about["id"]))):
                if kept.path.startswith("executed/"):
                    yield f"runs/{str(node.about['id'])[:12]}/{kept.path}", kept.digest
