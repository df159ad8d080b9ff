"""What is known of models: signatures, their folders, evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mlops_jlab.mlflow.models.signature import ModelSignature, infer_signature

if TYPE_CHECKING:
    from mlops_jlab.mlflow.models.info import Model, ModelInfo, get_model_info

__all__ = [
    "EvaluationResult",
    "Model",
    "ModelInfo",
    "ModelSignature",
    "evaluate",
    "get_model_info",
    "infer_signature",
]

_HOMES = {
    "EvaluationResult": "evaluating",
    "evaluate": "evaluating",
    "Model": "models.info",
    "ModelInfo": "models.info",
    "get_model_info": "models.info",
}


def __getattr__(name: str) -> Any:
    from mlops_jlab.mlflow import absent

    return absent.found("models", name, _HOMES)
