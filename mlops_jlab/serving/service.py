"""The door to Starlette: a version answers over HTTP, in three protocols."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.registry import references
from mlops_jlab.serving import requests, scoring
from mlops_jlab.serving.served import Served

try:
    import uvicorn
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route
except ImportError as error:
    raise MlopsError("serving needs starlette and uvicorn", hint="pip install 'mlops-jlab[serve]'") from error

LARGEST = 16 << 20  # bytes of a request
TOKEN = "MLOPS_JLAB_SERVE_TOKEN"  # noqa: S105  # the name of the variable
_Ask = Callable[[Served, Mapping[str, Any]], dict[str, Any]]


class TooLarge(InputError):
    """A request with more bytes than are read."""


def check_host(host: str, token: str) -> None:
    """Whether it may listen there: beyond this machine only with a token.

    Raises:
        InputError: it may not.
    """
    if not _is_local(host) and not token:
        raise InputError(
            f"{host} is open to other machines, and there is no token",
            hint=f"set {TOKEN}, or leave --host out",
        )


def _is_local(host: str) -> bool:
    """Whether a host is this machine, as itself knows it."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def application(served: Served, token: str = "", largest: int = LARGEST) -> Starlette:
    """The service as an ASGI application; where there is a ``token``, requests carry it as a bearer's."""

    async def state(_request: Request) -> JSONResponse:
        version = served.now[0]
        return JSONResponse({
            "ready": True, "model": version.model, "version": version.version, "problem": served.problem,
        })  # fmt: skip

    async def about(request: Request) -> JSONResponse:
        version = served.now[0]
        if request.path_params["name"] != version.model:
            return JSONResponse({"error": f"the model here is {version.model}"}, 404)
        inputs = version.about.get("signature", {}).get("inputs", [])
        return JSONResponse({
            "name": version.model, "versions": [str(version.version)], "platform": "mlops-jlab",
            "inputs": inputs, "outputs": [{"name": scoring.PREDICTION}],
        })  # fmt: skip

    looks = ("/health", "/ready", "/ping", "/v2/health/live", "/v2/health/ready")
    asks = {"/predict": _own, "/invocations": _mlflow, "/v2/models/{name}/infer": _tensors}
    return Starlette(routes=[
        *(Route(path, state) for path in looks), Route("/v2/models/{name}", about),
        *(
            Route(path, _endpoint(served, ask, token, largest), methods=["POST"])
            for path, ask in asks.items()
        ),
    ])  # fmt: skip


def _endpoint(
    served: Served, ask: _Ask, token: str, largest: int
) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if token and not hmac.compare_digest(given.encode(), token.encode()):
            return JSONResponse({"error": "the token is missing or wrong"}, 401)
        if not token and not _is_local(request.url.hostname or ""):  # a page elsewhere that has our address
            return JSONResponse({"error": "the request is for another host"}, 403)
        try:
            content = requests.parsed(await _body_of(request, largest))
            return JSONResponse(await run_in_threadpool(ask, served, content))
        except TooLarge as error:
            return JSONResponse({"error": error.message}, 413)
        except MlopsError as error:  # of what was asked for, or of the model on these rows
            return JSONResponse({"error": error.message, "hint": error.hint}, 400)

    return endpoint


async def _body_of(request: Request, largest: int) -> bytes:
    """The body, of which no more is read than may be."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > largest:
            raise TooLarge(f"the request has more than {largest:,} bytes")
        parts.append(part)
    return b"".join(parts)


def _said(
    served: Served, read: Callable[..., Any], content: Mapping[str, Any], *, chances: bool = False
) -> tuple[Any, dict[str, list[Any]]]:
    version, model = served.now  # both of one moment, whatever happens to the alias meanwhile
    frame = read(content, references.inputs_of(version))
    return version, requests.answers(scoring.said_of(version, model, frame, chances=chances))


def _own(served: Served, content: Mapping[str, Any]) -> dict[str, Any]:
    wanted = content.get("probabilities") is True
    version, said = _said(served, requests.rows_of, content, chances=wanted)
    predictions = said.pop(scoring.PREDICTION)
    found = {"model": version.model, "version": version.version, "predictions": predictions}
    if said:
        found["probabilities"] = {name.removeprefix("probability "): values for name, values in said.items()}
    return found


def _mlflow(served: Served, content: Mapping[str, Any]) -> dict[str, Any]:
    return {"predictions": _said(served, requests.rows_of, content)[1][scoring.PREDICTION]}


def _tensors(served: Served, content: Mapping[str, Any]) -> dict[str, Any]:
    version, said = _said(served, requests.tensors, content)
    outputs = [requests.tensor(name, values) for name, values in said.items()]
    found = {"model_name": version.model, "model_version": str(version.version), "outputs": outputs}
    return {**found, "id": str(content["id"])[:200]} if "id" in content else found


def run(served: Served, host: str, port: int, token: str) -> None:
    """Answers until SIGTERM or Ctrl-C; requests that have begun are answered first."""
    served.follow()
    try:
        uvicorn.run(
            application(served, token), host=host, port=port, log_level="warning", timeout_keep_alive=30
        )
    finally:
        served.stop()
