"""A version as ONNX, after proof on real rows that both predict the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError

_CLOSE = 1e-4  # by how much probabilities and numbers may differ: ONNX reckons in single precision
_FEWEST = 10


def write(model: Any, rows: Any, target: Path) -> float:
    """Writes the model to ``target`` as ONNX; the largest difference of what both predict for ``rows``.

    ``rows`` is a DataFrame of shape (rows, columns) with what the model takes.

    Raises:
        InputError: it cannot be converted, or the two do not predict the same; then nothing is written.
    """
    if len(rows) < _FEWEST:
        raise InputError(
            f"{len(rows)} rows prove nothing", hint=f"give {_FEWEST} or more, like those to be predicted"
        )
    if target.exists():
        raise InputError(f"{target} already exists", hint="choose another --output")
    try:
        import onnxruntime
        from skl2onnx import to_onnx
    except ImportError as error:
        raise InputError("ONNX is not installed", hint="pip install 'mlops-jlab[onnx]'") from error
    options = {"zipmap": False} if hasattr(model, "classes_") else None
    problem: Exception | None = None
    for sample in _samples(rows):
        try:
            content = to_onnx(model, sample, options=options).SerializeToString()
            session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
            said = session.run(None, _inputs(session, rows))
            break
        except Exception as error:  # converters raise what they like
            problem = problem or error
    else:
        first = str(problem).strip().splitlines()[0][:300]
        raise InputError(f"the model cannot be converted to ONNX: {first}") from problem
    gap = _difference(model, rows, said)
    if gap > _CLOSE:
        raise InputError(
            f"ONNX predicts something else: up to {gap:.3g} apart",
            hint="columns of doubles may lose what single precision cannot hold; scale them in the model",
        )
    target.write_bytes(content)
    return gap


def _samples(rows: Any) -> Iterator[Any]:
    """A row as one matrix, where that can be, and as columns by name, which some models need."""
    if all(dtype.kind in "biuf" for dtype in rows.dtypes):
        yield rows[:1].to_numpy(np.float32)
    yield rows[:1]


def _inputs(session: Any, rows: Any) -> dict[str, Any]:
    kinds = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64,
             "tensor(string)": object}  # fmt: skip
    found = {}
    for one in session.get_inputs():
        values = rows[[one.name]] if one.name in getattr(rows, "columns", ()) else rows
        found[one.name] = np.asarray(values).astype(kinds.get(one.type, np.float32))
    return found


def _difference(model: Any, rows: Any, said: list[Any]) -> float:
    """How far the two are apart at most; labels that differ are one apart."""
    expected = np.asarray(model.predict(rows))
    if not hasattr(model, "classes_"):
        return float(np.abs(np.ravel(said[0]) - np.ravel(expected)).max() / max(1.0, np.abs(expected).max()))
    labels = float(np.mean(np.asarray(said[0]).astype(str) != expected.astype(str)) > 0)
    if not hasattr(model, "predict_proba") or len(said) < 2:
        return labels
    return max(labels, float(np.abs(said[1] - model.predict_proba(rows)).max()))
