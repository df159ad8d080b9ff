"""The warm parent: imports what a pipeline needs once, and forks a process for each step from itself.

It is started by :mod:`mlops_jlab.processes.client.start`, imports what every step needs, and reads from its
standard input where to listen, what else to import and how long to stay, as lines of JSON (see
:func:`mlops_jlab.processes.client.address.listen`). Runners connect to the socket; each request is
answered by a fork. When a runner's connection ends, all that was forked for it is killed, and so many
seconds after the last one the parent ends. A parent may as well have imported the runner itself, and fork
commands.

Nothing here may start a thread or compute in native code: a forked process has one thread, and locks
that another one held would stay held in it for ever. A parent that finds a thread after an import
forks nothing, and says which module it was.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import importlib.util
import json
import os
import select
import selectors
import signal
import socket
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlops_jlab.handoff import modules as loaded
from mlops_jlab.loaded import is_installed
from mlops_jlab.processes.parent import world
from mlops_jlab.processes.protocol import Receiver, send

# What every step needs, and what is slow to import.
_ALWAYS = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.compiler",
    "IPython.core.magics", "IPython.core.completer", "IPython.core.completerlib", "IPython.core.debugger",
    "IPython.core.logger", "IPython.core.oinspect", "IPython.extensions.storemagic", "comm",
    "encodings.ascii", "mlops_jlab.handoff.session", "mlops_jlab.processes.parent.lineage",
    "mlops_jlab.magics", "mlops_jlab.magics.loading", "mlops_jlab.magics.transforming", "mlops_jlab.tracking",
    "mlops_jlab.tracking.current", "sqlite3",
)  # fmt: skip
# They start threads or take hold of a device when they are imported, and are broken after a fork; or they
# set themselves up in the shell that imports them, which is the step's own and not there yet.
_NEVER = frozenset(
    {"tensorflow", "jax", "jaxlib", "ray", "pyspark", "grpc", "distributed", "tkinter", "PyQt5",
     "PyQt6", "PySide6", "gi", "cupy", "mlops_jlab", "matplotlib_inline", "IPython", "ipykernel",
     "ipympl", "debugpy"}
)  # fmt: skip


_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)


def main() -> int:
    """Imports, hears what it is for, listens, imports more, and serves until nobody is there."""
    os.chdir("/")
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as a kernel does
    _take_over_orphans()
    gc.disable()  # what is imported stays: looking for garbage among it takes a tenth of the time
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    order = _listen_when_told(listener)
    if order is None:
        return 1  # nobody needs it
    parent = Parent(listener, order)
    try:
        return parent.serve()
    finally:
        parent.hide()


def _take_over_orphans() -> None:
    """What a child forks and leaves behind becomes this process's child."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_SUBREAPER, 1)


def _listen_when_told(listener: socket.socket) -> dict[str, Any] | None:
    """What this parent is for; until that is said it imports what every step needs, and what one may need."""
    soon = deque(_ALWAYS)
    for line in _lines(soon):
        order: dict[str, Any] = json.loads(line)
        soon.extend(order.get("soon", ()))
        if "path" in order:
            folder, name = os.path.split(order["path"])
            os.chdir(folder)  # the name of a socket may have some hundred characters only
            listener.bind(name)  # fails if somebody else was first
            os.chdir("/")
            order["place"] = _identity(Path(order["path"]))  # before anybody can call, and take it away
            listener.listen(64)
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.close(nothing)
            return order
    return None


def _lines(soon: deque[str]) -> Iterator[bytes]:
    """The lines of standard input; while none is there, one module after the other is imported."""
    data = b""
    while True:
        while soon and not select.select([0], [], [], 0)[0]:
            module = soon.popleft()
            warm_up(module)
            _note_threads(module)
        read = os.read(0, 1 << 16)
        if not read:
            return
        *lines, data = (data + read).split(b"\n")
        yield from lines


_unfit: list[str] = []  # modules that started threads


def _note_threads(module: str) -> None:
    if threading.active_count() > 1 and not _unfit:
        _unfit.append(module)


def warm_up(module: str) -> None:
    """Imports ``module`` if that is safe before a fork; what does not work is left to the step."""
    top = module.partition(".")[0]
    if top in _NEVER and module not in _ALWAYS:
        return
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return
    if spec is None or not (
        top in sys.stdlib_module_names or is_installed(spec.origin or "") or module in _ALWAYS
    ):
        return
    around = contextlib.nullcontext() if module in _ALWAYS else world.of_a_kernel()
    with contextlib.suppress(Exception), around:  # an import may raise anything, and the step will show it
        importlib.import_module(module)


def _identity(path: Path) -> tuple[int, ...]:
    try:
        about = path.lstat()
    except OSError:
        return ()
    return about.st_dev, about.st_ino, about.st_ctime_ns


_MOST_STRAYS = 1000
_MOMENT = 0.02  # seconds that somebody who is about to come is waited for before the next import


