"""The client's calls for logged models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlops_jlab.mlflow.backing import files, logged, places
from mlops_jlab.mlflow.entities import FileInfo, LoggedModel, PagedList
from mlops_jlab.mlflow.exceptions import translated


class LoggedModelCalls:
    """Logged models by their ids."""

    @translated
    def create_logged_model(
        self,
        experiment_id: str,
        name: str | None = None,
        source_run_id: str | None = None,
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        model_type: str | None = None,
    ) -> LoggedModel:
        """A logged model whose files are still to come."""
        return logged.begin(
            experiment_id,
            name or "model",
            run_id=source_run_id or "",
            kind=model_type or "",
            params=params,
            tags=tags,
        )

    @translated
    def finalize_logged_model(self, model_id: str, status: str) -> LoggedModel:
        """Says that a logged model is whole (``READY``) or that it failed."""
        return logged.settle(model_id, status)

    @translated
    def get_logged_model(self, model_id: str) -> LoggedModel:
        """The logged model with an id."""
        return logged.get(model_id)

    @translated
    def delete_logged_model(self, model_id: str) -> None:
        """Hides a logged model."""
        logged.delete(model_id)

    @translated
    def set_logged_model_tags(self, model_id: str, tags: Mapping[str, Any]) -> None:
        """Sets tags of a logged model."""
        logged.tag(model_id, tags)

    @translated
    def delete_logged_model_tag(self, model_id: str, key: str) -> None:
        """Takes a tag of a logged model away."""
        logged.tag(model_id, {key: None})

    @translated
    def log_model_params(self, model_id: str, params: Mapping[str, Any]) -> None:
        """Adds params to a logged model."""
        logged.parametrise(model_id, params)

    @translated
    def search_logged_models(
        self,
        experiment_ids: Sequence[str],
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: Sequence[Mapping[str, Any]] | None = None,
        page_token: str | None = None,
    ) -> PagedList[LoggedModel]:
        """The logged models that a filter finds, the newest first."""
        return logged.search(experiment_ids, filter_string or "", order_by or (), max_results, page_token)

    @translated
    def list_logged_model_artifacts(self, model_id: str, path: str | None = None) -> list[FileInfo]:
        """What lies directly below ``path`` among a logged model's files."""
        return files.listed(places.model_uri(model_id), path or "")

    @translated
    def log_model_artifact(self, model_id: str, local_path: str | Path) -> None:
        """Keeps a file with a logged model."""
        path = Path(local_path)
        logged.fill(model_id, files.put({path.name: path.read_bytes()}))

    @translated
    def log_model_artifacts(self, model_id: str, local_dir: str | Path) -> None:
        """Keeps all files of a folder with a logged model."""
        logged.fill(model_id, files.put(files.contents(str(local_dir))))
