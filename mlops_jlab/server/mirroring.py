"""Starts ``mlops-jlab mlflow watch`` beside the server, and ends it with the server.

The address comes from the administrator or the environment (``MLFLOW_TRACKING_URI``), never from the browser.
"""

from __future__ import annotations

import atexit
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mlops_jlab import interpreter


def keep_mirror(app: Any, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes] | None:
    """Starts the watcher where a server is configured; nothing else."""
    found = dict(os.environ) if environment is None else environment
    address = found.get("MLFLOW_TRACKING_URI", "")
    if not address or address.startswith("mlops-jlab:"):  # which is our own store, through MLflow's client
        return None
    if find_spec("mlflow") is None:
        app.log.warning("MLFLOW_TRACKING_URI is set; to mirror runs there: pip install 'mlops-jlab[mlflow]'")
        return None
    root = Path(str(getattr(app, "root_dir", "") or Path.cwd()))
    process = subprocess.Popen(
        interpreter.words("-m", "mlops_jlab", "mlflow", "watch"), cwd=root,
        env=interpreter.environment(found), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    app.log.info("mlops-jlab: runs are mirrored to %s", address)
    atexit.register(_end, process)
    return process


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
