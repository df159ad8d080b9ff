"""Autologging as MLflow's calls ask for it: over ours, with MLflow's names for metrics, models and data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from packaging.requirements import Requirement

from mlops_jlab import autologging
from mlops_jlab.errors import MlopsError
from mlops_jlab.mlflow.backing import inputs
from mlops_jlab.mlflow.exceptions import translated
from mlops_jlab.telling import tell
from mlops_jlab.tracking import keywords
from mlops_jlab.tracking.live import LiveRun

LIBRARIES = ("sklearn", "xgboost", "lightgbm")
_DISTRIBUTIONS = {
    "sklearn": ("scikit-learn",),
    "xgboost": ("xgboost", "xgboost-cpu"),
    "lightgbm": ("lightgbm",),
}
_MOST_ROWS = 100_000  # of training data that is predicted again


@dataclass(frozen=True)
class Wanted:
    """What is logged of the models of a library."""

    examples: bool = False
    signatures: bool = True
    models: bool = True
    datasets: bool = True
    disable: bool = False
    silent: bool = False
    registered: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    candidates: int | None = 5
    scores: bool = True
    positive: Any = None
    tested_only: bool = False
    form: str | None = None


_wanted: dict[str, Wanted] = {}


def switch(library: str, wanted: Wanted) -> None:
    """Logs what a library does from now on, or not any more."""
    _wanted.pop(library, None)
    untested = _untested(library) if wanted.tested_only else ""
    if untested and not wanted.silent:
        tell(f"autolog: {untested}; nothing of {library} is logged")
    if not wanted.disable and not untested:
        _wanted[library] = wanted
    autologging.stop()
    autologging.listeners[:] = [call for call in autologging.listeners if call is not _trained]
    if not _wanted:
        return
    autologging.listeners.append(_trained)
    searched = _wanted.get("sklearn", wanted)
    autologging.enable(scores=searched.scores, models=False, only=tuple(_wanted))
    autologging.joint = "-"
    autologging.candidates = (
        autologging.MOST_CANDIDATES if searched.candidates is None else searched.candidates
    )


def refuse_exclusive(exclusive: bool) -> None:
    """Refuses ``exclusive=True``: training inside a run is logged to that run.

    Raises:
        TrackingError: it is asked for.
    """
    if exclusive:
        keywords.unsupported("autolog", "end_run() before the training: it then gets a run of its own",
                             exclusive=True)  # fmt: skip


def _untested(library: str) -> str:
    """What is wrong with the version of a library, where it is outside of the versions that we test."""
    for entry in metadata.requires("mlops-jlab") or ():
        needed = Requirement(entry)
        if needed.name not in _DISTRIBUTIONS[library]:
            continue
        with suppress(metadata.PackageNotFoundError):
            version = metadata.version(needed.name)
            if not needed.specifier.contains(version, prereleases=True):
                return f"{needed.name} {version} is outside of the tested versions ({needed.specifier})"
    return ""


@translated
def autolog(
    log_input_examples: bool = False, log_model_signatures: bool = True, log_models: bool = True,
    log_datasets: bool = True, log_traces: bool = True,  # these libraries have no traces
    disable: bool = False, exclusive: bool = False,
    disable_for_unsupported_versions: bool = False, silent: bool = False,
    extra_tags: Mapping[str, str] | None = None, exclude_flavors: Sequence[str] | None = None,
) -> None:  # fmt: skip
    """Logs what scikit-learn, xgboost and lightgbm do in training; ``disable`` ends it."""
    refuse_exclusive(exclusive)
    wanted = Wanted(log_input_examples, log_model_signatures, log_models, log_datasets, disable, silent, None,
                    dict(extra_tags or {}), tested_only=disable_for_unsupported_versions)  # fmt: skip
    for library in LIBRARIES:
        if library not in (exclude_flavors or ()):
            switch(library, wanted)


def _trained(run: LiveRun, model: Any, data: Any, target: Any) -> None:
    library = type(model).__module__.partition(".")[0]
    wanted = _wanted.get(library) or _wanted.get("sklearn")
    if wanted is None:
        return
    try:
        _log(run, model, library if library in LIBRARIES else "sklearn", wanted, data, target)
    except MlopsError as error:
        if not wanted.silent:
            tell(f"autolog: {error}")


def _log(run: LiveRun, model: Any, library: str, wanted: Wanted, data: Any, target: Any) -> None:
    from mlops_jlab.mlflow.flavours import keeping, scores
    from mlops_jlab.mlflow.models.signature import infer_signature

    run.set_tags({"estimator_name": type(model).__name__, **wanted.tags})
    rows = data if (hasattr(data, "shape") and hasattr(data, "dtypes")) or hasattr(data, "dtype") else None
    if wanted.datasets and rows is not None:
        inputs.log(run, [_dataset(rows, target)])
    small = rows is not None and rows.shape[0] <= _MOST_ROWS
    if wanted.scores and small and target is not None and hasattr(model, "predict"):
        run.log_metrics(scores.training(model, rows, target, wanted.positive))
    if hasattr(model, "best_score_"):
        run.log_metric("best_cv_score", model.best_score_)
    if not wanted.models:
        return
    example = rows[:5] if rows is not None and wanted.examples else None
    signature = None
    if wanted.signatures and rows is not None and hasattr(model, "predict"):
        signature = infer_signature(rows[:5], model.predict(rows[:5]))
    keeping.log(model, None, "model", library, signature=signature, input_example=example,
                registered_model_name=wanted.registered, serialization_format=wanted.form)  # fmt: skip


def _dataset(rows: Any, target: Any) -> Any:
    from mlops_jlab.mlflow.data import numpy_dataset, pandas_dataset
    from mlops_jlab.mlflow.data.dataset import as_input

    if hasattr(rows, "columns"):
        return as_input(pandas_dataset.PandasDataset(rows), "train", None)
    return as_input(numpy_dataset.NumpyDataset(rows, targets=target), "train", None)
