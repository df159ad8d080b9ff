"""The door to Starlette: a version answers over HTTP, in three protocols."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.predictions.labels import in_words
from mlops_jlab.serving import requests, scoring, tensors
from mlops_jlab.serving.answering import Asked, Desk, Reply
from mlops_jlab.telling import tell

try:
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.exceptions import HTTPException
    from starlette.requests import ClientDisconnect, Request
    from starlette.responses import Response
    from starlette.routing import Route
except ImportError as error:
    raise MlopsError("serving needs starlette and uvicorn", hint="pip install 'mlops-jlab[serve]'") from error

LARGEST = 16 << 20  # bytes of a request
TOKEN = "MLOPS_JLAB_SERVE_TOKEN"  # noqa: S105  # the name of the variable
_SMALL = 32 << 10  # bytes of a request that may be answered in the loop
_PATIENCE = 30.0  # seconds until all of a request has to be there
_THROWN_AWAY = 1 << 30  # bytes of a request that is too large, read so that its sender sees the answer
Handler = Callable[[Request], Awaitable[Response]]
Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]


class TooLarge(InputError):
    """A request with more bytes than are read."""


def check_host(host: str, token: str) -> None:
    """Whether it may listen there: beyond this machine only with a token.

    Raises:
        InputError: it may not.
    """
    if not is_local(host) and not token:
        raise InputError(
            f"{host} is open to other machines, and there is no token",
            hint=f"set {TOKEN}, or leave --host out",
        )


def is_local(host: str) -> bool:
    """Whether a host is this machine, as itself knows it."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_of(request: Request) -> str:
    """The host that a request is for, without its port; this machine where it names none."""
    given = str(request.headers.get("host", "localhost")).strip()
    if given.startswith("["):
        return given[1:].partition("]")[0]
    return given.rpartition(":")[0] or given if given.count(":") == 1 else given


def application(
    desk: Desk, token: str = "", largest: int = LARGEST, *, standing: Path | None = None,
    lifespan: Lifespan | None = None,
) -> Starlette:  # fmt: skip
    """The service as an ASGI application; where there is a ``token``, requests carry it as a bearer's.

    ``standing`` is the file that says how the version on trial stands.
    """
    looks = _Looks(desk, standing)
    asks = _Asks(desk, largest)
    let = Guard(token)
    name, one = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
    free = ("/health", "/ready", "/ping", "/v2/health/live", "/v2/health/ready")
    seen = {
        "/version": looks.version, "/trial": looks.trial, "/v2": looks.server,
        name: looks.about, one: looks.about, f"{name}/ready": looks.ready, f"{one}/ready": looks.ready,
    }  # fmt: skip
    asked = {
        "/predict": asks.own, "/invocations": asks.mlflow, f"{name}/infer": asks.infer,
        f"{one}/infer": asks.infer, "/labels": asks.labels,
    }  # fmt: skip
    return Starlette(
        routes=[
            *(Route(path, looks.state) for path in free),
            Route("/metrics", let(looks.metrics)),
            *(Route(path, _told(desk, path, let(handler))) for path, handler in seen.items()),
            *(Route(p, _told(desk, p, let(handler)), methods=["POST"]) for p, handler in asked.items()),
        ],
        exception_handlers={HTTPException: _no_route, Exception: _our_fault},
        lifespan=lifespan,
    )


def _told(desk: Desk, route: str, handler: Handler) -> Handler:
    """The handler of a route, of whose requests the telemetry tells, if there is one."""
    telemetry = desk.telemetry
    if telemetry is None:
        return handler

    async def told(request: Request) -> Response:
        with telemetry.request(request.method, route, request.headers) as answered:
            response = await handler(request)
            answered(response.status_code)
            return response

    return told


