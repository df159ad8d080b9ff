"""What the cells of an executed notebook printed, as plain text."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TRIES = 4
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def text_of(path: Path) -> str:
    """Streams, results and errors of all cells, in their order; nothing of a file that cannot be read."""
    node = _read(path)
    outputs = (output for cell in node.get("cells", ()) for output in cell.get("outputs", ()))
    return "".join(text for output in outputs for text in _parts(output))


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


def _parts(output: Mapping[str, Any]) -> Iterator[str]:
    kind = output.get("output_type")
    if kind == "stream":
        yield "".join(output.get("text", ""))
    elif kind == "error":
        yield _COLOURS.sub("", "\n".join(output.get("traceback", ()))) + "\n"
    elif kind in ("execute_result", "display_data"):
        text = "".join(output.get("data", {}).get("text/plain", ""))
        yield f"{text}\n" if text else ""
