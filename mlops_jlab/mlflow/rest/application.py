"""The door to Starlette: MLflow's REST API and its artifact proxy as an application."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.mlflow import exceptions
from mlops_jlab.mlflow.backing import files, places, uploads
from mlops_jlab.mlflow.exceptions import MlflowException
from mlops_jlab.mlflow.rest import asking, experiments, logged, registry, runs, words
from mlops_jlab.mlflow.rest.asking import Endpoint
from mlops_jlab.serving.service import Guard, is_local
from mlops_jlab.telling import tell

LARGEST = 64 << 20  # bytes of a request, artifacts apart
_ROOT = "/api/2.0"
_FILES = f"{_ROOT}/mlflow-artifacts/artifacts"
Handler = Callable[[Request], Awaitable[Response]]


def endpoints() -> list[Endpoint]:
    """All of the protocol that is answered."""
    parts = (experiments, runs, logged, registry)
    return [one for part in parts for one in part.ENDPOINTS]


def application(token: str = "") -> Starlette:
    """The server as an ASGI application; where there is a ``token``, requests carry it as a bearer's."""
    guarded = Guard(token)
    routes = [
        Route(f"{_ROOT}{one.path}", guarded(_own_page(_answering(one))), methods=[one.method])
        for one in endpoints()
    ]
    return Starlette(
        routes=[
            Route("/health", _health),
            *routes,
            Route(_FILES, guarded(_own_page(_list)), methods=["GET"]),
            Route(f"{_FILES}/{{path:path}}", guarded(_own_page(_download)), methods=["GET"]),
            Route(f"{_FILES}/{{path:path}}", guarded(_own_page(_upload)), methods=["PUT"]),
            Route(f"{_FILES}/{{path:path}}", guarded(_own_page(_remove)), methods=["DELETE"]),
        ],
        exception_handlers={HTTPException: _no_route, Exception: _our_fault, MlopsError: _their_fault},
    )


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content), status, media_type="application/json")


async def _health(_request: Request) -> Response:
    return Response("OK", media_type="text/plain")


async def _no_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    where = f"{request.method} {request.url.path}"
    message = f"{where} is not answered here: traces, prompts and stages are not kept in this store"
    return _json({"error_code": "ENDPOINT_NOT_FOUND", "message": message}, status)


async def _their_fault(_request: Request, error: Exception) -> Response:
    if not isinstance(error, MlopsError):
        return await _our_fault(_request, error)
    found = error if isinstance(error, MlflowException) else MlflowException("", exceptions.code_of(error))
    return _json({"error_code": found.error_code, "message": str(error)}, found.get_http_status_code())


async def _our_fault(_request: Request, error: Exception) -> Response:
    tell(f"a request has failed: {type(error).__name__}: {str(error)[:500]}", once=False)
    message = f"this should not happen: {type(error).__name__}"
    return _json({"error_code": exceptions.INTERNAL_ERROR, "message": message}, 500)


def _own_page(handler: Handler) -> Handler:
    """``handler``, for all but the pages of other sites: a browser lets them send plain requests anywhere."""

    async def checked(request: Request) -> Response:
        origin = request.headers.get("origin", "")
        if origin and not is_local(urlsplit(origin).hostname or ""):
            raise HTTPException(403)
        return await handler(request)

    return checked


async def _content(request: Request) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise InputError(f"the request is larger than {LARGEST >> 20} MB", hint="send it in parts")
    return b"".join(parts)


def _answering(endpoint: Endpoint) -> Handler:
    async def handle(request: Request) -> Response:
        given: dict[str, Any] = dict(request.path_params)
        query = request.query_params
        given |= {name: values if len(values := query.getlist(name)) > 1 else values[0] for name in query}
        if endpoint.method != "GET":
            given |= asking.body(await _content(request))
        answer = await run_in_threadpool(endpoint.answer, **asking.arguments(endpoint.answer, given))
        return _json(answer or {})

    return handle


def _uri(path: str) -> str:
    """The address that a path of the proxy stands for."""
    return f"{places.SCHEME}:/{path.strip('/')}"


async def _list(request: Request) -> Response:
    path = request.query_params.get("path", "")
    found = await run_in_threadpool(files.listed, _uri(path))
    return _json({"files": [words.file(one) | {"path": PurePosixPath(one.path).name} for one in found]})


def _read(path: str) -> bytes:
    found = files.below(_uri(path))
    name = PurePosixPath(path).name
    if set(found) != {name}:
        raise InputError(f"{path} is a folder", hint="ask for one of its files")
    return files.read(found[name])


async def _download(request: Request) -> Response:
    content = await run_in_threadpool(_read, request.path_params["path"])
    return Response(
        content, media_type="application/octet-stream", headers={"X-Content-Type-Options": "nosniff"}
    )


async def _upload(request: Request) -> Response:
    path = PurePosixPath(request.path_params["path"])
    if ".." in path.parts or not path.name:
        raise InputError(f"{path} is not a path of a file")
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-") as folder:
        kept = Path(folder) / path.name
        with kept.open("wb") as target:
            try:
                async for part in request.stream():
                    target.write(part)
            except ClientDisconnect:
                return _json({}, 400)
        # What another program wrote is not this one's to vouch for.
        await run_in_threadpool(_keep, kept, path)
    return _json({})


def _keep(kept: Path, path: PurePosixPath) -> None:
    uploads.keep(kept, _uri(path.parent.as_posix()), written_here=False)


async def _remove(request: Request) -> Response:
    raise MlflowException(
        f"{request.path_params['path']}: artifacts go with their run",
        exceptions.NOT_IMPLEMENTED,
        hint="delete_run(), then mlops-jlab store gc",
    )
