"""What people say of a version after it was registered: what it is for, and what not.

It stands in the audit log, so that it is known who has said it and when, and what was said before.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError
from mlops_jlab.masking import masked
from mlops_jlab.store import auditing, database

_ACTION = "describe"
_LONGEST = 4_000  # characters of a text


def state(connection: sqlite3.Connection, of: ModelVersion, words: Mapping[str, str], who: str) -> None:
    """Puts ``intended_use``, ``limits`` or both in the place of what was said of a version before.

    Raises:
        InputError: a text is too long.
    """
    for name, text in words.items():
        if len(text) > _LONGEST:
            raise InputError(
                f"{name} has {len(text):,} characters, more than {_LONGEST:,}",
                hint="put the long form where the text can link to it",
            )
    known = {name: masked(text.strip()) for name, text in words.items()}
    with database.transaction(connection, durable=True):
        auditing.append(connection, who, _ACTION, f"{of.model}/{of.version}", details=known)


def stated(connection: sqlite3.Connection, only: str = "") -> dict[str, dict[str, str]]:
    """What is said of each version, by ``MODEL/NUMBER``; ``only`` names one model."""
    found: dict[str, dict[str, str]] = {}
    for subject, details in connection.execute(
        "SELECT subject, details FROM audit WHERE action = ? ORDER BY seq", (_ACTION,)
    ):
        if only in ("", subject.rpartition("/")[0]):
            found.setdefault(subject, {}).update(json.loads(details))
    return found
