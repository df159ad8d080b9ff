"""``MlflowClient``: runs, metrics, artifacts, experiments and the registry by their ids, over our store."""

from __future__ import annotations

from mlops_jlab.mlflow.clients.experiments import ExperimentCalls
from mlops_jlab.mlflow.clients.logged import LoggedModelCalls
from mlops_jlab.mlflow.clients.registry import RegistryCalls
from mlops_jlab.mlflow.clients.runs import RunCalls
from mlops_jlab.mlflow.exceptions import translated

__all__ = ["MlflowClient"]


class MlflowClient(RunCalls, ExperimentCalls, LoggedModelCalls, RegistryCalls):
    """The calls of MLflow's client, over the store of this process.

    Raises:
        MlflowException: an address names another place than this store.
    """

    @translated
    def __init__(self, tracking_uri: str | None = None, registry_uri: str | None = None) -> None:
        from mlops_jlab.mlflow.backing import places

        for uri in (tracking_uri, registry_uri):
            places.refuse_server("MlflowClient", uri)

    @property
    def tracking_uri(self) -> str:
        """Where runs are kept."""
        from mlops_jlab.mlflow.backing import places

        return f"{places.SCHEME}:{places.here().root}"

    def __getattr__(self, name: str) -> object:
        from mlops_jlab.mlflow import absent

        raise absent.error(f"MlflowClient.{name}", name)
