"""What all routes share: who may, where the store is, and how an error becomes an HTTP status."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.errors import ConflictError, InputError, MlopsError, StoreError
from mlops_jlab.store import location
from mlops_jlab.store.location import Place

RESOURCE = "mlops-jlab"
_LARGEST_BODY = 64 << 20  # bytes: a notebook with its outputs
T = TypeVar("T")


class NotThere(InputError):
    """What was asked for does not exist."""


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
            raise InputError(f"the request is no JSON: {error}") from error
        if not isinstance(content, dict):
            raise InputError("the request is no JSON object")
        for key, value in content.items():
            if key not in kinds:
                raise InputError(f"{key!r} is not known here", hint=f"known: {', '.join(kinds)}")
            if not isinstance(value, kinds[key]):
                raise InputError(f"{key!r} is of the wrong kind", hint=f"it is a {kinds[key].__name__}")
        return content

    async def path_inside(self, name: str) -> Path:
        """The file below the server's root that a path of the contents API means.

        Raises:
            InputError: it leads outside, by dots or by links.
            NotThere: there is none.
        """
        if "\0" in name or "://" in name:
            raise InputError(f"{name[:80]!r} is no path below the server's root")
        found = Path(os.path.realpath(self.root / name.lstrip("/")))
        if not found.is_relative_to(self.root):
            raise InputError(f"{name[:80]!r} leads outside the server's root")
        hidden = await ensure_async(self.contents_manager.is_hidden(name))
        if not found.is_file() or (hidden and not self.contents_manager.allow_hidden):
            raise NotThere(f"there is no file {name[:80]!r}")
        return found

    def answer(self, content: Any) -> None:
        """Sends JSON. NaN and infinities are strings in it already."""
        self.finish(json.dumps(content, ensure_ascii=False, allow_nan=False))


def answered(method: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    """The one place where our errors become HTTP."""

    @wraps(method)
    async def wrapped(self: Route, *args: Any) -> None:
        try:
            await method(self, *args)
        except MlopsError as error:
            self.set_status(status_of(error))
            column = getattr(error, "column", 0)
            self.answer(
                {"message": error.message, "hint": error.hint} | ({"column": column} if column else {})
            )

    return wrapped


def status_of(error: MlopsError) -> int:
    """The HTTP status of an error: the user's fault is 4xx, ours 5xx."""
    if isinstance(error, NotThere) or "there is no run" in error.message:
        return 404
    if isinstance(error, ConflictError):
        return 409
    if isinstance(error, InputError):
        return 400
    return 503 if isinstance(error, StoreError) else 500


def start_apart(place: Place, words: Sequence[str], log: Path, folder: Path) -> None:
    """Starts a command of ours in a process that outlives the server; what it says goes to ``log``.

    It is found again through the run table.
    """
    with log.open("ab") as file:
        subprocess.Popen(
            [sys.executable, "-m", "mlops_jlab", *words], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True, cwd=folder, env={**os.environ, location.VARIABLE: str(place.root)},
        )  # fmt: skip


async def aside(call: Callable[..., T], *args: Any) -> T:
    """Runs what waits for a disk in a thread, so that the server goes on."""
    return await asyncio.to_thread(call, *args)
