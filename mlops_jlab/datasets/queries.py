"""The rows of a query through any library that speaks DB-API: their digest and their profile, in parts."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from blake3 import blake3

from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.masking import masked
from mlops_jlab.profiles import chunks, profile
from mlops_jlab.profiles.profile import Profile

_ROWS = 50_000


def connect(address: str) -> Any:
    """A connection for ``MODULE:ARGUMENT``, such as ``sqlite3:flights.db`` or ``psycopg:$FLIGHTS_DSN``.

    What begins with ``$`` is taken from the environment, so that no password stands in a command.

    Raises:
        InputError: it is none, or no connection is made.
        MlopsError: the library is not installed.
    """
    module, colon, argument = address.partition(":")
    if not colon or not argument or not module.replace("_", "").replace(".", "").isalnum():
        raise InputError(
            f"{address[:40]!r} names no connection", hint="write MODULE:ARGUMENT, such as sqlite3:a.db"
        )
    if argument.startswith("$"):
        if argument[1:] not in os.environ:
            raise InputError(f"the variable {argument[1:]} is not set", hint="it holds what to connect to")
        argument = os.environ[argument[1:]]
    if module == "sqlite3" and not os.path.isfile(argument):
        raise InputError(f"there is no database {argument}")
    try:
        library = importlib.import_module(module)
    except ImportError as error:
        raise MlopsError(f"the library {module} is not installed", hint=f"pip install {module}") from error
    if not hasattr(library, "connect"):
        raise InputError(
            f"{module} is not a library for databases", hint="one that has connect(), as DB-API says"
        )
    try:
        return library.connect(argument)
    except Exception as error:  # of whatever library it is
        raise InputError(f"{module} makes no connection: {masked(str(error))[:300]}") from error


def look(connection: Any, query: str, *, profiled: bool = True) -> tuple[str, int, Profile | None, list[str]]:
    """The digest of a query's rows in their order, their number, their profile and the columns.

    Raises:
        InputError: the query fails, or gives no rows at all as an UPDATE does.
    """
    hasher, count = blake3(), 0
    with closing(connection.cursor()) as cursor:
        try:
            cursor.execute(query)
        except Exception as error:  # of whatever library it is
            raise InputError(
                f"the query fails: {masked(str(error))[:300]}", hint="try it by itself"
            ) from error
        if cursor.description is None:
            raise InputError("the query gives no rows", hint="write a SELECT")
        columns = [str(column[0]) for column in cursor.description]
        hasher.update("\0".join(columns).encode() + b"\n")

        def parts() -> Iterator[Any]:
            nonlocal count
            while rows := cursor.fetchmany(_ROWS):
                count += len(rows)
                hasher.update("\n".join(map(repr, map(tuple, rows))).encode("utf-8", "surrogatepass") + b"\n")
                yield rows

        if not profiled:
            for _ in parts():
                pass
            return str(hasher.hexdigest()), count, None, columns
        import pandas

        frames = (pandas.DataFrame([*map(tuple, rows)], columns=columns) for rows in parts())
        found = chunks.gathered(profile.of_frame(frame) for frame in frames)
    return str(hasher.hexdigest()), count, found, columns
