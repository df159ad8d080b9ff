"""Messages between a runner, its warm parent and the processes of steps: JSON behind its length."""

from __future__ import annotations

import array
import json
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Any

_HEAD = struct.Struct("<I")
_MOST_FDS = 4


def send(channel: socket.socket, message: Any, fds: Sequence[int] = ()) -> None:
    """Sends one message, with open files for the other side if any.

    Raises:
        OSError: the other side is gone.
    """
    data = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    head = _HEAD.pack(len(data))
    if fds:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds).tobytes())]
        channel.sendmsg([head], ancillary)
        head = b""
    channel.sendall(head + data)


class Receiver:
    """Takes messages out of a channel as they become whole; ``ended`` once the other side is gone."""

    def __init__(self, channel: socket.socket) -> None:
        self.channel = channel
        self.ended = False
        self.fds: list[int] = []
        self._data = bytearray()

    def read(self) -> Iterator[Any]:
        """The messages that are whole after one look at the channel, which blocks if it may."""
        try:
            data, ancillary, _flags, _address = self.channel.recvmsg(
                1 << 18, socket.CMSG_SPACE(_MOST_FDS * array.array("i").itemsize)
            )
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                numbers = array.array("i")
                numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
                self.fds += numbers
        self.ended = not data
        self._data += data
        while len(self._data) >= _HEAD.size:
            (length,) = _HEAD.unpack_from(self._data)
            end = _HEAD.size + length
            if len(self._data) < end:
                return
            message = json.loads(self._data[_HEAD.size : end].decode("utf-8", "surrogatepass"))
            del self._data[:end]
            yield message
