"""MLflow's tracking store over ours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.store.tracking.abstract_store import AbstractStore

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow import searching
from mlops_jlab.mlflow.backing import experiments, inputs, logged, places, runs
from mlops_jlab.mlflow.plugin import words
from mlops_jlab.mlflow.plugin.words import speaking


class TrackingStore(AbstractStore):  # type: ignore[misc]  # MLflow is untyped for us
    """What MLflow's client asks of the place where runs are. Traces of language models are not kept."""

    def __init__(self, store_uri: str | None = None, artifact_uri: str | None = None) -> None:
        super().__init__()
        places.choose(store_uri or "")
        self._artifacts = artifact_uri

    @speaking
    def search_experiments(
        self,
        view_type: int = 1,
        max_results: int = 1000,
        filter_string: str | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> Any:
        """The experiments that a filter finds."""
        found = experiments.search(view_type, filter_string or "", order_by or (), max_results, page_token)
        return words.page(found, words.experiment)

    @speaking
    def create_experiment(self, name: str, artifact_location: str | None, tags: Any) -> str:
        """Makes an experiment; its artifacts lie in the store."""
        if artifact_location and not artifact_location.startswith(f"{places.SCHEME}:"):
            raise InputError(
                f"artifacts of {name!r} lie in the store, not in {artifact_location}",
                hint="leave artifact_location out; MLOPS_JLAB_STORE says where the store is",
            )
        return experiments.create(name, words.tags(tags))

    @speaking
    def get_experiment(self, experiment_id: str) -> Any:
        """The experiment with an id."""
        return words.experiment(experiments.get(experiment_id))

    @speaking
    def get_experiment_by_name(self, experiment_name: str) -> Any:
        """The experiment with a name, if there is one."""
        found = experiments.by_name(experiment_name)
        return None if found is None else words.experiment(found)

    @speaking
    def delete_experiment(self, experiment_id: str) -> None:
        """Hides an experiment."""
        experiments.delete(experiment_id)

    @speaking
    def restore_experiment(self, experiment_id: str) -> None:
        """Shows an experiment again."""
        experiments.restore(experiment_id)

    @speaking
    def rename_experiment(self, experiment_id: str, new_name: str) -> None:
        """Gives an experiment another name."""
        experiments.rename(experiment_id, new_name)

    @speaking
    def set_experiment_tag(self, experiment_id: str, tag: Any) -> None:
        """Sets a tag of an experiment."""
        experiments.tag(experiment_id, tag.key, tag.value)

    @speaking
    def delete_experiment_tag(self, experiment_id: str, key: str) -> None:
        """Takes a tag of an experiment away."""
        experiments.tag(experiment_id, key, None)

    @speaking
    def create_run(
        self, experiment_id: str, user_id: str, start_time: int, tags: Any, run_name: str | None
    ) -> Any:
        """Begins a run, which this process keeps alive."""
        made = runs.create(
            experiment_id, name=run_name or "", tags=words.tags(tags), user=user_id or "", started=start_time
        )
        return words.run(made)

    @speaking
    def get_run(self, run_id: str) -> Any:
        """The run with an id."""
        return words.run(runs.get(run_id))

    @speaking
    def update_run_info(
        self, run_id: str, run_status: int | None, end_time: int | None, run_name: str | None
    ) -> Any:
        """Gives a run another status or name."""
        from mlflow.entities import RunInfo, RunStatus

        status = RunStatus.to_string(run_status) if run_status is not None else None
        return RunInfo(**vars(runs.update(run_id, status, end_time, run_name)))

    @speaking
    def delete_run(self, run_id: str) -> None:
        """Hides a run."""
        runs.delete(run_id)

    @speaking
    def restore_run(self, run_id: str) -> None:
        """Shows a run again."""
        runs.restore(run_id)

    @speaking
    def _search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None,
        run_view_type: int,
        max_results: int,
        order_by: Sequence[str] | None,
        page_token: str | None,
    ) -> tuple[list[Any], str | None]:
        found = searching.page(
            experiment_ids, filter_string or "", run_view_type, max_results, order_by or (), page_token
        )
        return [words.run(one) for one in found], found.token

    @speaking
    def log_metric(self, run_id: str, metric: Any) -> None:
        """Keeps one value of a metric."""
        run = runs.live(run_id)
        run.log_metric(metric.key, metric.value, metric.step, metric.timestamp / 1000)
        logged.measure([words.metric_back(metric)], run_id)

    @speaking
    def log_param(self, run_id: str, param: Any) -> None:
        """Keeps a param."""
        runs.live(run_id).log_param(param.key, param.value)

    @speaking
    def set_tag(self, run_id: str, tag: Any) -> None:
        """Sets a tag of a run."""
        runs.set_tag(runs.live(run_id), tag.key, tag.value)

    @speaking
    def delete_tag(self, run_id: str, key: str) -> None:
        """Takes a tag of a run away."""
        runs.delete_tag(run_id, key)

    @speaking
    def get_metric_history(
        self, run_id: str, metric_key: str, max_results: int | None = None, page_token: str | None = None
    ) -> Any:
        """All values of a metric."""
        from mlops_jlab.mlflow.backing import filtering

        found = filtering.page(runs.history(run_id, metric_key), max_results, page_token)
        return words.page(found, words.metric)

    @speaking
    def log_batch(self, run_id: str, metrics: Sequence[Any], params: Any, tags: Any) -> None:
        """Keeps many metrics, params and tags."""
        found = [words.metric_back(one) for one in metrics]
        runs.log(run_id, found, words.tags(params), words.tags(tags))
        logged.measure(found, run_id)

    @speaking
    def log_inputs(
        self, run_id: str, datasets: Sequence[Any] | None = None, models: Sequence[Any] | None = None
    ) -> None:
        """Keeps which data and logged models a run has read."""
        found = [words.dataset_back(one) for one in datasets or ()]
        inputs.log(runs.live(run_id), found, [one.model_id for one in models or ()])

    @speaking
    def log_outputs(self, run_id: str, models: Sequence[Any]) -> None:
        """Keeps at which step a run has made logged models."""
        logged.made(run_id, {one.model_id: one.step for one in models})

    def record_logged_model(self, run_id: str, mlflow_model: Any) -> None:
        """Nothing: a logged model is a row of its own."""

    @speaking
    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Any = None,
        params: Any = None,
        model_type: str | None = None,
    ) -> Any:
        """A logged model whose files are still to come."""
        made = logged.begin(
            experiment_id,
            name or "model",
            run_id=source_run_id or "",
            kind=model_type or "",
            params=words.tags(params),
            tags=words.tags(tags),
        )
        return words.logged_model(made)

    @speaking
    def finalize_logged_model(self, model_id: str, status: Any) -> Any:
        """Says that a logged model is whole, or that it failed."""
        return words.logged_model(logged.settle(model_id, status.value))

    @speaking
    def get_logged_model(self, model_id: str, allow_deleted: bool = False) -> Any:
        """The logged model with an id."""
        return words.logged_model(logged.get(model_id, deleted=allow_deleted))

    @speaking
    def delete_logged_model(self, model_id: str) -> None:
        """Hides a logged model."""
        logged.delete(model_id)

    @speaking
    def set_logged_model_tags(self, model_id: str, tags: Any) -> None:
        """Sets tags of a logged model."""
        logged.tag(model_id, words.tags(tags))

    @speaking
    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Takes a tag of a logged model away."""
        logged.tag(model_id, {key: None})

    @speaking
    def log_logged_model_params(self, model_id: str, params: Any) -> None:
        """Adds params to a logged model."""
        logged.parametrise(model_id, words.tags(params))

    @speaking
    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None = None,
        datasets: Any = None,
        max_results: int | None = None,
        order_by: Sequence[Mapping[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> Any:
        """The logged models that a filter finds."""
        if datasets:
            raise MlflowException("logged models are not searched by datasets here")
        found = logged.search(experiment_ids, filter_string or "", order_by or (), max_results, page_token)
        return words.page(found, words.logged_model)

    def set_model_versions_tags(self, name: str, version: str, model_id: str) -> None:
        """Nothing: a version knows its logged model."""

    def link_traces_to_run(self, trace_ids: list[str], run_id: str) -> None:
        """Traces are not kept."""
        raise MlflowException("traces of language models are not kept in a store of mlops-jlab")
