"""Messages between a runner, its warm parent and the processes of steps: JSON behind its length.

What a runner and the process of a step say to each other are the classes here; :class:`Talk` decodes them
once, at the border. A warm parent is asked in plain JSON.
"""

from __future__ import annotations

import array
import base64
import json
import numbers
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

_HEAD = struct.Struct("<I")
_MOST_FDS = 4
REQUEST, REPLY = "mlops_jlab_request", "mlops_jlab_reply"  # of a kernel, beside those that Jupyter knows
DEVICE = "device"  # a kind of what lives in a process: not even a copy that executes nothing can be made


@dataclass(frozen=True)
class Begin:
    """To a shell: a step begins, with what it adds to the environment; ``memory`` is a limit in bytes."""

    environment: Mapping[str, str] = field(default_factory=dict)
    cpus: int = 0
    memory: int = 0
    ignored: str = ""  # a folder that is no business of the step's
    brings: bool = False  # a Bring comes before the step's own cells


@dataclass(frozen=True)
class Execute:
    """To a shell: a cell; ``number`` counts the requests of a run's shells."""

    cell: str
    source: str
    number: int


@dataclass(frozen=True)
class End:
    """To a shell: the step's last cell is done; answered by :class:`Ended`."""


@dataclass(frozen=True)
class Continue:
    """To a shell: a fork of it shall go on; three files come along. Answered by Forked or Stays."""

    pristine: bool = False  # it is asked for whatever lives here: the fork executes no cell


@dataclass(frozen=True)
class Save:
    """To a shell: leave what the step made; the fields are those of the step session's ``Leaving``."""

    leaving: Mapping[str, Any]


@dataclass(frozen=True)
class Bring:
    """To a shell: take over what steps made that are not in its process.

    ``early`` are the sources of definitions, ``late`` those that read ``values``, which are bound before. A
    ``new`` process takes up the hidden variables as well, and must have been given the same by ``setup``.
    """

    root: str
    pipeline: str
    position: int
    names: Sequence[str] = ()
    early: Sequence[str] = ()
    late: Sequence[str] = ()
    values: Sequence[str] = ()
    new: bool = False
    setup: Mapping[str, str] = field(default_factory=dict)  # fingerprints of what setup has made elsewhere


@dataclass(frozen=True)
class Look:
    """To a kernel: does anything live in it that values cannot stand for? Answered by :class:`Stays`.

    Or, ``at_setup``: what have the cells of setup, which would be executed again, done outside it?
    """

    at_setup: bool = False


@dataclass(frozen=True)
class Quit:
    """To a shell: nothing more will come."""


@dataclass(frozen=True)
class Ready:
    """From a shell: cells may come."""

    pid: int


@dataclass(frozen=True)
class Begun:
    """From a shell: a cell begins, with this number."""

    count: int


@dataclass(frozen=True)
class Output:
    """From a shell: a message as a kernel sends it, and the number of the cell that it belongs to."""

    kind: str
    content: Mapping[str, Any]
    number: int


@dataclass(frozen=True)
class Done:
    """From a shell: a cell is over. ``kind`` and ``message`` say what it raised."""

    count: int
    kind: str = ""
    message: str = ""


@dataclass(frozen=True)
class Ended:
    """From a shell: the step is over, and this is what it has used."""

    usage: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Parting:
    """From a shell: whether a fork of it goes on."""


@dataclass(frozen=True)
class Forked(Parting):
    """From a shell: the process that goes on."""

    pid: int


@dataclass(frozen=True)
class Stays(Parting):
    """From a shell: it goes on itself, because something lives in it; ``kind`` as in ``safety.Kind``.

    From a kernel: what lives in it, or nothing.
    """

    kind: str
    why: str


@dataclass(frozen=True)
class Saved:
    """From a shell: what the step made is kept, or the reason why not."""

    why: str = ""


OTHER_SETUP = "OtherSetup"  # a kind of what went wrong: setup has given another value than elsewhere


@dataclass(frozen=True)
class Brought:
    """From a shell: it is taken over, or what went wrong."""

    kind: str = ""
    message: str = ""


@dataclass(frozen=True)
class Imported:
    """From a shell: these modules had to be imported by its cells."""

    modules: Sequence[str] = ()


@dataclass(frozen=True)
class Over:
    """From a shell: all code in it is over."""


Message = (
    Begin | Execute | End | Continue | Save | Bring | Look | Quit
    | Ready | Begun | Output | Done | Ended | Forked | Stays | Saved | Brought | Imported | Over
)  # fmt: skip
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in Message.__args__}


def send(channel: socket.socket, message: Any, fds: Sequence[int] = ()) -> None:
    """Sends one message, with open files for the other side if any.

    Raises:
        OSError: the other side is gone.
    """
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=_plain)
    data = text.encode("utf-8", "surrogatepass")
    head = _HEAD.pack(len(data))
    if fds:
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds).tobytes())]
        channel.sendmsg([head], ancillary)
        head = b""
    channel.sendall(head + data)


def _plain(value: object) -> object:
    """What a formatter of the user's gave that JSON does not know, as a kernel sends it."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return base64.b64encode(bytes(value)).decode("ascii")
    if isinstance(value, numbers.Integral):
        return int(value)
    if isinstance(value, numbers.Real):
        return float(value)
    return list(value) if isinstance(value, Iterable) else str(value)


def packed(message: Message) -> list[Any]:
    """What goes over the border, as plain data."""
    return [type(message).__name__, {one.name: getattr(message, one.name) for one in fields(message)}]


def unpacked(packed_message: Sequence[Any]) -> Message:
    """A message from what :func:`packed` made of it."""
    kind, content = packed_message
    found: Message = _KINDS[kind](**content)
    return found


def tell(channel: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Sends what a runner and the process of a step say to each other.

    Raises:
        OSError: the other side is gone.
    """
    send(channel, packed(message), fds)


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


class Talk(Receiver):
    """A receiver of what :func:`tell` sends."""

    def messages(self) -> Iterator[Message]:
        """The messages that are whole after one look at the channel."""
        yield from map(unpacked, self.read())
