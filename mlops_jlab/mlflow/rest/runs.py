"""Runs over REST: begun, logged to, searched, ended."""

from __future__ import annotations

from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow import searching
from mlops_jlab.mlflow.backing import files, filtering, inputs, logged, places, runs
from mlops_jlab.mlflow.entities import RunStatus
from mlops_jlab.mlflow.rest import words
from mlops_jlab.mlflow.rest.asking import NO_ITEMS, NO_PAIRS, NO_TEXTS, Endpoints, Items, Pairs
from mlops_jlab.mlflow.rest.experiments import view

ENDPOINTS = Endpoints()
_STATUSES = {str(number): word.value for number, word in enumerate(RunStatus, 1)}


@ENDPOINTS.post("runs/create")
def create(
    experiment_id: str = "0",
    user_id: str = "",
    run_name: str = "",
    start_time: int | None = None,
    tags: Pairs = NO_PAIRS,
) -> dict[str, Any]:
    """Begins a run, which the server keeps alive."""
    started = None if start_time is None else int(start_time)
    made = runs.create(experiment_id, name=run_name, tags=tags, user=user_id, started=started)
    return {"run": words.run(made)}


@ENDPOINTS.get("runs/get")
def get(run_id: str) -> dict[str, Any]:
    """The run with an id."""
    return {"run": words.run(runs.get(run_id))}


@ENDPOINTS.post("runs/update")
def update(run_id: str, status: str = "", end_time: int | None = None, run_name: str = "") -> dict[str, Any]:
    """Gives a run another status or name."""
    ended = None if end_time is None else int(end_time)
    info = runs.update(run_id, _STATUSES.get(status, status) or None, ended, run_name or None)
    return {"run_info": words.info(info)}


@ENDPOINTS.post("runs/delete")
def delete(run_id: str) -> None:
    """Hides a run."""
    runs.delete(run_id)


@ENDPOINTS.post("runs/restore")
def restore(run_id: str) -> None:
    """Shows a run again."""
    runs.restore(run_id)


@ENDPOINTS.post("runs/search")
def search(
    experiment_ids: list[str] = NO_TEXTS,
    filter: str = "",
    run_view_type: str = "ACTIVE_ONLY",
    max_results: int = 1000,
    order_by: list[str] = NO_TEXTS,
    page_token: str = "",
) -> dict[str, Any]:
    """The runs that a filter finds."""
    found = searching.page(
        experiment_ids, filter, view(run_view_type), max_results, order_by, page_token or None
    )
    return words.page("runs", map(words.run, found), found.token)


@ENDPOINTS.post("runs/log-metric")
def log_metric(
    run_id: str,
    key: str,
    value: str,
    timestamp: str = "",
    step: str = "",
    model_id: str = "",
    dataset_name: str = "",
    dataset_digest: str = "",
) -> None:
    """Keeps one value of a metric."""
    found = words.metric_back({
        "key": key, "value": value, "timestamp": timestamp, "step": step, "model_id": model_id,
        "dataset_name": dataset_name, "dataset_digest": dataset_digest,
    })  # fmt: skip
    runs.log(run_id, [found])
    logged.measure([found], run_id)


@ENDPOINTS.post("runs/log-parameter")
def log_param(run_id: str, key: str, value: str = "") -> None:
    """Keeps a param."""
    runs.log(run_id, params={key: value})


@ENDPOINTS.post("runs/log-batch")
def log_batch(
    run_id: str,
    metrics: Items = NO_ITEMS,
    params: Pairs = NO_PAIRS,
    tags: Pairs = NO_PAIRS,
) -> None:
    """Keeps many metrics, params and tags."""
    found = [words.metric_back(one) for one in metrics]
    runs.log(run_id, found, params, tags)
    logged.measure(found, run_id)


@ENDPOINTS.post("runs/set-tag")
def set_tag(run_id: str, key: str, value: str = "") -> None:
    """Sets a tag."""
    runs.log(run_id, tags={key: value})


@ENDPOINTS.post("runs/delete-tag")
def delete_tag(run_id: str, key: str) -> None:
    """Takes a tag away."""
    runs.delete_tag(run_id, key)


@ENDPOINTS.post("runs/log-inputs")
def log_inputs(run_id: str, datasets: Items = NO_ITEMS, models: Items = NO_ITEMS) -> None:
    """Keeps which data and logged models a run has read."""
    read = [str(one["model_id"]) for one in models]
    inputs.log(runs.live(run_id), [words.dataset_back(one) for one in datasets], read)


@ENDPOINTS.post("runs/outputs")
def log_outputs(run_id: str, models: Items) -> None:
    """Keeps at which step a run has made logged models."""
    logged.made(run_id, {str(one["model_id"]): int(one.get("step") or 0) for one in models})


@ENDPOINTS.post("runs/log-model")
def log_model(run_id: str, model_json: str = "") -> None:
    """Checks that the run is there: a logged model is a row of its own, not a tag of its run."""
    if not model_json:
        raise InputError("Missing value for required parameter 'model_json'")
    runs.get(run_id)


@ENDPOINTS.get("metrics/get-history")
def history(run_id: str, metric_key: str, page_token: str = "", max_results: int = 0) -> dict[str, Any]:
    """All values of a metric."""
    found = filtering.page(runs.history(run_id, metric_key), max_results or None, page_token or None)
    return words.page("metrics", map(words.metric, found), found.token)


@ENDPOINTS.get("artifacts/list")
def artifacts(run_id: str, path: str = "", page_token: str = "") -> dict[str, Any]:
    """What lies directly below a path among a run's artifacts, all on one page."""
    whole(page_token)
    uri = places.run_uri(run_id)
    return {"root_uri": words.told(uri), "files": [words.file(one) for one in files.listed(uri, path)]}


def whole(page_token: str) -> None:
    """Refuses to turn a page where there is one alone.

    Raises:
        InputError: another one is asked for.
    """
    if page_token:
        raise InputError("files are listed on one page", hint="leave page_token out")
