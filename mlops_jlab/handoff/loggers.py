"""The levels and handlers of the notebook's loggers, as something that can be saved and set up again."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

from mlops_jlab.errors import HandoffError
from mlops_jlab.loaded import file_of, is_installed, is_local

_PLAIN = {"NullHandler", "StreamHandler", "FileHandler"}
_DEFAULT = (0, True, False, ())
# How things were before the notebook began: handlers and filters by their identity, loggers by their names.
_there: dict[int, object] = {}
_was: dict[str, tuple[Any, ...]] = {}


def mark() -> None:
    """The notebook's first cell will come: what loggers have now is not its doing."""
    known = {logging.root.name: logging.root, **logging.root.manager.loggerDict}
    loggers = {name: one for name, one in known.items() if isinstance(one, logging.Logger)}
    _was.clear()
    for name, logger in loggers.items():  # a server gives those of its libraries another name
        _was[name] = _was[logger.name] = _state_of(logger)
    _there.clear()
    _there.update((id(one), one) for own in loggers.values() for one in [*own.handlers, *own.filters])


def capture() -> dict[str, Any]:
    """What was set up, by logger (the root's name is empty); nothing of the loggers that packages have."""
    manager = logging.root.manager
    found: dict[str, Any] = {"": _state_of(logging.root), "/disable": manager.disable}
    for name, logger in sorted(manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and not _is_a_packages(name):
            state = _state_of(logger)
            if state != _DEFAULT:
                found[name] = state
    return found


def of_new_packages() -> dict[str, str]:
    """What is set up of the loggers of packages that were imported since the notebook began, by their names.

    Some packages set up their own; who imports them elsewhere has that too.
    """
    found = {}
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name not in _was and _is_a_packages(name):
            if _is_set_up(_state_of(logger)):
                found[name] = described(name)
    return found


def described(name: str) -> str:
    """How a logger is set up, as a text; nothing if there is no such logger."""
    logger = logging.root.manager.loggerDict.get(name)
    return repr(_state_of(logger)) if isinstance(logger, logging.Logger) else ""


def _is_set_up(state: tuple[Any, ...]) -> bool:
    return state[:3] != _DEFAULT[:3] or any(kind != "NullHandler" for kind, *_ in state[3])


def is_handed_on(logger: logging.Logger) -> bool:
    """Whether what was set up of a logger, if anything, is among what :func:`capture` gives."""
    state = _state_of(logger)
    stays = _is_set_up(state) and state != _was.get(logger.name) and _is_a_packages(logger.name)
    return not stays and not _stays_behind(logger)


def obeys_what_is_handed_on(logger: logging.Logger) -> bool:
    """Whether that holds for the logger and all above it, to which it hands what it is told."""
    return is_handed_on(logger) and (logger.parent is None or obeys_what_is_handed_on(logger.parent))


def what_stays() -> str:
    """In words, a filter or handler of the notebook's loggers that :func:`capture` cannot describe."""
    known = logging.root.manager.loggerDict.items()
    own = [one for name, one in known if isinstance(one, logging.Logger) and not _is_a_packages(name)]
    for logger in (logging.root, *own):
        if what := _stays_behind(logger):
            return f"the logger {logger.name!r} has {what}, which only its own process has"
    return ""


def _stays_behind(logger: logging.Logger) -> str:
    mine = [one for one in logger.handlers if id(one) not in _there and not _is_a_packages_own(one)]
    kinds = [type(one).__name__ for one in logger.filters if id(one) not in _there]
    kinds += [type(one).__name__ for one in mine if len(_described(one)) == 1]
    return f"a {kinds[0]}" if kinds else ""


def _is_a_packages(name: str) -> bool:
    top = name.partition(".")[0]
    module = sys.modules.get(top)
    if module is None or module.__name__ == "__main__":
        return name == _name_of_kernel()
    return not is_local(top, file_of(module))


def _name_of_kernel() -> str:
    """The logger of the application that executes cells is called so."""
    kinds = getattr(sys.modules.get("traitlets.config.application"), "Application", None)
    return type(kinds._instance).__name__ if kinds is not None and kinds.initialized() else ""


def _state_of(logger: logging.Logger) -> tuple[Any, ...]:
    handlers = tuple(_described(handler) for handler in logger.handlers if not _is_a_packages_own(handler))
    return logger.level, logger.propagate, logger.disabled, handlers


def _is_a_packages_own(handler: logging.Handler) -> bool:
    top = type(handler).__module__.partition(".")[0]
    return top not in ("logging", "__main__") and is_installed(file_of(sys.modules.get(top)))


def _described(handler: logging.Handler) -> tuple[Any, ...]:
    kind = type(handler).__name__
    if type(handler).__module__ != "logging" or kind not in _PLAIN or handler.filters:
        return (f"{type(handler).__module__}.{kind}",)
    where: Any = ""
    if isinstance(handler, logging.FileHandler):
        where = handler.baseFilename
    elif isinstance(handler, logging.StreamHandler):
        where = next((n for n in ("stdout", "stderr") if getattr(sys, n) is handler.stream), None)
    form = handler.formatter
    if where is None or (form is not None and type(form) is not logging.Formatter):
        return (f"{type(handler).__module__}.{kind}",)
    style: Any = type(form._style) if form is not None else None
    mark = next((key for key, pair in logging._STYLES.items() if pair[0] is style), "%")
    return kind, where, handler.level, (form._fmt, form.datefmt, mark) if form is not None else None


def restore(state: dict[str, Any]) -> None:
    """Sets the loggers up as they were.

    Raises:
        HandoffError: a handler is none of those that write lines to the output or to a file.
    """
    logging.disable(state["/disable"])
    for name in {"", *state, *capture()} - {"/disable"}:
        logger = logging.getLogger(name) if name else logging.root
        level, propagate, disabled, handlers = state.get(name, _DEFAULT)
        logger.setLevel(level)
        logger.propagate, logger.disabled = propagate, disabled
        if _state_of(logger)[3] != tuple(handlers):
            kept = [handler for handler in logger.handlers if _is_a_packages_own(handler)]
            logger.handlers[:] = [*kept, *(_made(name, *handler) for handler in handlers)]


def _made(logger: str, kind: str, where: str = "", level: int = 0, form: Any = None) -> logging.Handler:
    handler: logging.Handler
    if kind == "FileHandler":
        handler = logging.FileHandler(Path(where), encoding="utf-8", delay=True)
    elif kind == "StreamHandler":
        handler = logging.StreamHandler(getattr(sys, where))
    elif kind == "NullHandler":
        handler = logging.NullHandler()
    else:
        raise HandoffError(
            f"the handler {kind} of the logger {logger or 'root'!r} cannot be handed on",
            hint="add it in setup, or in the step that logs",
        )
    handler.setLevel(level)
    if form is not None:
        handler.setFormatter(logging.Formatter(form[0], form[1], style=form[2]))
    return handler
