"""Experiments over REST."""

from __future__ import annotations

from typing import Any

from mlops_jlab.errors import InputError, NotFound
from mlops_jlab.mlflow.backing import experiments
from mlops_jlab.mlflow.entities import ViewType
from mlops_jlab.mlflow.rest import words
from mlops_jlab.mlflow.rest.asking import NO_PAIRS, NO_TEXTS, Endpoints, Pairs

ENDPOINTS = Endpoints()
_VIEWS = {"ACTIVE_ONLY": ViewType.ACTIVE_ONLY, "DELETED_ONLY": ViewType.DELETED_ONLY, "ALL": ViewType.ALL}


def view(word: str) -> int:
    """The view that a word, or its number, names.

    Raises:
        InputError: there is none of the name.
    """
    if word in map(str, _VIEWS.values()):
        return int(word)
    if word not in _VIEWS:
        raise InputError(f"{word!r} is not a view", hint=", ".join(_VIEWS))
    return _VIEWS[word]


@ENDPOINTS.post("experiments/create")
def create(name: str, artifact_location: str = "", tags: Pairs = NO_PAIRS) -> dict[str, Any]:
    """Makes an experiment."""
    if artifact_location:
        raise InputError(
            f"artifacts of {name!r} lie in the store, not in {artifact_location}",
            hint="leave artifact_location out",
        )
    return {"experiment_id": experiments.create(name, tags)}


@ENDPOINTS.get("experiments/get")
def get(experiment_id: str) -> dict[str, Any]:
    """The experiment with an id."""
    return {"experiment": words.experiment(experiments.get(experiment_id))}


@ENDPOINTS.get("experiments/get-by-name")
def get_by_name(experiment_name: str) -> dict[str, Any]:
    """The experiment with a name."""
    found = experiments.by_name(experiment_name)
    if found is None:
        raise NotFound(f"Could not find experiment with name '{experiment_name}'")
    return {"experiment": words.experiment(found)}


@ENDPOINTS.get("experiments/search")
@ENDPOINTS.post("experiments/search")
def search(
    max_results: int = 1000,
    page_token: str = "",
    filter: str = "",
    order_by: list[str] = NO_TEXTS,
    view_type: str = "ACTIVE_ONLY",
) -> dict[str, Any]:
    """The experiments that a filter finds."""
    found = experiments.search(view(view_type), filter, order_by, max_results, page_token or None)
    return words.page("experiments", map(words.experiment, found), found.token)


@ENDPOINTS.post("experiments/delete")
def delete(experiment_id: str) -> None:
    """Hides an experiment."""
    experiments.delete(experiment_id)


@ENDPOINTS.post("experiments/restore")
def restore(experiment_id: str) -> None:
    """Shows an experiment again."""
    experiments.restore(experiment_id)


@ENDPOINTS.post("experiments/update")
def update(experiment_id: str, new_name: str) -> None:
    """Gives an experiment another name."""
    experiments.rename(experiment_id, new_name)


@ENDPOINTS.post("experiments/set-experiment-tag")
def set_tag(experiment_id: str, key: str, value: str = "") -> None:
    """Sets a tag."""
    experiments.tag(experiment_id, key, value)


@ENDPOINTS.post("experiments/delete-experiment-tag")
def delete_tag(experiment_id: str, key: str) -> None:
    """Takes a tag away."""
    experiments.tag(experiment_id, key, None)
