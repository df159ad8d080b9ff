"""What is installed only where somebody wants it: which extra brings a module that is missing."""

from __future__ import annotations

import sys

from mlops_jlab.errors import MlopsError

# The modules that extras bring; the test of this module holds them against pyproject.toml.
BROUGHT_BY = {
    "apprise": "alerts", "cloudpickle": "models", "distributed": "dask", "fsspec": "remote",
    "httptools": "serve", "jupyter_server": "lab", "jupyterlab": "lab", "jupytext": "text",
    "mlflow": "mlflow", "numpy": "data", "onnxruntime": "onnx", "opentelemetry": "otel",
    "optuna": "search", "pandas": "data", "pandera": "schema", "prometheus_client": "serve",
    "pyarrow": "data", "scipy": "data", "skl2onnx": "onnx",
    "sklearn": "monitor", "skops": "models", "starlette": "serve", "uvicorn": "serve",
}  # fmt: skip


class MissingExtra(MlopsError, ImportError):
    """A package that an extra of this product brings is not installed. Exit code 2."""

    exit_code = 2


def explained(error: ModuleNotFoundError, extra: str = "") -> ModuleNotFoundError | MissingExtra:
    """``error``, or what to install if the module that was not found belongs to an extra.

    ``extra`` is the one to name where several bring the module.
    """
    module = (error.name or "").partition(".")[0]
    if module not in BROUGHT_BY:
        return error
    wanted = extra or BROUGHT_BY[module]
    return MissingExtra(
        f"this needs {module}, which is not installed",
        hint=f"{_pip()} install 'mlops-jlab[{wanted}]'",
    )


def _pip() -> str:
    """How pip is called where the user is: in a notebook by its magic, which installs into the kernel."""
    return "%pip" if "ipykernel" in sys.modules else "pip"
