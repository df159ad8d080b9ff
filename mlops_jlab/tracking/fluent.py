"""The public calls, under the names that MLflow gave them. Logging goes to the active run.

Where no run is active, what is logged is kept aside and said so: no run is started behind the user's
back. ``adopt`` puts it into a run later.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mlops_jlab.errors import TrackingError
from mlops_jlab.telling import tell
from mlops_jlab.tracking import keywords, lifecycle, values
from mlops_jlab.tracking.live import LiveRun

_aside: list[Callable[[LiveRun], object]] = []


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
    *,
    group: str = "",
    **others: Any,
) -> LiveRun:
    """Starts a run, or goes on with ``run_id``; as a context manager it also ends it.

    Within a ``with`` block, or with ``nested``, the run is a child of the active one. Otherwise it takes
    the place of the active one, so that a cell can be executed again. ``experiment_id`` is a name.

    Raises:
        NotFound: there is no run ``run_id``.
        TrackingError: another process is writing that run, or a keyword is not known.
        StoreError: the store cannot be used.
    """
    keywords.refuse("start_run", others, start_run)
    if log_system_metrics is False:
        raise TrackingError("start_run() cannot obey 'log_system_metrics'",
                            hint="what a run used of the machine is always noted at its end")  # fmt: skip
    if run_id:
        return lifecycle.resume(run_id)
    return lifecycle.start(
        name=run_name or "", experiment=str(experiment_id or ""), parent=parent_run_id or "",
        nested=nested, group=group, tags=tags, note=description or "",
    )  # fmt: skip


def set_experiment(
    name: str = "", experiment_name: str | None = None, experiment_id: str | None = None, **others: Any
) -> str:
    """Runs that are started from now on belong to this experiment; ``name`` is given back.

    An experiment's id is its name here.

    Raises:
        TrackingError: it is no name.
    """
    keywords.refuse("set_experiment", others, set_experiment)
    return lifecycle.set_experiment(name or experiment_name or str(experiment_id or ""))


def end_run(status: str = "FINISHED") -> None:
    """Ends the active run, if there is one."""
    run = lifecycle.current()
    if run is not None:
        run.end(status)


def active_run() -> LiveRun | None:
    """The run that is logged to now."""
    return lifecycle.current()


def last_active_run() -> LiveRun | None:
    """The active run, or the one that was active last."""
    return lifecycle.last()


def _do(what: str, call: Callable[[LiveRun], object], run_id: str | None = None) -> None:
    run = lifecycle.run_of(run_id) if run_id else lifecycle.current()
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
    run = lifecycle.current()
    if run is None:
        tell("no run is active that could adopt anything", once=False)
        return 0
    waiting, _aside[:] = list(_aside), []
    for call in waiting:
        call(run)
    return len(waiting)


_LINK = "note it as a tag: set_tag('model', ...), or log_input(data) for data"


def log_metric(
    key: str, value: Any, step: int | None = None, synchronous: bool | None = None,  # noqa: ARG001  # every call is
    timestamp: int | None = None, run_id: str | None = None, model_id: str | None = None,
    dataset: Any = None, **others: Any,
) -> None:  # fmt: skip
    """Keeps one value of a metric, of the active run or of ``run_id``; see ``LiveRun.log_metric``.

    ``timestamp`` is when it was measured, in milliseconds since 1970. The value is kept when the call
    returns, as MLflow's ``synchronous`` asks for.

    Raises:
        TrackingError: ``value`` is no number, or a keyword cannot be obeyed.
        NotFound: there is no run ``run_id``.
    """
    if others or model_id is not None or dataset is not None:
        keywords.refuse("log_metric", others, log_metric)
        keywords.unsupported("log_metric", _LINK, model_id=model_id, dataset=dataset)
    at = None if timestamp is None else values.moment(timestamp)
    run = lifecycle.run_of(run_id) if run_id else lifecycle.current()
    if run is not None:
        run.log_metric(key, value, step, at)
    else:
        _do(f"metric {key!r}", lambda run: run.log_metric(key, value, step, at))


def log_metrics(
    metrics: Mapping[str, Any], step: int | None = None, synchronous: bool | None = None,  # noqa: ARG001  # every call is
    run_id: str | None = None, timestamp: int | None = None, model_id: str | None = None,
    dataset: Any = None, **others: Any,
) -> None:  # fmt: skip
    """Keeps one value each of several metrics; keywords as of ``log_metric``."""
    keywords.refuse("log_metrics", others, log_metrics)
    keywords.unsupported("log_metrics", _LINK, model_id=model_id, dataset=dataset)
    at = None if timestamp is None else values.moment(timestamp)
    kept = dict(metrics)
    _do("metrics", lambda run: run.log_metrics(kept, step, at), run_id)


def log_param(key: str, value: Any, synchronous: bool | None = None, **others: Any) -> Any:  # noqa: ARG001  # every call is
    """Keeps a param, or corrects it; gives ``value`` back."""
    keywords.refuse("log_param", others, log_param)
    _do(f"param {key!r}", lambda run: run.log_param(key, value))
    return value


def log_params(
    params: Mapping[str, Any],
    synchronous: bool | None = None,  # noqa: ARG001  # every call is
    run_id: str | None = None,
    **others: Any,
) -> None:
    """Keeps several params, of the active run or of ``run_id``."""
    keywords.refuse("log_params", others, log_params)
    kept = dict(params)
    _do("params", lambda run: run.log_params(kept), run_id)


def set_tag(key: str, value: Any, synchronous: bool | None = None, **others: Any) -> None:  # noqa: ARG001  # every call is
    """Sets a tag."""
    keywords.refuse("set_tag", others, set_tag)
    _do(f"tag {key!r}", lambda run: run.set_tag(key, value))


def set_tags(tags: Mapping[str, Any], synchronous: bool | None = None, **others: Any) -> None:  # noqa: ARG001  # every call is
    """Sets several tags."""
    keywords.refuse("set_tags", others, set_tags)
    kept = dict(tags)
    _do("tags", lambda run: run.set_tags(kept))


def delete_tag(key: str) -> None:
    """Takes a tag away."""
    _do(f"tag {key!r}", lambda run: run.delete_tag(key))


def note(text: str) -> None:
    """What people should know of the run, as Markdown."""
    _do("the note", lambda run: run.note(text))


def log_artifact(
    local_path: str | Path, artifact_path: str | None = None, run_id: str | None = None, **others: Any
) -> None:
    """Keeps a file, with the active run or ``run_id``."""
    keywords.refuse("log_artifact", others, log_artifact)
    _do(f"artifact {local_path}", lambda run: run.log_artifact(local_path, artifact_path), run_id)


def log_artifacts(
    local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None, **others: Any
) -> None:
    """Keeps all files of a folder, with the active run or ``run_id``."""
    keywords.refuse("log_artifacts", others, log_artifacts)
    _do(f"artifacts {local_dir}", lambda run: run.log_artifacts(local_dir, artifact_path), run_id)


def log_text(text: str, artifact_file: str, run_id: str | None = None, **others: Any) -> None:
    """Keeps a text as a file, with the active run or ``run_id``."""
    keywords.refuse("log_text", others, log_text)
    _do(f"artifact {artifact_file}", lambda run: run.log_text(text, artifact_file), run_id)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None, **others: Any) -> None:
    """Keeps a dict as JSON or YAML, with the active run or ``run_id``."""
    keywords.refuse("log_dict", others, log_dict)
    _do(f"artifact {artifact_file}", lambda run: run.log_dict(dictionary, artifact_file), run_id)


def log_figure(
    figure: Any, artifact_file: str = "figure.png", *, save_kwargs: Any = None, **others: Any
) -> None:
    """Keeps a figure."""
    keywords.refuse("log_figure", others, log_figure)
    keywords.unsupported(
        "log_figure", "save it yourself, and log_artifact() the file", save_kwargs=save_kwargs
    )
    _do(f"figure {artifact_file}", lambda run: run.log_figure(figure, artifact_file))


def log_table(data: Any, artifact_file: str = "table.csv", run_id: str | None = None, **others: Any) -> None:
    """Keeps a DataFrame, with the active run or ``run_id``."""
    keywords.refuse("log_table", others, log_table)
    _do(f"table {artifact_file}", lambda run: run.log_table(data, artifact_file), run_id)


def log_input(
    data: Any = None, name: str = "data", tags: Any = None, model: Any = None, *, dataset: Any = None,
    context: str | None = None, **others: Any,
) -> None:  # fmt: skip
    """Keeps the fingerprint of data that the run reads. MLflow's ``dataset`` and ``context`` are understood.

    Raises:
        TrackingError: there is no data, or a keyword cannot be obeyed.
    """
    keywords.refuse("log_input", others, log_input)
    keywords.unsupported("log_input", "set_tag() sets tags of the run", tags=tags, model=model)
    found = dataset if data is None else data
    if found is None:
        raise TrackingError("log_input() needs data", hint="log_input(frame, 'train')")
    _do(f"input {context or name}", lambda run: run.log_input(found, context or name))


def log_model(
    model: Any = None,
    name: str = "model",
    *,
    sk_model: Any = None,
    artifact_path: str | None = None,
    **others: Any,
) -> None:
    """Keeps a fitted model. ``sk_model`` and ``artifact_path`` are understood as in MLflow."""
    keywords.refuse("log_model", others, log_model)
    found = model if sk_model is None else sk_model
    place = artifact_path or name
    _do(f"model {place}", lambda run: run.log_model(found, place))


def flush() -> None:
    """Brings everything that was logged into the database.

    Raises:
        StoreError: it cannot be written.
    """
    lifecycle.recorder().flush()


def get_tracking_uri() -> str:
    """The store that is written to, as a ``file:`` address."""
    return lifecycle.recorder().place.root.as_uri()


def set_tracking_uri(uri: str) -> None:
    """Says how runs get to an MLflow server: they stay in the store, and are pushed from there."""
    tell(
        f"runs are kept in {lifecycle.recorder().place.root}; to see them on {uri}: "
        f"MLFLOW_TRACKING_URI={uri} mlops-jlab mlflow push"
    )
