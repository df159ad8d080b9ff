"""The shell of steps: ipykernel's, set up by ipykernel's own application with the user's configuration.

Extensions and start-up files are the user's too. Only what speaks ZeroMQ is left out: messages go through a
socket pair.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from typing import Any

from ipykernel.compiler import XCachingCompiler
from ipykernel.kernelapp import IPKernelApp
from ipykernel.zmqshell import ZMQInteractiveShell
from jupyter_client.session import Session

from mlops_jlab.processes.outputwidgets import OutputWidgets
from mlops_jlab.processes.parent import world
from mlops_jlab.processes.parent.streams import CellStream, flush_now_and_then
from mlops_jlab.processes.protocol import Message, Output, tell


class PipeSession(Session):  # type: ignore[misc]  # jupyter_client is untyped here
    """Where a kernel would send over ZeroMQ, this one sends through the channel."""

    def __init__(self, channel: socket.socket) -> None:
        super().__init__(key=b"local")
        self.streams: list[CellStream] = []
        self.widgets = OutputWidgets()
        self.speak_through(channel)

    def speak_through(self, channel: socket.socket) -> None:
        """This process is the one that speaks, and it does so through ``channel``."""
        self._channel = channel
        self._lock = threading.Lock()
        self._owner = os.getpid()
        for stream in self.streams:
            stream.belong_here()

    @contextlib.contextmanager
    def silent(self) -> Iterator[None]:
        """Within it nobody is in the middle of a word."""
        with contextlib.ExitStack() as stack:
            for stream in self.streams:
                stream.flush()
                stack.enter_context(stream.lock)
            with self._lock:
                yield

    def send(self, stream: Any, msg_or_type: Any, content: Any = None, *args: Any, **more: Any) -> Any:
        """Hands a message of the shell's on; what was printed before it goes first."""
        if isinstance(msg_or_type, dict):
            kind, content = msg_or_type["header"]["msg_type"], msg_or_type["content"]
            parent = msg_or_type["parent_header"]
        else:
            kind, parent = msg_or_type, more.get("parent") or {}
        for printed in self.streams:
            printed.flush()
        self.tell(Output(kind, content, _number(parent)))
        return {}

    def tell(self, message: Message) -> None:
        """Sends one message, unless this is a process that a cell forked."""
        if os.getpid() != self._owner:
            return
        if isinstance(message, Output) and self.widgets.takes(
            str(message.number), message.kind, message.content
        ):
            return
        with self._lock, contextlib.suppress(OSError):  # without a runner the parent ends this process
            tell(self._channel, message)

    def say(self, kind: str, content: dict[str, Any], parent: dict[str, Any]) -> None:
        """Sends what a widget says."""
        self.tell(Output(kind, content, _number(parent)))

    def print(self, name: str, text: str, parent: dict[str, Any]) -> None:
        """Sends what a cell printed."""
        self.tell(Output("stream", {"name": name, "text": text}, _number(parent)))


def _number(parent: dict[str, Any]) -> int:
    """The number of the request that a message belongs to."""
    return int(parent.get("header", parent).get("msg_id") or 0)


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


class KernelApp(IPKernelApp):
    """ipykernel's application, for libraries that may have been imported before it was there."""

    def init_shell(self) -> None:
        """The shell is there; extensions and start-up files are still to come."""
        super().init_shell()  # type: ignore[no-untyped-call]
        world.settle(self.shell)


class ShellApp(KernelApp):
    """ipykernel's application without sockets."""

    def __init__(self, session: PipeSession) -> None:
        super().__init__(session=session)
        self._pipe = session
        # a file's connection and thread belong to one process
        self.config.HistoryManager.hist_file = ":memory:"

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
