"""``pipeline.yaml``: written from a graph, read back and checked against its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from mlops_jlab.entities.graphs import Edge, Graph, find_cycle
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.errors import ExportError
from mlops_jlab.pipeline.build import file_name

FORMAT = 1
FILE = "pipeline.yaml"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the same in C, ten times as fast


@dataclass(frozen=True)
class ManifestStep:
    """A step as an export knows it."""

    name: str
    position: int
    notebook: str
    cells: tuple[str, ...]
    surrounds: tuple[str, ...]
    settings: Mapping[str, Any]
    parameters: tuple[str, ...] = ()  # those that its answer may depend on
    apart: tuple[str, ...] = ()  # steps above it in the document beside which it may run at once


@dataclass(frozen=True)
class Manifest:
    """What ``pipeline.yaml`` says; ``folder`` is where it lies."""

    folder: Path
    identity: str
    source: str
    digest: str
    kernel: str
    parameters: tuple[Parameter, ...]
    steps: tuple[ManifestStep, ...]
    edges: tuple[Edge, ...]

    @property
    def name(self) -> str:
        """The pipeline's name without its digest."""
        return self.identity.partition("@")[0]

    def notebook_of(self, step: ManifestStep) -> Path:
        """Where the step's notebook lies."""
        return self.folder / step.notebook


def render(graph: Graph, identity: str, source: str) -> str:
    """The text of ``pipeline.yaml``; ``source`` is the notebook's path as seen from the export."""
    content = {
        "format": FORMAT,
        "pipeline": identity,
        "source": {"notebook": source, "sha256": graph.notebook.digest},
        "kernel": graph.notebook.kernel,
        "parameters": [parameter.as_json() for parameter in graph.parameters],
        "steps": [
            {
                "name": step.name,
                "notebook": f"steps/{file_name(step)}",
                "cells": [cell.id for cell in step.cells],
                "inputs": list(step.inputs),
                "outputs": list(step.outputs),
                **({"parameters": list(step.parameters)} if step.parameters else {}),
                **({"surrounds": list(step.surrounds)} if step.surrounds else {}),
                **({"apart": list(step.apart)} if step.apart else {}),
                **({"settings": _plain(step.settings)} if step.settings else {}),
            }
            for step in graph.steps
        ],
        "edges": [
            {
                "from": edge.source,
                "to": edge.target,
                "names": list(edge.names),
                **({"reasons": list(edge.reasons)} if edge.reasons else {}),
            }
            for edge in graph.edges
        ],
    }
    head = "# Made by mlops-jlab from the notebook named below; change the notebook, not this file.\n"
    return head + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)


def _plain(value: object) -> Any:
    return json.loads(json.dumps(value))


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of ``pipeline.yaml``, as it ships with the package."""
    text = files("mlops_jlab.pipeline").joinpath("pipeline.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


def read(folder: Path) -> Manifest:
    """The manifest of the export in ``folder``.

    Raises:
        ExportError: there is none, or it is not what the schema describes.
    """
    path = folder / FILE
    try:
        content = yaml.load(path.read_text("utf-8"), Loader=_LOADER)  # noqa: S506  # both are the safe one
    except FileNotFoundError:
        raise ExportError(
            f"{folder} holds no {FILE}", hint="give a notebook, or a folder made by: mlops-jlab export"
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ExportError(f"{path} cannot be read: {error}", hint="export the notebook again") from error
    _check(path, content)
    manifest = _manifest(folder, content)
    _check_meaning(path, manifest)
    return manifest


def _check(path: Path, content: object) -> None:
    import fastjsonschema

    newest = content.get("format") if isinstance(content, dict) else None
    if isinstance(newest, int) and newest > FORMAT:
        raise ExportError(f"{path} is in format {newest}, newer than {FORMAT}", hint="upgrade mlops-jlab")
    try:
        fastjsonschema.validate(schema(), content)
    except fastjsonschema.JsonSchemaException as error:
        raise ExportError(f"{path}: {error.message}", hint="export the notebook again") from error


def _manifest(folder: Path, content: dict[str, Any]) -> Manifest:
    return Manifest(
        folder=folder,
        identity=content["pipeline"],
        source=content["source"]["notebook"],
        digest=content["source"]["sha256"],
        kernel=content["kernel"],
        parameters=tuple(Parameter.from_json(entry) for entry in content["parameters"]),
        steps=tuple(
            ManifestStep(
                step["name"], place, step["notebook"], tuple(step["cells"]),
                tuple(step.get("surrounds", ())), step.get("settings", {}),
                tuple(step.get("parameters", ())), tuple(step.get("apart", ())),
            )
            for place, step in enumerate(content["steps"])
        ),
        edges=tuple(
            Edge(e["from"], e["to"], tuple(e["names"]), tuple(e.get("reasons", ())))
            for e in content["edges"]
        ),
    )  # fmt: skip


def _check_meaning(path: Path, manifest: Manifest) -> None:
    names = [step.name for step in manifest.steps]
    if len(set(names)) < len(names):
        raise ExportError(f"{path} names a step twice", hint="export the notebook again")
    for edge in manifest.edges:
        if not {edge.source, edge.target} <= set(names):
            raise ExportError(
                f"{path}: an edge goes from {edge.source!r} to {edge.target!r}, and one is not a step"
            )
    if cycle := find_cycle(manifest.edges):
        raise ExportError(f"{path}: the steps wait for each other: {' → '.join(cycle)}")
    root = manifest.folder.resolve()
    for step in manifest.steps:
        if not manifest.notebook_of(step).resolve().is_relative_to(root):
            raise ExportError(f"{path}: {step.notebook!r} lies outside the export")
        if not manifest.notebook_of(step).is_file():
            raise ExportError(f"{manifest.notebook_of(step)} is missing", hint="export the notebook again")
