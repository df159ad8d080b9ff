"""Other sources of steps: Kale's tags, second-level headings, or one step a cell."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlops_jlab.entities.notebooks import Cell, Notebook, Role
from mlops_jlab.errors import InputError
from mlops_jlab.notebook.tags import slug

SOURCES = ("kale", "headings", "cells")
_OURS = re.compile(r"(step:|after:|block:|prev:|limit:|image:)|(setup|parameters|gate)\Z")
_KALE_WORDS = {"imports", "functions", "pipeline-parameters", "pipeline-metrics", "skip"}
_OURS_ALONE = re.compile(r"after:|(setup|parameters|gate)\Z")


def suggest(notebook: Notebook, source: str) -> dict[int, tuple[str, ...]]:
    """For each code cell (by index), the tags it should carry; cells that need no change are left out.

    ``source`` is one of ``kale``, ``headings`` or ``cells``.
    """
    if source not in SOURCES:
        raise InputError(f"steps come from one of {', '.join(SOURCES)}, not {source!r}")
    new = {"kale": _from_kale, "headings": _from_headings, "cells": _from_cells}[source](notebook)
    return {index: tags for index, tags in new.items() if tags != notebook.cells[index].tags}


def has_kale_tags(notebook: Notebook) -> bool:
    """Whether the notebook was tagged for Kale and not yet for us. Newer Kale writes ``step:`` as we do."""
    tags = {tag for cell in notebook.cells for tag in cell.tags}
    if any(_OURS_ALONE.match(tag) for tag in tags):
        return False
    kales = tags & _KALE_WORDS
    if any(tag.startswith("step:") for tag in tags):
        kales -= {"skip"}  # others say so too
    return bool(kales) or any(tag.startswith(("block:", "prev:")) for tag in tags)


def _others(cell: Cell) -> tuple[str, ...]:
    """The tags of a cell that mean nothing to the pipeline: they stay."""
    return tuple(t for t in cell.tags if not _OURS.match(t) and t not in _KALE_WORDS)


def _from_kale(notebook: Notebook) -> dict[int, tuple[str, ...]]:
    """Kale's meaning: an untagged cell joins the step before it; ``skip`` leaves a cell out.

    Metrics are printed at the end of the last step, as Kale has it.
    """
    found: dict[int, tuple[str, ...]] = {}
    current: tuple[str, ...] = ()
    last = "step:pipeline-metrics"
    for cell in notebook.cells:
        if not cell.is_code:
            continue
        words = set(cell.tags)
        named = [t.partition(":")[2] for t in cell.tags if t.startswith(("block:", "step:"))]
        names = [slug(name) for name in named if name]
        if "skip" in words:
            found[cell.index] = _others(cell)
            continue
        if "pipeline-parameters" in words:
            current = ("parameters",)
        elif words & {"imports", "functions"}:
            current = ("setup",)
        elif "pipeline-metrics" in words:
            current = (last,)
        elif names:
            prev = [slug(t[5:]) for t in cell.tags if t.startswith("prev:") and t[5:]]
            last = f"step:{names[0]}"
            current = (last,)
            found[cell.index] = (*_others(cell), *current, *(f"after:{name}" for name in prev))
            continue
        found[cell.index] = (*_others(cell), *current)
    return found


def _from_headings(notebook: Notebook) -> dict[int, tuple[str, ...]]:
    """Each second-level heading opens a step; what stands above the first is setup."""
    found: dict[int, tuple[str, ...]] = {}
    taken: set[str] = set()
    current = "setup"
    for cell in notebook.cells:
        if cell.is_code:
            if cell.role is Role.PARAMETERS:
                continue
            found[cell.index] = (*_others(cell), current)
            continue
        for title in re.findall(r"^##[ \t]+(.+?)[ \t#]*$", cell.source, re.MULTILINE):
            name = base = slug(title)
            number = 2
            while name in taken:
                name, number = f"{base}-{number}", number + 1
            taken.add(name)
            current = f"step:{name}"
    return found


def _from_cells(notebook: Notebook) -> dict[int, tuple[str, ...]]:
    """One step a cell; setup and parameters stay what they are."""
    found: dict[int, tuple[str, ...]] = {}
    number = 0
    for cell in notebook.cells:
        if cell.is_code and cell.role not in (Role.SETUP, Role.PARAMETERS) and cell.source.strip():
            number += 1
            found[cell.index] = (*_others(cell), f"step:cell-{number:02d}")
    return found


def retagged(notebook: Notebook, tags: Mapping[int, tuple[str, ...]]) -> Notebook:
    """The notebook as it reads once ``tags`` are written."""
    from dataclasses import replace

    from mlops_jlab.notebook.tags import role_of

    def changed(cell: Cell) -> Cell:
        if cell.index not in tags:
            return cell
        role, names = role_of(tags[cell.index])
        return replace(
            cell,
            tags=tags[cell.index],
            role=role,
            step=names[0] if role is Role.STEP else "",
            after=tuple(t[6:] for t in tags[cell.index] if t.startswith("after:")),
            gate="gate" in tags[cell.index],
        )

    return replace(notebook, cells=tuple(changed(cell) for cell in notebook.cells))
