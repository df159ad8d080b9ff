"""The client's calls for experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_jlab.mlflow.backing import experiments
from mlops_jlab.mlflow.entities import Experiment, PagedList
from mlops_jlab.mlflow.exceptions import translated
from mlops_jlab.tracking import keywords


class ExperimentCalls:
    """Experiments by their ids."""

    @translated
    def create_experiment(
        self, name: str, artifact_location: str | None = None, tags: Mapping[str, Any] | None = None
    ) -> str:
        """Makes an experiment; its id. Artifacts lie in the store, so no other place can be given."""
        keywords.unsupported("create_experiment", "artifacts lie in the store: MLOPS_JLAB_STORE says where",
                             artifact_location=artifact_location)  # fmt: skip
        return experiments.create(name, tags)

    @translated
    def get_experiment(self, experiment_id: str) -> Experiment:
        """The experiment with an id."""
        return experiments.get(experiment_id)

    @translated
    def get_experiment_by_name(self, name: str) -> Experiment | None:
        """The experiment with a name, if there is one."""
        return experiments.by_name(name)

    @translated
    def search_experiments(
        self, view_type: int = 1, max_results: int | None = 1000, filter_string: str | None = None,
        order_by: Sequence[str] | None = None, page_token: str | None = None,
    ) -> PagedList[Experiment]:  # fmt: skip
        """The experiments that a filter finds, the newest first."""
        return experiments.search(
            view_type, filter_string or "", order_by or (), max_results or 1000, page_token
        )

    @translated
    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Gives an experiment another name."""
        experiments.rename(experiment_id, new_name)

    @translated
    def delete_experiment(self, experiment_id: str) -> None:
        """Hides an experiment with its runs."""
        experiments.delete(experiment_id)

    @translated
    def restore_experiment(self, experiment_id: str) -> None:
        """Shows a deleted experiment again, with its runs."""
        experiments.restore(experiment_id)

    @translated
    def set_experiment_tag(self, experiment_id: str, key: str, value: Any) -> None:
        """Sets a tag of an experiment."""
        experiments.tag(experiment_id, key, value)

    @translated
    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Takes a tag of an experiment away."""
        experiments.tag(experiment_id, key, None)
