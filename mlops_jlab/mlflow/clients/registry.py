"""The client's calls for registered models, versions and aliases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_jlab.mlflow.backing import places, versions
from mlops_jlab.mlflow.entities import ModelVersion, PagedList, RegisteredModel
from mlops_jlab.mlflow.exceptions import translated


class RegistryCalls:
    """The registry by names, numbers and aliases."""

    @translated
    def create_registered_model(
        self, name: str, tags: Mapping[str, Any] | None = None, description: str | None = None
    ) -> RegisteredModel:
        """A registered model without versions."""
        return versions.create_model(name, tags, description or "")

    @translated
    def get_registered_model(self, name: str) -> RegisteredModel:
        """A registered model."""
        return versions.model(name)

    @translated
    def update_registered_model(self, name: str, description: str | None = None) -> RegisteredModel:
        """Gives a registered model another description."""
        return versions.describe_model(name, description or "")

    @translated
    def delete_registered_model(self, name: str) -> None:
        """Hides a registered model with its versions."""
        versions.delete_model(name)

    @translated
    def search_registered_models(
        self,
        filter_string: str | None = None,
        max_results: int = 100,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[RegisteredModel]:
        """The registered models that a filter finds, by name."""
        return versions.search_models(filter_string or "", order_by or (), max_results, page_token)

    @translated
    def set_registered_model_tag(self, name: str, key: str, value: Any) -> None:
        """Sets a tag of a registered model."""
        versions.tag_model(name, key, str(value))

    @translated
    def delete_registered_model_tag(self, name: str, key: str) -> None:
        """Takes a tag of a registered model away."""
        versions.tag_model(name, key, None)

    @translated
    def create_model_version(
        self,
        name: str,
        source: str,
        run_id: str | None = None,
        tags: Mapping[str, Any] | None = None,
        run_link: str | None = None,
        description: str | None = None,
        await_creation_for: int | None = 300,
        model_id: str | None = None,
    ) -> ModelVersion:
        """Registers what lies at ``source`` as the next version; it is there when the call returns."""
        versions.model(name)
        return versions.create(
            name,
            source,
            run_id=run_id or "",
            tags=tags,
            note=description or "",
            model_id=model_id,
            run_link=run_link or "",
        )

    @translated
    def get_model_version(self, name: str, version: int | str) -> ModelVersion:
        """A version."""
        return versions.get(name, version)

    @translated
    def get_model_version_by_alias(self, name: str, alias: str) -> ModelVersion:
        """The version that an alias points at."""
        return versions.by_alias(name, alias)

    @translated
    def get_model_version_download_uri(self, name: str, version: int | str) -> str:
        """Where the files of a version lie."""
        return places.version_uri(name, versions.get(name, version).version)

    @translated
    def get_latest_versions(self, name: str, stages: Sequence[str] | None = None) -> list[ModelVersion]:
        """The newest version. There are no stages: ``None`` is the only one."""
        wanted = not stages or any(stage in ("None", "none") for stage in stages)
        return versions.model(name).latest_versions if wanted else []

    @translated
    def search_model_versions(
        self,
        filter_string: str | None = None,
        max_results: int = 10_000,
        order_by: Sequence[str] | None = None,
        page_token: str | None = None,
    ) -> PagedList[ModelVersion]:
        """The versions that a filter finds, the newest first."""
        return versions.search(filter_string or "", order_by or (), max_results, page_token)

    @translated
    def update_model_version(
        self, name: str, version: int | str, description: str | None = None
    ) -> ModelVersion:
        """Gives a version another description."""
        return versions.describe(name, version, description or "")

    @translated
    def delete_model_version(self, name: str, version: int | str) -> None:
        """Hides a version and frees its files."""
        versions.delete(name, version)

    @translated
    def set_model_version_tag(self, name: str, version: int | str, key: str, value: Any) -> None:
        """Sets a tag of a version."""
        versions.tag(name, version, key, str(value))

    @translated
    def delete_model_version_tag(self, name: str, version: int | str, key: str) -> None:
        """Takes a tag of a version away."""
        versions.tag(name, version, key, None)

    @translated
    def set_registered_model_alias(self, name: str, alias: str, version: int | str) -> None:
        """Lets an alias point at a version, where its gate and the policy allow it."""
        versions.point(name, alias, version)

    @translated
    def delete_registered_model_alias(self, name: str, alias: str) -> None:
        """Takes an alias away."""
        versions.unpoint(name, alias)

    @translated
    def copy_model_version(self, src_model_uri: str, dst_name: str) -> ModelVersion:
        """Registers a version as the next one of another model."""
        return versions.create(dst_name, src_model_uri)
