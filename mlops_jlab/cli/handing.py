"""A command is handed over to a warm runner: a process that has all imported, and forks one that does it.

This process stays until it is done: it passes signals on, and if it dies, so does what it handed over.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from types import FrameType

from mlops_jlab.processes.client import address, start
from mlops_jlab.processes.protocol import Receiver, send

_READY, _MAIN = "mlops_jlab.cli.ready", "mlops_jlab.cli.main"
_PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")


def hand_over(words: list[str]) -> int | None:
    """The exit code of the command ``words``, done by a warm runner; nothing where there is none."""
    channel = None
    with suppress(OSError, address.UnsafeFolder):  # the run itself says so, where it matters
        path = _path()
        channel = address.call(path) if path.exists() else None
    if channel is None:
        return None
    request = {
        "kind": "command", "module": _MAIN, "words": words, "environment": dict(os.environ),
        "folder": os.getcwd(), "id": 0, "fds": 3,
    }  # fmt: skip
    signals = _Signals(channel)
    try:
        send(channel, request, [0, 1, 2])
        if (receiver := _begun(channel)) is not None:
            start.end_early()
            signals.pass_on()
            return _follow(receiver)
    except OSError:
        pass  # it ended just now, or a standard file is closed
    signals.give_back()
    return None


def keep_ready(linger: float) -> None:
    """Leaves a warm runner behind for so many seconds, for commands of this environment."""
    if not start.is_possible():
        return
    with suppress(OSError, address.UnsafeFolder):  # it is for speed alone
        path = _path()
        channel = address.call(path)
        if channel is None:
            path.unlink(missing_ok=True)
            parent = start.Spawned(sys.executable, start.lasting(os.environ))
            address.listen(parent, path, linger, command=_READY)
            parent.let_go()
        else:
            send(channel, {"linger": linger})
            channel.close()


def _path() -> Path:
    return address.socket_of(sys.executable, [_READY], start.lasting(os.environ))


class _Signals:
    """The signals of this process, which are for who does the work: those kept that come before it begins."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._early: list[int] = []
        self._is_begun = False
        known = {number: signal.getsignal(number) for number in (getattr(signal, n) for n in _PASSED_ON)}
        self._before = {number: old for number, old in known.items() if old is not signal.SIG_IGN}
        for number in self._before:
            signal.signal(number, self._take)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self._is_begun:
            with suppress(OSError):
                send(self._channel, {"signal": number})
        else:
            self._early.append(number)

    def pass_on(self) -> None:
        """The work has begun."""
        self._is_begun = True
        for number in self._early:
            self._take(number, None)

    def give_back(self) -> None:
        """The work is this process's after all."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        for number in self._early:
            os.kill(os.getpid(), number)


def _begun(channel: socket.socket) -> Receiver | None:
    """Waits until somebody does the work; nothing if the warm runner cannot fork after all."""
    receiver = Receiver(channel)
    while not receiver.ended:
        for message in receiver.read():
            if "forked" in message:
                return receiver if message["pid"] else None
    return None


def _follow(receiver: Receiver) -> int:
    """Waits until the work is done; its exit code."""
    while not receiver.ended:
        for message in receiver.read():
            if "ended" in message:
                code = int(message["code"])
                if code < 0:
                    signal.signal(-code, signal.SIG_DFL)
                    os.kill(os.getpid(), -code)
                return code
    print("error: the warm runner was ended by somebody; go on with --resume", file=sys.stderr)
    return 1
