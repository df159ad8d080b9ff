"""Messages of a shell → the outputs of a notebook's cell, bounded."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlops_jlab.engine.step.widgets import WidgetStates
from mlops_jlab.masking import masked, masked_all

if TYPE_CHECKING:  # it takes a tenth of a second, and a run that has all its answers needs none
    from nbformat import NotebookNode

MOST_TEXT = 2_000_000  # characters that one cell may print into its notebook
MOST_OUTPUTS = 2_000
_MOST_MOMENTS = 2_000  # of one cell; lines after the last of them have its time
_PICTURES = ("image/", "audio/", "video/", "application/pdf")
_KINDS = ("display_data", "execute_result", "error")


class Displays:
    """What cells displayed by a name, for later cells to change, in this step or in one below."""

    def __init__(self) -> None:
        self._named: dict[str, list[NotebookNode]] = {}
        self.changed: list[NotebookNode] = []  # since somebody looked
        self.widgets = WidgetStates()
        self.count = 0

    def add(self, name: str, output: NotebookNode) -> None:
        """This output may be changed by its name."""
        self._named.setdefault(name, []).append(output)
        self.count += 1

    def change(self, name: str, content: Mapping[str, Any]) -> None:
        """All outputs of that name show something else now."""
        for output in self._named.get(name, ()):
            output["data"] = _masked_data(content["data"])
            output["metadata"] = content.get("metadata", {})
            self.changed.append(output)


class CellOutputs:
    """The outputs of one cell while it is executed. What is beyond the bounds is left out, and said so."""

    def __init__(self, displays: Displays, clock: Callable[[], float] = time.time) -> None:
        self.outputs: list[NotebookNode] = []
        self.error: dict[str, Any] | None = None
        self.moments: list[tuple[int, int, float]] = []  # output, line of it, when that line began to come
        self._displays = displays  # of the whole notebook: a cell may change what another displayed
        self._clock = clock
        self._printed = 0
        self._left_out = 0
        self._clear_next = False

    def take(self, kind: str, content: dict[str, Any]) -> None:
        """Adds what one message says."""
        if kind == "clear_output":
            self._clear_next = True
            if not content.get("wait"):
                self._clear()
        elif kind == "stream":
            self._clear()
            self._print(content["name"], content["text"])
        elif kind in ("comm_open", "comm_msg"):
            self._displays.widgets.take(content)
        elif kind == "update_display_data":
            self._change(content)
        elif kind in _KINDS:
            self._clear()
            self._add(kind, content)

    def _clear(self) -> None:
        if self._clear_next:
            self.outputs.clear()
            self.moments.clear()
            self._printed = self._left_out = 0
            self._clear_next = False

    def _print(self, name: str, text: str) -> None:
        room = MOST_TEXT - self._printed
        if len(text) > room:
            self._leave_out(len(text) - max(room, 0))
            text = text[: max(room, 0)]
        if not text:
            return
        self._printed += len(text)
        last = self.outputs[-1] if self.outputs else None
        if last is None or last.output_type != "stream" or last.name != name:
            last = _stream(name, "", parts=[], lines=0)
            if not self._append(last):
                return
        self._note_moment(last)
        last.parts.append(text)
        last.lines += text.count("\n")

    def _note_moment(self, output: NotebookNode) -> None:
        """The next line of the last output begins now; the rest of one that has begun belongs to it."""
        goes_on = bool(output.parts) and not output.parts[-1].endswith("\n")
        place, now = len(self.outputs) - 1, round(self._clock(), 1)
        before = self.moments[-1] if self.moments else (-1, 0, 0.0)
        if (before[0], before[2]) != (place, now) and len(self.moments) < _MOST_MOMENTS:
            self.moments.append((place, output.lines + goes_on, now))

    def _add(self, kind: str, content: dict[str, Any]) -> None:
        from nbformat.v4 import output_from_msg

        message = {"header": {"msg_type": kind}, "content": {"metadata": {}, **content}}
        output = output_from_msg(message)
        if kind == "error":
            self.error = content
        else:
            output["data"] = _masked_data(
                output.data
            )  # in place: a later cell may change what this one shows
        display = (content.get("transient") or {}).get("display_id")
        if display:
            self._displays.add(display, output)
        self._append(output)

    def _append(self, output: NotebookNode) -> bool:
        """Whether there was room for it."""
        if len(self.outputs) >= MOST_OUTPUTS and output.output_type != "error":
            self._leave_out(1)
            return False
        self.outputs.append(output)
        return True

    def _change(self, content: dict[str, Any]) -> None:
        self._displays.change(str((content.get("transient") or {}).get("display_id")), content)

    def _leave_out(self, amount: int) -> None:
        self._left_out += amount

    def settled(self) -> list[NotebookNode]:
        """The outputs as they are now, in the notebook's format."""
        found: list[NotebookNode] = []
        for output in self.outputs:
            if output.output_type == "stream":
                output.parts[:] = ["".join(output.parts)]
                output = _stream(output.name, masked(output.parts[0]))
            elif output.output_type == "error":
                lines = [masked(line) for line in output.traceback]
                output = _node({**output, "evalue": masked(output.evalue), "traceback": lines})
            found.append(output)
        if self._left_out:
            found.append(_stream("stderr", note_of(self._left_out)))
        return found


def _masked_data(data: Mapping[str, Any]) -> NotebookNode:
    """What is shown, without secrets where it is text or JSON; pictures and films stay as they are."""
    return _node({
        kind: content if kind.startswith(_PICTURES) and kind != "image/svg+xml" else masked_all(content)
        for kind, content in data.items()
    })  # fmt: skip


def note_of(left_out: int) -> str:
    """What is put in the place of characters and outputs that were left out."""
    return f"\n[mlops-jlab: cut here; {left_out:,} more characters or outputs were left out]\n"


def _node(content: Mapping[str, Any]) -> NotebookNode:
    from nbformat import NotebookNode

    return NotebookNode(content)


def _stream(name: str, text: str, **more: Any) -> NotebookNode:
    from nbformat import NotebookNode

    return NotebookNode(output_type="stream", name=name, text=text, **more)
