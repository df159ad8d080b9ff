"""What the cells of an executed notebook printed, as plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def text_of(path: Path) -> str:
    """Streams, results and errors of all cells, in their order; nothing of a file that cannot be read."""
    try:
        node: Mapping[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return ""
    outputs = (output for cell in node.get("cells", ()) for output in cell.get("outputs", ()))
    return "".join(text for output in outputs for text in _parts(output))


def _parts(output: Mapping[str, Any]) -> Iterator[str]:
    kind = output.get("output_type")
    if kind == "stream":
        yield "".join(output.get("text", ""))
    elif kind == "error":
        yield _COLOURS.sub("", "\n".join(output.get("traceback", ()))) + "\n"
    elif kind in ("execute_result", "display_data"):
        text = "".join(output.get("data", {}).get("text/plain", ""))
        yield f"{text}\n" if text else ""
