"""Runs side by side, with a switch for differences alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlops_jlab.tracking import finding, pages


def show_comparison(runs: Sequence[str]) -> Any:
    """Shows the comparison of runs, given by id or name.

    Raises:
        InputError: one of them does not exist.
    """
    from mlops_jlab.widgets.showing import show

    found = finding.compare_runs(runs)

    def widget() -> Any:
        import ipywidgets as w

        only = w.Checkbox(description="differences alone", indent=False)
        body = w.HTML(pages.comparison(found.runs, found.lines))

        def draw(_change: Any) -> None:
            lines = found.differences if only.value else found.lines
            body.value = pages.comparison(found.runs, lines)

        only.observe(draw, "value")
        return w.VBox([only, body])

    return show(widget, pages.comparison(found.runs, found.lines), repr(found))