class Parent:
    """The loop that imports, forks and reaps. One thread, and no state but connections and their children.

    Between two imports it forks for those who need nothing that is still to be imported.
    """

    def __init__(self, listener: socket.socket, order: dict[str, Any]) -> None:
        self._listener = listener
        self._commands = "command" in order
        wanted = [order["command"]] if "command" in order else [*_ALWAYS, *order["modules"]]
        self._missing = [module for module in wanted if module not in sys.modules]
        self._import = importlib.import_module if "command" in order else warm_up
        self._asked: list[tuple[dict[str, Any], list[int], socket.socket]] = []
        self._unfit = _unfit[0] if _unfit else ""  # the module that started threads
        self._expecting = True  # who has told it to listen calls at once, and who has called asks at once
        self._linger = float(order["linger"])
        self._path = Path(order["path"])
        self._place: tuple[int, ...] = order["place"]
        self._selector = selectors.DefaultSelector()
        self._runners: dict[socket.socket, Receiver] = {}
        self._children: dict[int, socket.socket] = {}
        self._strays: dict[int, tuple[int, int]] = {}  # what ended before its runner said that it was its own
        self._signals, wakeup = os.pipe()
        os.set_blocking(wakeup, False)
        os.set_blocking(self._signals, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the runner, which tells its steps
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        self._wakeup = wakeup
        self._selector.register(listener, selectors.EVENT_READ)
        self._selector.register(self._signals, selectors.EVENT_READ)

    def serve(self) -> int:
        """Answers requests until nobody has been connected for a while."""
        alone_since = time.monotonic()
        if not self._commands:
            alone_since += 60  # who started it has a minute to come
        while True:
            left = max(0.0, alone_since + self._linger - time.monotonic())
            wait = None if self._runners else left
            ready = self._selector.select(_MOMENT if self._expecting else 0 if self._missing else wait)
            self._expecting = any(key.fileobj is self._listener for key, _events in ready)
            if not (left or ready or self._runners or self._missing) and self._is_left_alone():
                return 0
            for key, _events in ready:
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fd == self._signals:
                    self._reap()
                elif key.fileobj in self._runners:
                    self._hear(self._runners[key.fileobj])
            if self._missing and not ready:  # all who came are heard first
                self._import_next()
            self._answer()
            if self._runners:
                alone_since = time.monotonic()

    def _is_left_alone(self) -> bool:
        """Whether nobody has called in this very moment: from here on nobody can find this process."""
        self.hide()
        self._linger = 0.0
        return not select.select([self._listener], [], [], 0)[0]

    def hide(self) -> None:
        """Takes the socket away, unless another has put its own there meanwhile."""
        if self._place and self._place == _identity(self._path):
            self._path.unlink(missing_ok=True)
        self._place = ()

    def _import_next(self) -> None:
        module = self._missing.pop(0)
        self._import(module)
        _note_threads(module)
        if _unfit:
            self._unfit = _unfit[0]
            self._missing.clear()

    def _answer(self) -> None:
        """Forks for those whose modules are there."""
        due = [asked for asked in self._asked if len(self._missing) <= asked[0].get("missing", 0)]
        if due:
            loaded.look()  # what is known of each module here is known in every child
        for asked in due:
            self._asked.remove(asked)
            request, fds, runner = asked
            if runner in self._runners:
                pid = 0 if self._unfit else self._fork(request, fds)
                if pid:
                    self._children[pid] = runner
                self._tell(runner, {"forked": request["id"], "pid": pid, "unfit": self._unfit})
            for fd in fds:
                os.close(fd)

    def _accept(self) -> None:
        runner, _address = self._listener.accept()
        self._runners[runner] = Receiver(runner)
        self._selector.register(runner, selectors.EVENT_READ)

    def _hear(self, receiver: Receiver) -> None:
        runner = receiver.channel
        for request in receiver.read():
            if "linger" in request:
                self._linger = request["linger"]
                continue
            if "adopt" in request:
                self._adopt(runner, request["adopt"])
                continue
            if "signal" in request:
                self._signal(runner, request["signal"])
                continue
            fds, receiver.fds = receiver.fds[: request["fds"]], receiver.fds[request["fds"] :]
            self._asked.append((request, fds, runner))
        if receiver.ended:
            self._selector.unregister(runner)
            del self._runners[runner]
            runner.close()
            for pid, owner in self._children.items():
                if owner is runner:
                    with contextlib.suppress(OSError):
                        os.killpg(pid, signal.SIGKILL)

    def _adopt(self, runner: socket.socket, pid: int) -> None:
        """A process that one of the runner's forked: it is this one's child since then."""
        if pid in self._strays:
            code, memory = self._strays.pop(pid)
            self._tell(runner, {"ended": pid, "code": code, "memory": memory})
        else:
            self._children[pid] = runner

    def _signal(self, runner: socket.socket, number: int) -> None:
        for pid, owner in self._children.items():
            if owner is runner:
                with contextlib.suppress(OSError):
                    os.kill(pid, number)

    def _reap(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self._signals, 4096)
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)  # what it has started and left behind
            owner = self._children.pop(pid, None)
            code, memory = os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024
            if owner in self._runners:
                self._tell(owner, {"ended": pid, "code": code, "memory": memory})
            elif owner is None:
                self._strays[pid] = code, memory
                while len(self._strays) > _MOST_STRAYS:
                    del self._strays[next(iter(self._strays))]

    @staticmethod
    def _tell(runner: socket.socket, message: Any) -> None:
        with contextlib.suppress(OSError):  # its end is heard in its own time
            send(runner, message)

    def _fork(self, request: dict[str, Any], fds: list[int]) -> int:
        gc.freeze()  # collecting in a child would copy every page that it looks at
        pid = os.fork()
        if pid:
            with contextlib.suppress(OSError):
                os.setpgid(pid, pid)  # whoever is first, so that it can be signalled at once
            return pid
        try:
            gc.enable()
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for fd in (self._signals, self._wakeup):
                os.close(fd)
            self._selector.close()
            self._listener.close()
            for runner, receiver in self._runners.items():
                runner.close()
                for fd in receiver.fds:
                    os.close(fd)
            for _request, others, _runner in self._asked:
                for fd in others:  # while it is open here, nobody sees that who it is for has ended
                    os.close(fd)
            from mlops_jlab.processes.parent.fork import become

            become(request, fds)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(70)  # a process that became something ends itself
