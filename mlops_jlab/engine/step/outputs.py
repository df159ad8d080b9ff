"""Messages of a shell → the outputs of a notebook's cell, bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mlops_jlab.engine.step.widgets import WidgetStates
from mlops_jlab.masking import masked

if TYPE_CHECKING:  # it takes a tenth of a second, and a run that has all its answers needs none
    from nbformat import NotebookNode

MOST_TEXT = 2_000_000  # characters that one cell may print into its notebook
MOST_OUTPUTS = 2_000
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

    def __init__(self, displays: Displays) -> None:
        self.outputs: list[NotebookNode] = []
        self.error: dict[str, Any] | None = None
        self._displays = displays  # of the whole notebook: a cell may change what another displayed
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
        if last is not None and last.output_type == "stream" and last.name == name:
            last.parts.append(text)
            return
        self._append(_stream(name, "", parts=[text]))

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

    def _append(self, output: NotebookNode) -> None:
        if len(self.outputs) >= MOST_OUTPUTS and output.output_type != "error":
            self._leave_out(1)
            return
        self.outputs.append(output)

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
        kind: content if kind.startswith(_PICTURES) and kind != "image/svg+xml" else _masked_value(content)
        for kind, content in data.items()
    })  # fmt: skip


def _masked_value(value: Any) -> Any:
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {key: _masked_value(item) for key, item in value.items()}
    return [_masked_value(item) for item in value] if isinstance(value, list) else value


def note_of(left_out: int) -> str:
    """What is put in the place of characters and outputs that were left out."""
    return f"\n[mlops-jlab: cut here; {left_out:,} more characters or outputs were left out]\n"


def _node(content: Mapping[str, Any]) -> NotebookNode:
    from nbformat import NotebookNode

    return NotebookNode(content)


def _stream(name: str, text: str, **more: Any) -> NotebookNode:
    from nbformat import NotebookNode

    return NotebookNode(output_type="stream", name=name, text=text, **more)
