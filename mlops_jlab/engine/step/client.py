"""papermill's client of an ordinary kernel, which keeps no more outputs than a forked shell does."""

from __future__ import annotations

from typing import Any

from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient

from mlops_jlab.engine.step.outputs import MOST_OUTPUTS, MOST_TEXT, note_of


class BoundedClient(PapermillNotebookClient):  # type: ignore[misc]  # papermill is untyped
    """Leaves out what a cell prints or displays beyond the bounds, and says so in the cell's outputs."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._begin(-1)

    def _begin(self, cell: int) -> None:
        self._cell, self._printed, self._left_out = cell, 0, 0
        self._note: Any = None

    def process_message(self, msg: dict[str, Any], cell: Any, cell_index: int) -> Any:
        """A message of the kernel's about a cell."""
        kind = msg["msg_type"]
        if cell_index != self._cell or kind == "clear_output":
            self._begin(cell_index)
        if kind == "stream":
            text = msg["content"]["text"]
            room = max(0, MOST_TEXT - self._printed) if self._has_room(cell, msg) else 0
            self._printed += min(len(text), room)
            if len(text) > room:
                if room:
                    msg["content"]["text"] = text[:room]
                    super().process_message(msg, cell, cell_index)
                return self._leave_out(cell, len(text) - room)
        elif kind in ("display_data", "execute_result") and not self._has_room(cell, msg):
            return self._leave_out(cell, 1)
        return super().process_message(msg, cell, cell_index)

    async def _check_raise_for_error(self, cell: Any, cell_index: int, exec_reply: Any) -> None:
        """Any reply that is not ok is an error of the cell, and is shown there: a magic's is printed only."""
        said = (exec_reply or {}).get("content", {})
        shown = any(output["output_type"] == "error" for output in cell.outputs)
        if said.get("status", "ok") != "ok" and not shown:
            name, value = said.get("ename", "Aborted"), said.get("evalue", "the cell was not executed")
            trace = said.get("traceback") or [f"{name}: {value}"]
            cell.outputs.append(new_output("error", ename=name, evalue=value, traceback=trace))
        await super()._check_raise_for_error(cell, cell_index, exec_reply)

    @staticmethod
    def _has_room(cell: Any, msg: dict[str, Any]) -> bool:
        last = cell.outputs[-1] if cell.outputs else {}
        goes_on = last.get("output_type") == "stream" and last.get("name") == msg["content"].get("name")
        return goes_on or len(cell.outputs) < MOST_OUTPUTS

    def _leave_out(self, cell: Any, amount: int) -> None:
        self._left_out += amount
        if self._note is None:
            self._note = new_output("stream", name="stderr", text="")
            cell.outputs.append(self._note)
        self._note["text"] = note_of(self._left_out)
