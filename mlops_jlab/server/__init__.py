"""The Jupyter server's side: routes for the interface, events, and the mirror to MLflow."""

from __future__ import annotations

from typing import Any

from mlops_jlab import __version__ as __version__  # jupyter server extension list shows it


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "mlops_jlab.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Called by jupyter_server when it starts."""
    from mlops_jlab.server.events import send_changes
    from mlops_jlab.server.mirroring import keep_mirror
    from mlops_jlab.server.program import tell_program
    from mlops_jlab.server.routes import add_routes
    from mlops_jlab.server.schedules import look_after

    add_routes(app)
    send_changes(app)
    keep_mirror(app)
    look_after(app)
    tell_program(app)
