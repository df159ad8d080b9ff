"""``MlflowClient``: runs, metrics, artifacts, experiments and the registry by their ids, over our store."""

from __future__ import annotations

from mlops_jlab.mlflow.clients.experiments import ExperimentCalls
from mlops_jlab.mlflow.clients.logged import LoggedModelCalls
from mlops_jlab.mlflow.clients.registry import RegistryCalls
from mlops_jlab.mlflow.clients.runs import RunCalls

__all__ = ["MlflowClient"]


class MlflowClient(RunCalls, ExperimentCalls, LoggedModelCalls, RegistryCalls):
    """The calls of MLflow's client. Both addresses are understood and change nothing: the store is ours."""

    def __init__(self, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        self._asked = tracking_uri, registry_uri

    @property
    def tracking_uri(self) -> str:
        """Where runs are kept."""
        from mlops_jlab.mlflow.backing import places

        return f"{places.SCHEME}:{places.here().root}"

    def __getattr__(self, name: str) -> object:
        from mlops_jlab.mlflow import absent

        raise absent.error(f"MlflowClient.{name}", name)
