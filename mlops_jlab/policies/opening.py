"""Files of data that a process opens, held against the folders that the policy allows."""

from __future__ import annotations

import os
import sys
import sysconfig
import threading
from functools import cache
from pathlib import Path
from typing import Any

from mlops_jlab.policies import standing

ENDINGS = frozenset(
    ".csv .tsv .parquet .pq .jsonl .ndjson .feather .arrow .orc .avro .xls .xlsx .ods .h5 .hdf5 .npy .npz "
    ".db .sqlite .sqlite3 .duckdb .pkl .pickle .sas7bdat .dta .sav .gz .bz2 .xz .zst .zip".split()
)
_OWN = ("joblib_memmapping_folder", "runs.db")  # of libraries and of ours: no data that a cell reads
_state = threading.local()
_watching: list[bool] = []


def watch() -> None:
    """From here on a file of data that lies elsewhere cannot be opened for reading in this process.

    Nothing is done where the policy names no folders. What libraries open without Python is not seen.

    Raises:
        BrokenPolicy: the policy cannot be read.
    """
    if standing.here().roots is not None and not _watching:
        _watching.append(True)
        sys.addaudithook(_heard)


def _heard(event: str, args: tuple[Any, ...]) -> None:
    if event not in ("open", "sqlite3.connect") or getattr(_state, "asks", False):
        return
    path = args[0]
    if not isinstance(path, (str, bytes, os.PathLike)):
        return
    writes = event == "open" and isinstance(args[1], str) and args[1][:1] in ("w", "x")
    name = os.fsdecode(path)
    if writes or os.path.splitext(name)[1].lower() not in ENDINGS or name.startswith(_libraries()):
        return
    if any(own in name for own in _OWN):
        return
    _state.asks = True
    try:
        standing.check_data(Path(os.path.abspath(name)))
    finally:
        _state.asks = False


@cache
def _libraries() -> tuple[str, ...]:
    """The folders of Python and of installed packages, whose files are no data of the user's."""
    found = {sys.prefix, sys.base_prefix, *sysconfig.get_paths().values()}
    return tuple(
        sorted({os.path.realpath(path) + os.sep for path in found} | {path + os.sep for path in found})
    )
