"""What all routes share: who may, where the store is, and how an error becomes an HTTP status."""

from __future__ import annotations

import asyncio
import errno
import json
import re
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import copy_context
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from jupyter_server.auth.identity import IdentityProvider, PasswordIdentityProvider
from jupyter_server.base.handlers import APIHandler
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.errors import (
    ConflictError,
    FilterError,
    InputError,
    MlopsError,
    NoStore,
    NotFound,
    StoreError,
)
from mlops_jlab.masking import masked
from mlops_jlab.policies.standing import PolicyBreach
from mlops_jlab.server.paths import Door
from mlops_jlab.store import location, locks
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import lifecycle

RESOURCE = "mlops-jlab"
_LARGEST_BODY = 64 << 20  # bytes: a notebook with its outputs
_GREATEST = 2**53  # of whole numbers that JSON carries safely
_UNFIT = re.compile("[\0\ud800-\udfff]")
_ASKERS = (errno.ELOOP, errno.ENAMETOOLONG, errno.ENOTDIR, errno.EINVAL)  # for which the path is to blame
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.ENOMEM)
T = TypeVar("T")


class Route(APIHandler):  # type: ignore[misc]  # jupyter_server is untyped here
    """A route of ours. Answers are JSON; errors are ``{message, hint}``."""

    auth_resource = RESOURCE

    @property
    def root(self) -> Path:
        """The server's root folder."""
        return Path(str(self.settings["server_root_dir"])).expanduser().resolve()

    @property
    def place(self) -> Place:
        """The store of runs that serves the server's root."""
        return location.find(self.root)

    def body(self, **kinds: type) -> dict[str, Any]:
        """The request's JSON object, with exactly these keys at most, each of its kind.

        Raises:
            InputError: it is something else.
        """
        if len(self.request.body) > _LARGEST_BODY:
            raise web.HTTPError(413, "the request is too large")
        try:
            content = json.loads(self.request.body or b"{}")
        except (ValueError, RecursionError) as error:
            raise InputError(f"the request is not valid JSON: {error}") from error
        if not isinstance(content, dict):
            raise InputError("the request is not a JSON object")
        for key, value in content.items():
            if key not in kinds:
                raise InputError(f"{key!r} is not known here", hint=f"known: {', '.join(kinds)}")
            if not isinstance(value, kinds[key]) or (kinds[key] is int and isinstance(value, bool)):
                raise InputError(f"{key!r} has the wrong type", hint=f"it is a {kinds[key].__name__}")
            if isinstance(value, int) and abs(value) > _GREATEST:
                raise InputError(f"{key!r} is too large")
            if isinstance(value, str) and _UNFIT.search(value):
                raise InputError(f"{key!r} has characters in it that no text has")
        return content

    @property
    def door(self) -> Door:
        """Through which every path of a request goes."""
        return Door(self.root, self.contents_manager)

    def whose(self) -> str:
        """Whom the server has recognised; nothing where all who have its token or password are one.

        What Jupyter calls a person without a sign-on is made up for each browser.
        """
        if type(self.identity_provider) in (IdentityProvider, PasswordIdentityProvider):
            return ""
        return str(getattr(self.current_user, "username", "") or "")

    def refuse(self, error: MlopsError) -> None:
        """Sends an error of ours, under its status."""
        self.set_status(status_of(error))
        column = {"column": error.column} if isinstance(error, FilterError) and error.column else {}
        self.answer({"message": fitting(error.message), "hint": fitting(error.hint)} | column)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What tornado or Jupyter refuses, in the words of all other problems."""
        error = kwargs.get("exc_info", (None, None))[1]
        said = isinstance(error, web.HTTPError) and status_code < 500 and error.log_message
        self.set_header("Content-Type", "application/json")
        self.answer({"message": fitting(str(said or self._reason)), "hint": ""})

    def answer(self, content: Any) -> None:
        """Sends JSON. NaN and infinities are strings in it already."""
        self.finish(json.dumps(content, ensure_ascii=False, allow_nan=False))


def answered(method: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The one place where our errors become HTTP."""

    @wraps(method)
    async def wrapped(self: Route, *args: Any) -> None:
        try:
            with lifecycle.acting_as(self.whose()), locks.hurried():
                await method(self, *args)
        except MlopsError as error:
            self.refuse(error)
        except web.MissingArgumentError as error:
            self.refuse(InputError(f"the argument {error.arg_name!r} is missing"))
        except (UnicodeError, RecursionError, OverflowError) as error:
            self.refuse(InputError(f"the request cannot be understood: {type(error).__name__}"))
        except OSError as error:
            if error.errno in _ASKERS:
                self.refuse(InputError(f"a path in the request cannot be used: {error.strerror}"))
            elif error.errno in _SHORT:
                self.log.warning("mlops-jlab: %s", error)
                self.refuse(StoreError(f"the server is short of something: {error.strerror}",
                                       hint="try again in a moment"))  # fmt: skip
            else:
                raise

    return wrapped


def fitting(text: str) -> str:
    """A text as it may be sent: without lone surrogates and secrets."""
    return masked(text).encode("utf-8", "replace").decode("utf-8")


def status_of(error: MlopsError) -> int:
    """The HTTP status of an error: the user's fault is 4xx, ours 5xx."""
    if isinstance(error, (NotFound, NoStore)):
        return 404
    if isinstance(error, ConflictError):
        return 409
    if isinstance(error, PolicyBreach):
        return 403
    if isinstance(error, InputError):
        return 400
    return 503 if isinstance(error, StoreError) else 500


async def apart_from_the_end(call: Callable[..., T], *args: Any) -> T:
    """Runs what may take long in a thread that the server's end does not wait for."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()
    context = copy_context()

    def tell(finish: Callable[..., None], what: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(lambda: None if answer.done() else finish(what))

    def work() -> None:
        try:
            found = context.run(call, *args)
        except BaseException as error:  # raised where it is waited for
            tell(answer.set_exception, error)
        else:
            tell(answer.set_result, found)

    threading.Thread(target=work, name=f"mlops-jlab {call.__name__}", daemon=True).start()
    return await answer


async def aside(call: Callable[..., T], *args: Any) -> T:
    """Runs what waits for a disk in a thread, so that the server goes on."""
    return await asyncio.to_thread(call, *args)


def whole(text: str, least: int, most: int) -> int:
    """The whole number in an argument.

    Raises:
        InputError: it is none, or out of bounds.
    """
    try:
        number = int(text)
    except ValueError as error:
        raise InputError(f"{text[:40]!r} is not a whole number") from error
    if not least <= number <= most:
        raise InputError(f"{number} is not between {least} and {most}")
    return number
