"""Tables that a cell shows as HTML, as pandas and polars draw them → rows of texts."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from mlops_jlab.entities.models import NUMBER

MOST_ROWS = 200
MOST_NUMBERS = 20  # of a table that is taken for a list of results
_DIMENSIONS = re.compile(r"(\d{1,12}) rows × \d+ columns")


@dataclass
class Table:
    """The rows of a table: ``head`` those of column names; ``labels`` cells name each row of ``body``."""

    head: list[list[str]] = field(default_factory=list)
    body: list[list[str]] = field(default_factory=list)
    labels: int = 0

    def as_csv(self) -> bytes:
        """The table as a CSV file."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([*self.head, *self.body])
        return text.getvalue().encode()

    def numbers(self) -> dict[str, float]:
        """``ROW.COLUMN`` → number, of a few results with a name each; nothing of any other table."""
        width = len(self.head[0]) - 1 if len(self.head) == 1 and self.labels == 1 else 0
        if not 0 < width * len(self.body) <= MOST_NUMBERS:
            return {}
        found: dict[str, float] = {}
        for label, *cells in self.body:
            if _is_number(label) or not label or len(cells) != width or not all(map(_is_number, cells)):
                return {}
            found |= {f"{label}.{name}": float(v) for name, v in zip(self.head[0][1:], cells, strict=True)}
        return found


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def read(html: str) -> Table | None:
    """The first table of a data frame in ``html``; nothing if there is none or rows of it are left out."""
    reader = _Reader()
    reader.feed(html)
    whole = _DIMENSIONS.search(html)
    body = reader.table.body
    if not body or len(body) > MOST_ROWS or (whole is not None and int(whole[1]) != len(body)):
        return None
    cells = {cell for row in [*reader.table.head, *body] for cell in row}
    return None if whole is not None and "..." in cells else reader.table


class _Reader(HTMLParser):
    """Reads rows; a cell that goes over several rows or columns stands in each of them."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table()
        self._state = ""  # table, done
        self._in_head = False
        self._row: list[str] | None = None
        self._cell: list[str] | None = None
        self._names = 0  # cells of the row that name it
        self._span = (1, 1)
        self._above: dict[int, tuple[int, str]] = {}  # column -> how many rows more, and their text

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A table of the class ``dataframe`` begins, or a part of it."""
        given = dict(attrs)
        if tag == "table" and not self._state and "dataframe" in (given.get("class") or "").split():
            self._state = "table"
        elif self._state == "table" and tag == "thead":
            self._in_head = True
        elif self._state == "table" and tag == "tr":
            self._row, self._names = [], 0
            self._continue_above()
        elif self._row is not None and tag in ("td", "th"):
            self._cell = []
            self._names += tag == "th"
            self._span = (_count(given.get("rowspan")), _count(given.get("colspan")))

    def handle_data(self, data: str) -> None:
        """The text of a cell."""
        if self._cell is not None:
            self._cell.append(data)

    def handle_endtag(self, tag: str) -> None:
        """A part is over."""
        if tag in ("td", "th") and self._cell is not None and self._row is not None:
            text = "".join(self._cell).strip()
            self._cell = None
            for _ in range(self._span[1]):
                if self._span[0] > 1:
                    self._above[len(self._row)] = (self._span[0] - 1, text)
                self._row.append(text)
            self._continue_above()
        elif tag == "tr" and self._row is not None:
            (self.table.head if self._in_head else self.table.body).append(self._row)
            if not self._in_head:
                self.table.labels = max(self.table.labels, self._names)
            self._row = None
        elif tag == "thead":
            self._in_head = False
        elif tag == "table" and self._state:
            self._state = "done"

    def _continue_above(self) -> None:
        """Cells of rows above that reach down into this row."""
        assert self._row is not None  # noqa: S101  # within a row
        while (place := len(self._row)) in self._above:
            rows, text = self._above.pop(place)
            if rows > 1:
                self._above[place] = (rows - 1, text)
            self._row.append(text)
            self._names += 1


def _count(text: str | None) -> int:
    return min(int(text), 1_000) if text and NUMBER.fullmatch(text) else 1