def _json(content: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """As JSON in ASCII: whatever texts a request brought along can be sent back."""
    body = json.dumps(content, default=str)
    return Response(
        body, status, {name.replace("_", "-"): value for name, value in headers.items()}, "application/json"
    )


async def _no_route(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else ""
    return _json({"error": f"{detail}: see the page Serve a model"}, status)


async def _our_fault(_request: Request, error: Exception) -> Response:
    tell(f"a request has failed: {type(error).__name__}: {str(error)[:500]}", once=False)
    return _json({"error": f"this should not happen: {type(error).__name__}"}, 500)


class Guard:
    """Lets a request through that carries the token, or is for this machine where there is none."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()

    def __call__(self, handler: Handler) -> Handler:
        """``handler``, behind this guard."""

        async def guarded(request: Request) -> Response:
            scheme, _, given = request.headers.get("authorization", "").partition(" ")
            if self._token:
                known = hmac.compare_digest(given.strip().encode("latin-1", "replace"), self._token)
                if scheme.lower() != "bearer" or not known:
                    return _json({"error": "the token is missing or wrong"}, 401, www_authenticate="Bearer")
            elif not is_local(_host_of(request)):  # a page elsewhere that has our address
                return _json({"error": "the request is for another host"}, 403)
            return await handler(request)

        return guarded


class _Looks:
    """What a service says of itself."""

    def __init__(self, desk: Desk, standing: Path | None) -> None:
        self._desk, self._standing = desk, standing

    async def state(self, _request: Request) -> Response:
        version = self._desk.served.now[0]
        log = self._desk.log
        problems = [self._desk.served.problem, log.problem if log is not None else ""]
        return _json({
            "ready": True, "model": version.model, "version": version.version,
            "problem": "; ".join(filter(None, problems)),
        })  # fmt: skip

    async def version(self, _request: Request) -> Response:
        from mlops_jlab import __version__

        return Response(__version__, media_type="text/plain")

    async def server(self, _request: Request) -> Response:
        from mlops_jlab import __version__

        return _json({"name": "mlops-jlab", "version": __version__, "extensions": []})

    async def metrics(self, _request: Request) -> Response:
        page = await run_in_threadpool(self._desk.counts.page)
        return Response(page, media_type="text/plain; version=0.0.4")

    async def trial(self, _request: Request) -> Response:
        trial = self._desk.trial
        if trial is None:
            return _json({"error": "no version is on trial"}, 404)
        found: dict[str, Any] = {"version": trial.version.version, "share": trial.share, "on": trial.is_on}
        if self._standing is not None and self._standing.exists():
            found |= json.loads(self._standing.read_text("utf-8"))
        return _json(found)

    async def about(self, request: Request) -> Response:
        return _other(self._desk, request) or _json(tensors.about(self._desk.served.now[0]))

    async def ready(self, request: Request) -> Response:
        version = self._desk.served.now[0]
        return _other(self._desk, request) or _json({"name": version.model, "ready": True})


def _other(desk: Desk, request: Request) -> Response | None:
    """The answer to a request for another model or version than the one that answers."""
    version = desk.served.now[0]
    if request.path_params["name"] != version.model:
        return _json({"error": f"the model here is {version.model}"}, 404)
    if request.path_params.get("version", str(version.version)) != str(version.version):
        return _json({"error": f"the version here is {version.version}"}, 404)
    return None


class _Asks:
    """Requests for predictions, and labels that come later."""

    def __init__(self, desk: Desk, largest: int) -> None:
        self._desk, self._largest = desk, largest

    async def own(self, request: Request) -> Response:
        def ask(content: Mapping[str, Any]) -> dict[str, Any]:
            wanted = content.get("probabilities") is True
            reply = self._ask(request, content, requests.rows_of, chances=wanted)
            said = dict(reply.said)
            found: dict[str, Any] = {
                "model": reply.version.model, "version": reply.version.version,
                "predictions": said.pop(scoring.PREDICTION),
            }  # fmt: skip
            if said:
                found["probabilities"] = {
                    n.removeprefix("probability "): values for n, values in said.items()
                }
            return found | ({"ids": list(reply.ids)} if self._desk.log is not None else {})

        return await self._answer(request, ask)

    async def mlflow(self, request: Request) -> Response:
        def ask(content: Mapping[str, Any]) -> dict[str, Any]:
            reply = self._ask(request, content, requests.rows_of)
            return {"predictions": reply.said[scoring.PREDICTION]}

        return await self._answer(request, ask)

    async def infer(self, request: Request) -> Response:
        def ask(content: Mapping[str, Any]) -> dict[str, Any]:
            names = tensors.wanted(content)
            chances = any(name != scoring.PREDICTION for name in names)
            reply = self._ask(request, content, tensors.tensors, chances=chances)
            return tensors.answer(reply.version, reply.said, names, reply.name)

        return _other(self._desk, request) or await self._answer(request, ask)

    async def labels(self, request: Request) -> Response:
        return await self._answer(request, lambda content: {"labels": self._desk.label(content)})

    def _ask(
        self, request: Request, content: Mapping[str, Any], read: Any, *, chances: bool = False
    ) -> Reply:
        name = request.headers.get("x-request-id", "")
        if read is tensors.tensors and isinstance(content.get("id"), (str, int)):
            name = in_words(content["id"])
        return self._desk.answer(Asked(content, read, chances, name))

    def _refuse(self) -> None:
        version = self._desk.served.now[0]
        self._desk.counts.refuse(version.model, version.version)

    async def _answer(self, request: Request, ask: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Response:
        """What comes of a request. What is small, and as of late quick, is not worth a thread."""
        try:
            body = await _body_of(request, self._largest)
            read = requests.csv_of if _kind_of(request) == "text/csv" else requests.parsed

            def work() -> Response:
                try:
                    content = read(body)
                except InputError:
                    self._refuse()
                    raise
                return _json(ask(content))

            if len(body) <= _SMALL and self._desk.pace.is_quick:
                return work()
            return await run_in_threadpool(work)
        except TooLarge as error:
            self._refuse()
            return _json({"error": error.message}, 413, connection="close")
        except TimeoutError:
            self._refuse()
            return _json(
                {"error": f"the request was not there after {_PATIENCE:g} s"}, 408, connection="close"
            )
        except ClientDisconnect:
            return Response(status_code=400)
        except MlopsError as error:  # of what was asked for, or of the model on these rows
            return _json({"error": error.message, "hint": error.hint}, 400)
        except Exception as error:  # the outermost edge: nobody but us may see where it broke
            tell(f"a request has failed: {type(error).__name__}: {str(error)[:500]}", once=False)
            return _json({"error": f"this should not happen: {type(error).__name__}"}, 500)


def _kind_of(request: Request) -> str:
    return str(request.headers.get("content-type", "")).partition(";")[0].strip().lower()


async def _body_of(request: Request, largest: int) -> bytes:
    """The body, of which no more is kept than may be.

    Raises:
        TooLarge: there is more; what its sender goes on sending was thrown away.
        TimeoutError: it does not come.
        InputError: it is packed.
    """
    if request.headers.get("content-encoding", "identity").lower() not in ("", "identity"):
        raise InputError("the body is packed", hint="send it as it is, without Content-Encoding")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > (largest if "expect" in request.headers else _THROWN_AWAY):
        raise TooLarge(f"the request has more than {largest:,} bytes")
    parts: list[bytes] = []
    size = 0
    async with asyncio.timeout(_PATIENCE):
        async for part in request.stream():
            size += len(part)
            if size <= largest:
                parts.append(part)
            else:
                parts.clear()
            if size > _THROWN_AWAY:
                break
    if size > largest:
        raise TooLarge(f"the request has more than {largest:,} bytes")
    return b"".join(parts)
