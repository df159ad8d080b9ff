"""What the cells of an executed notebook printed, line by line, with the time at which each came."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

MOMENTS = "printed"  # in a cell's metadata: output, line of it, and when that line began to come
TRIES = 4
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Line:
    """One line of a log; ``kind`` is ``out``, ``err``, ``result`` or ``error``, the time may not be known."""

    text: str
    kind: str = "out"
    time: float | None = None  # seconds since 1970


def lines_of(path: Path) -> list[Line]:
    """Streams, results and errors of all cells, in their order; nothing of a file that cannot be read."""
    return [line for cell in _read(path).get("cells", ()) for line in _of_cell(cell)]


def lines_in(text: str, kind: str = "out", moment: float | None = None) -> list[Line]:
    """The lines of a text; of a line that was overwritten, as by a progress bar, what stayed."""
    return [Line(_shown(line), kind, moment) for line in text.removesuffix("\n").split("\n")] if text else []


def _shown(line: str) -> str:
    return _COLOURS.sub("", line).rstrip("\r").rsplit("\r", 1)[-1]


def _read(path: Path) -> Mapping[str, Any]:
    """The notebook; one that is being saved at this moment is looked at again."""
    for _ in range(TRIES):
        try:
            node: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
        except OSError:
            break
        except ValueError:
            time.sleep(0.02)
        else:
            return node
    return {}


def _of_cell(cell: Mapping[str, Any]) -> Iterator[Line]:
    about = cell.get("metadata", {})
    executed = about.get("papermill", {})
    begun, ended = _moment(executed.get("start_time")), _moment(executed.get("end_time"))
    moments = _moments(about)
    for place, output in enumerate(cell.get("outputs", ())):
        text, kind = _text(output)
        # What a cell shows or dies of, it does at its end.
        now = ended if kind in ("result", "error") else begun
        for number, line in enumerate(lines_in(text, kind)):
            now = moments.get((place, number), now)
            yield Line(line.text, kind, now)


def _moments(about: Mapping[str, Any]) -> dict[tuple[int, int], float]:
    """When lines came, by output and line; nothing where somebody has written something else there."""
    with suppress(AttributeError, TypeError, ValueError):
        kept = about.get("mlops_jlab", {}).get(MOMENTS, ())
        return {(int(place), int(line)): float(when) for place, line, when in kept}
    return {}


def _moment(text: object) -> float | None:
    with suppress(TypeError, ValueError):
        return datetime.fromisoformat(text).timestamp()  # type: ignore[arg-type]  # suppressed
    return None


def _text(output: Mapping[str, Any]) -> tuple[str, str]:
    kind = output.get("output_type")
    if kind == "stream":
        return "".join(output.get("text", "")), "err" if output.get("name") == "stderr" else "out"
    if kind == "error":
        return "\n".join(output.get("traceback", ())), "error"
    return "".join(output.get("data", {}).get("text/plain", "")), "result"
