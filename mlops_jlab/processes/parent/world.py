"""The world that a kernel has, for libraries that are imported before there is one.

Some libraries look around when they are imported and stay with what they found: whether a shell of
IPython's is there and has a kernel (pandas: how many columns a table shows; tqdm: which bars are drawn;
rich, plotly), whether ``__main__`` is a file, what the program is called, where standard output goes
(handlers of logging keep it). In the parent they find stand-ins. What they leave there (callbacks,
printers of types, magics) the shell gets as soon as it exists, and from then on the stand-ins are that
shell and its streams.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import os
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any, TextIO

# What can be asked of a shell while nobody is there to answer: it is asked of the real one later.
_LATER = ("register_magics", "register_magic_function", "set_hook", "set_custom_exc", "enable_gui",
          "run_line_magic", "run_cell_magic", "enable_matplotlib", "enable_pylab", "push")  # fmt: skip

_shell: Any = None
_streams: list[_Stream] = []


class _Stream(io.TextIOBase):
    """Standard output or error of a kernel; until there is one, that of this process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.target: TextIO | None = None

    def _now(self) -> TextIO:
        now: TextIO = self.target or getattr(sys, f"__{self._name}__")
        return now

    encoding = "UTF-8"  # as in a kernel
    errors = "replace"

    @property
    def name(self) -> str:
        """As a kernel's stream is named."""
        return self._name

    def writable(self) -> bool:
        """It is there to be written to."""
        return True

    def isatty(self) -> bool:
        """Nobody sits before it."""
        return False

    def fileno(self) -> int:
        """The file that programs write to."""
        return self._now().fileno()

    def write(self, text: str) -> int:
        """Hands ``text`` on."""
        return self._now().write(text)

    def flush(self) -> None:
        """Hands that on as well."""
        self._now().flush()


def _make_shell() -> Any:
    from comm import get_comm_manager
    from ipykernel.zmqshell import ZMQInteractiveShell as Real
    from IPython.core.events import EventManager, available_events
    from IPython.core.formatters import DisplayFormatter
    from traitlets.config import Config, Configurable

    class ZMQInteractiveShell(Real):  # it is asked for by its name as well
        """A shell that can be looked at, and told things that it does later."""

        def __init__(self) -> None:
            Configurable.__init__(self, config=Config({"IPKernelApp": {"connection_file": ""}}))
            self.later: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = []
            self.kernel = types.SimpleNamespace(comm_manager=get_comm_manager())
            self.user_module = types.ModuleType("__main__")
            self.user_ns = self.user_module.__dict__
            self.user_ns_hidden: dict[str, Any] = {}
            self.ast_transformers: list[Any] = []
            self.events = EventManager(self, available_events)
            self.display_formatter = DisplayFormatter(parent=self)

    for name in _LATER:
        setattr(ZMQInteractiveShell, name, _told_later(name))
    ZMQInteractiveShell.__module__ = Real.__module__
    ZMQInteractiveShell.__qualname__ = Real.__qualname__
    return ZMQInteractiveShell()


def _told_later(name: str) -> Callable[..., None]:
    def tell(self: Any, *words: Any, **more: Any) -> None:
        self.later.append((name, words, more))

    return tell


@contextlib.contextmanager
def of_a_kernel() -> Iterator[None]:
    """Within it, what is imported finds what it finds in a kernel."""
    from IPython.core.interactiveshell import InteractiveShell
    from IPython.display import display

    global _shell
    if _shell is None:
        _shell = _make_shell()
        _streams.extend([_Stream("stdout"), _Stream("stderr")])
    shell = _shell
    names = {"get_ipython": lambda: shell, "__IPYTHON__": True, "display": display}
    before = sys.stdout, sys.stderr, sys.argv, sys.modules["__main__"], os.environ.get("JPY_PARENT_PID")
    vars(builtins).update(names)
    sys.stdout, sys.stderr = _streams
    sys.argv = [_launcher(), "-f", ""]
    sys.modules["__main__"] = shell.user_module
    os.environ.setdefault("JPY_PARENT_PID", str(os.getppid()))
    InteractiveShell._instance = shell
    try:
        yield
    finally:
        InteractiveShell._instance = None
        sys.stdout, sys.stderr, sys.argv, sys.modules["__main__"], asked = before
        if asked is None:
            os.environ.pop("JPY_PARENT_PID", None)
        for name in names:
            vars(builtins).pop(name, None)


def _launcher() -> str:
    import ipykernel_launcher  # type: ignore[import-untyped]  # it is one line

    return str(ipykernel_launcher.__file__)


def settle(shell: Any) -> None:
    """The kernel is there: ``shell`` gets what was left with the stand-ins, which are it from now on."""
    for stream in _streams:
        stream.target = getattr(sys, stream.name)
    stand_in = _shell
    if stand_in is None:
        return
    for event, callbacks in stand_in.events.callbacks.items():
        for callback in callbacks:
            shell.events.register(event, callback)
    _hand_printers_on(stand_in.display_formatter, shell.display_formatter)
    shell.ast_transformers.extend(stand_in.ast_transformers)
    for name, value in stand_in.user_ns.items():
        if not name.startswith("__"):
            shell.user_ns.setdefault(name, value)
    later = stand_in.later
    object.__setattr__(stand_in, "__dict__", shell.__dict__)
    stand_in.__class__ = type(shell)
    for name, words, more in later:
        with contextlib.suppress(Exception):  # a library's own call: in a kernel its import had failed
            getattr(shell, name)(*words, **more)


def _hand_printers_on(old: Any, new: Any) -> None:
    for mime, formatter in old.formatters.items():
        to = new.formatters.setdefault(mime, formatter)
        for kind in ("singleton_printers", "type_printers", "deferred_printers"):
            known = getattr(to, kind)
            known.update({of: printer for of, printer in getattr(formatter, kind).items() if of not in known})
