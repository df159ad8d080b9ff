"""The door to uvicorn: one process answers, or several on one socket, of which a dead one is replaced."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jlab import interpreter
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.serving import counting, service, watching
from mlops_jlab.serving.beating import Pulse
from mlops_jlab.serving.counting import Counted
from mlops_jlab.serving.heads import Guarded
from mlops_jlab.serving.setup import Setup, end_with
from mlops_jlab.telling import tell

try:
    import uvicorn
    from uvicorn.protocols.http.auto import AutoHTTPProtocol
    from uvicorn.supervisors.multiprocess import Multiprocess, Process
except ImportError as error:
    raise MlopsError("serving needs starlette and uvicorn", hint="pip install 'mlops-jlab[serve]'") from error

_CANNOT_START = 3  # the exit code by which uvicorn knows that starting again helps nobody
_DRAIN = 30  # seconds for requests that have begun, when it ends
_SHORT = 5.0  # seconds: who dies sooner than that is replaced after a pause of as many
_MEMORY = Path("/dev/shm")  # noqa: S108  # files there need no space on a disk


@contextmanager
def runtime() -> Iterator[Path]:
    """A folder for what the processes of a service share; in memory where there is such a place."""
    base = _MEMORY if os.access(_MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="mlops-jlab-serve-", dir=base))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens there; port 0 takes a free one.

    Raises:
        InputError: nobody can listen there.
    """
    try:
        family, kind, number, _name, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        # The protocol is named, as asyncio sends small answers at once only where it is known to be TCP.
        found = socket.socket(family, kind, number)
        try:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            found.bind(address)
            found.listen(2048)
        except OSError:
            found.close()
            raise
    except OSError as error:
        raise InputError(
            f"{host}:{port} cannot be listened at: {error.strerror or error}", hint="choose another --port"
        ) from error
    return found


def run(setup: Setup, listening: socket.socket, processes: int = 1) -> None:
    """Answers until SIGTERM or Ctrl-C; requests that have begun are answered first.

    Raises:
        MlopsError: it cannot begin.
    """
    url = _url(listening)
    with ExitStack() as stack:
        if processes > 1:
            setup.counted.mkdir()
            os.environ[counting.FOLDER] = str(setup.counted)  # for the processes that are started
            stack.callback(os.environ.pop, counting.FOLDER, None)
            _observed(stack, setup, url, processes, lambda: counting.counted_in(setup.counted))
            supervisor = _Supervisor(_config(_Worker(setup), processes), sockets=[listening])
            with interpreter.alone():
                supervisor.run()
            if supervisor.cannot_begin:
                raise MlopsError("the service cannot begin", hint="the reason is given above")
            return
        desk = stack.enter_context(setup.opened())
        _observed(stack, setup, url, 1, desk.counts.now)
        answer(service.application(desk, setup.token, standing=setup.standing), listening)


def _url(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _observed(
    stack: ExitStack, setup: Setup, url: str, processes: int, counted: Callable[[], Counted]
) -> None:
    """The trial is judged, if there is one, and the pulse is taken, until the stack is left."""
    if (watch := setup.watch()) is not None:
        watcher = watching.Watcher(watch, lambda: counted().events, setup.going, setup.standing)
        watcher.start()
        stack.callback(watcher.stop)
    taken = Pulse(setup, url, processes, counted)
    taken.start()
    stack.callback(taken.stop)


def answer(application: Any, listening: socket.socket) -> None:
    """Answers in this process until SIGTERM or Ctrl-C."""
    with suppress(KeyboardInterrupt):
        uvicorn.Server(_config(application, 1)).run(sockets=[listening])


def load(application: Any) -> None:
    """Loads all that answering takes, and answers nothing."""
    _config(application, 1).load()


def _config(app: Any, processes: int) -> uvicorn.Config:
    return uvicorn.Config(
        app, factory=isinstance(app, _Worker), workers=processes, log_level="critical", access_log=False,
        timeout_keep_alive=30, timeout_graceful_shutdown=_DRAIN,
        server_header=False, http=_Connection, ws="none",
        lifespan="on" if isinstance(app, _Worker) else "off",
    )  # fmt: skip


class _Connection(Guarded, AutoHTTPProtocol):  # type: ignore[misc]  # uvicorn is not read by the type checker
    """A connection on which the head of a request has to come."""


class _Supervisor(Multiprocess):  # type: ignore[misc]  # uvicorn is not read by the type checker
    """Replaces a process as soon as it is dead, whatever the others do.

    uvicorn's own asks one after the other for a sign of life, waits while one is still importing, and ends
    the service when a later one cannot begin.
    """

    def __init__(self, config: uvicorn.Config, sockets: list[socket.socket]) -> None:
        super().__init__(config, sockets=sockets)
        self.cannot_begin = False
        self._begun: dict[int, float] = {}  # by place, when the process there was started
        self._replaced: set[int] = set()

    def keep_subprocess_alive(self) -> None:
        """Looks at each process once."""
        now = time.monotonic()
        for place, process in enumerate(self.processes):
            begun = self._begun.setdefault(place, now)
            if self.should_exit.is_set() or process.process.is_alive():
                continue
            process.join()
            if process.exitcode == _CANNOT_START and place not in self._replaced:
                self.cannot_begin = True
                self.should_exit.set()
            elif now - begun > _SHORT:
                tell(f"process {process.pid} of the service has died, and is replaced", once=False)
                self._begun[place] = now
                self._replaced.add(place)
                self.processes[place] = Process(self.config, self.sockets)
                self.processes[place].start()


@dataclass(frozen=True)
class _Worker:
    """Makes the application in a process of its own."""

    setup: Setup

    def __call__(self) -> Any:
        end_with(os.getppid())
        stack = ExitStack()
        try:
            desk = stack.enter_context(self.setup.opened())
        except MlopsError as error:
            tell(str(error), once=False)
            sys.exit(_CANNOT_START)

        @asynccontextmanager
        async def lifespan(_app: Any) -> AsyncIterator[None]:
            with stack:
                yield

        return service.application(desk, self.setup.token, standing=self.setup.standing, lifespan=lifespan)
