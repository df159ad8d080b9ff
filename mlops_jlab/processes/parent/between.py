"""A fork whose child belongs to the warm parent: a process between the two forks it, and ends at once.

Where the process between shares its memory with the one that makes it, as after ``vfork``, the memory is
copied once and not twice, and nothing has to be taken apart when it ends, which takes half of the time. It
runs on a stack of its own, on which the child goes on.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import platform
import resource
import signal
import sys
import traceback
from collections.abc import Callable

_FLAGS = 0x100 | 0x4000 | signal.SIGCHLD  # CLONE_VM and CLONE_VFORK of clone(2)
_MAP = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x4000 | 0x20000  # MAP_NORESERVE and MAP_STACK of mmap(2)
_STACK = 8 << 20  # bytes, unless more may be used
_MOST = 256 << 20
_Entry = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_void_p)


def fork(go_on: Callable[[int], None]) -> int:
    """Forks; the child does ``go_on`` with the id of the process between, and ends. The child's process id.

    Raises:
        OSError: there is no room for another process.
    """
    return _beside(go_on) if _is_possible() else _after(go_on)


def _is_possible() -> bool:
    """Later Pythons look whether the stack is the thread's own; on other machines it may grow upwards."""
    known = sys.platform == "linux" and sys.implementation.name == "cpython" and sys.version_info < (3, 14)
    return known and platform.machine() in ("x86_64", "aarch64") and hasattr(ctypes.pythonapi, "clone")


def _beside(go_on: Callable[[int], None]) -> int:
    size = _size()
    stack = mmap.mmap(-1, size, _MAP)  # it stays in the child, which never comes back from here
    bottom = ctypes.addressof(ctypes.c_char.from_buffer(stack))
    libc = ctypes.pythonapi  # whose calls keep the interpreter to themselves
    libc.mprotect(ctypes.c_void_p(bottom), ctypes.c_size_t(mmap.PAGESIZE), 0)
    found: list[int | OSError] = []

    def between(_nothing: object) -> int:
        try:
            pid = _forked(go_on)
        except OSError as error:
            found.append(error)
        else:
            found.append(pid)
        return 0

    entry = _Entry(between)
    clone = libc.clone
    clone.argtypes = [_Entry, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p]
    clone.restype = ctypes.c_int
    middle = clone(entry, bottom + size - 64, _FLAGS, None)
    if middle < 0:
        return _after(go_on)
    _reap(middle)
    answer = found[0]
    if isinstance(answer, OSError):
        raise answer
    return answer


def _size() -> int:
    limit = resource.getrlimit(resource.RLIMIT_STACK)[0]
    wanted = limit if limit != resource.RLIM_INFINITY else _STACK
    return min(max(_STACK, wanted), _MOST) & -mmap.PAGESIZE


def _after(go_on: Callable[[int], None]) -> int:
    reading, writing = os.pipe()
    middle = os.fork()
    if middle == 0:
        with contextlib.suppress(BaseException):
            os.write(writing, b"%d" % _forked(go_on))
        os._exit(70)
    os.close(writing)
    answer = os.read(reading, 32)
    os.close(reading)
    _reap(middle)
    if not answer:
        raise OSError("the system has no room for another process")
    return int(answer)


def _forked(go_on: Callable[[int], None]) -> int:
    middle = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            go_on(middle)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(70)
    return pid


def _reap(middle: int) -> None:
    with contextlib.suppress(ChildProcessError):  # the user may have children reaped by the system
        os.waitpid(middle, 0)
