"""The warm parent: imports what a pipeline needs once, and forks a process for each step from itself.

``python -m mlops_jlab.kernels.parent SOCKET LINGER MODULE ...`` listens on a socket in a folder of
the user's own. Runners connect to it; each request is answered by a fork. When a runner's connection
ends, all that was forked for it is killed, and ``LINGER`` seconds after the last one the parent ends.

Nothing here may start a thread or compute in native code: a forked process has one thread, and locks
that another one held would stay held in it for ever. A parent that finds a thread after an import
forks nothing, and says which module it was.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import os
import selectors
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from mlops_jlab.handoff.modules import local_modules
from mlops_jlab.kernels.wire import Receiver, send

# What every step needs, and what is slow to import.
_ALWAYS = (
    "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.compiler",
    "IPython.core.magics", "IPython.core.completer", "IPython.core.completerlib", "IPython.core.debugger",
    "IPython.core.logger", "IPython.core.oinspect", "IPython.extensions.storemagic", "comm",
    "encodings.ascii", "mlops_jlab.handoff.session", "mlops_jlab.kernels.shell", "mlops_jlab.magics",
    "mlops_jlab.magics.loading", "mlops_jlab.magics.transforming", "mlops_jlab.tracking", "sqlite3",
)  # fmt: skip
# They start threads or take hold of a device when they are imported, and are broken after a fork; or they
# set themselves up in the shell that imports them, which is the step's own and not there yet.
_NEVER = frozenset(
    {"tensorflow", "jax", "jaxlib", "ray", "pyspark", "grpc", "distributed", "tkinter", "PyQt5",
     "PyQt6", "PySide6", "gi", "cupy", "mlops_jlab", "matplotlib_inline", "IPython", "ipykernel",
     "ipywidgets", "ipympl", "debugpy"}
)  # fmt: skip
_INSTALLED = {"site-packages", "dist-packages"}


def main(argv: list[str]) -> int:
    """Listens, imports, and serves until nobody is there."""
    path, linger, modules = argv[0], float(argv[1]), argv[2:]
    if sys.path[0] in ("", os.getcwd()):  # put there by -m; each step has a folder of its own
        del sys.path[0]
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")  # as a kernel does
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(path)
    except OSError:
        return 1  # somebody else was first
    listener.listen(64)
    try:
        gc.disable()  # what is imported stays: looking for garbage among it takes a tenth of the time
        unfit = next((module for module in (*_ALWAYS, *modules) if not warm_up(module)), "")
        local_modules()  # what is known of each module here is known in every child
        gc.enable()
        gc.freeze()  # collecting in a child would copy every page that it looks at
        return Parent(listener, linger, unfit).serve()
    finally:
        Path(path).unlink(missing_ok=True)
        log = Path(path).with_suffix(".log")
        if log.is_file() and not log.stat().st_size:
            log.unlink()  # it had nothing to say


def warm_up(module: str) -> bool:
    """Imports ``module`` if that is safe before a fork; what does not work is left to the step.

    False if there is more than one thread now, so that nothing can be forked any more.
    """
    top = module.partition(".")[0]
    if top in _NEVER and module not in _ALWAYS:
        return True
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return True
    if spec is None or not (
        top in sys.stdlib_module_names or _is_installed(spec.origin) or module in _ALWAYS
    ):
        return True
    with contextlib.suppress(Exception):  # an import may raise anything, and the step will show it
        importlib.import_module(module)
    return threading.active_count() == 1


def _is_installed(origin: str | None) -> bool:
    return origin is not None and bool(_INSTALLED & set(Path(origin).parts))


class Parent:
    """The loop that forks and reaps. One thread, and no state but the connections and their children."""

    def __init__(self, listener: socket.socket, linger: float, unfit: str = "") -> None:
        self._listener = listener
        self._linger = linger
        self._unfit = unfit  # the module that started threads
        self._selector = selectors.DefaultSelector()
        self._runners: dict[socket.socket, Receiver] = {}
        self._children: dict[int, socket.socket] = {}
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
        alone_since = time.monotonic() + 60  # who started it has a minute to come
        while True:
            wait = None if self._runners else max(0.0, alone_since + self._linger - time.monotonic())
            ready = self._selector.select(wait)
            if not ready and not self._runners:
                return 0
            for key, _events in ready:
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fd == self._signals:
                    self._reap()
                elif key.fileobj in self._runners:
                    self._hear(self._runners[key.fileobj])
            if self._runners:
                alone_since = time.monotonic()

    def _accept(self) -> None:
        runner, _address = self._listener.accept()
        self._runners[runner] = Receiver(runner)
        self._selector.register(runner, selectors.EVENT_READ)

    def _hear(self, receiver: Receiver) -> None:
        runner = receiver.channel
        for request in receiver.read():
            fds, receiver.fds = receiver.fds[: request["fds"]], receiver.fds[request["fds"] :]
            pid = 0 if self._unfit else self._fork(request, fds)
            for fd in fds:
                os.close(fd)
            if pid:
                self._children[pid] = runner
            self._tell(runner, {"forked": request["id"], "pid": pid, "unfit": self._unfit})
        if receiver.ended:
            self._selector.unregister(runner)
            del self._runners[runner]
            runner.close()
            for pid, owner in self._children.items():
                if owner is runner:
                    with contextlib.suppress(OSError):
                        os.killpg(pid, signal.SIGKILL)

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
            if owner in self._runners:
                code = os.waitstatus_to_exitcode(status)
                self._tell(owner, {"ended": pid, "code": code, "memory": usage.ru_maxrss * 1024})

    @staticmethod
    def _tell(runner: socket.socket, message: Any) -> None:
        with contextlib.suppress(OSError):  # its end is heard in its own time
            send(runner, message)

    def _fork(self, request: dict[str, Any], fds: list[int]) -> int:
        pid = os.fork()
        if pid:
            with contextlib.suppress(OSError):
                os.setpgid(pid, pid)  # whoever is first, so that it can be signalled at once
            return pid
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for fd in (self._signals, self._wakeup):
                os.close(fd)
            self._selector.close()
            self._listener.close()
            for runner in self._runners:
                runner.close()
            from mlops_jlab.kernels.shell import become

            become(request, fds)
        except BaseException:
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(70)  # a process that became something ends itself


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
