"""What a forked process becomes: a shell that executes the cells of one step, or an ordinary kernel.

The shell is ipykernel's, set up by ipykernel's own application with the user's configuration,
extensions and start-up files. Only what speaks ZeroMQ is left out: messages go through a socket pair.
"""

from __future__ import annotations

import asyncio
import atexit
import builtins
import contextlib
import contextvars
import ctypes
import getpass
import os
import signal
import socket
import sys
import threading
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

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def become(request: dict[str, Any], fds: list[int]) -> None:
    """Turns this process, just forked, into what ``request`` asks for; it never returns.

    ``request`` has ``kind`` (``shell`` or ``kernel``), ``environment``, ``folder`` and, for a kernel,
    ``connection``. The last two files are standard output and error; a shell's first one is
    its channel.
    """
    parent = os.getppid()
    with contextlib.suppress(PermissionError):
        os.setsid()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for fd, target in ((nothing, 0), (fds[-2], 1), (fds[-1], 2)):
        os.dup2(fd, target)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    _draw_anew()
    import ipykernel_launcher  # type: ignore[import-untyped]  # it is one line

    sys.argv = [ipykernel_launcher.__file__, "-f", request.get("connection", "")]
    if request["kind"] == "kernel":
        IPKernelApp.launch_instance(argv=["-f", request["connection"]])
    else:
        channel = socket.socket(fileno=os.dup(fds[0]))
        for fd in fds:
            os.close(fd)
        serve(channel)
    end()


def _draw_anew() -> None:
    """Generators that nobody seeded must not draw the same in each process; ``random`` sees to itself."""
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def end() -> None:
    """Ends the process as the end of an interpreter does, without unwinding the parent's frames."""
    with contextlib.suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]  # what an interpreter does first
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(0)


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


def serve(channel: socket.socket) -> None:
    """Executes the cells that come through ``channel`` until there are no more."""
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
                session.tell({"imported": _roots(set(sys.modules) - known)})
                return
            session.tell({"begun": shell.execution_count})
            cell = _run(shell, message["source"], message["cell"])
            _execute(loop, loop.create_task(cell, context=context))
            for stream in session.streams:
                stream.flush()
            session.tell({"done": shell.execution_count})
            if shell.exit_now:
                return


def settle(request: dict[str, Any]) -> None:
    """Takes up a step: this process may have been forked before anybody knew which it would be."""
    os.environ.update(request["environment"])
    if request["cpus"]:
        known = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, known[: int(request["cpus"])])


def _roots(modules: set[str]) -> list[str]:
    """Of modules that were imported, those that were not imported by their own package."""
    found = {name for name in modules if not any(part.startswith("_") for part in name.split("."))}
    own = {name for name in found if is_local(name, getattr(sys.modules.get(name), "__file__", None))}
    return sorted(name for name in found - own if name.rpartition(".")[0] not in found)


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
