"""The warm parent of one run: started while the run is still being prepared, and only if it is of use."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from mlops_jlab.engine.asked import Options
from mlops_jlab.engine.sources import StepSources
from mlops_jlab.engine.step.importing import IMPORTING
from mlops_jlab.engine.step.shells import Shells
from mlops_jlab.errors import RunError
from mlops_jlab.processes.client import connect, start, wanted
from mlops_jlab.processes.specs import python_of_kernel

if TYPE_CHECKING:
    from mlops_jlab.processes.spare.kernels import KernelsAhead


class Warming:
    """Gives each step the shells of the run's warm parent, or nothing where it needs a kernel.

    ``environment`` is what all steps have in common. ``remark`` says why there is no warm parent.
    """

    def __init__(
        self, sources: StepSources, kernel: str, environment: Mapping[str, str], options: Options
    ) -> None:
        self._sources = sources
        self._environment = {**os.environ, **environment}
        self._kernel = kernel
        self._options = options
        self._shells: Shells | None = None
        self._why = ""
        self._ahead: KernelsAhead | None = None
        self._lock = threading.Lock()
        self._begun = False

    def shells_for(self, step: str, waiting: int) -> Shells | None:
        """Where the step's process comes from; the parent is started when the first step asks.

        ``waiting`` is how many steps, this one among them, will ask soon.
        """
        if self._options.cold or not start.is_possible() or wanted.needs_kernel(self._sources.texts(step)):
            return None
        with self._lock:
            if not self._begun:
                self._begun = True
                try:
                    self._shells = self._connect()
                except RunError as error:
                    self._why = str(error)
        if self._shells is not None:
            self._shells.expect(waiting, self._sources.modules_below(step, waiting))
        return self._shells

    def renew(self) -> None:
        """The parent cannot fork: another one is started without the module that prevents it."""
        with self._lock:
            if self._shells is not None:
                self._shells.let_go()
            self._shells, self._begun = None, False

    @property
    def why(self) -> str:
        """Why there is no warm parent."""
        return self._why

    def kernels_ahead(self, waiting: int) -> KernelsAhead | None:
        """Kernels that start while others work."""
        with IMPORTING:
            from mlops_jlab.processes.spare.kernels import KernelsAhead

        python = python_of_kernel(self._kernel)
        with self._lock:
            if self._ahead is None and python:
                self._ahead = KernelsAhead(python, self._environment)
        if self._ahead is not None:
            self._ahead.expect(waiting)
        return self._ahead

    def _connect(self) -> Shells | None:
        python = python_of_kernel(self._kernel)
        if not python:
            return None
        modules = self._sources.modules()
        parent = connect.connect(
            python, modules, self._environment, self._options.linger, learns=self._sources.learns
        )
        return Shells(parent, self._environment, self._options.folder)

    @property
    def remark(self) -> str:
        """Why steps were not forked, as far as that is a surprise."""
        why = self._why or (self._shells.unfit if self._shells is not None else "")
        return f"each step had a kernel of its own: {why}" if why else ""

    def close(self) -> None:
        """The run is over."""
        if self._shells is not None:
            self._shells.let_go()
        if self._ahead is not None:
            self._ahead.close()
