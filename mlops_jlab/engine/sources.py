"""The notebooks of a manifest's steps, each read once in a run."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from mlops_jlab.pipeline.manifest import Manifest, ManifestStep


class StepSources:
    """The code cells of steps, for all who ask in one run. They are shared: look, and leave them alone."""

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._cells = cache(self._read)

    def cells(self, step: ManifestStep) -> list[dict[str, Any]]:
        """The code cells of the step's notebook."""
        return self._cells(step.name)

    def texts(self, step: ManifestStep) -> list[str]:
        """Their sources."""
        return ["".join(cell["source"]) for cell in self.cells(step)]

    def _read(self, name: str) -> list[dict[str, Any]]:
        step = next(one for one in self._manifest.steps if one.name == name)
        cells = json.loads(self._manifest.notebook_of(step).read_text("utf-8"))["cells"]
        return [cell for cell in cells if cell["cell_type"] == "code"]
