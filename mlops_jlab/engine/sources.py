"""The notebooks of a manifest's steps, each read once in a run."""

from __future__ import annotations

import json
import sys
from functools import cache, cached_property
from typing import Any

from mlops_jlab.pipeline.manifest import Manifest
from mlops_jlab.processes.client import address, start
from mlops_jlab.processes.client.wanted import matters_to_imports, modules_of
from mlops_jlab.processes.specs import python_of_kernel


class StepSources:
    """The code cells of steps, for all who ask in one run. They are shared: look, and leave them alone."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._cells = cache(self._read)

    def cells(self, step: str) -> list[dict[str, Any]]:
        """The code cells of the step's notebook."""
        return self._cells(step)

    def modules(self) -> list[str] | None:
        """The modules that any step imports at the top of a cell, in the order of the steps.

        None if none may be imported beforehand.
        """
        return None if self._modules is None else list(self._modules)

    def modules_below(self, step: str, count: int) -> list[int]:
        """How many of :meth:`modules` no step imports down to this one; then the same of the next ones."""
        places = self._places
        firsts = [places[first] for first in (self._modules or {}).values()]
        here = places[step]
        return [
            sum(first > place for first in firsts) for place in range(here, min(here + count, len(places)))
        ]

    def import_soon(self, kernel: str) -> None:
        """A warm parent that was started early may import the modules while the run is prepared."""
        if start.early() is not None and python_of_kernel(kernel) == sys.executable:
            address.import_soon(self.modules() or ())

    @cached_property
    def _places(self) -> dict[str, int]:
        return {step.name: place for place, step in enumerate(self._manifest.steps)}

    @cached_property
    def _modules(self) -> dict[str, str] | None:
        """Each module, and the first step that imports it."""
        found: dict[str, str] = {}
        for step in self._manifest.steps:
            modules = modules_of(self.texts(step.name))
            if modules is None:
                return None
            for module in modules:
                found.setdefault(module, step.name)
            if matters_to_imports(self.texts(step.name)):
                break
        return found

    @cached_property
    def learns(self) -> bool:
        """Whether what steps have to import themselves may be imported beforehand by the next run."""
        return not any(matters_to_imports(self.texts(step.name)) for step in self._manifest.steps)

    def texts(self, step: str) -> list[str]:
        """Their sources."""
        return ["".join(cell["source"]) for cell in self.cells(step)]

    def _read(self, name: str) -> list[dict[str, Any]]:
        step = next(one for one in self._manifest.steps if one.name == name)
        cells = json.loads(self._manifest.notebook_of(step).read_text("utf-8"))["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code"]
