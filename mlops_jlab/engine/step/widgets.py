"""The state of a notebook's widgets, which is kept with it so that a page can show them without a kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MIME = "application/vnd.jupyter.widget-state+json"


class WidgetStates:
    """What widgets have said of themselves so far, in the format of ``@jupyter-widgets/schema``."""

    def __init__(self) -> None:
        self._states: dict[str, dict[str, Any]] = {}
        self._buffers: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}

    def take(self, content: Mapping[str, Any]) -> None:
        """A widget was made, or has changed."""
        data, name = content.get("data", {}), str(content.get("comm_id"))
        if "state" not in data:
            return
        self._states.setdefault(name, {}).update(data["state"])
        for path, buffer in zip(data.get("buffer_paths", ()), content.get("buffers", ()), strict=False):
            kept = {"data": buffer, "encoding": "base64", "path": path}
            self._buffers.setdefault(name, {})[tuple(map(str, path))] = kept

    def as_metadata(self) -> dict[str, Any]:
        """The notebook's ``widgets``; empty if there are none."""
        states: dict[str, Any] = {}
        for name, state in self._states.items():
            if "_model_name" in state:
                states[name] = {
                    "model_name": state["_model_name"], "model_module": state.get("_model_module"),
                    "model_module_version": state.get("_model_module_version"), "state": dict(state),
                }  # fmt: skip
                if name in self._buffers:
                    states[name]["buffers"] = list(self._buffers[name].values())
        return {MIME: {"state": states, "version_major": 2, "version_minor": 0}} if states else {}
