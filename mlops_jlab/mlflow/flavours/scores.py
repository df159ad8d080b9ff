"""Metrics of classifiers and regressors under MLflow's names, computed by scikit-learn."""

from __future__ import annotations

from typing import Any


def training(model: Any, rows: Any, target: Any, positive: Any = None) -> dict[str, float]:
    """The metrics that MLflow's autologging has of the data that a model was fitted on."""
    from sklearn.base import is_classifier, is_regressor

    said = model.predict(rows)
    if is_classifier(model):
        found = labels(target, said, positive, average=None if positive is None else "binary")
        names = {
            "accuracy_score": "accuracy_score",
            "precision": "precision_score",
            "recall": "recall_score",
            "f1_score": "f1_score",
        }
        kept = {name: found[key] for key, name in names.items()}
        kept |= probabilities(target, chances(model, rows), getattr(model, "classes_", None))
    elif is_regressor(model):
        found = numbers(target, said)
        kept = {
            name: found[name]
            for name in ("mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2_score")
        }
    else:
        return {}
    return {f"training_{name}": value for name, value in kept.items()}


def chances(model: Any, rows: Any) -> Any:
    """The chances of each class, (rows, classes); None where a model gives none."""
    try:
        return model.predict_proba(rows)
    except (AttributeError, NotImplementedError):
        return None


def labels(target: Any, said: Any, positive: Any = None, average: str | None = None) -> dict[str, float]:
    """Accuracy, precision, recall and F1: of the positive class of two, else weighted by their rows."""
    from sklearn import metrics

    how = average or "weighted"
    more = {"pos_label": positive} if how == "binary" and positive is not None else {}
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        target, said, average=how, zero_division=0, **more
    )
    return {
        "accuracy_score": float(metrics.accuracy_score(target, said)),
        "precision": float(precision),
        "recall": float(recall),
        "f1_score": float(f1),
    }


def probabilities(target: Any, given: Any, classes: Any, curve: bool = False) -> dict[str, float]:
    """Log loss and the area under the ROC curve, of chances (rows, classes); nothing without them.

    With ``curve`` also the average precision, which MLflow calls an area, for two classes.
    """
    import numpy
    from sklearn import metrics

    if given is None or len(numpy.unique(numpy.asarray(target))) < 2:
        return {}
    found = {"log_loss": float(metrics.log_loss(target, given, labels=classes))}
    given = numpy.asarray(given)
    if given.shape[1] == 2:
        found["roc_auc"] = float(metrics.roc_auc_score(target, given[:, 1]))
        if curve:
            more = {} if classes is None else {"pos_label": classes[1]}
            found["precision_recall_auc"] = float(
                metrics.average_precision_score(target, given[:, 1], **more)
            )
    elif len(numpy.unique(numpy.asarray(target))) == given.shape[1]:
        found["roc_auc"] = float(metrics.roc_auc_score(target, given, multi_class="ovr", average="weighted"))
    return found


def numbers(target: Any, said: Any, weights: Any = None) -> dict[str, float]:
    """Errors of a regressor, and what is known of the truth."""
    import numpy
    from sklearn import metrics

    truth = numpy.asarray(target).ravel()
    said = numpy.asarray(said).ravel()
    squared = float(metrics.mean_squared_error(truth, said, sample_weight=weights))
    return {
        "example_count": len(truth),
        "mean_absolute_error": float(metrics.mean_absolute_error(truth, said, sample_weight=weights)),
        "mean_squared_error": squared,
        "root_mean_squared_error": squared**0.5,
        "sum_on_target": float(truth.sum()),
        "mean_on_target": float(truth.mean()),
        "r2_score": float(metrics.r2_score(truth, said, sample_weight=weights)),
        "max_error": float(metrics.max_error(truth, said)),
        "mean_absolute_percentage_error": float(
            metrics.mean_absolute_percentage_error(truth, said, sample_weight=weights)
        ),
    }
