"""Markdown of a card: tables, and texts in which nothing is mark-up."""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from typing import Any

from mlops_jlab.masking import masked


def table(rows: Sequence[Sequence[Any]], head: Sequence[str] = ("", "")) -> Iterator[str]:
    """The lines of a table; a row with nothing beside its name is left out."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        if any(str(cell).strip() for cell in row[1:]):
            yield "| " + " | ".join(text(cell) for cell in row) + " |"


def text(value: object) -> str:
    """As text in Markdown: nothing in it is mark-up, or a secret."""
    words = masked(" ".join(str(value).split()))
    for char in "\\`*_[]|#!":
        words = words.replace(char, "\\" + char)
    return html.escape(words, quote=False)


def number(value: object) -> str:
    """A number to four digits; nothing for what is none."""
    return f"{value:.4g}" if isinstance(value, (int, float)) else ""


def interval(value: object, low: object, high: object) -> str:
    """A number with its bounds."""
    return f"{number(value)} ({number(low)} to {number(high)})" if isinstance(value, (int, float)) else ""
