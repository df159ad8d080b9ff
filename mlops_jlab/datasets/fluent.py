"""The public calls about data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from mlops_jlab.checks.results import CheckResult
from mlops_jlab.datasets import checking, comparing, versions
from mlops_jlab.drift.detecting import Drift
from mlops_jlab.entities.datasets import DatasetVersion
from mlops_jlab.errors import InputError
from mlops_jlab.profiles import chunks
from mlops_jlab.profiles.profile import Profile

__all__ = ["add_dataset", "check_data", "compare_data", "dataset", "profile"]


def compare_data(
    reference: Any, current: Any, *, alpha: float = 0.05, effect: float | None = None,
    importance: Mapping[str, float] | None = None, history: Sequence[Any] = (),
) -> Drift:  # fmt: skip
    """Whether data have drifted from the reference: ``found``, ``drifted``, and a table in a notebook.

    Both are tables, paths, addresses of registered data (``flights@validated``) or profiles. A column has
    drifted if it is significant after correction for the number of columns (``alpha`` over all of them) *and*
    the effect is large enough: 0.1 standard deviations, or Cohen's w of 0.1, or ``effect``. ``importance``
    weighs columns by name; those that it does not name raise no alarm. ``history`` are windows of the past
    without drift, at least 5, for rows that hang together in time.

    Raises:
        InputError: one of them is no data, or they have no column in common.
    """
    return comparing.compare(
        reference, current, alpha=alpha, effect=effect, importance=importance, history=history
    )


def dataset(address: str) -> Path | list[Path]:
    """The path of registered data, which counts as an input of the step that asks for it.

    ``address`` is ``NAME@ALIAS``, ``NAME/NUMBER``, or ``NAME`` for its newest version. Of a file or folder it
    is its path, of a pattern the list of its files. The run, the cache and the card of a model that comes of
    it know the version.

    Raises:
        InputError: there is no such version.
        MlopsError: what lies there is not what it was when it was added.
    """
    return versions.use(address)


def add_dataset(
    name: str, source: str | Path | None = None, *, query: str = "", connection: Any = None, owner: str = "",
    note: str = "", profile: bool = True,
) -> DatasetVersion:  # fmt: skip
    """Registers what lies at ``source`` as the next version of the dataset ``name``, unless it is as it was.

    ``source`` is the path of a file or folder, or a pattern; files stay where they are. Or the rows of a
    ``query`` through a ``connection`` of DB-API: their digest and profile are kept. ``profile`` makes one of
    files of rows.

    Raises:
        InputError: there is nothing, or the name cannot be one.
    """
    if (source is None) == (not query):
        raise InputError("a dataset is a source or a query", hint="add_dataset('flights', 'data/flights')")
    if query:
        return versions.add_query(name, query, connection, owner=owner, note=note, profiled=profile).version
    assert source is not None  # noqa: S101  # one of them was given
    return versions.add(name, source, owner=owner, note=note, profiled=profile).version


def check_data(
    data: Any, rules: str | Sequence[str] = "", *, name: str = "data", schema: Any = None,
    reference: Any = None, tables: Mapping[str, Any] | None = None, now: datetime | None = None,
) -> CheckResult:  # fmt: skip
    """Asks rules of a table; where one does not hold, the step stops and its run is ``blocked``, or warns.

    ``data`` is a table as for ``profile``. ``rules`` are a rule a line (see the page Check your data);
    ``name`` is what this check is known by from run to run. ``schema`` is a schema of pandera, asked too.
    ``reference`` is what ``like the reference`` compares with: a table, the path of one, or a profile.
    ``tables`` are other tables by name, for ``found in``. ``now`` is when ``fresh`` counts from.

    What was found, and up to 1,000 of the rows that break rules, are artifacts of the active run.

    Raises:
        DataBlocked: a rule does not hold that stops.
        InputError: a line is no rule, ``data`` is no table, or a table that a rule names was not given.
    """
    return checking.check(data, rules, name=name, schema=schema, reference=reference, tables=tables, now=now)


def profile(data: Any) -> Profile:
    """What a table looks like: kinds, missing values, ranges, quantiles, frequent categories, correlations.

    ``data`` is a DataFrame of pandas or polars, a table of pyarrow or of anything that speaks Arrow, a dict
    of columns, a 2-D array, or the path of a file of rows (Parquet, CSV, TSV, JSON lines, Feather) or of a
    folder of them, which is read in parts. Counts, ranges and means are exact; of more than 50,000 rows
    distributions are those of as many drawn ones (a rank is off by less than 1 %).

    Raises:
        InputError: it is no table, or cannot be read.
    """
    return chunks.profile_of(Path(data) if isinstance(data, str) else data)
