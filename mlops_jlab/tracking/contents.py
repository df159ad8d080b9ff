"""Figures, tables and models → the bytes of a file; data → its fingerprint. No library is imported here:
what the user has, brings its own way of writing."""

from __future__ import annotations

import io
import json
import pickle
import sys
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from mlops_jlab import packages
from mlops_jlab.errors import TrackingError
from mlops_jlab.policies import standing

_SAMPLE = 1_000  # rows of which a fingerprint looks at the values
_TREES = frozenset(
    {"sklearn.tree._tree.Tree", "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"}
)
_WHOLE = 100_000  # rows up to which it looks at all


def dictionary(value: Any, name: str) -> bytes:
    """``value`` as JSON, or as YAML if ``name`` ends so; what is named like a personal column is hidden."""
    value = standing.without(value)
    if name.endswith((".yaml", ".yml")):
        import yaml

        return yaml.safe_dump(value, allow_unicode=True, sort_keys=False).encode()
    try:
        return json.dumps(value, ensure_ascii=False, indent=2, default=str).encode()
    except (TypeError, ValueError) as error:
        raise TrackingError(f"{name} cannot be written as JSON: {error}") from error


def figure(value: Any, name: str) -> bytes:
    """A figure in the format that the ending of ``name`` says.

    Raises:
        TrackingError: it is no figure, or has no such format.
    """
    ending = PurePosixPath(name).suffix.lstrip(".").lower()
    value = getattr(value, "figure", value) or value  # axes and displays know their figure
    value = getattr(value, "figure_", value)
    try:
        if ending == "html" and hasattr(value, "to_html"):
            return str(value.to_html(include_plotlyjs="cdn")).encode()
        file = io.BytesIO()
        if hasattr(value, "savefig"):
            value.savefig(file, format=ending or "png", bbox_inches="tight")
        elif hasattr(value, "to_image"):
            return bytes(value.to_image(format=ending or "png"))
        elif hasattr(value, "save") and hasattr(value, "mode"):
            value.save(file, format=ending or "png")
        else:
            raise TrackingError(
                f"{name}: a {type(value).__name__} is not a figure",
                hint="give a figure of matplotlib or plotly, or an image of Pillow",
            )
    except (ValueError, KeyError) as error:
        raise TrackingError(f"{name}: {error}", hint="end the name with .png or .svg") from error
    return file.getvalue()


def table(data: Any, name: str) -> tuple[Any, bytes]:
    """The DataFrame that ``data`` is, and its file; personal columns are hidden in both.

    Raises:
        TrackingError: it is no table, or the ending of ``name`` names no format.
    """
    if isinstance(data, (Mapping, list)):
        import pandas

        data = pandas.DataFrame(data)
    if not hasattr(data, "to_csv"):
        raise TrackingError(f"{name}: a {type(data).__name__} is not a table", hint="give a pandas DataFrame")
    ending = PurePosixPath(name).suffix.lower()
    data = standing.hidden(data)
    if ending == ".csv":
        return data, data.to_csv(index=_has_own_index(data)).encode("utf-8", "replace")
    if ending == ".json":
        return data, data.to_json(orient="split", date_format="iso", force_ascii=False).encode()
    if ending == ".parquet":
        file = io.BytesIO()
        data.to_parquet(file)
        return data, file.getvalue()
    raise TrackingError(f"{name}: a table is written as .csv, .json or .parquet")


def _has_own_index(data: Any) -> bool:
    return type(data.index).__name__ != "RangeIndex"


def model(value: Any, form: str = "") -> dict[str, bytes]:
    """The files of a fitted model: ``model.skops`` or ``model.pkl``, and ``model.json`` about it.

    ``form`` asks for ``skops`` or ``pickle``; without one skops is taken where it can hold the model.

    Raises:
        TrackingError: the model cannot be kept, or not in this form.
    """
    kind = type(value)
    about: dict[str, Any] = {
        "class": f"{kind.__module__}.{kind.__qualname__}", "python": sys.version.split()[0],
        "package": _package(kind.__module__), "parameters": _parameters(value),
    }  # fmt: skip
    names = getattr(value, "feature_names_in_", None)
    if names is not None:
        about["columns"] = [str(name) for name in names]
    content = _skops(value) if form != "pickle" else None
    if form == "skops" and content is None:
        raise TrackingError(
            f"skops cannot keep a model of class {about['class']}",
            hint="leave out the format, or ask for a pickle",
        )
    about["format"] = "skops" if content is not None else "pickle"
    if content is None:
        about["warning"] = "a pickle runs code when it is loaded: load it only if you trust this store"
        try:
            content = _pickle(value)
        except Exception as error:  # whatever a model's own code raises
            raise TrackingError(f"the model {about['class']} cannot be saved: {error}") from error
    ending = "skops" if about["format"] == "skops" else "pkl"
    return {f"model.{ending}": content, "model.json": json.dumps(about, indent=2, default=str).encode()}


