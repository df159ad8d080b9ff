"""What the Jupyter server does for us: it keeps the mirror to MLflow going where one is configured."""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "mlops_jlab.server"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Called by jupyter_server when it starts."""
    from mlops_jlab.server.mirroring import keep_mirror

    keep_mirror(app)
