"""Logged models over REST."""

from __future__ import annotations

from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import files, logged, places
from mlops_jlab.mlflow.rest import words
from mlops_jlab.mlflow.rest.asking import NO_ITEMS, NO_PAIRS, NO_TEXTS, Endpoints, Items, Pairs
from mlops_jlab.mlflow.rest.runs import whole

ENDPOINTS = Endpoints()


@ENDPOINTS.post("logged-models")
def create(
    experiment_id: str,
    name: str = "",
    model_type: str = "",
    source_run_id: str = "",
    params: Pairs = NO_PAIRS,
    tags: Pairs = NO_PAIRS,
) -> dict[str, Any]:
    """A logged model whose files are still to come."""
    made = logged.begin(
        experiment_id, name or "model", run_id=source_run_id, kind=model_type, params=params, tags=tags
    )
    return {"model": words.logged_model(made)}


@ENDPOINTS.post("logged-models/search")
def search(
    experiment_ids: list[str] = NO_TEXTS,
    filter: str = "",
    datasets: Items = NO_ITEMS,
    max_results: int = 0,
    order_by: Items = NO_ITEMS,
    page_token: str = "",
) -> dict[str, Any]:
    """The logged models that a filter finds."""
    if datasets:
        raise InputError(
            "logged models are not searched by datasets", hint="choose by metrics[].dataset_name"
        )
    found = logged.search(experiment_ids, filter, order_by, max_results or None, page_token or None)
    return words.page("models", map(words.logged_model, found), found.token)


@ENDPOINTS.get("logged-models/{model_id}")
def get(model_id: str, allow_deleted: str = "") -> dict[str, Any]:
    """The logged model with an id."""
    found = logged.get(model_id, deleted=allow_deleted.lower() in ("true", "1"))
    return {"model": words.logged_model(found)}


@ENDPOINTS.patch("logged-models/{model_id}")
def finalize(model_id: str, status: str) -> dict[str, Any]:
    """Says that a logged model is whole, or that it failed."""
    return {"model": words.logged_model(logged.settle(model_id, words.status_back(status)))}


@ENDPOINTS.delete("logged-models/{model_id}")
def delete(model_id: str) -> None:
    """Hides a logged model."""
    logged.delete(model_id)


@ENDPOINTS.patch("logged-models/{model_id}/tags")
def set_tags(model_id: str, tags: Pairs) -> dict[str, Any]:
    """Sets tags."""
    logged.tag(model_id, tags)
    return {"model": words.logged_model(logged.get(model_id))}


@ENDPOINTS.delete("logged-models/{model_id}/tags/{tag_key}")
def delete_tag(model_id: str, tag_key: str) -> None:
    """Takes a tag away."""
    logged.tag(model_id, {tag_key: None})


@ENDPOINTS.post("logged-models/{model_id}/params")
def log_params(model_id: str, params: Pairs) -> None:
    """Adds params."""
    logged.parametrise(model_id, params)


@ENDPOINTS.get("logged-models/{model_id}/artifacts/directories")
def artifacts(model_id: str, artifact_directory_path: str = "", page_token: str = "") -> dict[str, Any]:
    """What lies directly below a path among a logged model's files."""
    whole(page_token)
    uri = places.model_uri(model_id)
    found = files.listed(uri, artifact_directory_path)
    return {"root_uri": words.told(uri), "files": [words.file(one) for one in found]}
