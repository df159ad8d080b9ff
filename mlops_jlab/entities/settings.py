"""How a step is run, as the notebook's metadata says it: the settings, and the sizes that they name."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mlops_jlab.entities import conditions
from mlops_jlab.errors import InputError

KNOWN = frozenset(
    {"retries", "backoff", "timeout", "memory", "cpus", "processes", "cache", "when", "for_each", "at_most",
     "uses", "produces", "record"}
)  # fmt: skip
NOT_OF_THE_ANSWER = frozenset({"record"})  # a step that differs in these alone has the same answer
LONGEST_PAUSE = 3600.0  # seconds between two tries
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def size(value: object) -> int | None:
    """Bytes that a setting means: a number of them, or a text such as ``500 MB`` or ``2 GiB``.

    Nothing for anything else, and for sizes below 1.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value > 0 else None
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    base = 1024 if found[3] else 1000
    bytes_ = int(float(found[1]) * base ** _POWERS[found[2].lower()])
    return bytes_ if bytes_ > 0 else None


def count(value: object) -> int:
    """A count of processors or processes that a step may use, or 0 where nothing is said."""
    return value if type(value) is int and value > 0 else 0


def conditional(of_notebook: Mapping[str, object]) -> frozenset[str]:
    """The steps that are executed only under a condition."""
    steps = of_notebook.get("steps")
    given = steps.items() if isinstance(steps, Mapping) else ()
    return frozenset(str(name) for name, values in given if isinstance(values, Mapping) and "when" in values)


def pause(values: Mapping[str, object], attempts: int) -> float:
    """Seconds to wait before a step is tried again, after so many ``attempts``: doubled with each."""
    first = values.get("backoff", 0)
    if isinstance(first, bool) or not isinstance(first, (int, float)) or not first > 0:
        return 0.0
    return min(LONGEST_PAUSE, float(first) * 2.0 ** min(attempts - 1, 32))


def problems(values: Mapping[str, object]) -> list[str]:
    """What is wrong with the settings of a step, a sentence each."""
    retries, timeout = values.get("retries", 0), values.get("timeout", 1)
    backoff = values.get("backoff", 0)
    names = [values.get(key, []) for key in ("uses", "produces")]
    wrong = {
        "retries is a whole number from 0": type(retries) is not int or retries < 0,
        "backoff is a number of seconds from 0": not isinstance(backoff, (int, float)) or not backoff >= 0,
        "timeout is a number of seconds above 0": not isinstance(timeout, (int, float)) or timeout <= 0,
        "memory is a size such as 500 MB or 2 GB": size(values.get("memory", 1)) is None,
        "cpus is a whole number from 1": not count(values.get("cpus", 1)),
        "processes is a whole number from 1": not count(values.get("processes", 1)),
        "for_each is the name of a list": not str(values.get("for_each", "x")).isidentifier(),
        "at_most is a whole number from 1": not count(values.get("at_most", 1)),
        "cache is true or false": type(values.get("cache", True)) is not bool,
        "record is true or false": type(values.get("record", True)) is not bool,
        "uses and produces are lists of names": not all(isinstance(found, list) for found in names),
    }
    found = [words for words, is_wrong in wrong.items() if is_wrong]
    if "when" in values:
        try:
            conditions.parse(str(values["when"]))
        except InputError as error:
            found.append(f"when is a condition: {error.message}")
    return found
