"""The client's calls for runs: metrics, params, tags and artifacts."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jlab.mlflow import searching, tables
from mlops_jlab.mlflow.backing import files, inputs, logged, places, runs
from mlops_jlab.mlflow.entities import (
    DatasetInput,
    FileInfo,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    PagedList,
    Param,
    Run,
    RunTag,
)
from mlops_jlab.mlflow.exceptions import translated


class RunCalls:
    """Runs by their ids."""

    @translated
    def create_run(
        self,
        experiment_id: str,
        start_time: int | None = None,
        tags: Mapping[str, Any] | None = None,
        run_name: str | None = None,
    ) -> Run:
        """Begins a run that is not the active one; it is ended by :meth:`set_terminated`."""
        return runs.create(str(experiment_id), name=run_name or "", tags=tags, started=start_time)

    @translated
    def get_run(self, run_id: str) -> Run:
        """The run with an id."""
        return runs.get(run_id)

    @translated
    def get_parent_run(self, run_id: str) -> Run | None:
        """The run that a run is a part of, if it is of one."""
        parent = runs.get(run_id).data.tags.get("mlflow.parentRunId")
        return runs.get(parent) if parent else None

    @translated
    def search_runs(
        self,
        experiment_ids: Sequence[str],
        filter_string: str = "",
        run_view_type: int = 1,
        max_results: int = 1000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[Run]:
        """The runs of some experiments that a filter finds; ``token`` of the answer asks for more."""
        return searching.page(
            experiment_ids, filter_string, run_view_type, max_results, order_by or (), page_token
        )

    @translated
    def set_terminated(self, run_id: str, status: str | None = None, end_time: int | None = None) -> None:
        """Ends a run."""
        runs.update(run_id, status or "FINISHED", end_time)

    @translated
    def update_run(self, run_id: str, status: str | None = None, name: str | None = None) -> None:
        """Gives a run another status or name."""
        runs.update(run_id, status, name=name)

    @translated
    def delete_run(self, run_id: str) -> None:
        """Hides a run with its children."""
        runs.delete(run_id)

    @translated
    def restore_run(self, run_id: str) -> None:
        """Shows a deleted run again."""
        runs.restore(run_id)

    @translated
    def log_metric(
        self,
        run_id: str,
        key: str,
        value: float,
        timestamp: int | None = None,
        step: int | None = None,
        synchronous: bool | None = None,
        dataset_name: str | None = None,
        dataset_digest: str | None = None,
        model_id: str | None = None,
    ) -> RunOperations | None:
        """Keeps one value of a metric, also of the logged model ``model_id``; without ``step`` the next."""
        run = runs.live(run_id)
        run.log_metric(key, value, step, None if timestamp is None else timestamp / 1000)
        if model_id or dataset_name:
            at = int(time.time() * 1000) if timestamp is None else timestamp
            measured = Metric(key, float(value), at, step or 0, model_id, dataset_name, dataset_digest)
            logged.measure([measured], run.id)
        return done(synchronous)

    @translated
    def get_metric_history(self, run_id: str, key: str) -> PagedList[Metric]:
        """All values of a metric, those that were replaced among them."""
        return PagedList(runs.history(run_id, key))

    @translated
    def log_param(self, run_id: str, key: str, value: Any, synchronous: bool | None = None) -> Any:
        """Keeps a param, or corrects it; gives ``value`` back."""
        runs.live(run_id).log_param(key, value)
        return value if synchronous is not False else done(synchronous)

    @translated
    def log_batch(
        self,
        run_id: str,
        metrics: Sequence[Metric] = (),
        params: Sequence[Param] = (),
        tags: Sequence[RunTag] = (),
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Keeps many metrics, params and tags."""
        runs.log(
            run_id, metrics, {one.key: one.value for one in params}, {one.key: one.value for one in tags}
        )
        logged.measure(metrics, run_id)
        return done(synchronous)

    @translated
    def log_inputs(
        self,
        run_id: str,
        datasets: Sequence[DatasetInput] | None = None,
        models: Sequence[LoggedModelInput] | None = None,
    ) -> None:
        """Keeps which data and logged models a run has read."""
        inputs.log(runs.live(run_id), datasets or (), [one.model_id for one in models or ()])

    @translated
    def log_outputs(self, run_id: str, models: Sequence[LoggedModelOutput]) -> None:
        """Keeps at which step a run has made each of these logged models."""
        logged.made(run_id, {one.model_id: one.step for one in models})

    @translated
    def set_tag(
        self, run_id: str, key: str, value: Any, synchronous: bool | None = None
    ) -> RunOperations | None:
        """Sets a tag."""
        runs.set_tag(runs.live(run_id), key, value)
        return done(synchronous)

    @translated
    def delete_tag(self, run_id: str, key: str) -> None:
        """Takes a tag away."""
        runs.delete_tag(run_id, key)

    @translated
    def log_artifact(self, run_id: str, local_path: str | Path, artifact_path: str | None = None) -> None:
        """Keeps a file."""
        runs.live(run_id).log_artifact(local_path, artifact_path)

    @translated
    def log_artifacts(self, run_id: str, local_dir: str | Path, artifact_path: str | None = None) -> None:
        """Keeps all files of a folder."""
        runs.live(run_id).log_artifacts(local_dir, artifact_path)

    @translated
    def log_text(self, run_id: str, text: str, artifact_file: str) -> None:
        """Keeps a text as a file."""
        runs.live(run_id).log_text(text, artifact_file)

    @translated
    def log_dict(self, run_id: str, dictionary: Any, artifact_file: str) -> None:
        """Keeps a dict as JSON or YAML."""
        runs.live(run_id).log_dict(dictionary, artifact_file)

    @translated
    def log_figure(
        self, run_id: str, figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None
    ) -> None:
        """Keeps a figure; ``save_kwargs`` go to matplotlib's ``savefig`` or plotly's writer."""
        from mlops_jlab.mlflow import pictures

        pictures.log_figure(runs.live(run_id), figure, artifact_file, save_kwargs or {})

    @translated
    def log_image(
        self,
        run_id: str,
        image: Any,
        artifact_file: str | None = None,
        key: str | None = None,
        step: int | None = None,
        timestamp: int | None = None,
        synchronous: bool | None = None,
    ) -> RunOperations | None:
        """Keeps an image: as a file, or under a key with a step."""
        from mlops_jlab.mlflow import pictures

        pictures.log_image(runs.live(run_id), image, artifact_file, key, step, timestamp)
        return done(synchronous)

    @translated
    def log_table(self, run_id: str, data: Any, artifact_file: str) -> None:
        """Keeps rows; those of an earlier call under the same name stay above them."""
        tables.log(run_id, data, artifact_file)

    @translated
    def load_table(
        self,
        experiment_id: str,
        artifact_file: str,
        run_ids: Sequence[str] | None = None,
        extra_columns: Sequence[str] | None = None,
    ) -> Any:
        """The rows of a table in the runs of an experiment, or in ``run_ids``."""
        chosen = run_ids or [run.info.run_id for run in searching.runs_of([experiment_id])]
        return tables.load(chosen, artifact_file, extra_columns or ())

    @translated
    def log_stream(self, run_id: str, stream: Any, artifact_file: str) -> None:
        """Keeps what can be read from an open file."""
        content = stream.read()
        runs.live(run_id).log_content(
            content.encode() if isinstance(content, str) else content, artifact_file
        )

    @translated
    def list_artifacts(self, run_id: str, path: str | None = None) -> list[FileInfo]:
        """What lies directly below ``path`` among a run's artifacts."""
        return files.listed(places.run_uri(run_id), path or "")

    @translated
    def download_artifacts(self, run_id: str, path: str, dst_path: str | None = None) -> str:
        """Writes artifacts into a folder of this machine; where they lie there."""
        return str(files.download(f"{places.run_uri(run_id)}/{path}".rstrip("/"), dst_path))


class RunOperations:
    """What logging in the background would be waited for by; here it is done when the call returns."""

    def wait(self) -> None:
        """Returns at once."""


def done(synchronous: bool | None) -> RunOperations | None:
    """What a call gives back: something to wait for, where it was asked not to wait."""
    return RunOperations() if synchronous is False else None
