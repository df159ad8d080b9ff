"""Digests of memory, and what is known of them while one step is judged."""

from __future__ import annotations

import os
from typing import Any

from blake3 import blake3


class _Threads:
    """How many threads a digest may use: all, but in a child of a process that has used them, one.

    They are not there after a fork, and would be waited for.
    """

    def __init__(self) -> None:
        self.most = int(blake3.AUTO)
        self.were_used = False

    def in_child(self) -> None:
        """Called in a forked child."""
        if self.were_used:
            self.most = 1

    def one(self) -> None:
        """This process may be forked at any time."""
        self.most = 1


_threads = _Threads()
use_one_thread = _threads.one
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.in_child)


def hasher(data: bytes | memoryview = b"") -> Any:
    """A digest that is computed on all processors."""
    _threads.were_used = True
    return blake3(data, max_threads=_threads.most)


def digest_of(data: bytes | memoryview) -> str:
    """The digest of ``data``, 64 hexadecimal digits."""
    return str(hasher(data).hexdigest())


def quiet_hasher() -> Any:
    """A digest that is computed on one processor, while another one is busy with the same data."""
    return blake3(max_threads=1)
