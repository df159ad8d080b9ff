"""Telling people: by any address that apprise knows, or by a command. A failing alert never fails a run."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlops_jlab.entities.schedules import without_secrets
from mlops_jlab.errors import InputError
from mlops_jlab.masking import masked

COMMAND = "command:"
VARIABLE = "env:"
TRIES = 3
PAUSE = 2.0  # seconds before the first try again
_OPERATORS = {"|", "||", "&", "&&", ";", ">", ">>", "<", "2>", "2>&1"}
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
    shown, address = _shown(address), _meant(address)
    if address.startswith(COMMAND):
        try:
            words = shlex.split(address.removeprefix(COMMAND))
        except ValueError as error:
            raise InputError(f"{shown!r} is not a command: {error}") from error
        if _OPERATORS & set(words[1:]) and not words[0].endswith("sh"):
            raise InputError(
                f"{shown!r}: a command is not a shell, which knows | and > alone",
                hint="write command:sh -c '...', or put it into a script",
            )
        if not words:
            raise InputError("an alert by command names one", hint="--alert 'command:notify.sh'")
        return
    if not _apprise().add(address):
        raise InputError(
            f"{shown!r} is not an address for alerts",
            hint="mailto://USER:PASSWORD@HOST, json://HOST/PATH (a webhook), slack://..., or command:...",
        )


def send(addresses: Sequence[str], message: Message, pause: float = PAUSE) -> list[str]:
    """Tells everybody; what went wrong, a sentence each.

    Who cannot be told is tried again, :data:`TRIES` times in all, after ``pause`` seconds and then longer.
    """
    problems = []
    for address in addresses:
        for number in range(TRIES):
            time.sleep(pause * 4 ** (number - 1) if number else 0.0)
            problem = _send(address, message)
            if not problem:
                break
        else:
            problems.append(f"{problem} (tried {TRIES} times)")
    return problems


def _send(address: str, message: Message) -> str:
    shown = _shown(address)
    try:
        address = _meant(address)
        if address.startswith(COMMAND):
            return _command(address.removeprefix(COMMAND), shown, message)
        teller = _apprise()
        teller.add(address)
        told = teller.notify(title=message.title, body=message.body)
    except Exception as error:  # an alert that fails is told, and nothing else fails with it
        return f"{shown}: {type(error).__name__ if shown.startswith(VARIABLE) else masked(str(error))}"
    return "" if told else f"{shown} could not be told"


def _shown(address: str) -> str:
    """An address as it may be read by anybody: of one from the environment, the variable's name."""
    return address if address.startswith(VARIABLE) else masked(without_secrets(address))


def _command(line: str, shown: str, message: Message) -> str:
    told = {"MLOPS_JLAB_EVENT": message.event, "MLOPS_JLAB_TITLE": message.title}
    try:
        done = subprocess.run(
            shlex.split(line), input=message.body, text=True, capture_output=True, timeout=_LIMIT,
            env={**os.environ, **told},
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{shown}: {type(error).__name__}"
    if not done.returncode:
        return ""
    # What a command from a variable says may repeat what is in it.
    said = "" if shown.startswith(VARIABLE) else f": {masked(done.stderr.strip())[:200]}"
    return f"{shown} ended with {done.returncode}{said}"


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
