"""``mlflow.evaluate`` for classifiers and regressors: MLflow's metrics, logged to the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlops_jlab.errors import InputError, nearest
from mlops_jlab.mlflow.exceptions import translated
from mlops_jlab.mlflow.flavours import scores
from mlops_jlab.tracking import keywords

_SETTINGS = ("average", "pos_label")
_DRAWN = ("log_explainer", "log_model_explainability")
_KINDS = ("classifier", "regressor")


class EvaluationResult:
    """What a model does on rows: ``metrics`` by name, and ``tables``."""

    def __init__(
        self,
        metrics: Mapping[str, float],
        artifacts: Mapping[str, str],
        tables: Mapping[str, Any],
        run_id: str,
    ) -> None:
        self.metrics, self.artifacts, self.tables, self.run_id = (
            dict(metrics),
            dict(artifacts),
            dict(tables),
            run_id,
        )

    def __repr__(self) -> str:
        return f"<EvaluationResult: {self.metrics}>"


@translated
def evaluate(
    model: Any = None,
    data: Any = None,
    *,
    model_type: str | None = None,
    targets: Any = None,
    predictions: Any = None,
    feature_names: Sequence[str] | None = None,
    evaluators: Any = None,
    evaluator_config: Mapping[str, Any] | None = None,
    extra_metrics: Any = None,
    custom_artifacts: Any = None,
    model_id: str | None = None,
    dataset_name: str | None = None,
) -> EvaluationResult:
    """What a classifier or regressor does on rows that it was not fitted on; the run has the metrics.

    ``model`` is an address, a loaded model, or a function of the features; without one ``predictions`` names
    the column of ``data`` with what was predicted. ``targets`` is the truth, or names its column.

    Intervals, slices, fairness and calibration are what :func:`mlops_jlab.evaluate` adds.

    Raises:
        MlflowException: the data cannot be used, or a keyword cannot be obeyed.
    """
    from mlops_jlab.mlflow.starting import ensured

    keywords.unsupported(
        "evaluate",
        "log_metric() what you compute beside it",
        extra_metrics=extra_metrics,
        custom_artifacts=custom_artifacts,
    )
    _check(model_type, evaluators)
    config = _config(evaluator_config)
    dataset = data if hasattr(data, "digest") else None
    rows, truth, said = _parts(data, targets, predictions)
    chances, classes = None, None
    if model is not None:
        model = _loaded(model)
        said, chances, classes = _predicted(model, _named(rows, feature_names), str(model_type))
    if said is None:
        raise InputError("evaluate() needs a model, or the column with its predictions")
    found = (
        _classified(truth, said, chances, classes, config)
        if model_type == "classifier"
        else scores.numbers(truth, said)
    )
    inner = _inner(model)
    if hasattr(inner, "score"):
        found["score"] = float(inner.score(rows, truth))
    run = ensured()
    _log(run.id, found, dataset, model_id or getattr(getattr(model, "metadata", None), "model_id", None))
    if dataset is not None or dataset_name:
        run.set_tag("evaluation.dataset", dataset_name or dataset.name)  # type: ignore[union-attr]  # one of the two
    return EvaluationResult(found, {}, {"eval_results_table": _table(truth, said)}, run.id)


def _check(model_type: str | None, evaluators: Any) -> None:
    if evaluators not in (None, "default", ["default"]):
        raise InputError(f"there is no evaluator {evaluators!r}", hint="the only one is 'default'")
    if model_type not in _KINDS:
        raise InputError(
            f"{model_type!r} cannot be evaluated{nearest(str(model_type), _KINDS)}",
            hint="model_type is 'classifier' or 'regressor'",
        )


def _config(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """The settings of the evaluator; what MLflow draws beside the metrics may be switched off."""
    config = dict(given or {})
    for name, value in list(config.items()):
        if name in _DRAWN and not value:
            del config[name]
        elif name not in _SETTINGS:
            raise InputError(
                f"evaluate() cannot obey {name!r} in evaluator_config{nearest(name, _SETTINGS)}",
                hint=f"it takes {' and '.join(_SETTINGS)}",
            )
    return config


def _predicted(model: Any, rows: Any, model_type: str) -> tuple[Any, Any, Any]:
    """What a model says of rows, its chances of each class, and the classes; None where it has none."""
    said = model.predict(rows) if hasattr(model, "predict") else model(rows)
    inner = _inner(model)
    chances = scores.chances(inner, rows) if model_type == "classifier" else None
    return said, chances, getattr(inner, "classes_", None)


def _inner(model: Any) -> Any:
    """The model itself, of one that is loaded behind ``predict``."""
    return getattr(model, "unwrap_python_model", lambda: model)()


def _log(run_id: str, found: Mapping[str, float], dataset: Any, model_id: str | None) -> None:
    from mlops_jlab.mlflow import logging

    logging.log_metrics(found, run_id=run_id, model_id=model_id or None, dataset=dataset)


def _parts(data: Any, targets: Any, predictions: Any) -> tuple[Any, Any, Any]:
    """The features, the truth, and what was predicted where a column says so."""
    frame = getattr(data, "df", getattr(data, "features", data))
    targets = targets if targets is not None else getattr(data, "targets", None)
    predictions = predictions if predictions is not None else getattr(data, "predictions", None)
    if targets is None or frame is None:
        raise InputError("evaluate() needs data and targets", hint="targets='column', or one value a row")
    said = None
    for name in (targets, predictions):
        if isinstance(name, str) and (not hasattr(frame, "columns") or name not in frame.columns):
            raise InputError(
                f"the data have no column {name!r}{nearest(name, map(str, getattr(frame, 'columns', ())))}"
            )
    if isinstance(predictions, str):
        said = frame[predictions]
    dropped = [name for name in (targets, predictions) if isinstance(name, str)]
    truth = frame[targets] if isinstance(targets, str) else targets
    return frame.drop(columns=dropped) if dropped else frame, truth, said


def _loaded(model: Any) -> Any:
    if isinstance(model, str):
        from mlops_jlab.mlflow import pyfunc

        return pyfunc.load_model(model)
    return model


def _named(rows: Any, names: Sequence[str] | None) -> Any:
    if names is not None and not hasattr(rows, "columns") and len(names) != rows.shape[1]:
        raise InputError(f"there are {len(names)} feature_names for {rows.shape[1]} columns")
    return rows


def _classified(
    truth: Any, said: Any, chances: Any, classes: Any, config: Mapping[str, Any]
) -> dict[str, float]:
    import numpy
    from sklearn import metrics

    known = numpy.unique(numpy.asarray(truth))
    binary = len(numpy.unique(numpy.concatenate([known, numpy.unique(numpy.asarray(said))]))) <= 2
    positive = config.get("pos_label", known[-1] if binary else None)
    found: dict[str, float] = {"example_count": len(known) and len(numpy.asarray(truth))}
    found |= scores.labels(
        truth, said, positive, "binary" if binary else str(config.get("average", "weighted"))
    )
    for old, new in (("precision", "precision_score"), ("recall", "recall_score")):
        found[new] = found.pop(old)
    if binary:
        negatives = [one for one in known if one != positive]
        counts = metrics.confusion_matrix(truth, said, labels=[*negatives[:1], positive]).ravel()
        if len(counts) == 4:
            names = ("true_negatives", "false_positives", "false_negatives", "true_positives")
            found |= {name: int(count) for name, count in zip(names, counts, strict=True)}
    return found | scores.probabilities(truth, chances, classes, curve=True)


def _table(truth: Any, said: Any) -> Any:
    import numpy
    import pandas

    return pandas.DataFrame({"target": numpy.asarray(truth).ravel(), "outputs": numpy.asarray(said).ravel()})
