"""``mlops-jlab mlflow``: push, pull, watch, serve."""

from __future__ import annotations

import os
import time
from typing import Any

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.errors import InputError, StoreError

_TO = click.option("--uri", default="", metavar="ADDRESS", help="The server (default: MLFLOW_TRACKING_URI).")
_LONGEST_PAUSE = 300.0


@click.group("mlflow")
def mlflow() -> None:
    """Mirror runs to a team's MLflow server, or answer MLflow's clients. The store here stays the truth."""


def _server(uri: str) -> Any:
    address = uri or os.environ.get("MLFLOW_TRACKING_URI", "")
    if not address:
        raise InputError("no MLflow server is named", hint="set MLFLOW_TRACKING_URI, or give --uri ADDRESS")
    if address.startswith("mlops-jlab:"):
        raise InputError(
            f"{address} is our own store, and no server", hint="give --uri ADDRESS of the team's server"
        )
    from mlops_jlab.mirror.client import Server

    return Server(address)


def _push(server: Any) -> Any:
    from mlops_jlab.mirror.pushing import Push
    from mlops_jlab.store import location, opening

    place = location.find()
    with opening.writing(place) as connection:
        return Push(place, connection, server).all()


@mlflow.command()
@_TO
@FORMAT
def push(uri: str, style: str) -> None:
    """Send what the server does not have. Sending twice changes nothing."""
    result = _push(_server(uri))
    models = f" and {result.versions} model versions" if result.versions else ""
    answer(style, result, f"sent {result.runs} runs{models}; {result.unchanged} were there already")


@mlflow.command()
@_TO
@click.option("--experiment", multiple=True, metavar="NAME", help="Of this experiment alone.")
@FORMAT
def pull(uri: str, experiment: tuple[str, ...], style: str) -> None:
    """Take runs that are not here yet."""
    from mlops_jlab.mirror.pulling import Pull
    from mlops_jlab.store import location, opening
    from mlops_jlab.store.database import connect

    server = _server(uri)
    place = location.find()
    location.make(place)
    connect(place.database).close()
    with opening.writing(place) as connection:
        taken = Pull(place, connection, server)
        count = taken.all(experiment)
    answer(style, {"runs": count, "left_out": list(taken.skipped)}, f"took {count} runs")
    for note in taken.skipped:
        click.echo(f"  left out {note}", err=True)


@mlflow.command()
@_TO
@click.option("--every", type=click.FloatRange(1), default=10.0, show_default=True, metavar="SECONDS",
              help="How long to wait between two pushes.")  # fmt: skip
def watch(uri: str, every: float) -> None:
    """Push again and again, until interrupted.

    A server that is away is tried again, less and less often.
    """
    pause = every
    told = ""
    server = _server(uri)
    while True:
        try:
            result = _push(server)
            pause = every
            if result.runs or result.versions:
                click.echo(
                    f"{time.strftime('%H:%M:%S')} sent {result.runs} runs, {result.versions} model versions"
                )
            told = ""
        except StoreError as error:
            pause = min(pause * 2, _LONGEST_PAUSE)
            if error.message != told:
                click.echo(f"{time.strftime('%H:%M:%S')} {error.message}; trying again", err=True)
                told = error.message
        time.sleep(pause)


@mlflow.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Beyond this machine only with a token.")
@click.option("--port", type=click.IntRange(0, 65535), default=5000, show_default=True, help="0: a free one.")
def serve(host: str, port: int) -> None:
    """Answer MLflow's REST API over the store: for its clients in R, Java or Python.

    Where MLOPS_JLAB_SERVE_TOKEN is set, requests carry it: MLFLOW_TRACKING_TOKEN of the client.
    """
    from mlops_jlab.mlflow.rest import serving
    from mlops_jlab.serving import service

    token = os.environ.get(service.TOKEN, "")
    with serving.listen(host, port, token) as listening:
        port = listening.getsockname()[1]
        click.echo(f"MLFLOW_TRACKING_URI=http://{f'[{host}]' if ':' in host else host}:{port}", err=True)
        serving.run(listening, token)
