"""What a model takes and gives, and what it needs to be loaded: found by looking at it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from mlops_jlab.entities.models import Column
from mlops_jlab.masking import masked
from mlops_jlab.policies import packages, standing

_ALWAYS = ("numpy", "pandas", "scipy", "sklearn")  # if the model's process has them


def signature(model: Any, example: Any) -> dict[str, Any]:
    """The columns that the model takes and gives, from some rows that it can predict.

    ``example`` is a DataFrame or array of shape (rows, columns). Without one, the names that the model itself
    remembers from fitting.
    """
    if example is None:
        names = getattr(model, "feature_names_in_", ())
        return {"inputs": [_json(Column(str(name), "")) for name in names], "outputs": []}
    head = example.head(5) if hasattr(example, "head") else example[:5]
    found: dict[str, Any] = {"inputs": [_json(column) for column in _columns(head)], "outputs": []}
    by_place = hasattr(model, "n_features_in_") and not hasattr(model, "feature_names_in_")
    predicted = model.predict(head.to_numpy() if by_place and hasattr(head, "columns") else head)
    found["outputs"] = [_json(column) for column in _columns(predicted, "prediction")]
    classes = getattr(model, "classes_", None)
    if classes is not None and hasattr(classes, "tolist"):
        found["classes"] = classes.tolist()
    return found


def _json(column: Column) -> dict[str, Any]:
    return {"name": column.name, "dtype": column.dtype, **({"shape": column.shape} if column.shape else {})}


def _columns(data: Any, name: str = "column") -> Iterator[Column]:
    if hasattr(data, "dtypes") and hasattr(data, "columns"):
        for column, dtype in zip(data.columns, data.dtypes, strict=True):
            yield Column(str(column), str(dtype))
    elif hasattr(data, "dtype"):
        shape = tuple(int(size) for size in data.shape[1:])
        yield Column(str(getattr(data, "name", None) or name), str(data.dtype), shape)


def requirements(model: Any) -> list[str]:
    """The installed packages that the model's classes come from, each with its version, as for pip."""
    from importlib.metadata import version

    tops = {name for name in _ALWAYS if name in sys.modules}
    tops |= {type(part).__module__.partition(".")[0] for part in _parts(model)}
    homes = packages.homes()
    found = {home for top in tops for home in homes.get(top, ())[:1]}
    return [f"{home}=={version(home)}" for home in sorted(found, key=str.lower)]


def _parts(model: Any) -> Iterator[Any]:
    yield model
    if hasattr(model, "get_params"):
        for part in model.get_params(deep=True).values():
            if hasattr(part, "fit") or hasattr(part, "transform"):
                yield part


def parameters(model: Any) -> dict[str, str]:
    """All parameters of a model and of its parts, whole."""
    try:
        return {str(key): masked(repr(value)) for key, value in sorted(model.get_params(deep=True).items())}
    except (AttributeError, TypeError, ValueError):
        return {}


def period(data: Any) -> dict[str, str]:
    """From when to when data reaches, by each of its columns with dates."""
    found: dict[str, str] = {}
    if hasattr(data, "dtypes") and hasattr(data, "columns"):
        for name, dtype in zip(data.columns, data.dtypes, strict=True):
            if "datetime" in str(dtype) and len(data) and not standing.is_personal(name):
                found[f"period by {name}"] = f"{data[name].min()} to {data[name].max()}"
    return found
