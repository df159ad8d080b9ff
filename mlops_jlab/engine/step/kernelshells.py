"""The kernels of one run, in which its steps are executed where no process is forked."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlops_jlab.engine.step.importing import IMPORTING

if TYPE_CHECKING:
    from mlops_jlab.engine.step.kernelshell import KernelShell
    from mlops_jlab.processes.spare.kernels import KernelsAhead


class KernelShells:
    """Starts the kernels of one run. ``environment`` and ``folder`` are common to all steps.

    ``ahead`` gives processes that wait to become kernels, if it is told how many will be needed soon.
    """

    def __init__(
        self, kernel: str, environment: Mapping[str, str], folder: Path,
        ahead: Callable[[int], KernelsAhead | None],
    ) -> None:  # fmt: skip
        self._kernel = kernel
        self._environment = dict(environment)
        self._folder = folder
        self._ahead = ahead
        self._expected = 0

    def expect(self, count: int) -> None:
        """So many steps are going to ask for one."""
        self._expected = count

    def take(
        self, environment: Mapping[str, str], log: BinaryIO, cpus: int, memory: int = 0, ignored: str = "",
        *, brings: bool = False,
    ) -> KernelShell:  # fmt: skip
        """A kernel for a step with its own ``environment``.

        Raises:
            RunError: it does not start.
        """
        with IMPORTING:
            from mlops_jlab.engine.step import kernelshell

        ahead = self._ahead(self._expected) if self._expected else None
        whole = {**os.environ, **self._environment, **environment}
        shell = kernelshell.start(self._kernel, whole, self._folder, log, ahead)
        shell.begin(environment, log, cpus, memory, ignored, brings=brings)
        return shell
