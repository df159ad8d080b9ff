"""Telling people: by any address that apprise knows, or by a command. A failing alert never fails a run."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_jlab.entities.schedules import without_secrets
from mlops_jlab.errors import InputError

COMMAND = "command:"
VARIABLE = "env:"
_LIMIT = 60.0  # seconds that a command may take


@dataclass(frozen=True)
class Message:
    """What is told: which ``event``, a ``title`` of one line, and a ``body``."""

    event: str
    title: str
    body: str


def check(address: str) -> None:
    """Whether an address can be told something.

    Raises:
        InputError: it cannot.
    """
    address = _meant(address)
    if address.startswith(COMMAND):
        try:
            words = shlex.split(address.removeprefix(COMMAND))
        except ValueError as error:
            raise InputError(f"{address!r} is no command: {error}") from error
        if not words:
            raise InputError("an alert by command names one", hint="--alert 'command:notify.sh'")
        return
    if not _apprise().add(address):
        raise InputError(
            f"{without_secrets(address)!r} is no address for alerts",
            hint="mailto://USER:PASSWORD@HOST, json://HOST/PATH (a webhook), slack://..., or command:...",
        )


def send(addresses: Sequence[str], message: Message) -> list[str]:
    """Tells everybody; what went wrong, a sentence each."""
    return [problem for address in addresses if (problem := _send(address, message))]


def _send(address: str, message: Message) -> str:
    try:
        address = _meant(address)
        if address.startswith(COMMAND):
            return _command(address.removeprefix(COMMAND), message)
        teller = _apprise()
        teller.add(address)
        told = teller.notify(title=message.title, body=message.body)
    except Exception as error:  # an alert that fails is told, and nothing else fails with it
        return f"{without_secrets(address)}: {error}"
    return "" if told else f"{without_secrets(address)} could not be told"


def _command(line: str, message: Message) -> str:
    told = {"MLOPS_JLAB_EVENT": message.event, "MLOPS_JLAB_TITLE": message.title}
    try:
        done = subprocess.run(
            shlex.split(line), input=message.body, text=True, capture_output=True, timeout=_LIMIT,
            env={**os.environ, **told},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{line}: {error}"
    return f"{line} ended with {done.returncode}: {done.stderr.strip()[:200]}" if done.returncode else ""


def _meant(address: str) -> str:
    """The address itself, or the one that an environment variable has, so that no store holds its secrets.

    Raises:
        InputError: there is no such variable.
    """
    if not address.startswith(VARIABLE):
        return address
    name = address.removeprefix(VARIABLE)
    if not os.environ.get(name):
        raise InputError(f"the environment variable {name} is not set", hint="set it where schedules are run")
    return os.environ[name]


def _apprise() -> Any:
    try:
        import apprise
    except ImportError as error:
        raise InputError(
            "alerts by mail and webhook need apprise",
            hint="pip install 'mlops-jlab[alerts]', or use command:...",
        ) from error
    return apprise.Apprise()
