"""An ordinary kernel as the process of steps: one step after the other may be executed in it."""

from __future__ import annotations

import base64
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from mlops_jlab.engine.step.outputs import CellOutputs, Displays
from mlops_jlab.engine.step.shell import ProcessEnded
from mlops_jlab.errors import RunError
from mlops_jlab.processes import protocol
from mlops_jlab.processes.client.kernel import ATTEND, LocalKernel
from mlops_jlab.processes.outputwidgets import OutputWidgets

_LOOK = 0.2  # seconds between two looks at whether the kernel lives
_IDLE_LIMIT = 10.0  # seconds in which a cell's last outputs come after its answer
_COMMS = ("comm_open", "comm_msg")


class KernelShell:
    """The kernel of one step, or of several in turn. ``end`` or ``drop`` must be called at last."""

    def __init__(self, kernel: LocalKernel) -> None:
        self._kernel = kernel
        self.process = kernel.process
        self.displays = Displays()
        self.notebooks: list[tuple[Path, Any]] = []  # the executed notebooks of its steps
        self.steps: list[str] = []
        self.fronts: set[str] = set()
        self.held = ""
        self.lock = threading.RLock()  # who asks it waits for the answer
        self._widgets = OutputWidgets()

    def attend(self) -> None:
        """The kernel hears from now on what is asked of it beside cells."""
        reply = self._until(self._kernel.execute(ATTEND, silent=True), None, lambda: None)
        if reply.get("status") != "ok":
            raise RunError(f"mlops-jlab is not to be had in the kernel: {reply.get('evalue')}")

    def begin(
        self, environment: Mapping[str, str], log: BinaryIO, cpus: int, memory: int = 0, ignored: str = "",
        *, brings: bool = False,
    ) -> None:  # fmt: skip
        """Gives the kernel to a step. What it says outside cells goes to the log of its first one."""
        with suppress(ProcessEnded):  # which is found when a cell is executed
            self._ask(protocol.Begin(dict(environment), cpus, memory, ignored, brings))

    def wait_until_ready(self) -> None:
        """It is: else it would not be there."""

    def execute(
        self, source: str, cell_id: str, changed: Callable[[CellOutputs], None]
    ) -> tuple[int, CellOutputs, protocol.Done]:
        """Executes one cell; its number, what it put out, and how it ended. ``changed`` is called meanwhile.

        Raises:
            ProcessEnded: the kernel died in the cell; ``changed`` has had all that it put out.
        """
        outputs = CellOutputs(self.displays)
        request = self._kernel.execute(source)
        try:
            reply = self._until(request, outputs, lambda: changed(outputs))
        except ProcessEnded:
            changed(outputs)
            raise
        for name, data in self._widgets.changed():
            self._kernel.send("comm_msg", {"comm_id": name, "data": data})
        kind, message = "", ""
        if reply.get("status") != "ok":
            kind = str(reply.get("ename", "Aborted"))
            message = str(reply.get("evalue", "the cell was not executed"))
        count = int(reply.get("execution_count") or 0)
        return count, outputs, protocol.Done(count, kind, message)

    def finish(self, step: str) -> Mapping[str, float]:
        """The step's last cell is done; what the step has used.

        Raises:
            ProcessEnded: it was the last one that the kernel could execute.
        """
        ended = self._ask(protocol.End())
        self.steps.append(step)
        return getattr(ended, "usage", {})

    def copy(self, *, pristine: bool = False) -> protocol.Stays:
        """A kernel cannot be forked."""
        return protocol.Stays("", "it is an ordinary kernel")

    def lives(self, *, at_setup: bool = False) -> str:
        """What lives in it that values cannot stand for; ``at_setup``, what it has done outside."""
        try:
            return str(getattr(self._ask(protocol.Look(at_setup)), "why", ""))
        except ProcessEnded:
            return ""

    def save(self, leaving: Mapping[str, Any]) -> str:
        """Lets the kernel write down what the step made; why that is not kept, or nothing."""
        try:
            return str(getattr(self._ask(protocol.Save(leaving)), "why", ""))
        except ProcessEnded:
            return "the process that was to write it down has ended"

    def bring(self, what: protocol.Bring) -> protocol.Brought:
        """Lets the kernel have the values of steps that are not in it.

        Raises:
            ProcessEnded: it died of it.
        """
        brought = self._ask(what)
        return (
            brought if isinstance(brought, protocol.Brought) else protocol.Brought("TypeError", str(brought))
        )

    def end(self) -> None:
        """Lets the kernel end, and ends it if it does not; with it goes what it has started."""
        self._kernel.shut_down()
        self._sweep()

    def drop(self) -> None:
        """Nobody needs the kernel."""
        self._sweep()
        self._kernel.shut_down(now=True)

    def _sweep(self) -> None:
        with suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)

    def _ask(self, message: protocol.Message) -> protocol.Message:
        request = self._kernel.send(protocol.REQUEST, {"message": protocol.packed(message)})
        reply = self._until(request, None, lambda: None)
        return protocol.unpacked(reply["message"])

    def _until(
        self, request: str, outputs: CellOutputs | None, changed: Callable[[], None]
    ) -> Mapping[str, Any]:
        """Takes what comes until the request is answered and all that belongs to it has come."""
        reply: Mapping[str, Any] | None = None
        idle = False
        told = time.monotonic()
        answered = 0.0
        while reply is None or not (idle or time.monotonic() > answered + _IDLE_LIMIT):
            came = False
            for channel, message in self._kernel.messages(_LOOK):
                came = True
                if message["parent_header"].get("msg_id") != request:
                    continue  # as nbclient does: what belongs to a cell that is over is not shown
                kind, content = message["msg_type"], message["content"]
                if channel == "shell":
                    reply, answered = content, time.monotonic()
                elif kind == "status":
                    idle |= content["execution_state"] == "idle"
                elif outputs is not None:
                    self._take(outputs, request, kind, content, message.get("buffers") or ())
            if not came and self.process.poll() is not None:
                raise ProcessEnded
            if time.monotonic() - told > 1:
                told = time.monotonic()
                changed()
        return reply

    def _take(
        self, outputs: CellOutputs, request: str, kind: str, content: dict[str, Any], buffers: Any
    ) -> None:
        if kind in _COMMS:
            self._widgets.hear(kind, str(content["comm_id"]), content.get("data") or {})
            content = {**content, "buffers": [base64.b64encode(bytes(b)).decode("ascii") for b in buffers]}
        if not self._widgets.takes(request, kind, content):
            outputs.take(kind, content)


def start(name: str, environment: Mapping[str, str], folder: Path, log: BinaryIO, ahead: Any) -> KernelShell:
    """A kernel that attends to what a runner asks. ``ahead`` may have processes that wait to become kernels.

    Raises:
        RunError: it does not start.
    """
    try:
        kernel = LocalKernel(name, environment, folder, log, ahead)
    except (RuntimeError, OSError) as error:
        raise RunError(f"the kernel {name!r} does not start: {error}") from error
    shell = KernelShell(kernel)
    try:
        shell.attend()
    except BaseException as error:
        shell.drop()
        if isinstance(error, ProcessEnded):
            raise RunError(f"the kernel {name!r} ends as soon as it has begun") from None
        raise
    return shell
