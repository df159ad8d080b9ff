"""The shell of a step: it executes the cells of one step in a process that was forked for it.

It is ipykernel's, set up by ipykernel's own application with the user's configuration,
extensions and start-up files. Only what speaks ZeroMQ is left out: messages go through a socket pair.
"""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import contextvars
import getpass
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import comm
from ipykernel.compiler import XCachingCompiler
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.error import StdinNotImplementedError
from jupyter_client.session import Session

from mlops_jlab.handoff.modules import is_local
from mlops_jlab.kernels.streams import CellStream, flush_now_and_then
from mlops_jlab.kernels.wire import Receiver, send


class _Session(Session):  # type: ignore[misc]  # jupyter_client is untyped here
    """Where a kernel would send over ZeroMQ, this one sends through the channel."""

    def __init__(self, channel: socket.socket) -> None:
        super().__init__(key=b"local")
        self._channel = channel
        self._lock = threading.Lock()
        self._owner = os.getpid()
        self.streams: list[CellStream] = []

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *args: Any, **more: Any) -> Any:
        """Hands a message of the shell's on; what was printed before it goes first."""
        if isinstance(msg_or_type, dict):
            kind, content = msg_or_type["header"]["msg_type"], msg_or_type["content"]
        else:
            kind = msg_or_type
        for printed in self.streams:
            printed.flush()
        self.tell({"output": kind, "content": content})
        return {}

    def tell(self, message: Any) -> None:
        """Sends one message, unless this is a process that a cell forked."""
        if os.getpid() != self._owner:
            return
        with self._lock, contextlib.suppress(OSError):  # without a runner the parent ends this process
            send(self._channel, message)

    def print(self, name: str, text: str) -> None:
        """Sends what a cell printed."""
        self.tell({"output": "stream", "content": {"name": name, "text": text}})


class _Kernel:
    """What the shell asks of its kernel."""

    def __init__(self, app: Any) -> None:
        self.session = app.session
        self.log = app.log
        self.iopub_socket = None
        self.eventloop = None
        self.shell: Any = None
        self.parent_header: dict[str, Any] = {}

    def get_parent(self, channel: Any = None) -> dict[str, Any]:
        """There is no request behind a cell."""
        return self.parent_header


class ShellApp(IPKernelApp):
    """ipykernel's application without sockets."""

    def __init__(self, session: _Session) -> None:
        super().__init__(session=session)
        self._pipe = session

    def parse_command_line(self, argv: list[str] | None = None) -> None:
        """There are no words, and a parser for them takes a third of the time."""
        self.argv = list(argv or ())
        self.extra_args: list[str] = []

    def init_connection_file(self) -> None:
        """There is none, as there is nothing to connect to."""

    def init_poller(self) -> None:
        """The parent's end is the end of this process."""

    def init_sockets(self) -> None:
        """The channel is there already."""

    def init_heartbeat(self) -> None:
        """The runner sees the process itself."""

    def write_connection_file(self, **_others: Any) -> None:
        """There is none."""

    def log_connection_info(self) -> None:
        """There is nothing to say."""

    def init_io(self) -> None:
        """What is printed goes through the channel, what other programs print through the files."""
        streams = [CellStream("stdout", 1, self._pipe.print), CellStream("stderr", 2, self._pipe.print)]
        sys.stdout, sys.stderr = streams
        self._pipe.streams = streams
        flush_now_and_then(streams)

    def init_kernel(self) -> None:
        """A shell as a kernel has it."""
        kernel = _Kernel(self)
        shell = ZMQInteractiveShell.instance(
            parent=self, profile_dir=self.profile_dir, user_module=None, user_ns=self.user_ns,
            kernel=kernel, compiler_class=XCachingCompiler,
        )  # fmt: skip
        for publisher in (shell.displayhook, shell.display_pub):
            publisher.session = self._pipe
            publisher.pub_socket = object()
        kernel.shell = shell
        self.kernel = kernel


def serve(channel: socket.socket) -> Callable[[], None]:
    """Executes the cells that come through ``channel`` until there are no more.

    Gives what is to be called when everything else is over.
    """
    session = _Session(channel)
    known = set(sys.modules)
    app = ShellApp.instance(session=session)
    app.initialize([])
    builtins.input = _refuse_input
    getpass.getpass = _refuse_input
    comm.create_comm = comm.DummyComm
    shell = app.shell
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    context = contextvars.copy_context()  # one for all cells: what one sets, the next one sees
    receiver = Receiver(channel)
    session.tell({"ready": os.getpid()})
    while not receiver.ended:
        for message in receiver.read():
            if "environment" in message:
                settle(message)
                continue
            if "source" not in message:
                session.tell({"imported": _imported(set(sys.modules) - known)})
                return lambda: session.tell({"over": True})
            session.tell({"begun": shell.execution_count})
            cell = _run(shell, message["source"], message["cell"])
            _execute(loop, loop.create_task(cell, context=context))
            for stream in session.streams:
                stream.flush()
            session.tell({"done": shell.execution_count})
            if shell.exit_now:
                return _nothing
    return _nothing


def _nothing() -> None:
    """Nobody waits for the end."""


def settle(request: dict[str, Any]) -> None:
    """Takes up a step: this process may have been forked before anybody knew which it would be."""
    os.environ.update(request["environment"])
    if request["cpus"]:
        known = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, known[: int(request["cpus"])])


def _imported(modules: set[str]) -> list[str]:
    """Of modules that are new, those that were installed."""
    found = {name for name in modules if not name.startswith("_")}
    own = {name for name in found if is_local(name, getattr(sys.modules.get(name), "__file__", None))}
    return sorted(found - own)


def _refuse_input(*_arguments: object, **_others: object) -> str:
    raise StdinNotImplementedError("input() was called, but nobody is there to answer: make it a parameter")


def _execute(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    """One cell inside a running loop, as in a kernel; an interrupt ends the cell and nothing else."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        loop.run_until_complete(task)
    except KeyboardInterrupt:
        task.cancel()
        with contextlib.suppress(BaseException):
            loop.run_until_complete(task)
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


async def _run(shell: Any, source: str, cell_id: str) -> None:
    try:
        transformed, problem = shell.transform_cell(source), None
    except Exception:
        transformed, problem = source, sys.exc_info()
    if shell.should_run_async(source, transformed_cell=transformed, preprocessing_exc_tuple=problem):
        result = await shell.run_cell_async(
            source, store_history=True, transformed_cell=transformed,
            preprocessing_exc_tuple=problem, cell_id=cell_id,
        )  # fmt: skip
        shell.events.trigger("post_execute")
        shell.events.trigger("post_run_cell", result)
    else:
        shell.run_cell(source, store_history=True, cell_id=cell_id)
