"""Registered data that a step asks for by name: its answer depends on which version that is now."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from mlops_jlab.dataflow import rulecells
from mlops_jlab.entities.datasets import parse_dataset
from mlops_jlab.errors import MlopsError
from mlops_jlab.notebook.python import parse_cell
from mlops_jlab.store import datasets, location, opening

PREFIX = "dataset "  # of their names among parameters
_CALL = "dataset"


def asked(sources: Sequence[str], environment: Mapping[str, str]) -> dict[str, object]:
    """The versions that the cells ask for by a name that stands there as text: by address, or nothing."""
    names = sorted({name for name in _names(sources) if name is not None})
    return {f"{PREFIX}{name}": _version(name, environment) for name in names}


def is_computed(sources: Sequence[str]) -> bool:
    """Whether the cells ask for data by a name that is known only when they are executed."""
    return any(name is None for name in _names(sources))


def _names(sources: Sequence[str]) -> Iterator[str | None]:
    for source in sources:
        if _CALL not in source:
            continue
        for call in rulecells.calls(parse_cell(source).tree, _CALL):
            value = rulecells.given(call, "address", 0)
            is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
            yield str(value.value) if is_text and isinstance(value, ast.Constant) else None


def _version(name: str, environment: Mapping[str, str]) -> str:
    place = location.find(environment=environment)
    with suppress(MlopsError), opening.reading(place) as connection:
        found = datasets.find(connection, parse_dataset(name))
        return f"version {found.version} ({found.digest[:12]})"
    return ""
