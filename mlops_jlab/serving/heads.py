"""The head of a request has to come within a time and a size; a connection on which it does not is closed.

uvicorn waits for it without end, which costs a connection each, and with httptools reads it without bound.
"""

from __future__ import annotations

import asyncio
from typing import Any

PATIENCE = 30.0  # seconds from the first byte, or from the connection, to the end of the head
LARGEST = 64 << 10  # bytes of a head
_LATE = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class Guarded(asyncio.Protocol):
    """One connection, in front of uvicorn's class that speaks HTTP on it, whose names these are.

    ``cycle`` is the request, once its head is there.
    """

    cycle: Any
    loop: Any
    transport: Any
    _waiting: Any = None  # the timer, while a head is waited for
    _read = 0  # bytes of that head
    _before: Any = None  # the request before

    def connection_made(self, transport: Any) -> None:
        """Somebody has connected."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Bytes have come."""
        if self._waiting is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        super().data_received(data)
        if self._waiting is None:
            return
        self._read += len(data)
        if self.cycle is not self._before:
            self._stop()
        elif self._read > LARGEST:
            self._give_up(_LARGE)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._stop()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._before, self._read = self.cycle, 0
        self._waiting = self.loop.call_later(PATIENCE, self._give_up, _LATE)

    def _stop(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self, answer: bytes) -> None:
        self._stop()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()
