"""Labels that come later: each is joined to what was predicted of its row, once, and judged in order."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError, MlopsError, nearest
from mlops_jlab.evaluation import losses
from mlops_jlab.gates.metrics import Predicted
from mlops_jlab.profiles import chunks
from mlops_jlab.registry import references

Array = Any
PREDICTIONS = "predictions.npz"
LABELLED = "labelled.npz"


@dataclass(frozen=True)
class Labels:
    """Where labels come from: files at ``source`` that name their row by ``id``; or the data themselves.

    Without a ``source`` the column ``target`` of the data is the label. Rows that share a value of ``unit``,
    which stands beside the label, hang together, and count as one.
    """

    target: str
    source: str | Path | None = None
    id: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Said:
    """What was predicted: ids (64-bit hashes) and for each the chances of all classes, or one number."""

    ids: Array
    values: Array

    def as_bytes(self) -> bytes:
        """The content of a file."""
        file = io.BytesIO()
        np.savez_compressed(file, ids=self.ids, values=self.values)
        return file.getvalue()


@dataclass(frozen=True)
class Joined:
    """Labels with what was said of their rows, and with ``units`` the hash of the unit of each.

    ``repeated`` came before, ``unknown`` belong to no row.
    """

    said: Said
    truth: Array
    repeated: int = 0
    unknown: int = 0
    units: Array = field(default_factory=lambda: np.empty(0, np.uint64))


def read(content: bytes) -> Said:
    """What :meth:`Said.as_bytes` wrote."""
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        return Said(found["ids"], found["values"])


def hashed(series: Any) -> Array:
    """A 64-bit hash of each id, as text: 7 and "7" are one."""
    import pandas

    return pandas.util.hash_array(series.astype(str).to_numpy(dtype=object), categorize=False)


def said_of(model: Any, version: ModelVersion, frame: Any, labels: Labels) -> Said:
    """What the model says of each row of a frame.

    Raises:
        InputError: a column that it takes, or the id, is missing.
        MlopsError: the model fails on the rows.
    """
    names = references.inputs_of(version)
    wanted = [*names, *([labels.id] if labels.id else [])]
    there = [str(name) for name in frame.columns]
    gone = [name for name in wanted if name not in there]
    if gone:
        raise InputError(f"the data has no column {gone[0]!r}{nearest(gone[0], there)}", hint="name it")
    rows = frame[names] if names else frame.drop(columns=[labels.target], errors="ignore")
    by_place = hasattr(model, "n_features_in_") and not hasattr(model, "feature_names_in_")
    rows = rows.to_numpy() if by_place else rows
    try:
        said = model.predict_proba(rows) if hasattr(model, "predict_proba") else model.predict(rows)
        if hasattr(model, "classes_") and not hasattr(model, "predict_proba"):
            said = np.asarray(said)[:, None] == np.asarray(model.classes_)[None, :]
    except Exception as error:  # whatever a model's own code raises
        raise MlopsError(
            f"{version.title} fails on these rows: {type(error).__name__}: {str(error)[:300]}",
            hint="look at them, or check them first: check_data",
        ) from error
    values = np.asarray(said, dtype=float).reshape(len(frame), -1)
    ids = hashed(frame[labels.id]) if labels.id else np.arange(len(frame), dtype=np.uint64)
    return Said(ids, values)


def together(parts: Iterable[Said]) -> Said:
    """Several of them as one; of an id that was predicted again the first one counts."""
    found = [part for part in parts if len(part.ids)]
    if not found:
        return Said(np.empty(0, np.uint64), np.empty((0, 1)))
    ids = np.concatenate([part.ids for part in found])
    values = np.concatenate([part.values for part in found])
    first = np.sort(np.unique(ids, return_index=True)[1])
    return Said(ids[first], values[first])


def labelled(files: Iterable[Path], labels: Labels) -> Iterator[tuple[Array, Array, Array]]:
    """Ids, labels and units of the files, in their order; rows without a label are left out.

    Raises:
        InputError: a file lacks the id, the target or the unit.
    """
    for file in files:
        for frame in chunks.of_file(file):
            there = [str(name) for name in frame.columns]
            for name in filter(None, (labels.id, labels.target, labels.unit)):
                if name not in there:
                    raise InputError(
                        f"{file.name} has no column {name!r}{nearest(name, there)}",
                        hint="--id, --target and --unit name columns of the labels",
                    )
            known = frame[frame[labels.target].notna()]
            yield hashed(known[labels.id]), known[labels.target].to_numpy(), units_of(known, labels)


def units_of(frame: Any, labels: Labels) -> Array:
    """The hash of the unit of each row; of all rows the same where there are no units."""
    return hashed(frame[labels.unit]) if labels.unit else np.zeros(len(frame), np.uint64)


def join(arrived: Iterable[tuple[Array, Array, Array]], pending: Said, used: Array) -> Joined:
    """Labels joined to predictions: a row's first label counts, later ones and ``used`` ids are repeats."""
    parts = list(arrived)
    if not parts:
        return Joined(Said(pending.ids[:0], pending.values[:0]), np.empty(0))
    ids, truth, units = (np.concatenate([part[place] for part in parts]) for place in range(3))
    first: Array = np.zeros(len(ids), dtype=bool)
    first[np.unique(ids, return_index=True)[1]] = True
    fresh = first & ~np.isin(ids, used)
    order = np.argsort(pending.ids, kind="stable")
    places = np.searchsorted(pending.ids[order], ids)
    places = np.minimum(places, max(len(order) - 1, 0))
    known = (pending.ids[order][places] == ids) if len(order) else np.zeros(len(ids), dtype=bool)
    taken = np.flatnonzero(fresh & known)
    rows = order[places[taken]] if len(order) else np.empty(0, int)
    said = Said(pending.ids[rows], pending.values[rows])
    repeated, unknown = int((~fresh).sum()), int((fresh & ~known).sum())
    return Joined(said, truth[taken], repeated, unknown, units[taken])


def costs(joined: Joined, classes: list[Any], reference: Mapping[str, Any]) -> Array:
    """The loss of each label, from 0 to 1, of the kind and scale of the reference.

    Raises:
        InputError: a label is none of the model's classes.
    """
    kind, scale = str(reference["kind"]), float(reference["scale"])
    if not classes:
        truth = np.asarray(joined.truth, dtype=float)
        return losses.of(Predicted(truth, joined.said.values[:, 0]), kind, scale)[2]
    places = {str(value): place for place, value in enumerate(classes)}
    codes = np.array([places.get(_plain(value), -1) for value in joined.truth.tolist()], dtype=int)
    if (codes < 0).any():
        wrong = joined.truth.tolist()[int((codes < 0).argmax())]
        raise InputError(
            f"the label {wrong!r} is not one of the model's classes: {', '.join(list(places)[:8])}",
            hint="give labels as the model was fitted on them",
        )
    chances = joined.said.values
    return losses.of(Predicted(codes, chances.argmax(axis=1), chances, tuple(classes)), kind, scale)[2]


def _plain(value: Any) -> str:
    """A label as text; 1.0 is the class 1."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
