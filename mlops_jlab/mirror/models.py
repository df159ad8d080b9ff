"""A version as an MLflow model: a folder that MLflow's own tools load and serve."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from mlops_jlab import packages
from mlops_jlab.errors import InputError
from mlops_jlab.registry import needs


def save(model: Any, target: Path, about: dict[str, Any]) -> Path:
    """Writes an MLflow model folder.

    Raises:
        InputError: MLflow is not installed, or ``target`` is there already.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    if target.exists():
        raise InputError(f"{target} already exists", hint="choose another --output")
    try:
        import mlflow.sklearn
    except ImportError as error:
        raise InputError("MLflow is not installed", hint="pip install 'mlops-jlab[mlflow]'") from error
    format_ = "skops" if about.get("format") == "skops" else "cloudpickle"
    kwargs: dict[str, Any] = {"serialization_format": format_}
    if format_ == "skops":
        with packages.installed("skops"):
            from skops import io as skops

            kwargs["skops_trusted_types"] = skops.get_untrusted_types(data=skops.dumps(model))
    asked = [name for line in about["requirements"] if (name := needs.named(str(line)))]
    try:
        mlflow.sklearn.save_model(model, target, pip_requirements=asked, **kwargs)
    except (TypeError, mlflow.exceptions.MlflowException):  # an older MLflow knows no skops
        mlflow.sklearn.save_model(model, target, pip_requirements=asked, serialization_format="cloudpickle")
    return target
