"""Files of data in parts that fit into memory: Parquet, CSV, JSON lines, Feather."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.policies import standing
from mlops_jlab.profiles import frames, profile
from mlops_jlab.profiles.profile import Profile

ROWS = 250_000  # rows of a part
ENDINGS = (".parquet", ".pq", ".csv", ".tsv", ".jsonl", ".ndjson", ".feather", ".arrow")
_PACKED = (".gz", ".bz2", ".xz", ".zst", ".zip")


def is_table(path: Path) -> bool:
    """Whether the name of a file says that it holds a table that can be read here."""
    return ending(path) in ENDINGS


def ending(path: Path) -> str:
    """The ending that says how a file is read; of a packed one that before."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in _PACKED and len(suffixes) > 1:
        return suffixes[-2]
    return suffixes[-1] if suffixes else ""


def of_file(path: Path, rows: int = ROWS) -> Iterator[Any]:
    """A file's rows as DataFrames of pandas of at most ``rows`` each; at least one, if only of columns.

    Raises:
        InputError: there is no such file, its ending is not known, or it cannot be read as what it says.
        PolicyBreach: the policy allows no data from there.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}" if not path.exists() else f"{path} is not a regular file")
    standing.check_data(path)
    kind = ending(path)
    if kind not in ENDINGS:
        raise InputError(f"{path.name}: files of this kind are not read", hint=f"one of {', '.join(ENDINGS)}")
    try:
        if kind in (".parquet", ".pq"):
            yield from _parquet(path, rows)
        elif kind in (".feather", ".arrow"):
            yield from _feather(path, rows)
        else:
            yield from _text(path, kind, rows)
    except (ValueError, OSError, EOFError) as error:  # errors of pandas and pyarrow are ValueErrors
        first = str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
        raise InputError(f"{path} cannot be read as {kind[1:]}: {first}") from error


def _text(path: Path, kind: str, rows: int) -> Iterator[Any]:
    try:
        import pandas
    except ImportError as error:
        raise MlopsError("files are read by pandas", hint="pip install 'mlops-jlab[data]'") from error
    if kind in (".jsonl", ".ndjson"):
        with pandas.read_json(path, lines=True, chunksize=rows) as parts:
            yield from parts
        return
    separator = "\t" if kind == ".tsv" else ","
    with pandas.read_csv(path, sep=separator, chunksize=rows, low_memory=False) as parts:
        yield from parts


def _parquet(path: Path, rows: int) -> Iterator[Any]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise MlopsError("Parquet is read by pyarrow", hint="pip install 'mlops-jlab[data]'") from error
    with parquet.ParquetFile(path, memory_map=True) as file:
        count = 0
        for batch in file.iter_batches(batch_size=rows):
            count += 1
            yield batch.to_pandas()
        if not count:
            yield file.schema_arrow.empty_table().to_pandas()


def _feather(path: Path, rows: int) -> Iterator[Any]:
    try:
        import pyarrow
    except ImportError as error:
        raise MlopsError("Feather is read by pyarrow", hint="pip install 'mlops-jlab[data]'") from error
    with pyarrow.memory_map(str(path)) as source, pyarrow.ipc.open_file(source) as file:
        if not file.num_record_batches:
            yield file.schema.empty_table().to_pandas()
        for place in range(file.num_record_batches):
            batch = file.get_batch(place)
            for start in range(0, max(batch.num_rows, 1), rows):
                yield batch.slice(start, rows).to_pandas()


def profile_of(data: Any) -> Profile:
    """The profile of a table, or of a file of rows (its path), read in parts; a Profile is given back.

    ``data`` is a DataFrame of pandas or polars, a table of pyarrow or of anything that speaks Arrow, a dict
    of columns, a 2-D array, or a path. A folder's files of rows are taken together.

    Raises:
        InputError: it is none of these, or a file cannot be read.
    """
    if isinstance(data, Profile):
        return data
    if not isinstance(data, (str, Path)):
        return profile.of_frame(frames.pandas_frame(data))
    path = Path(data)
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.rglob("*") if file.is_file() and is_table(file))
        if not files:
            raise InputError(f"no file of rows in {path}", hint=f"one of {', '.join(ENDINGS)}")
    found = gathered(profile.of_frame(part) for file in files for part in of_file(file))
    if found is None:  # a file of JSON lines without any
        raise InputError(f"{path} has no rows")
    return found


def gathered(parts: Iterable[Profile]) -> Profile | None:
    """The profile of all parts together, each merged with one of about its size; None where there are none.

    So a distribution of many parts was merged as often as their number has binary digits.
    """
    levels: list[Profile | None] = []
    for part in parts:
        held, level = part, 0
        while level < len(levels) and (other := levels[level]) is not None:
            held, levels[level], level = profile.merged([other, held]), None, level + 1
        levels[level : level + 1] = [held]
    waiting = [one for one in reversed(levels) if one is not None]
    return profile.merged(waiting) if waiting else None
