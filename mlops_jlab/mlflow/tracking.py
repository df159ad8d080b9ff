"""``mlflow.tracking``: the client, and where runs are kept."""

from mlops_jlab.mlflow.client import MlflowClient
from mlops_jlab.mlflow.fluent import get_registry_uri, get_tracking_uri, set_registry_uri, set_tracking_uri

__all__ = ["MlflowClient", "get_registry_uri", "get_tracking_uri", "set_registry_uri", "set_tracking_uri"]
