"""Widgets in a step: what they say goes to the runner; what is printed into an Output widget stays there."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import comm
from comm.base_comm import BaseComm
from jupyter_client.jsonutil import json_default

from mlops_jlab.processes.outputwidgets import OutputWidgets


def settle(widgets: OutputWidgets) -> None:
    """A cell is over: each widget learns what it shows now."""
    for name, data in widgets.changed():
        known = comm.get_comm_manager().comms.get(name)
        if known is not None:
            known.handle_msg({"content": {"comm_id": name, "data": data}, "buffers": [], "metadata": {}})


def speak_through(say: Callable[[str, dict[str, Any]], None], widgets: OutputWidgets) -> None:
    """From now on the comms of this process are made here, and what they publish is said by ``say``."""

    class PipeComm(BaseComm):
        """A comm whose other end is the runner."""

        def publish_msg(
            self, msg_type: str, data: Any = None, metadata: Any = None, buffers: Any = None, **keys: Any
        ) -> None:
            """Says it."""
            content = {"data": data or {}, "comm_id": self.comm_id, **keys}
            plain = json.loads(json.dumps(content, default=json_default))
            plain["buffers"] = [base64.b64encode(bytes(one)).decode("ascii") for one in buffers or ()]
            widgets.hear(msg_type, self.comm_id, plain["data"])
            say(msg_type, plain)

    comm.create_comm = PipeComm
