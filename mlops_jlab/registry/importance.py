"""How much each column counts for a fitted model, as the model itself says it."""

from __future__ import annotations

import math
from typing import Any

MOST = 200  # columns that are kept, the most important ones


def importance(model: Any) -> dict[str, Any] | None:
    """What counts how much, the most first: ``{"kind": ..., "features": [[name, value], ...]}``.

    It is what estimators of scikit-learn's kind keep when they are fitted: the importances of trees, or the
    mean absolute coefficients of linear models; of a pipeline those of its last step, by the columns that
    reach it. None for a model that keeps nothing of the kind.
    """
    try:
        return _told(model)
    except Exception:  # a model of the user's own may have anything under these names
        return None


def _told(model: Any) -> dict[str, Any] | None:
    found = weights(model)
    if found is None or getattr(found, "ndim", 1) != 1 or not len(found):
        return None
    numbers = [float(number) for number in found]
    if not all(map(math.isfinite, numbers)):
        return None
    fitted = getattr(model, "best_estimator_", model)
    names = _names(fitted, len(numbers))
    order = sorted(range(len(numbers)), key=lambda place: -numbers[place])[:MOST]
    is_tree = getattr(last(fitted), "feature_importances_", None) is not None
    return {
        "kind": "importance" if is_tree else "mean absolute coefficient",
        "features": [[names[place], numbers[place]] for place in order],
    }


def last(estimator: Any) -> Any:
    """The step of a pipeline that predicts, or the estimator itself."""
    return estimator[-1] if hasattr(estimator, "steps") else estimator


def weights(model: Any) -> Any:
    """The numbers, an array of shape (columns,), or None."""
    fitted = last(getattr(model, "best_estimator_", model))
    found = getattr(fitted, "feature_importances_", None)
    if found is not None:
        return found
    coefficients = getattr(fitted, "coef_", None)
    if coefficients is None or not hasattr(coefficients, "ndim"):
        return None
    return abs(coefficients) if coefficients.ndim == 1 else abs(coefficients).mean(axis=0)


def _names(estimator: Any, count: int) -> list[str]:
    named = getattr(last(estimator), "feature_names_in_", None)
    if named is None and hasattr(estimator, "steps") and len(estimator.steps) > 1:
        try:
            named = estimator[:-1].get_feature_names_out()
        except Exception:  # a transformer of the user's own may know no names, and fail as it likes
            named = None
    if named is None and not hasattr(estimator, "steps"):
        named = getattr(estimator, "feature_names_in_", None)
    if named is None or len(named) != count:
        return [f"column {place + 1}" for place in range(count)]
    return [str(name) for name in named]
