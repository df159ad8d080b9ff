"""A log whose lines begin with their time and kind: ``2026-11-30T06:20:11.123Z err text``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from mlops_jlab.notebook.outputs import Line, lines_in

_HEAD = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (out|err|result|error) ")


def stamped(text: str, kind: str, moment: float) -> str:
    """The lines of a text as the log keeps them; of a line that was overwritten, what stayed."""
    head = f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3] + f"Z {kind} "
    return "".join(f"{head}{line.text}\n" for line in lines_in(text))


def lines_of_log(text: str) -> Iterator[Line]:
    """What was stamped; a line without a stamp is there as well, without a time."""
    for line in lines_in(text):
        found = _HEAD.match(line.text)
        if found is None:
            yield line
        else:
            yield Line(line.text[found.end() :], found[2], datetime.fromisoformat(found[1]).timestamp())
