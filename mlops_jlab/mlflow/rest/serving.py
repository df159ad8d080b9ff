"""Answers MLflow's REST API until it is told to end."""

from __future__ import annotations

import socket

from mlops_jlab.mlflow.backing import places
from mlops_jlab.mlflow.rest.application import application
from mlops_jlab.serving import processes, service


def listen(host: str, port: int, token: str) -> socket.socket:
    """A socket that listens; beyond this machine only with a token.

    Raises:
        InputError: it may not, or nobody can listen there.
        StoreError: the store cannot be used.
    """
    service.check_host(host, token)
    places.here()
    return processes.listen(host, port)


def run(listening: socket.socket, token: str) -> None:
    """Answers until SIGTERM or Ctrl-C."""
    processes.answer(application(token), listening)
