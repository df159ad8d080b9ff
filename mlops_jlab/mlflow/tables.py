"""Tables that are logged and go on: rows under a name that is there come after its own."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_jlab.errors import InputError
from mlops_jlab.mlflow.backing import files, places, runs

if TYPE_CHECKING:
    import pandas


def log(run_id: str, data: Any, artifact_file: str) -> None:
    """Keeps the rows of a DataFrame, or of a dict of columns, as ``.json`` or ``.parquet``.

    Raises:
        InputError: the name ends otherwise, or ``data`` is no table.
    """
    import pandas

    if isinstance(data, dict):
        scalars = all(
            (not isinstance(value, (list, tuple)) and not hasattr(value, "__len__")) or isinstance(value, str)
            for value in data.values()
        )
        data = pandas.DataFrame(data, index=[0] if scalars else None)
    if not isinstance(data, pandas.DataFrame):
        raise InputError(
            f"{artifact_file}: a {type(data).__name__} is not a table", hint="give a DataFrame or a dict"
        )
    if not artifact_file.endswith((".json", ".parquet")):
        raise InputError(f"{artifact_file}: a table is written as .json or .parquet")
    before = _read(run_id, artifact_file)
    whole = data if before is None else pandas.concat([before, data], ignore_index=True)
    run = runs.live(run_id)
    run.log_table(whole.reset_index(drop=True), artifact_file)


def _read(run_id: str, artifact_file: str) -> pandas.DataFrame | None:
    import pandas

    found, _ = files.located(places.run_uri(run_id))
    if artifact_file not in found:
        return None
    content = io.BytesIO(files.read(found[artifact_file]))
    if artifact_file.endswith(".parquet"):
        return pandas.read_parquet(content)
    return pandas.read_json(content, orient="split")


def load(run_ids: Sequence[str], artifact_file: str, extra_columns: Sequence[str] = ()) -> pandas.DataFrame:
    """The rows of a table in several runs, one below the other.

    ``extra_columns`` are taken from the run: of its info (``run_id``, ``start_time``), params or metrics.

    Raises:
        InputError: none of the runs has this table.
    """
    import pandas

    parts = []
    for run_id in run_ids:
        part = _read(run_id, artifact_file)
        if part is None:
            continue
        run = runs.get(run_id) if extra_columns else None
        for column in extra_columns if run else ():
            known = {**vars(run.info), **run.data.params, **run.data.metrics, **run.data.tags}  # type: ignore[union-attr]
            part[column] = known.get(column)
        parts.append(part)
    if not parts:
        raise InputError(
            f"no run has a table {artifact_file!r}", hint="log_table(data, artifact_file) keeps one"
        )
    return pandas.concat(parts, ignore_index=True)
