"""What a step leaves in its process alone, where the next one has another: no step below may miss it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

from mlops_jlab.handoff import loggers, warned
from mlops_jlab.handoff.observing import departing, versions, watch
from mlops_jlab.handoff.observing.world import look
from mlops_jlab.handoff.remains import Remains

_STREAMS = ("mlops_jlab.", "ipykernel.iostream.")  # of processes of ours, and of kernels


NO_STREAMS = "[]"
OUTPUT = "it changes where output goes"
OWN_WARNINGS = "it shows warnings of a kind of its own, which are shown once"
DISPLAYS = "it displays something that later cells may change"


def streams() -> str:
    """What stands in for standard output and errors where it is not ours."""
    kinds = [f"{type(one).__module__}.{type(one).__name__}" for one in (sys.stdout, sys.stderr)]
    return str([kind for kind in kinds if not kind.startswith(_STREAMS)])


class Alone:
    """How the process is when a step begins, and what is there beside values when its cells are done."""

    def __init__(self) -> None:
        self._remains = Remains()
        self._world: departing.Outside | None = None
        self._displays = False
        self._streams = ""

    def begin(self) -> None:
        """The step's own cells begin."""
        self._remains.begin()
        self._streams = streams()
        self._world = departing.Outside(look(mark=versions.ALL))
        publisher = _publisher()
        if publisher is not None and self._heard not in publisher._hooks:
            publisher.register_hook(self._heard)

    def found(self, step: str, patched: Sequence[str], *, has_lines: bool, names: Mapping[str, Any]) -> str:
        """What another process would not have, in words, or nothing."""
        publisher = _publisher()
        if publisher is not None:
            publisher.unregister_hook(self._heard)
        world = departing.leave(
            step, self._world, patched, versions.ALL, has_lines=has_lines, names=names, strict=False
        ).unkept(step)
        output = OUTPUT if streams() != self._streams else ""
        own = loggers.what_stays() or (OWN_WARNINGS if warned.of_the_notebook(warned.capture()) else "")
        stays = next(iter(sorted(watch().seen().stays)), "")
        displays = DISPLAYS if self._displays else ""
        return world or displays or output or own or stays or self._remains.found()

    def _heard(self, message: dict[str, Any]) -> dict[str, Any]:
        self._displays |= bool((message["content"].get("transient") or {}).get("display_id"))
        return message


def _publisher() -> Any:
    """What sends displays in a kernel, and lets others listen."""
    kinds = getattr(sys.modules.get("IPython.core.interactiveshell"), "InteractiveShell", None)
    shell = kinds._instance if kinds is not None and kinds.initialized() else None
    publisher = getattr(shell, "display_pub", None)
    return publisher if hasattr(publisher, "register_hook") else None
