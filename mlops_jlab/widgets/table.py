"""A table of runs to search, sort, and pick from; with a plot of one metric against another value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlops_jlab.entities.runs import Run
from mlops_jlab.errors import MlopsError
from mlops_jlab.tracking import finding, pages, scatter

_MOST = 50


class RunTable:
    """The runs that a filter finds. ``html`` is the table as it is now."""

    def __init__(self, filter_string: str = "") -> None:
        self.runs: list[Run] = []
        self.html = ""
        self._filter = filter_string
        self._order = "attributes.created DESC"
        self.problem = ""
        self.search(filter_string, self._order)

    def search(self, filter_string: str, order: str) -> None:
        """Looks anew. A filter that is not understood leaves the table and says why."""
        try:
            self.runs = finding.find_runs(filter_string, [order], _MOST)
        except MlopsError as error:
            self.problem = str(error)
            return
        self.problem = ""
        self.html = pages.table(self.runs) if self.runs else "<p>No run is found.</p>"

    def widget(self) -> Any:
        """The table as a widget."""
        import ipywidgets as w

        columns = pages.columns_of(self.runs, 30)
        text = w.Text(value=self._filter, placeholder='metrics.acc > 0.9 and params.model = "rf"',
                      description="filter", continuous_update=False, layout={"width": "60%"})  # fmt: skip
        order = w.Dropdown(
            options=[("newest", "attributes.created DESC"), *_orders(columns)], description="sort"
        )
        chosen = w.SelectMultiple(description="compare", rows=5, layout={"width": "60%"})
        across = w.Dropdown(options=[("–", ""), *((c, c) for c in columns)], description="plot x")
        up = w.Dropdown(options=[("–", ""), *((c, c) for c in columns)], description="y")
        body, problem, more = w.HTML(), w.HTML(), w.HTML()

        def draw(_change: Any = None) -> None:
            self.search(text.value, order.value)
            problem.value = (
                f"<pre style='color:#cf222e'>{_escaped(self.problem)}</pre>" if self.problem else ""
            )
            body.value = self.html
            chosen.options = [(f"{run.name} ({run.id[:8]})", run.id) for run in self.runs]

        def compare(_change: Any = None) -> None:
            picked = [run for run in self.runs if run.id in chosen.value]
            found = finding.compare_runs(picked) if len(picked) > 1 else None
            more.value = pages.comparison(found.runs, found.lines) if found is not None else ""

        def plot(_change: Any = None) -> None:
            more.value = scatter.plot(self.runs, across.value, up.value) if across.value and up.value else ""

        for widget, call in ((text, draw), (order, draw), (chosen, compare), (across, plot), (up, plot)):
            widget.observe(call, "value")
        draw()
        return w.VBox([w.HBox([text, order]), problem, body, w.HBox([chosen, w.VBox([across, up])]), more])


def _orders(columns: Sequence[str]) -> list[tuple[str, str]]:
    return [
        (f"{column} {'↓' if way == 'DESC' else '↑'}", f"{_quoted(column)} {way}")
        for column in columns
        for way in ("DESC", "ASC")
    ]


def _quoted(column: str) -> str:
    kind, _, name = column.partition(".")
    return f"{kind}.`{name}`"


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)


def show_table(filter_string: str = "") -> Any:
    """Shows the table: as a widget with its HTML beside it, which a saved notebook keeps."""
    from mlops_jlab.widgets.showing import show

    table = RunTable(filter_string)
    if table.problem:
        print(table.problem)
        return None
    return show(table.widget, table.html, "\n".join(pages.text(run) for run in table.runs))
