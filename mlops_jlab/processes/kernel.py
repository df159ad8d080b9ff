"""An ordinary kernel in which a runner executes steps, and what it does for them beside executing cells.

Between two cells the runner asks through a kind of message of our own on the kernel's shell channel, so that
nothing of it is a cell: it has no number, and calls no hook of the user's.
"""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_jlab.handoff.observing import departing, versions, watch
from mlops_jlab.handoff.remains import Remains
from mlops_jlab.processes import copying, protocol
from mlops_jlab.processes.life import Life
from mlops_jlab.processes.parent import safety

_MACHINERY = ("ipykernel", "tornado", "zmq", "jupyter_client", "asyncio", "anyio")
# Pools of workers that are made again when they are needed, and who looks after their memory.
_POOLS = (b"joblib.externals.loky", b"multiprocessing.resource_tracker")


def attend() -> None:
    """From now on the kernel of this process hears what a runner asks for."""
    from IPython import get_ipython

    shell: Any = get_ipython()
    kernel = shell.kernel
    attendant = _Attendant(shell)

    def handle(stream: Any, identity: Any, request: dict[str, Any]) -> None:
        answer = attendant.answer(protocol.unpacked(request["content"]["message"]))
        if answer is not None:
            content = {"message": protocol.packed(answer)}
            kernel.session.send(stream, protocol.REPLY, content, request, ident=identity)

    kernel.shell_handlers[protocol.REQUEST] = handle


class _Attendant:
    """Answers the messages of a runner, in the kernel's main thread and between two cells."""

    def __init__(self, shell: Any) -> None:
        self._shell = shell
        self._life = Life(shell)
        self._safety = safety.Watch()
        self._remains = Remains()

    def answer(self, message: protocol.Message) -> protocol.Message | None:
        """The answer; nothing from a kernel that is about to end, as after ``exit()``."""
        match message:
            case protocol.Begin():
                self._life.prepare(message)
                self._look_around(message.ignored)
                self._life.begin(message)
                return protocol.Ready(os.getpid())
            case protocol.End():
                if self._shell.exit_now:
                    return None
                ended = self._life.end()
                self._life.living.mark = versions.mark()
                return ended
            case protocol.Save():
                copy = {**message.leaving, "ends": True}
                return copying.in_copy(lambda: self._life.save(copy)) or self._life.save(message.leaving)
            case protocol.Bring():
                return self._life.bring(message)
            case protocol.Look():
                return protocol.Stays("", _done_by_setup() if message.at_setup else self._living())
            case _:
                raise TypeError(f"a kernel is not told {type(message).__name__}")

    def _look_around(self, root: str) -> None:
        """How the kernel is before its first cell."""
        self._remains.begin()
        if root and self._life.living.began is None:
            began = departing.Beginning(departing.new_file(Path(root)))
            self._life.living.began, self._life.living.mark = began, versions.mark()
            departing.begin(began.path, self._life.living.mark)

    def _living(self) -> str:
        """What is at work here, or holds something open, and is no value."""
        for task in asyncio.all_tasks():
            code = getattr(task.get_coro(), "cr_code", None)
            if code is not None and not task.done() and not _is_machinery(code.co_filename):
                return "an asyncio task is not done"
        if _is_called_later(asyncio.get_event_loop()):
            return "a call is scheduled in the event loop"
        if sys.platform == "linux":
            for pid in safety.children():
                if not _is_a_pool(pid):
                    return f"the process {pid} that it started is alive"
        if found := self._remains.found():
            return found
        if figures := _figures():
            return f"pyplot holds {figures} of its figures open"
        open_one = self._safety.connections()
        return open_one.text if open_one is not None else ""


def _done_by_setup() -> str:
    seen = watch().seen()
    done = [*(f"it writes {path}" for path in seen.written), *(f"it makes {path}" for path in seen.made)]
    return next(iter(sorted([*done, *seen.effects, *seen.stays])), "")


def _figures() -> int:
    """How many figures the next cell could go on drawing into without a name for them."""
    module = sys.modules.get("matplotlib._pylab_helpers")
    return len(module.Gcf.figs) if module is not None else 0


def _is_called_later(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether the notebook has asked the loop to call something of its own."""
    for handle in getattr(loop, "_scheduled", ()):
        call = getattr(handle._callback, "__func__", handle._callback)
        if not handle.cancelled() and getattr(call, "__module__", "") == "__main__":
            return True
    return False


def _is_machinery(path: str) -> bool:
    return any(f"{os.sep}{package}{os.sep}" in path for package in _MACHINERY)


def _is_a_pool(pid: int) -> bool:
    with suppress(OSError):
        command = Path("/proc", str(pid), "cmdline").read_bytes()
        return any(word in command for word in _POOLS) or not command
    return True  # it has ended
