"""Figures of a fitted estimator: importance of features, confusion matrix, ROC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlops_jlab.registry import importance

_MOST_FEATURES = 30
_MOST_CLASSES = 50


def of(estimator: Any, features: Any, target: Any) -> Iterator[tuple[str, Any]]:
    """The figures that make sense, with their file names. Nothing without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    fitted = getattr(estimator, "best_estimator_", estimator)
    weights = importance.weights(fitted)
    if weights is not None and len(weights) > 1:
        yield "feature_importance.png", _importance(Figure, fitted, weights)
    classes = getattr(fitted, "classes_", None)
    if features is None or target is None or classes is None or not 1 < len(classes) <= _MOST_CLASSES:
        return
    from sklearn.metrics import ConfusionMatrixDisplay, RocCurveDisplay

    figure = Figure(figsize=(5, 4))
    ConfusionMatrixDisplay.from_estimator(fitted, features, target, ax=figure.subplots())
    yield "training_confusion_matrix.png", figure
    if len(classes) == 2:
        figure = Figure(figsize=(5, 4))
        RocCurveDisplay.from_estimator(fitted, features, target, ax=figure.subplots())
        yield "training_roc.png", figure


def _importance(figure_class: Any, estimator: Any, weights: Any) -> Any:
    last = importance.last(estimator)
    names = getattr(last, "feature_names_in_", None)
    order = sorted(range(len(weights)), key=lambda place: weights[place])[-_MOST_FEATURES:]
    labels = [str(names[place]) if names is not None else f"feature {place}" for place in order]
    figure = figure_class(figsize=(6, 1 + 0.25 * len(order)))
    axes = figure.subplots()
    axes.barh(labels, [float(weights[place]) for place in order])
    axes.set_xlabel("importance" if hasattr(last, "feature_importances_") else "mean |coefficient|")
    return figure
