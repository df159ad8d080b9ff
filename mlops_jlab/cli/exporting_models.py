"""The forms in which ``mlops-jlab models export`` writes a version."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.registry import packing, versions
from mlops_jlab.store import location


def write(
    address: str, output: Path | None, form: str, rows: Path | None, *, trust: bool
) -> tuple[Path, str]:
    """Writes a version in the asked form: where, and what to do with it."""
    place = location.find()
    version = versions.find(place, address)
    stem = f"{version.model}-{version.version}"
    if form == "archive":
        target = packing.pack(place, version, output or Path(f"{stem}.zip"))
        return target, "load it anywhere: unzip, pip install -r requirements.txt, python load.py"
    from mlops_jlab.registry import modelfiles

    model = modelfiles.load(place, version, trust=trust)
    if form == "onnx":
        return _onnx(model, rows, output or Path(f"{stem}.onnx"))
    from mlops_jlab.mirror import models

    target = output or Path(f"{stem}-mlflow")
    models.save(model, target, dict(version.about))
    return target, f"serve it: mlflow models serve -m {target}"


def _onnx(model: Any, rows: Path | None, target: Path) -> tuple[Path, str]:
    from mlops_jlab.registry import onnx

    if rows is None:
        raise InputError(
            "ONNX is written after proof on some rows", hint="give rows that it takes: --rows FILE.csv"
        )
    import pandas

    try:
        frame = pandas.read_csv(rows)
    except (OSError, ValueError) as error:
        raise InputError(f"{rows} cannot be read: {error}") from error
    names = getattr(model, "feature_names_in_", None)
    missing = [str(name) for name in names if name not in frame] if names is not None else []
    if missing:
        raise InputError(f"{rows} has no column {missing[0]!r}, which the model takes")
    gap = onnx.write(model, frame if names is None else frame[list(names)], target)
    return target, f"the same predictions for {len(frame):,} rows, {gap:.2g} apart at most"
