"""What ``mlflow.sklearn`` is in MLflow: ``log_model`` and ``autolog``."""

from __future__ import annotations

from mlops_jlab.autologging import autolog
from mlops_jlab.tracking.fluent import log_model

__all__ = ["autolog", "log_model"]
