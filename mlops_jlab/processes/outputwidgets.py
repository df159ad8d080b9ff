"""Output widgets: what is printed into one stays there, as in the page of a notebook, and with nbclient."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

_SHOWN = ("stream", "display_data", "execute_result", "error")


class OutputWidgets:
    """The Output widgets of a notebook, as the page of a notebook keeps them, and nbclient does.

    While one is entered in a cell, what the cell shows is the widget's. It is told when the cell is over.
    """

    def __init__(self) -> None:
        self._outputs: dict[str, list[dict[str, Any]]] = {}
        self._entered: dict[str, list[str]] = defaultdict(list)  # by the request
        self._changed: dict[str, None] = {}
        self._clears: set[str] = set()

    def hear(self, kind: str, name: str, data: dict[str, Any]) -> None:
        """A widget says something about itself."""
        state = data.get("state") or {}
        if kind == "comm_open" and state.get("_model_name") == "OutputModel":
            self._outputs[name] = list(state.get("outputs", ()))
        if name not in self._outputs or kind == "comm_open":
            return
        if "outputs" in state:
            self._outputs[name] = list(state["outputs"])
        if "msg_id" in state:
            for names in self._entered.values():
                if name in names:
                    names.remove(name)
            if state["msg_id"]:
                self._entered[state["msg_id"]].append(name)

    def takes(self, request: str, kind: str, content: Mapping[str, Any]) -> bool:
        """Whether a message about a request to execute a cell is a widget's rather than the cell's."""
        names = self._entered.get(request)
        if not names or kind not in (*_SHOWN, "clear_output"):
            return False
        name = names[-1]
        if kind == "clear_output":
            self._clears.add(name)
            if not content.get("wait"):
                self._clear(name)
            return True
        if name in self._clears:
            self._clear(name)
        self._add(name, {"output_type": kind, **content})
        return True

    def _clear(self, name: str) -> None:
        self._clears.discard(name)
        self._outputs[name] = []
        self._changed[name] = None

    def _add(self, name: str, output: dict[str, Any]) -> None:
        output.pop("transient", None)
        kept = self._outputs[name]
        last = kept[-1] if kept else {}
        if output["output_type"] == "stream" == last.get("output_type") and last["name"] == output["name"]:
            kept[-1] = {**last, "text": last["text"] + output["text"]}
        else:
            kept.append(output)
        self._changed[name] = None

    def changed(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The widgets that show something else since somebody asked, each with what it is to be told."""
        changed, self._changed = list(self._changed), {}
        for name in changed:
            state = {"outputs": self._outputs[name]}
            yield name, {"method": "update", "state": state, "buffer_paths": []}
