"""A graph and its findings as plain data, for programs and for the interface."""

from __future__ import annotations

from typing import Any

from mlops_jlab.entities.graphs import Graph


def describe(graph: Graph) -> dict[str, Any]:
    """Steps in running order, edges with the names that cross, parameters, findings."""
    return {
        "pipeline": graph.name,
        "notebook": str(graph.notebook.path),
        "steps": [
            {"name": s.name, "cells": [c.id for c in s.cells], "inputs": list(s.inputs),
             "outputs": list(s.outputs), "carried": [c.name for c in s.carried]}
            for s in graph.steps
        ],
        "edges": [
            {"from": e.source, "to": e.target, "names": list(e.names), "reasons": list(e.reasons)}
            for e in graph.edges
        ],
        "parameters": [p.as_json() for p in graph.parameters],
        "findings": [f.as_json() for f in graph.findings],
    }  # fmt: skip
