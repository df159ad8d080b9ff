"""The notebooks of a manifest's steps, each read once in a run."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from mlops_jlab.kernels.warm import modules_of
from mlops_jlab.pipeline.manifest import Manifest


class StepSources:
    """The code cells of steps, for all who ask in one run. They are shared: look, and leave them alone."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._cells = cache(self._read)

    def cells(self, step: str) -> list[dict[str, Any]]:
        """The code cells of the step's notebook."""
        return self._cells(step)

    def modules(self) -> list[str] | None:
        """The modules that any step imports at the top of a cell; None if none may be imported beforehand."""
        return modules_of(text for step in self._manifest.steps for text in self.texts(step.name))

    def texts(self, step: str) -> list[str]:
        """Their sources."""
        return ["".join(cell["source"]) for cell in self.cells(step)]

    def _read(self, name: str) -> list[dict[str, Any]]:
        step = next(one for one in self._manifest.steps if one.name == name)
        cells = json.loads(self._manifest.notebook_of(step).read_text("utf-8"))["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code"]
