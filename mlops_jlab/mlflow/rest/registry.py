"""Registered models, versions and aliases over REST; gates and policies guard aliases as everywhere."""

from __future__ import annotations

from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import files, places, versions
from mlops_jlab.mlflow.rest import words
from mlops_jlab.mlflow.rest.asking import NO_PAIRS, NO_TEXTS, Endpoints, Pairs

ENDPOINTS = Endpoints()
_NO_STAGES = ("", "None", "none")


@ENDPOINTS.post("registered-models/create")
def create_model(
    name: str,
    tags: Pairs = NO_PAIRS,
    description: str = "",
) -> dict[str, Any]:
    """A registered model without versions."""
    return {"registered_model": words.model(versions.create_model(name, tags, description))}


@ENDPOINTS.get("registered-models/get")
def get_model(name: str) -> dict[str, Any]:
    """A registered model."""
    return {"registered_model": words.model(versions.model(name))}


@ENDPOINTS.patch("registered-models/update")
def update_model(name: str, description: str = "") -> dict[str, Any]:
    """Gives a registered model another description."""
    return {"registered_model": words.model(versions.describe_model(name, description))}


@ENDPOINTS.post("registered-models/rename")
def rename_model(name: str, new_name: str) -> None:
    """Refused: gates and the audit log know a model by its name."""
    raise InputError(
        f"the model {name!r} keeps its name, by which gates and the audit log know it",
        hint=f"register its version as {new_name!r}: copy_model_version()",
    )


@ENDPOINTS.delete("registered-models/delete")
def delete_model(name: str) -> None:
    """Hides a registered model with its versions."""
    versions.delete_model(name)


@ENDPOINTS.get("registered-models/search")
def search_models(
    filter: str = "",
    max_results: int = 100,
    order_by: list[str] = NO_TEXTS,
    page_token: str = "",
) -> dict[str, Any]:
    """The registered models that a filter finds."""
    found = versions.search_models(filter, order_by, max_results, page_token or None)
    return words.page("registered_models", map(words.model, found), found.token)


@ENDPOINTS.get("registered-models/get-latest-versions")
@ENDPOINTS.post("registered-models/get-latest-versions")
def latest_versions(name: str, stages: list[str] = NO_TEXTS) -> dict[str, Any]:
    """The newest version; there are no stages."""
    found = versions.model(name).latest_versions
    wanted = not stages or any(stage in _NO_STAGES for stage in stages)
    return {"model_versions": [words.version(one) for one in found if wanted]}


@ENDPOINTS.post("registered-models/set-tag")
def set_model_tag(name: str, key: str, value: str = "") -> None:
    """Sets a tag of a registered model."""
    versions.tag_model(name, key, value)


@ENDPOINTS.delete("registered-models/delete-tag")
def delete_model_tag(name: str, key: str) -> None:
    """Takes a tag of a registered model away."""
    versions.tag_model(name, key, None)


@ENDPOINTS.post("registered-models/alias")
def set_alias(name: str, alias: str, version: str) -> None:
    """Lets an alias point at a version, where its gate and the policy allow it."""
    versions.point(name, alias, version)


@ENDPOINTS.get("registered-models/alias")
def get_by_alias(name: str, alias: str) -> dict[str, Any]:
    """The version that an alias points at."""
    return {"model_version": words.version(versions.by_alias(name, alias))}


@ENDPOINTS.delete("registered-models/alias")
def delete_alias(name: str, alias: str) -> None:
    """Takes an alias away."""
    versions.unpoint(name, alias)


@ENDPOINTS.post("model-versions/create")
def create_version(
    name: str,
    source: str,
    run_id: str = "",
    tags: Pairs = NO_PAIRS,
    run_link: str = "",
    description: str = "",
    model_id: str = "",
) -> dict[str, Any]:
    """Registers what lies at an address of this store as the next version."""
    versions.model(name)
    uri = words.meant(source)
    if not files.is_ours(uri):  # a path of this machine would be read for whoever asks
        raise InputError(
            f"{source!r} is not in this store",
            hint="log the model first, and give runs:/RUN/PATH or models:/ID",
        )
    made = versions.create(
        name, uri, run_id=run_id, tags=tags, note=description, model_id=model_id or None, run_link=run_link
    )
    return {"model_version": words.version(made)}


@ENDPOINTS.get("model-versions/get")
def get_version(name: str, version: str) -> dict[str, Any]:
    """A version."""
    return {"model_version": words.version(versions.get(name, version))}


@ENDPOINTS.get("model-versions/get-download-uri")
def download_uri(name: str, version: str) -> dict[str, Any]:
    """Where the files of a version lie."""
    return {"artifact_uri": words.told(places.version_uri(name, versions.get(name, version).version))}


@ENDPOINTS.patch("model-versions/update")
def update_version(name: str, version: str, description: str = "") -> dict[str, Any]:
    """Gives a version another description."""
    return {"model_version": words.version(versions.describe(name, version, description))}


@ENDPOINTS.post("model-versions/transition-stage")
def transition(name: str, version: str, stage: str, archive_existing_versions: str = "") -> None:
    """Refused: there are no stages."""
    raise InputError(
        f"there are no stages: {name} {version} cannot go to {stage!r}"
        f"{' and archive others' if archive_existing_versions else ''}",
        hint=f"set_registered_model_alias({name!r}, 'champion', {version}) promotes it",
    )


@ENDPOINTS.delete("model-versions/delete")
def delete_version(name: str, version: str) -> None:
    """Hides a version and frees its files."""
    versions.delete(name, version)


@ENDPOINTS.get("model-versions/search")
def search_versions(
    filter: str = "",
    max_results: int = 10_000,
    order_by: list[str] = NO_TEXTS,
    page_token: str = "",
) -> dict[str, Any]:
    """The versions that a filter finds."""
    found = versions.search(filter, order_by, max_results, page_token or None)
    return words.page("model_versions", map(words.version, found), found.token)


@ENDPOINTS.post("model-versions/set-tag")
def set_version_tag(name: str, version: str, key: str, value: str = "") -> None:
    """Sets a tag of a version."""
    versions.tag(name, version, key, value)


@ENDPOINTS.delete("model-versions/delete-tag")
def delete_version_tag(name: str, version: str, key: str) -> None:
    """Takes a tag of a version away."""
    versions.tag(name, version, key, None)
