"""Tables as they are shown in this process: personal columns hidden, wherever one is printed or displayed.

What the code itself computes, and what it writes as data (``to_csv``, ``to_parquet``), is as it is.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import wraps
from typing import Any

from mlops_jlab.masking import MASK
from mlops_jlab.policies import standing

_FRAME = ("__repr__", "_repr_html_", "_repr_latex_", "_repr_data_resource_", "to_string", "to_html",
          "to_markdown", "to_latex")  # fmt: skip
_SERIES = ("__repr__", "_repr_latex_", "to_string", "to_markdown")
_SHORT = 10_000  # rows up to which each one is looked at
_MARK = "_mlops_jlab_shows"


def install(shell: Any = None) -> None:
    """Hides personal columns from here on, if the policy has any; ``shell`` is IPython's.

    Raises:
        BrokenPolicy: the policy cannot be read.
    """
    if not standing.here().personal:
        return
    if importlib.util.find_spec("pandas") is not None:
        import pandas

        _patch(pandas.DataFrame, _FRAME, _frame)
        _patch(pandas.Series, _SERIES, _series)
        _patch(pandas.Index, ("__repr__",), _index)
    formatter = getattr(shell, "display_formatter", None)
    if formatter is not None:
        for module, name in (("polars.dataframe.frame", "DataFrame"), ("pyarrow.lib", "Table")):
            formatter.formatters["text/plain"].for_type_by_name(module, name, _plain)
            formatter.formatters["text/html"].for_type_by_name(module, name, _html)


def _patch(kind: type, names: tuple[str, ...], hide: Callable[[Any], Any]) -> None:
    for name in names:
        before = vars(kind).get(name) or getattr(kind, name, None)
        if before is not None and not hasattr(before, _MARK):
            setattr(kind, name, _hiding(before, hide))
    try:
        from pandas.io.formats.style import Styler
    except ImportError:  # it needs jinja2
        return
    if not hasattr(Styler._repr_html_, _MARK):
        Styler._repr_html_ = _hiding_style(Styler._repr_html_)


def _hiding(before: Callable[..., Any], hide: Callable[[Any], Any]) -> Callable[..., Any]:
    @wraps(before)
    def shows(self: Any, *args: Any, **named: Any) -> Any:
        return before(hide(self), *args, **named)

    setattr(shows, _MARK, True)
    return shows


def _hiding_style(before: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(before)
    def shows(self: Any) -> Any:
        hidden = _frame(self.data)
        return before(self) if hidden is self.data else hidden._repr_html_()

    setattr(shows, _MARK, True)
    return shows


def _frame(frame: Any) -> Any:
    """A table without what is personal: its columns, its index, and rows that are named like columns."""
    if not standing.here().personal:
        return frame
    is_short = len(frame) <= _SHORT
    found = standing.hidden(frame, digests=is_short)
    labelled = is_short and frame.index.dtype.kind not in "iufbM"
    rows = [place for place, name in enumerate(frame.index) if _is_name(name)] if labelled else []
    if not rows:
        return found
    found = found.astype(object) if found is not frame else frame.astype(object)
    for place in rows:
        found.iloc[place, :] = [standing.shown(frame.index[place], value) for value in frame.iloc[place, :]]
    return found


def _is_name(name: object) -> bool:
    return isinstance(name, str) and standing.is_personal(name)


def _series(series: Any) -> Any:
    if not standing.here().personal:
        return series
    named = series.to_frame("value" if series.name is None else series.name)
    found = _frame(named)
    return series if found is named else found.iloc[:, 0].rename(series.name)


def _index(index: Any) -> Any:
    if not any(_is_name(name) for name in index.names):
        return index
    import pandas

    return pandas.Index([MASK] * len(index), dtype=object, name=index.name)


def _as_pandas(table: Any) -> Any:
    frame = table.to_pandas()
    hidden = _frame(frame)
    return None if hidden is frame else hidden


def _plain(table: Any, printer: Any, _cycle: bool) -> None:
    hidden = _as_pandas(table)
    printer.text(repr(table) if hidden is None else repr(hidden))


def _html(table: Any) -> Any:
    hidden = _as_pandas(table)
    if hidden is not None:
        return hidden._repr_html_()
    own = getattr(table, "_repr_html_", None)
    return own() if own is not None else None
