"""MLflow's model registry over ours: promoting is guarded by gates and policies as everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlflow.exceptions import MlflowException
from mlflow.store.model_registry.abstract_store import AbstractStore

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import files, places, versions
from mlops_jlab.mlflow.plugin import words
from mlops_jlab.mlflow.plugin.words import speaking


class RegistryStore(AbstractStore):  # type: ignore[misc]  # MLflow is untyped for us
    """What MLflow's client asks of the place where registered models are."""

    def __init__(self, store_uri: str | None = None, tracking_uri: str | None = None) -> None:
        super().__init__(store_uri, tracking_uri)
        places.choose(store_uri or "")

    @speaking
    def create_registered_model(
        self, name: str, tags: Any = None, description: str | None = None, deployment_job_id: Any = None
    ) -> Any:
        """A registered model without versions."""
        _refuse_job(deployment_job_id)
        return words.model(versions.create_model(name, words.tags(tags), description or ""))

    @speaking
    def update_registered_model(self, name: str, description: str, deployment_job_id: Any = None) -> Any:
        """Gives a registered model another description."""
        _refuse_job(deployment_job_id)
        return words.model(versions.describe_model(name, description))

    def rename_registered_model(self, name: str, new_name: str) -> Any:
        """Gates and the audit log know a model by its name."""
        raise MlflowException(
            f"the model {name!r} keeps its name, by which gates and the audit log know it; "
            f"copy_model_version() registers a version as {new_name!r}"
        )

    @speaking
    def delete_registered_model(self, name: str) -> None:
        """Hides a registered model with its versions."""
        versions.delete_model(name)

    @speaking
    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> Any:
        """The registered models that a filter finds."""
        found = versions.search_models(filter_string or "", order_by or (), max_results, page_token)
        return words.page(found, words.model)

    @speaking
    def get_registered_model(self, name: str) -> Any:
        """A registered model."""
        return words.model(versions.model(name))

    @speaking
    def get_latest_versions(self, name: str, stages: Sequence[str] | None = None) -> Any:
        """The newest version; there are no stages."""
        wanted = not stages or any(stage in ("None", "none") for stage in stages)
        return [words.version(one) for one in versions.model(name).latest_versions if wanted]

    @speaking
    def set_registered_model_tag(self, name: str, tag: Any) -> None:
        """Sets a tag of a registered model."""
        versions.tag_model(name, tag.key, tag.value)

    @speaking
    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Takes a tag of a registered model away."""
        versions.tag_model(name, key, None)

    @speaking
    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Any = None,
        run_link: str | None = None,
        description: str | None = None,
        local_model_path: str | None = None,
        model_id: str | None = None,
    ) -> Any:
        """Registers what lies at ``source``, or in ``local_model_path``, as the next version."""
        versions.model(name)

        def fetch(uri: str) -> dict[str, bytes]:
            return files.contents(local_model_path) if local_model_path else _fetched(uri)

        made = versions.create(
            name,
            source,
            run_id=run_id or "",
            tags=words.tags(tags),
            note=description or "",
            model_id=model_id,
            run_link=run_link or "",
            fetch=fetch,
        )
        return words.version(made)

    @speaking
    def update_model_version(self, name: str, version: str, description: str) -> Any:
        """Gives a version another description."""
        return words.version(versions.describe(name, version, description))

    def transition_model_version_stage(
        self, name: str, version: str, stage: str, archive_existing_versions: bool
    ) -> Any:
        """There are no stages."""
        raise MlflowException(
            f"there are no stages here: set_registered_model_alias({name!r}, 'champion', {version}) promotes"
        )

    @speaking
    def delete_model_version(self, name: str, version: str) -> None:
        """Hides a version."""
        versions.delete(name, version)

    @speaking
    def get_model_version(self, name: str, version: str) -> Any:
        """A version."""
        return words.version(versions.get(name, version))

    @speaking
    def get_model_version_download_uri(self, name: str, version: str) -> str:
        """Where the files of a version lie."""
        return places.version_uri(name, versions.get(name, version).version)

    @speaking
    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int | None = None,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> Any:
        """The versions that a filter finds."""
        found = versions.search(filter_string or "", order_by or (), max_results, page_token)
        return words.page(found, words.version)

    @speaking
    def set_model_version_tag(self, name: str, version: str, tag: Any) -> None:
        """Sets a tag of a version."""
        versions.tag(name, version, tag.key, tag.value)

    @speaking
    def delete_model_version_tag(self, name: str, version: str, key: str) -> None:
        """Takes a tag of a version away."""
        versions.tag(name, version, key, None)

    @speaking
    def set_registered_model_alias(self, name: str, alias: str, version: str) -> None:
        """Lets an alias point at a version, where its gate and the policy allow it."""
        versions.point(name, alias, version)

    @speaking
    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Takes an alias away."""
        versions.unpoint(name, alias)

    @speaking
    def get_model_version_by_alias(self, name: str, alias: str) -> Any:
        """The version that an alias points at."""
        return words.version(versions.by_alias(name, alias))


def _refuse_job(deployment_job_id: Any) -> None:
    if deployment_job_id:
        raise InputError(
            "deployment_job_id names a job of Databricks", hint="leave it out: schedules retrain and promote"
        )


def _fetched(uri: str) -> dict[str, bytes]:
    """The files at an address: of ours, or wherever MLflow finds them."""
    if files.is_ours(uri):
        return files.contents(uri)
    from mlflow.artifacts import download_artifacts

    return files.contents(str(download_artifacts(uri)))
