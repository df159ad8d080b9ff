"""The warm parent of one run: started while the run is still being prepared, and only if it is of use."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Protocol

from mlops_jlab.engine.sources import StepSources
from mlops_jlab.errors import RunError
from mlops_jlab.kernels import warm
from mlops_jlab.kernels.specs import python_of_kernel
from mlops_jlab.kernels.warm import WarmParent
from mlops_jlab.pipeline.manifest import Manifest, ManifestStep


class _Options(Protocol):
    @property
    def cold(self) -> bool: ...

    @property
    def linger(self) -> float: ...


class Warming:
    """Gives each step the warm parent to be forked from, or nothing where it needs a kernel."""

    def __init__(
        self, manifest: Manifest, sources: StepSources, kernel: str, environment: Mapping[str, str],
        options: _Options,
    ) -> None:  # fmt: skip
        self._manifest = manifest
        self._sources = sources
        self._environment = {**os.environ, **environment}
        self._kernel = kernel
        self._options = options
        self._parent: WarmParent | None = None
        self._lock = threading.Lock()
        self._begun = False

    def parent_for(self, step: ManifestStep) -> WarmParent | None:
        """What forks the step's process; started when the first step asks."""
        if self._options.cold or not warm.is_possible() or warm.needs_kernel(self._sources.texts(step)):
            return None
        with self._lock:
            if not self._begun:
                self._begun = True
                self._parent = self._connect()
        return self._parent

    def _connect(self) -> WarmParent | None:
        python = python_of_kernel(self._kernel)
        every = [text for step in self._manifest.steps for text in self._sources.texts(step)]
        if python:
            with suppress(RunError):
                return warm.connect(python, warm.modules_of(every), self._environment, self._options.linger)
        return None

    def close(self) -> None:
        """The run is over."""
        if self._parent is not None:
            self._parent.close()
