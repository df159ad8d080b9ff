"""One tracked cell: armed when it begins, written down when it ends."""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from base64 import b64decode
from typing import Any

from mlops_jlab.errors import MlopsError
from mlops_jlab.magics import finding
from mlops_jlab.magics.printed import CellLog
from mlops_jlab.telling import FAINT, coloured, tell
from mlops_jlab.tracking import lifecycle
from mlops_jlab.tracking.live import LiveRun
from mlops_jlab.usage import peak_memory


class TrackedCell:
    """What is known of the cell while it runs."""

    def __init__(self, shell: Any, options: argparse.Namespace, run: LiveRun, own: bool) -> None:
        self._shell = shell
        self._options = options
        self._run = run
        self._own = own
        self._clock = time.monotonic()
        self._memory = peak_memory()
        self._figures: list[bytes] = []
        is_step = run.begun.kind == "step"  # what a step prints is in its executed notebook
        self._log = CellLog(None if is_step else run.recorder.place.log_of(run.id))
        self._publisher = shell.display_pub
        if hasattr(self._publisher, "register_hook"):
            self._publisher.register_hook(self._displayed)
        shell.events.register("post_run_cell", self._ended)

    def _displayed(self, message: dict[str, Any]) -> dict[str, Any]:
        """A figure that the cell shows."""
        image = message.get("content", {}).get("data", {}).get("image/png")
        if image and len(self._figures) < 50:
            self._figures.append(b64decode(image) if isinstance(image, str) else image)
        return message

    def _ended(self, result: Any) -> None:
        self._shell.events.unregister("post_run_cell", self._ended)
        if hasattr(self._publisher, "unregister_hook"):
            self._publisher.unregister_hook(self._displayed)
        error = result.error_in_exec or result.error_before_exec
        trace = "" if error is None else "".join(traceback.format_exception(error))
        self._log.close(trace)
        try:
            self._write_down(result.info.raw_cell, error, trace)
        except MlopsError as problem:
            tell(str(problem), once=False)
        if self._own:
            self._run.fail(error) if error is not None else self._run.end()

    def _write_down(self, source: str, error: BaseException | None, trace: str) -> None:
        run, name = self._run, self.name
        run.log_text(source, f"cells/{name}.py")
        if self._log.text:
            run.log_text(self._log.text, f"cells/{name}.out.txt")
        facts: dict[str, Any] = {
            "seconds": round(time.monotonic() - self._clock, 3),
            "memory_grown": max(peak_memory() - self._memory, 0),
        }
        if error is not None:
            facts["error"] = f"{type(error).__name__}: {error}"[:2000]
            run.log_text(trace, f"cells/{name}.error.txt")
        run.add_facts({"tracked_cells": {name: facts}})
        self._log_values(source, error is None)

    @property
    def name(self) -> str:
        """The cell's name among the artifacts."""
        words = " ".join(self._options.name) or f"cell-{self._shell.execution_count}"
        return "".join(c if c.isalnum() or c in "-_." else "-" for c in words)[:100].strip(".") or "cell"

    def _log_values(self, source: str, whole: bool) -> None:
        names = self._shell.user_ns
        taken = finding.Taken()
        for kind in ("params", "metrics"):
            for name in getattr(self._options, kind):
                if name in names:
                    finding.log(self._run, name, names[name], kind, taken)
                elif whole:
                    tell(f"%%track --{kind}: the cell does not define {name!r}", once=False)
        if self._options.auto:
            finding.log_found(self._run, source, names, taken)
            for place, image in enumerate(self._figures, 1):
                self._run.log_content(image, f"figures/{self.name}-{place}.png")
                taken.figures += 1
            print(coloured(f"tracked in {self._run.name}: {taken}", FAINT, sys.stdout))


def arm(shell: Any, options: argparse.Namespace) -> None:
    """Tracks the cell that runs now: in the active run, or in one of its own."""
    run = lifecycle.current()
    own = run is None
    if run is None:
        run = lifecycle.start(name=" ".join(options.name), kind="cell")
    TrackedCell(shell, options, run, own)


def run_untracked(shell: Any, cell: str) -> None:
    """The body of a ``%%track`` that IPython did not unwrap, as below another cell magic."""
    tell("%%track tracks whole cells: put it above other cell magics, and a body below it", once=False)
    shell.run_cell(cell).raise_error()