def _pickle(value: Any) -> bytes:
    """With cloudpickle, classes of the notebook itself travel along."""
    with packages.installed("cloudpickle"):
        try:
            import cloudpickle
        except ImportError:
            return pickle.dumps(value, protocol=5)
        return bytes(cloudpickle.dumps(value, protocol=5))


def _skops(value: Any) -> bytes | None:
    if not hasattr(value, "get_params"):
        return None
    with packages.installed("skops"):
        try:
            from skops import io as skops
        except ImportError:
            return None
        try:
            content: bytes = skops.dumps(value)
        except Exception:  # what skops cannot hold, a pickle may
            return None
        return content if all(map(is_trusted_type, skops.get_untrusted_types(data=content))) else None


def is_trusted_type(name: str) -> bool:
    """Whether a type that skops does not know may be in a model: scikit-learn's own trees and losses."""
    return name in _TREES or name.startswith("sklearn._loss.")


def _package(module: str) -> str:
    top = module.partition(".")[0]
    return f"{top} {getattr(sys.modules.get(top), '__version__', '')}".strip()


def _parameters(value: Any) -> dict[str, str]:
    try:
        return {key: repr(item)[:200] for key, item in value.get_params(deep=False).items()}
    except (AttributeError, TypeError, ValueError):
        return {}


def fingerprint(data: Any) -> dict[str, Any]:
    """What tells this data from other data, cheaply: shape, columns, and a hash.

    The BLAKE3 hash covers the shape, the columns with their dtypes, and the values: of all rows up to
    100,000, beyond that of 1,000 rows at equal distances, and of each number column its sum. Source:
    ``docs/what-is-recorded.md``.
    """
    from blake3 import blake3

    kind = f"{type(data).__module__.partition('.')[0]}.{type(data).__name__}"
    shape = [int(size) for size in getattr(data, "shape", ())]
    if not shape and hasattr(data, "__len__"):
        shape = [len(data)]
    digest = blake3(f"{kind}{shape}".encode())
    columns: dict[str, str] = {}
    if hasattr(data, "dtypes") and hasattr(data, "columns"):
        columns = {str(name): str(dtype) for name, dtype in zip(data.columns, data.dtypes, strict=True)}
        digest.update(json.dumps(columns).encode())
    elif hasattr(data, "dtype"):
        columns = {"": str(data.dtype)}
        digest.update(str(data.dtype).encode())
    rows = shape[0] if shape else 0
    step = 1 if rows <= _WHOLE else rows // _SAMPLE
    part = data.iloc[::step] if hasattr(data, "iloc") else data[::step] if shape else data
    digest.update(_bytes(part))
    if step > 1 and hasattr(data, "sum"):
        digest.update(_bytes(data.sum(numeric_only=True) if hasattr(data, "iloc") else data.sum()))
    found: dict[str, Any] = {"kind": kind, "shape": shape, "hash": digest.hexdigest()[:32]}
    if columns:
        found["columns"] = dict(list(columns.items())[:200])
    return found


def _bytes(part: Any) -> bytes:
    pandas = sys.modules.get("pandas")
    if pandas is not None and isinstance(part, (pandas.DataFrame, pandas.Series, pandas.Index)):
        try:
            return bytes(pandas.util.hash_pandas_object(part).to_numpy().tobytes())
        except TypeError:  # lists or dicts in the cells
            return repr(part.to_numpy().tolist()).encode("utf-8", "replace")
    if hasattr(part, "tobytes") and not getattr(getattr(part, "dtype", None), "hasobject", False):
        return bytes(part.tobytes())
    return repr(part)[:1_000_000].encode("utf-8", "replace")
