"""Batch scoring: the rows of a file with what a version says of each, in parts that fit into memory."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError, MlopsError, nearest, unwritten
from mlops_jlab.profiles import chunks
from mlops_jlab.profiles.frames import Kind, as_numbers, kind_of
from mlops_jlab.registry import modelfiles, references, versions
from mlops_jlab.store.location import Place

PREDICTION = references.PREDICTION
_PROBABILITY = "probability"
_TARGETS = (".csv", ".parquet")
_COMPARED = 200  # names that a missing one is compared with


@dataclass(frozen=True)
class Scored:
    """What was written: by which version, how many rows, where."""

    version: ModelVersion
    rows: int
    target: Path


def score(
    place: Place, address: str, source: Path, target: Path, *, trust: bool = False, rows: int = chunks.ROWS
) -> Scored:  # fmt: skip
    """Writes the rows of ``source`` with the predictions of a version beside them to ``target``.

    ``source`` is a file of rows as for a profile; ``target`` ends in ``.csv`` or ``.parquet``, and is written
    whole or not at all. A column ``prediction`` is added, and for a classifier one ``probability CLASS`` for
    each class. ``rows`` are held in memory at once.

    Raises:
        InputError: a column that the version takes is missing or of another kind, or a file is none.
        MlopsError: the model fails on rows, which are named.
    """
    if target.suffix not in _TARGETS:
        raise InputError(f"{target.name} cannot be written", hint=f"end it with {' or '.join(_TARGETS)}")
    if target.resolve() == source.resolve():
        raise InputError(f"{source} would be written over", hint="name another file for the result")
    version = versions.find(place, address)
    model = modelfiles.load(place, version, trust=trust)
    unfinished = target.with_name(f".{target.name[:200]}.{secrets.token_hex(4)}.tmp")
    try:
        count = _write(unfinished, target.suffix, _scored(version, model, source, rows))
        os.replace(unfinished, target)
    except OSError as error:
        raise unwritten(target, error, InputError) from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Scored(version, count, target)


def _scored(version: ModelVersion, model: Any, source: Path, rows: int) -> Iterator[Any]:
    start = 0
    for frame in chunks.of_file(source, rows):
        yield with_predictions(version, model, frame, start)
        start += len(frame)


def with_predictions(version: ModelVersion, model: Any, frame: Any, start: int = 0) -> Any:
    """A frame with what the model says of each row; ``start`` is the place of its first row in the whole.

    Raises:
        InputError: a column that the version takes is missing or of another kind.
        MlopsError: the model fails on these rows.
    """
    if PREDICTION in frame.columns:
        raise InputError(f"the rows have a column {PREDICTION!r} already", hint="rename it first")
    return frame.assign(**said_of(version, model, frame, start))


def said_of(
    version: ModelVersion, model: Any, frame: Any, start: int = 0, *, chances: bool = True
) -> dict[str, Any]:
    """What a model says of each row of a frame, by column: the prediction, and ``chances`` by class.

    Raises:
        InputError: a column that the version takes is missing or of another kind.
        MlopsError: the model fails on these rows.
    """
    taken = checked(version, frame)
    if not len(frame):
        return _of_nothing(version, model, chances)
    by_place = hasattr(model, "n_features_in_") and not hasattr(model, "feature_names_in_")
    asked = taken.to_numpy() if by_place else taken
    try:
        said = model.predict(asked)
        likely = model.predict_proba(asked) if chances and hasattr(model, "predict_proba") else None
    except Exception as error:  # whatever a model's own code raises
        raise MlopsError(
            f"{version.title} fails on rows {start:,} to {start + len(frame) - 1:,}: "
            f"{type(error).__name__}: {str(error)[:300]}",
            hint="look at these rows, or check them first: check_data",
        ) from error
    if len(said) != len(frame) or getattr(said, "ndim", 1) != 1:
        raise MlopsError(f"{version.title} gives {getattr(said, 'shape', len(said))} for {len(frame)} rows")
    found = {PREDICTION: said}
    if likely is not None:
        for place, name in enumerate(getattr(model, "classes_", range(likely.shape[1]))):
            found[f"{_PROBABILITY} {name}"] = likely[:, place]
    return found


def _of_nothing(version: ModelVersion, model: Any, chances: bool) -> dict[str, Any]:
    """The columns that are said of no rows, in the types that those of rows have."""
    known = version.about.get("signature", {}).get("outputs", [])
    try:
        said = np.dtype(str(known[0]["dtype"]))
    except (IndexError, KeyError, TypeError):
        said = np.dtype(object)
    found: dict[str, Any] = {PREDICTION: np.empty(0, said)}
    if chances and hasattr(model, "predict_proba"):
        found |= {f"{_PROBABILITY} {name}": np.empty(0) for name in getattr(model, "classes_", ())}
    return found


def checked(version: ModelVersion, frame: Any) -> Any:
    """The columns that a version takes, in its order, checked against its signature.

    Raises:
        InputError: one is missing, is there twice, or holds texts where it takes numbers.
    """
    inputs = references.columns_of(version.about.get("signature", {}))
    names = [name for name, _dtype in inputs]
    if not names:
        return frame
    there = [str(name) for name in frame.columns]
    gone = [name for name in names if name not in there]
    if gone:
        more = f" and {len(gone) - 3} more" if len(gone) > 3 else ""
        raise InputError(
            f"{version.title} takes a column {', '.join(map(repr, gone[:3]))}{more}, which does not exist"
            f"{nearest(gone[0], there[:_COMPARED])}",
            hint=f"it takes: {', '.join(names[:30])}",
        )
    twice = [name for name in names if there.count(name) > 1]
    if twice:
        raise InputError(f"there are two columns {twice[0]!r}")
    taken = frame if there == names else frame.set_axis(there, axis=1)[names]
    for (name, wanted), dtype in zip(inputs, taken.dtypes, strict=True):
        if dtype.kind in "iufb":
            continue  # most are, and a request waits for this
        series = taken[name]
        if _is_number(wanted) and kind_of(series) in (Kind.TEXT, Kind.OTHER):
            wrong = series[
                (as_numbers(series, Kind.NUMBER) != as_numbers(series, Kind.NUMBER)) & series.notna()
            ]
            shown = f", such as {wrong.iloc[0]!r}" if len(wrong) else ""
            raise InputError(f"{version.title} takes numbers ({wanted}) in {name!r}{shown}")
    return taken


def _is_number(dtype: str) -> bool:
    return dtype.lower().startswith(("int", "uint", "float"))


def _write(path: Path, ending: str, parts: Iterator[Any]) -> int:
    write, count = (_csv if ending == ".csv" else _parquet)(path), 0
    with closing(write):
        next(write)
        for part in parts:
            write.send(part)
            count += len(part)
    return count


def _csv(path: Path) -> Any:
    header = True
    with path.open("x", encoding="utf-8", newline="") as file:
        while True:
            part = yield
            part.to_csv(file, index=False, header=header)
            header = False


def _parquet(path: Path) -> Any:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise MlopsError("Parquet is written by pyarrow", hint="pip install 'mlops-jlab[data]'") from error
    writer = None
    try:
        while True:
            part = yield
            table = pyarrow.Table.from_pandas(part, preserve_index=False, schema=writer and writer.schema)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()
