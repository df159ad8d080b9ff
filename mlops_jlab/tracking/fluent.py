"""The public calls, under the names that MLflow gave them. Logging goes to the active run.

Where no run is active, what is logged is kept aside and said so: no run is started behind the user's
back. :func:`adopt` puts it into a run later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlops_jlab.tracking import starting
from mlops_jlab.tracking.live import LiveRun
from mlops_jlab.tracking.telling import tell

_aside: list[Callable[[LiveRun], object]] = []


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,  # noqa: ARG001  # MLflow's argument
    *,
    group: str = "",
) -> LiveRun:
    """Starts a run, or goes on with ``run_id``; as a context manager it also ends it.

    Within a ``with`` block, or with ``nested``, the run is a child of the active one. Otherwise it takes
    the place of the active one, so that a cell can be executed again. ``experiment_id`` is a name.

    Raises:
        InputError: there is no run ``run_id``.
        TrackingError: another process is writing that run.
        StoreError: the store cannot be used.
    """
    if run_id:
        return starting.resume(run_id)
    return starting.start(
        name=run_name or "", experiment=str(experiment_id or ""), parent=parent_run_id or "",
        nested=nested, group=group, tags=tags, note=description or "",
    )  # fmt: skip


def set_experiment(name: str = "", **_others: Any) -> str:
    """Runs that are started from now on belong to this experiment; ``name`` is given back.

    Raises:
        TrackingError: it is no name.
    """
    return starting.set_experiment(name or str(_others.get("experiment_name", "")))


def end_run(status: str = "FINISHED") -> None:
    """Ends the active run, if there is one."""
    run = starting.current()
    if run is not None:
        run.end(status)


def active_run() -> LiveRun | None:
    """The run that is logged to now."""
    return starting.current()


def last_active_run() -> LiveRun | None:
    """The active run, or the one that was active last."""
    return starting.last()


def _do(what: str, call: Callable[[LiveRun], object]) -> None:
    run = starting.current()
    if run is not None:
        call(run)
        return
    _aside.append(call)
    tell(
        f"no run is active: {what} and what follows is kept aside. "
        "start_run(), then adopt(), puts it into a run (%track start, %track adopt)"
    )


def adopt() -> int:
    """Puts what was logged outside of any run into the active one; how many calls that were."""
    run = starting.current()
    if run is None:
        tell("no run is active that could adopt anything", once=False)
        return 0
    waiting, _aside[:] = list(_aside), []
    for call in waiting:
        call(run)
    return len(waiting)


def log_metric(key: str, value: Any, step: int | None = None, *_ignored: Any, **_others: Any) -> None:
    """Keeps one value of a metric; see :meth:`LiveRun.log_metric`."""
    run = starting.current()
    if run is not None:
        run.log_metric(key, value, step)
    else:
        _do(f"metric {key!r}", lambda run: run.log_metric(key, value, step))


def log_metrics(metrics: Mapping[str, Any], step: int | None = None, *_ignored: Any, **_others: Any) -> None:
    """Keeps one value each of several metrics."""
    kept = dict(metrics)
    _do("metrics", lambda run: run.log_metrics(kept, step))


def log_param(key: str, value: Any, *_ignored: Any) -> Any:
    """Keeps a param, or corrects it; gives ``value`` back."""
    _do(f"param {key!r}", lambda run: run.log_param(key, value))
    return value


def log_params(params: Mapping[str, Any], *_ignored: Any, **_others: Any) -> None:
    """Keeps several params."""
    kept = dict(params)
    _do("params", lambda run: run.log_params(kept))


def set_tag(key: str, value: Any, *_ignored: Any) -> None:
    """Sets a tag."""
    _do(f"tag {key!r}", lambda run: run.set_tag(key, value))


def set_tags(tags: Mapping[str, Any], *_ignored: Any) -> None:
    """Sets several tags."""
    kept = dict(tags)
    _do("tags", lambda run: run.set_tags(kept))


def delete_tag(key: str) -> None:
    """Takes a tag away."""
    _do(f"tag {key!r}", lambda run: run.delete_tag(key))


def note(text: str) -> None:
    """What people should know of the run, as Markdown."""
    _do("the note", lambda run: run.note(text))


def log_artifact(local_path: str | Path, artifact_path: str | None = None, **_others: Any) -> None:
    """Keeps a file."""
    _do(f"artifact {local_path}", lambda run: run.log_artifact(local_path, artifact_path))


def log_artifacts(local_dir: str | Path, artifact_path: str | None = None, **_others: Any) -> None:
    """Keeps all files of a folder."""
    _do(f"artifacts {local_dir}", lambda run: run.log_artifacts(local_dir, artifact_path))


def log_text(text: str, artifact_file: str, **_others: Any) -> None:
    """Keeps a text as a file."""
    _do(f"artifact {artifact_file}", lambda run: run.log_text(text, artifact_file))


def log_dict(dictionary: Any, artifact_file: str, **_others: Any) -> None:
    """Keeps a dict as JSON or YAML."""
    _do(f"artifact {artifact_file}", lambda run: run.log_dict(dictionary, artifact_file))


def log_figure(figure: Any, artifact_file: str = "figure.png", **_others: Any) -> None:
    """Keeps a figure."""
    _do(f"figure {artifact_file}", lambda run: run.log_figure(figure, artifact_file))


def log_table(data: Any, artifact_file: str = "table.csv", **_others: Any) -> None:
    """Keeps a DataFrame."""
    _do(f"table {artifact_file}", lambda run: run.log_table(data, artifact_file))


def log_input(data: Any, name: str = "data", *_ignored: Any, **_others: Any) -> None:
    """Keeps the fingerprint of data that the run reads."""
    _do(f"input {name}", lambda run: run.log_input(data, name))


def log_model(model: Any = None, name: str = "model", *_ignored: Any, **others: Any) -> None:
    """Keeps a fitted model. ``sk_model`` and ``artifact_path`` are understood as in MLflow."""
    model = others.get("sk_model", model)
    name = others.get("artifact_path") or name
    _do(f"model {name}", lambda run: run.log_model(model, name))


def flush() -> None:
    """Brings everything that was logged into the database.

    Raises:
        StoreError: it cannot be written.
    """
    starting.recorder().flush()


def get_tracking_uri() -> str:
    """The store that is written to, as a ``file:`` address."""
    return starting.recorder().place.root.as_uri()


def set_tracking_uri(uri: str) -> None:
    """Says how runs get to an MLflow server: they stay in the store, and are pushed from there."""
    tell(
        f"runs are kept in {starting.recorder().place.root}; to see them on {uri}: "
        f"MLFLOW_TRACKING_URI={uri} mlops-jlab mlflow push"
    )
