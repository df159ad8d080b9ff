"""All columns of a window together: whether a classifier can tell its rows from those that were fitted on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlops_jlab.datasets import classifying, contents
from mlops_jlab.drift.detecting import ColumnDrift
from mlops_jlab.errors import InputError, nearest
from mlops_jlab.monitoring.policy import TOGETHER
from mlops_jlab.profiles import chunks

_ROWS = 20_000  # of each side
_GUESS = 0.5  # the area of who cannot tell


def look(reference: str | Path, files: Sequence[Path], names: Sequence[str]) -> ColumnDrift | None:
    """The columns ``names`` of the rows in ``files`` beside those at ``reference``, a path or pattern.

    It stands among the columns as one that drifts where the whole interval of the classifier's area lies
    above what matters. None where either side has too few rows.

    Raises:
        InputError: the reference holds no files of rows, or lacks a column.
        MlopsError: scikit-learn is not installed.
    """
    source = contents.source_of(reference)
    paths = [source.base / file for file, _about in contents.paths(source)]
    before = _some((path for path in paths if chunks.is_table(path)), names)
    if before is None:
        raise InputError(f"there are no files of rows at {reference}", hint="--reference names rows")
    now = _some(files, names)
    if now is None or min(len(before), len(now)) < classifying.FEWEST:
        return None
    found = classifying.tell_apart(before, now)
    return ColumnDrift(
        TOGETHER, "classifier", found.auc, 0.0 if found.found else 1.0, max(0.0, found.auc - _GUESS),
        classifying.MATTERS - _GUESS, found.found, repr(found),
    )  # fmt: skip


def _some(paths: Iterable[Path], names: Sequence[str]) -> Any:
    """Rows of all files, each as likely as any other; nothing if there is no file."""
    import pandas

    rng = np.random.default_rng(0)
    kept: Any = None
    drawn: Any = np.empty(0)
    for part in _parts(paths, names):
        both = part if kept is None else pandas.concat([kept, part], ignore_index=True)
        drawn = np.concatenate([drawn, rng.random(len(part))])
        chosen = np.sort(np.argsort(drawn, kind="stable")[:_ROWS])
        kept, drawn = both.iloc[chosen], drawn[chosen]
    return kept


def _parts(paths: Iterable[Path], names: Sequence[str]) -> Iterator[Any]:
    for path in paths:
        for part in chunks.of_file(path):
            there = [str(name) for name in part.columns]
            gone = [name for name in names if name not in there]
            if gone:
                raise InputError(f"{path.name} has no column {gone[0]!r}{nearest(gone[0], there)}")
            yield part[list(names)] if names else part
